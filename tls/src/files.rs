//! Reading and writing files that hold keys.

use crate::KeyError;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::fs::{File, OpenOptions, Permissions};
use std::io::{Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

/// Longest file that is read.
const MOST_BYTES: u64 = 1 << 20;

fn file_error(path: &Path) -> impl Fn(std::io::Error) -> KeyError {
    let path = path.to_path_buf();
    move |source| KeyError::File { path: path.clone(), source }
}

/// The text of a file; one that is `secret` must be for its owner alone.
pub(crate) fn read(path: &Path, secret: bool) -> Result<String, KeyError> {
    let file = File::open(path).map_err(file_error(path))?;
    // Asked of the open file: no other process can replace it in between.
    let mode = file.metadata().map_err(file_error(path))?.permissions().mode() & 0o7777;
    if secret && mode & 0o077 != 0 {
        return Err(KeyError::Loose { path: path.to_path_buf(), mode });
    }
    let mut text = String::new();
    file.take(MOST_BYTES).read_to_string(&mut text).map_err(file_error(path))?;
    Ok(text)
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

/// The private key in `text`.
pub(crate) fn private_key(path: &Path, text: &str) -> Result<PrivateKeyDer<'static>, KeyError> {
    PrivateKeyDer::from_pem_slice(text.as_bytes()).map_err(|error| content(path, "a private key in PEM", error))
}
