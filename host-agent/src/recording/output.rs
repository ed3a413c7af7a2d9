//! Where a recording goes: a new file, a file that takes the place of another one, standard output, or a device.

use std::fs::{File, Metadata, OpenOptions, Permissions};
use std::io::{ErrorKind, IsTerminal, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::RecordingError;

/// A recording under way.
#[derive(Debug)]
pub struct Output {
    file: File,
    path: PathBuf,
    /// The file that takes the place of `path` when the recording is whole.
    beside: Option<PathBuf>,
}

impl Output {
    /// Opens a file that only its owner can read, or standard output for `-`. An existing file is an error unless
    /// `replace` is set; then the recording is written beside it and takes its place at the end.
    ///
    /// # Errors
    /// The file exists, cannot be made, or is one of `sources`, which are being read.
    pub fn open(path: &Path, replace: bool, sources: &[&Path]) -> Result<Output, RecordingError> {
        if path == Path::new("-") {
            return Output::stdout(sources);
        }
        let fail = |source: std::io::Error| failed(path, source);
        let existing = match std::fs::metadata(path) {
            Ok(existing) => Some(existing),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(fail(error)),
        };
        if let Some(existing) = &existing {
            refuse_source(path, existing, sources)?;
        }
        let mut options = OpenOptions::new();
        options.write(true).mode(0o600);
        match existing.filter(|_| replace) {
            None => {
                let file = options.create_new(true).open(path).map_err(fail)?;
                Ok(Output { file, path: path.to_path_buf(), beside: None })
            }
            Some(existing) if existing.is_file() => {
                // Behind a link: the link stays.
                let path = std::fs::canonicalize(path).map_err(fail)?;
                let mut name = path.file_name().unwrap_or_default().to_os_string();
                name.push(".new");
                let beside = path.with_file_name(name);
                let file =
                    options.create(true).truncate(true).open(&beside).map_err(|source| failed(&beside, source))?;
                file.set_permissions(Permissions::from_mode(0o600)).map_err(|source| failed(&beside, source))?;
                Ok(Output { file, path, beside: Some(beside) })
            }
            // A device or a pipe has no place to take.
            Some(_) => Ok(Output { file: options.open(path).map_err(fail)?, path: path.to_path_buf(), beside: None }),
        }
    }

    fn stdout(sources: &[&Path]) -> Result<Output, RecordingError> {
        let (out, path) = (std::io::stdout(), Path::new("standard output"));
        if out.is_terminal() {
            return Err(RecordingError::Terminal);
        }
        let file = File::from(out.as_fd().try_clone_to_owned().map_err(|source| failed(path, source))?);
        let about = file.metadata().map_err(|source| failed(path, source))?;
        if !about.file_type().is_fifo() && !about.file_type().is_char_device() {
            refuse_source(path, &about, sources)?;
        }
        Ok(Output { file, path: path.to_path_buf(), beside: None })
    }

    /// Returns the file that holds what was written so far.
    pub fn at(&self) -> &Path {
        self.beside.as_ref().unwrap_or(&self.path)
    }

    /// Puts the recording in its place.
    ///
    /// # Errors
    /// It cannot be made durable, or cannot take the place of the file that it replaces.
    pub fn finish(self) -> Result<(), RecordingError> {
        let Some(beside) = &self.beside else { return Ok(()) };
        self.file.sync_all().and_then(|()| std::fs::rename(beside, &self.path)).map_err(|source| failed(beside, source))
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }
}

fn failed(path: &Path, source: std::io::Error) -> RecordingError {
    RecordingError::Io {
        path: path.to_path_buf(),
        action: "create it",
        advice: match source.kind() {
            ErrorKind::AlreadyExists => "name another file or give --force",
            _ => "name a file in a folder that you may write to",
        },
        source,
    }
}

fn refuse_source(path: &Path, output: &Metadata, sources: &[&Path]) -> Result<(), RecordingError> {
    let same = |source: &&&Path| {
        std::fs::metadata(source).is_ok_and(|about| (about.dev(), about.ino()) == (output.dev(), output.ino()))
    };
    match sources.iter().find(same) {
        Some(_) => Err(RecordingError::Itself { path: path.to_path_buf() }),
        None => Ok(()),
    }
}
