//! The identity of an agent whose source has nothing to resume: the next process gets its place at the board server, with
//! counters from 0.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use deltascope_protocol::frame::Secret;
use deltascope_system::file;

use super::files::{LONGEST_ID, open_file};
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
    /// Opens the identity in a folder, and makes both where there are none. What is no file is set aside and given to
    /// `report`.
    ///
    /// # Errors
    /// Another process has it, or the folder cannot be used.
    pub fn open(folder: &Path, report: fn(&str)) -> Result<AgentIdentity, StateError> {
        let path = folder.join(FILE);
        let fail = |action| {
            let path = path.clone();
            move |source| StateError::Io { path, action, source }
        };
        DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(fail("make its folder"))?;
        let mut options = OpenOptions::new();
        options.read(true).append(true).create(true).mode(0o600);
        let mut file = open_file(&path, &mut options, report).map_err(fail("open it"))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(StateError::InUse { path }),
            Err(TryLockError::Error(error)) => return Err(fail("lock it")(error)),
        }
        let text = file::read_open(&file, LONGEST_ID).unwrap_or_default();
        let id = match String::from_utf8_lossy(&text).trim().parse() {
            Ok(id) => id,
            Err(_) => {
                // No process needs what was there: a place is all that there is to lose.
                let id = AgentId::random()?;
                file.set_len(0).and_then(|()| writeln!(file, "{id}")).map_err(fail("write to it"))?;
                id
            }
        };
        Ok(AgentIdentity { id, secret: secret::open(folder, report)?, _lock: file })
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::when_free;
    use super::{AgentIdentity, StateError};
    use std::path::Path;
    use std::process::Command;

    fn open(folder: &Path) -> AgentIdentity {
        when_free(|| AgentIdentity::open(folder, |_| ()))
    }

    #[test]
    fn identity_is_made_once_and_is_one_process_at_a_time() {
        let folder = tempfile::tempdir().expect("a folder");
        let folder = folder.path().join("scan");
        let first = open(&folder);
        assert!(matches!(AgentIdentity::open(&folder, |_| ()), Err(StateError::InUse { .. })));
        let (id, secret) = (first.id, first.secret);
        assert!(!secret.is_none());
        drop(first);
        let again = open(&folder);
        assert!(again.id == id && again.secret == secret);
        drop(again);
        std::fs::write(folder.join("agent.id"), b"\xFF damaged").expect("a file");
        let other = open(&folder);
        assert!(other.id != id && other.secret == secret);
    }

    #[test]
    fn what_is_no_file_is_set_aside() {
        let folder = tempfile::tempdir().expect("a folder");
        let first = open(folder.path());
        let (id, secret) = (first.id, first.secret);
        drop(first);
        for name in ["agent.id", "agent.secret"] {
            let path = folder.path().join(name);
            std::fs::remove_file(&path).expect("ours");
            assert!(Command::new("mkfifo").arg(&path).status().expect("mkfifo").success());
        }
        let other = open(folder.path());
        assert!(other.id != id && other.secret != secret && !other.secret.is_none());
        let again = (other.id, other.secret);
        drop(other);
        let other = open(folder.path());
        assert_eq!((other.id, other.secret), again);
    }
}
