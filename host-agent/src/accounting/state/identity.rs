//! The identity of an agent whose source has nothing to resume: the next process gets its place at the board server, with
//! counters from 0.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use deltascope_protocol::frame::Secret;

use super::{AgentId, StateError, secret};

const FILE: &str = "agent.id";

/// Id and secret, locked for as long as this exists.
#[derive(Debug)]
pub struct AgentIdentity {
    /// The id.
    pub id: AgentId,
    /// What proves that the id is this agent's.
    pub secret: Secret,
    _lock: File,
}

impl AgentIdentity {
    /// Opens the identity in a folder, and makes both where there are none.
    ///
    /// # Errors
    /// Another process has it, or the folder cannot be used.
    pub fn open(folder: &Path) -> Result<AgentIdentity, StateError> {
        let path = folder.join(FILE);
        let fail = |action| {
            let path = path.clone();
            move |source| StateError::Io { path, action, source }
        };
        DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(fail("make its folder"))?;
        let mut options = OpenOptions::new();
        options.read(true).append(true).create(true).mode(0o600);
        let mut file = options.open(&path).map_err(fail("open it"))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(StateError::InUse { path }),
            Err(TryLockError::Error(error)) => return Err(fail("lock it")(error)),
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(fail("read it"))?;
        let id = match String::from_utf8_lossy(&bytes).trim().parse() {
            Ok(id) => id,
            Err(_) => {
                // Nobody needs what stood there: a place is all that there is to lose.
                let id = AgentId::random()?;
                file.set_len(0).and_then(|()| writeln!(file, "{id}")).map_err(fail("write to it"))?;
                id
            }
        };
        Ok(AgentIdentity { id, secret: secret::open(folder, |_| ())?, _lock: file })
    }
}

#[cfg(test)]
mod tests {
    use super::{AgentIdentity, StateError};

    #[test]
    fn identity_is_made_once_and_is_one_process_at_a_time() {
        let folder = tempfile::tempdir().expect("a folder");
        let folder = folder.path().join("scan");
        let first = AgentIdentity::open(&folder).expect("a new folder");
        assert!(matches!(AgentIdentity::open(&folder), Err(StateError::InUse { .. })));
        let (id, secret) = (first.id, first.secret);
        assert!(!secret.is_none());
        drop(first);
        let again = AgentIdentity::open(&folder).expect("it is free again");
        assert!(again.id == id && again.secret == secret);
        drop(again);
        std::fs::write(folder.join("agent.id"), b"\xFF damaged").expect("a file");
        let other = AgentIdentity::open(&folder).expect("made again");
        assert!(other.id != id && other.secret == secret);
    }
}
