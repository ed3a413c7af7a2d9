//! The secret of an agent, in a file of its own: no other user of the host can read it.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use deltascope_protocol::frame::Secret;

use super::StateError;

const FILE: &str = "agent.secret";

/// Returns the secret in the folder, made at random if there is none.
///
/// # Errors
/// The file cannot be used, others can read it, or it holds something else.
pub(super) fn open(folder: &Path) -> Result<Secret, StateError> {
    let path = folder.join(FILE);
    let fail = |action| {
        let path = path.clone();
        move |source| StateError::Io { path, action, source }
    };
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(0o600);
    let mut file = options.open(&path).map_err(fail("open it"))?;
    let mode = file.metadata().map_err(fail("read its mode"))?.permissions().mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(StateError::Mode { path, found: mode });
    }
    let mut text = String::new();
    file.read_to_string(&mut text).map_err(fail("read it"))?;
    if text.trim().is_empty() {
        let secret = random()?;
        writeln!(file, "{:032x}", u128::from_be_bytes(secret.0)).map_err(fail("write to it"))?;
        return Ok(secret);
    }
    match u128::from_str_radix(text.trim(), 16) {
        Ok(number) if number != 0 && text.trim().len() == 32 => Ok(Secret(number.to_be_bytes())),
        _ => Err(StateError::Content {
            path,
            expected: "32 hex digits that are not all 0",
            found: format!("{} other characters", text.trim().chars().count()),
        }),
    }
}

fn random() -> Result<Secret, StateError> {
    let mut bytes = [0; 16];
    File::open("/dev/urandom").and_then(|mut file| file.read_exact(&mut bytes)).map_err(StateError::Random)?;
    bytes[0] |= u8::from(bytes == [0; 16]);
    Ok(Secret(bytes))
}
