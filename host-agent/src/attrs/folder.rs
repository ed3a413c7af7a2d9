//! Attributes as files of a folder, for scripts that `cat` them.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;
use std::{fs, time::SystemTime};

use deltascope_system::metrics_file;

use super::{Attribute, Attributes};

/// Name of the file that is replaced last: when the others were true, in seconds since 1970.
const UPDATED: &str = "updated";

/// Why the files cannot be kept.
#[derive(Debug, thiserror::Error)]
#[error("{}: cannot keep attributes: {source}; name a folder that this user can write to", path.display())]
pub struct FolderError {
    path: PathBuf,
    source: io::Error,
}

/// A folder with one file for each attribute that has a value, and one with `.none` behind the name, which has the reason,
/// for each that has none.
#[derive(Clone, Debug)]
pub struct Folder(PathBuf);

impl Folder {
    /// Makes the folder if it is not there.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn open(path: impl Into<PathBuf>) -> Result<Folder, FolderError> {
        let path = path.into();
        fs::create_dir_all(&path).map_err(|source| FolderError { path: path.clone(), source })?;
        Ok(Folder(path))
    }

    /// Replaces the files, each at once: a reader sees the old one or the new one. The file `updated` comes last.
    ///
    /// # Errors
    /// A file cannot be written.
    pub fn write(&self, attributes: &Attributes, at: SystemTime) -> Result<(), FolderError> {
        for attribute in attributes.iter() {
            self.write_one(attribute)?;
        }
        let seconds = at.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        self.replace(UPDATED, &seconds.to_string())
    }

    fn write_one(&self, Attribute { name, value }: &Attribute) -> Result<(), FolderError> {
        let none = format!("{name}.none");
        match value {
            Ok(value) => {
                self.replace(name, &value.to_string())?;
                self.remove(&none)
            }
            Err(reason) => {
                self.replace(&none, reason)?;
                self.remove(name)
            }
        }
    }

    fn replace(&self, name: &str, text: &str) -> Result<(), FolderError> {
        let path = self.0.join(name);
        // A list without owners is a file without a line.
        let end = if text.is_empty() { "" } else { "\n" };
        metrics_file::replace(&path, &format!("{text}{end}")).map_err(|source| FolderError { path, source })
    }

    fn remove(&self, name: &str) -> Result<(), FolderError> {
        let path = self.0.join(name);
        match fs::remove_file(&path) {
            Err(source) if source.kind() != ErrorKind::NotFound => Err(FolderError { path, source }),
            _ => Ok(()),
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}
