//! Reading and writing files that hold keys.

use crate::KeyError;
use deltascope_system::file;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::fs::{Metadata, OpenOptions, Permissions};
use std::io::{Error, ErrorKind, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Longest file that is read, in bytes.
const MOST_BYTES: u64 = 1 << 20;

fn file_error(path: &Path) -> impl Fn(std::io::Error) -> KeyError {
    let path = path.to_path_buf();
    move |source| KeyError::File { path: path.clone(), source }
}

/// Who may read a file with a key, beside its owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Readers {
    /// No other user.
    Owner,
    /// The group of a file that belongs to root, as Kubernetes (fsGroup) and systemd (LoadCredential=) give keys to a
    /// service: the service is its only member, or is in an access list that shows as the group's bits.
    GroupOfRoot,
}

/// The text of a file, with what is known of the open file.
pub(crate) struct Text {
    path: PathBuf,
    pub text: String,
    about: Metadata,
}

impl Text {
    /// Refuses a key that others may have read.
    pub fn check_secret(&self, readers: Readers) -> Result<(), KeyError> {
        let mode = self.about.permissions().mode() & 0o7777;
        let group = readers == Readers::GroupOfRoot && self.about.uid() == 0;
        let loose = if group { 0o037 } else { 0o077 };
        if mode & loose != 0 {
            return Err(KeyError::Loose { path: self.path.clone(), mode });
        }
        Ok(())
    }
}

/// Reads a file.
pub(crate) fn read(path: &Path) -> Result<Text, KeyError> {
    let file = file::open(path, OpenOptions::new().read(true)).map_err(file_error(path))?;
    // Asked of the open file: no other process can replace it in between.
    let about = file.metadata().map_err(file_error(path))?;
    let bytes = file::read_open(&file, MOST_BYTES).map_err(file_error(path))?;
    let no_text = |_| file_error(path)(Error::new(ErrorKind::InvalidData, "expected text in PEM, found other bytes"));
    let text = String::from_utf8(bytes).map_err(no_text)?;
    Ok(Text { path: path.to_path_buf(), text, about })
}

/// Puts a file in its place whole: a reader sees the old one or the new one.
pub(crate) fn write(path: &Path, text: &str, mode: u32) -> Result<(), KeyError> {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(format!(".{}.new", std::process::id()));
    let next = path.with_file_name(name);
    let write = || {
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(mode).open(&next)?;
        // The umask may have taken more than was meant, and an older file may have had more.
        file.set_permissions(Permissions::from_mode(mode))?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&next, path)
    };
    write().map_err(file_error(path))
}

/// Makes a folder for its owner alone, if it is not there.
pub(crate) fn make_folder(path: &Path) -> Result<(), KeyError> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(file_error(path))
}

fn content(path: &Path, expected: &'static str, found: impl ToString) -> KeyError {
    KeyError::Content { path: path.to_path_buf(), expected, found: found.to_string() }
}

/// The certificates in `text`, at least one.
pub(crate) fn certificates(path: &Path, text: &str) -> Result<Vec<CertificateDer<'static>>, KeyError> {
    let expected = "certificates in PEM";
    let list: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text.as_bytes()).collect();
    let list = list.map_err(|error| content(path, expected, error))?;
    if list.is_empty() { Err(content(path, expected, "none")) } else { Ok(list) }
}

/// The private key in `text`; `None` if there is none.
pub(crate) fn private_key(path: &Path, text: &str) -> Result<Option<PrivateKeyDer<'static>>, KeyError> {
    match PrivateKeyDer::from_pem_slice(text.as_bytes()) {
        Ok(key) => Ok(Some(key)),
        Err(pem::Error::NoItemsFound) => Ok(None),
        Err(error) => Err(content(path, "a private key in PEM", error)),
    }
}
