//! The secret of an agent, in a file of its own that no other user of the host can read.

use std::fs::{File, OpenOptions, Permissions};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use deltascope_protocol::frame::Secret;
use deltascope_system::file;

use super::StateError;
use super::files::{LONGEST_ID, open_file};

const FILE: &str = "agent.secret";

/// Returns the secret in the folder. It is made at random where there is none, where the file is damaged, and where others
/// could read it; the last two are given to `report`.
///
/// # Errors
/// The file cannot be used.
pub(super) fn open(folder: &Path, report: fn(&str)) -> Result<Secret, StateError> {
    let path = folder.join(FILE);
    let fail = |action| {
        let path = path.clone();
        move |source| StateError::Io { path, action, source }
    };
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(0o600);
    let mut file = open_file(&path, &mut options, report).map_err(fail("open it"))?;
    let mode = file.metadata().map_err(fail("read its mode"))?.permissions().mode() & 0o7777;
    let read = file::read_open(&file, LONGEST_ID);
    let text = read.as_deref().map(String::from_utf8_lossy).unwrap_or_default();
    let known = u128::from_str_radix(text.trim(), 16).ok().filter(|&number| number != 0 && text.trim().len() == 32);
    match known {
        Some(number) if mode & 0o077 == 0 => return Ok(Secret(number.to_be_bytes())),
        None if read.as_ref().is_ok_and(Vec::is_empty) => {}
        _ => report(&format!(
            "{}: expected 32 hex digits that are not all 0 and mode 0600, found {} and mode {mode:04o}; made again, without TLS the next run begins at 0",
            path.display(),
            read.as_ref().map_or_else(ToString::to_string, |bytes| format!("{} bytes", bytes.len()))
        )),
    }
    let secret = random()?;
    file.set_permissions(Permissions::from_mode(0o600)).map_err(fail("set its mode"))?;
    let number = u128::from_be_bytes(secret.0);
    let write = file.set_len(0).and_then(|()| file.rewind()).and_then(|()| writeln!(file, "{number:032x}"));
    write.and_then(|()| file.sync_all()).map_err(fail("write to it"))?;
    Ok(secret)
}

fn random() -> Result<Secret, StateError> {
    let mut bytes = [0; 16];
    File::open("/dev/urandom").and_then(|mut file| file.read_exact(&mut bytes)).map_err(StateError::Random)?;
    bytes[0] |= u8::from(bytes == [0; 16]);
    Ok(Secret(bytes))
}

#[cfg(test)]
mod tests {
    use super::{FILE, Permissions, PermissionsExt, open};

    #[test]
    fn secret_is_kept_unless_it_is_damaged_or_others_could_read_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(FILE);
        let open = || open(folder.path(), |_| ()).expect("a folder that can be used");
        let mode = || std::fs::metadata(&path).expect("a file").permissions().mode() & 0o777;
        let first = open();
        assert!(!first.is_none() && open() == first && mode() == 0o600);
        std::fs::set_permissions(&path, Permissions::from_mode(0o644)).expect("a file");
        let second = open();
        assert!(second != first && open() == second && mode() == 0o600);
        std::fs::write(&path, b"\xFF").expect("a file");
        assert!(open() != second);
    }
}
