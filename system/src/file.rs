//! Reading files that may be anything: a process that can write to a folder can put a pipe, a device or an endless file there.

use std::fs::{File, OpenOptions};
use std::io::{Error, ErrorKind, Read, Result};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Opens a file with these options. It waits for no other process.
///
/// # Errors
/// It cannot be opened, or is a pipe, a device, a socket or a folder.
pub fn open(path: &Path, options: &mut OpenOptions) -> Result<File> {
    // The opening of a pipe would wait for its other end. The flag does nothing to a file.
    let file = options.custom_flags(libc::O_NONBLOCK).open(path).map_err(|error| match error.raw_os_error() {
        // A pipe to be written without a reader, a socket.
        Some(libc::ENXIO) => no_file(),
        _ => error,
    })?;
    // Asked of the open file: no other process can replace it in between.
    if file.metadata()?.is_file() { Ok(file) } else { Err(no_file()) }
}

/// Returns the content of a file.
///
/// # Errors
/// As [`open`]; or it is longer than `longest` bytes, or cannot be read.
pub fn read(path: &Path, longest: u64) -> Result<Vec<u8>> {
    read_open(&open(path, OpenOptions::new().read(true))?, longest)
}

/// Returns the content of a text file.
///
/// # Errors
/// As [`read`]; or it is not UTF-8.
pub fn read_text(path: &Path, longest: u64) -> Result<String> {
    String::from_utf8(read(path, longest)?).map_err(|error| invalid(error.to_string()))
}

/// Returns what is behind the position of a file that is open.
///
/// # Errors
/// It is longer than `longest` bytes, or cannot be read.
pub fn read_open(file: &File, longest: u64) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    // Some files of the kernel have no end and the length 0.
    file.take(longest.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > longest {
        let found = file.metadata().map_or(0, |about| about.len()).max(longest.saturating_add(1));
        return Err(invalid(format!("expected at most {longest} bytes, found {found} or more")));
    }
    Ok(bytes)
}

fn no_file() -> Error {
    invalid(String::from("expected a file, found a device, a pipe, a socket or a folder"))
}

fn invalid(text: String) -> Error {
    Error::new(ErrorKind::InvalidData, text)
}

#[cfg(test)]
mod tests {
    use super::{open, read, read_text};
    use std::fs::{self, OpenOptions};
    use std::os::unix::fs::symlink;
    use std::path::Path;
    use std::process::Command;

    #[test]
    fn what_is_no_file_is_refused_without_a_wait() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        assert!(Command::new("mkfifo").arg(at("pipe")).status().expect("mkfifo").success());
        let _socket = std::os::unix::net::UnixListener::bind(at("socket")).expect("a socket");
        symlink("/dev/zero", at("endless")).expect("a link");
        symlink("pipe", at("to-pipe")).expect("a link");
        for name in ["pipe", "to-pipe", "socket", "endless", "."] {
            let error = read(&at(name), 1 << 20).expect_err("no file");
            assert!(error.to_string().contains("expected a file"), "{name}: {error}");
            for options in [OpenOptions::new().read(true).append(true), OpenOptions::new().write(true)] {
                let error = open(&at(name), options).expect_err("no file").to_string();
                assert!(error.contains("expected a file") || name == "." && error.contains("directory"), "{error}");
            }
        }
        assert_eq!(read(&at("none"), 1).expect_err("none").kind(), std::io::ErrorKind::NotFound);
    }

    #[test]
    fn file_is_read_up_to_its_longest() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("file");
        fs::write(&path, "1234").expect("ours");
        assert_eq!(read_text(&path, 4).expect("a file"), "1234");
        let error = read(&path, 3).expect_err("too long").to_string();
        assert!(error.contains("expected at most 3 bytes, found 4"), "{error}");
        // Nothing of it is on the disk.
        OpenOptions::new().write(true).open(&path).and_then(|file| file.set_len(64 << 30)).expect("a sparse file");
        let error = read(&path, 1 << 20).expect_err("too long").to_string();
        assert!(error.contains("found 68719476736"), "{error}");
        // A file of the kernel, of the length 0.
        assert!(read_text(Path::new("/proc/version"), 1 << 20).expect("a file").contains("Linux"));
        fs::write(&path, b"\xFF").expect("ours");
        assert_eq!(read_text(&path, 4).expect_err("no text").kind(), std::io::ErrorKind::InvalidData);
    }
}
