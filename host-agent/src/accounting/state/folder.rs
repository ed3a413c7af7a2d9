//! The folder of one agent: its id, locked, and what is saved.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use deltascope_protocol::frame::Secret;

use super::{SavedSession, StateError, secret};

const ID_FILE: &str = "agent.id";
const SESSION_FILE: &str = "session.json";
const NEW_FILE: &str = "session.json.new";

/// The id of an agent, stable over its restarts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AgentId(pub [u8; 16]);

impl AgentId {
    /// A new one of the system's random numbers.
    pub(super) fn random() -> Result<AgentId, StateError> {
        let mut id = [0; 16];
        File::open("/dev/urandom").and_then(|mut file| file.read_exact(&mut id)).map_err(StateError::Random)?;
        Ok(AgentId(id))
    }
}

impl std::str::FromStr for AgentId {
    type Err = StateError;

    fn from_str(text: &str) -> Result<AgentId, StateError> {
        let digits = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        match u128::from_str_radix(text, 16) {
            Ok(id) if digits && id != 0 => Ok(AgentId(id.to_be_bytes())),
            _ => Err(StateError::Id { found: text.to_owned() }),
        }
    }
}

impl std::fmt::Display for AgentId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

/// The id, and the folder if there is one.
#[derive(Debug)]
pub struct AgentState {
    id: AgentId,
    secret: Secret,
    folder: Option<PathBuf>,
    /// Holds the lock for as long as the agent runs; the system lets it go however that one ends.
    _lock: Option<File>,
    saved: Option<SavedSession>,
}

impl AgentState {
    /// An agent that was given its id and keeps nothing: what its groups held before a restart is charged to `other`.
    pub fn with_id(id: AgentId) -> AgentState {
        AgentState { id, secret: Secret::NONE, folder: None, _lock: None, saved: None }
    }

    /// An agent with a folder, which is made with mode 0700 if there is none. `id` replaces the one in it.
    ///
    /// # Errors
    /// The folder cannot be used, another agent uses it, or a file in it is damaged.
    pub fn open(folder: &Path, id: Option<AgentId>) -> Result<AgentState, StateError> {
        let path = folder.join(ID_FILE);
        let fail = |path: &Path, action| {
            let path = path.to_path_buf();
            move |source| StateError::Io { path, action, source }
        };
        DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(fail(folder, "make it"))?;
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(0o600);
        let mut file = options.open(&path).map_err(fail(&path, "open it"))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(StateError::InUse { path }),
            Err(TryLockError::Error(error)) => return Err(fail(&path, "lock it")(error)),
        }
        let mode = file.metadata().map_err(fail(&path, "read its mode"))?.permissions().mode() & 0o7777;
        if mode & 0o077 != 0 {
            return Err(StateError::Mode { path, found: mode });
        }
        let mut text = String::new();
        file.read_to_string(&mut text).map_err(fail(&path, "read it"))?;
        let known: Option<AgentId> = match text.trim() {
            "" => None,
            text => Some(text.parse().map_err(|_| StateError::Content {
                path: path.clone(),
                expected: "32 hex digits that are not all 0",
                found: format!("{text:?}"),
            })?),
        };
        let saved = if id.is_none_or(|id| known == Some(id)) { read(&folder.join(SESSION_FILE))? } else { None };
        let id = match id.or(known) {
            Some(id) => id,
            None => AgentId::random()?,
        };
        if known != Some(id) {
            let write = file.set_len(0).and_then(|()| file.rewind()).and_then(|()| writeln!(file, "{id}"));
            write.map_err(fail(&path, "write to it"))?;
        }
        let secret = secret::open(folder)?;
        Ok(AgentState { id, secret, folder: Some(folder.to_path_buf()), _lock: Some(file), saved })
    }

    /// The agent's id.
    pub fn id(&self) -> AgentId {
        self.id
    }

    /// Returns what proves to a board server without TLS that the id is this agent's.
    pub fn secret(&self) -> Secret {
        self.secret
    }

    /// What the agent before kept, if it belongs to the boot id of the server.
    pub fn saved(&self, boot_id: u64) -> Option<&SavedSession> {
        self.saved.as_ref().filter(|saved| saved.boot_id == boot_id)
    }

    /// Changes what is kept and puts it in its place whole: whenever the agent dies, the one before or the new one
    /// stands there. It survives a kill of the process; a loss of power ends the agent's sources too.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn save(&mut self, change: impl FnOnce(&mut SavedSession)) -> Result<(), StateError> {
        let saved = self.saved.get_or_insert_with(|| SavedSession::new(0));
        change(saved);
        let Some(folder) = &self.folder else { return Ok(()) };
        let (new, path) = (folder.join(NEW_FILE), folder.join(SESSION_FILE));
        let write = || -> std::io::Result<()> {
            let mut options = OpenOptions::new();
            let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&new)?;
            file.write_all(&serde_json::to_vec(saved)?)?;
            std::fs::rename(&new, &path)
        };
        write().map_err(|source| StateError::Io { path: path.clone(), action: "write it", source })
    }
}

fn read(path: &Path) -> Result<Option<SavedSession>, StateError> {
    let content = |found| StateError::Content { path: path.to_path_buf(), expected: "a session as kept", found };
    match std::fs::read(path) {
        Ok(bytes) => {
            let saved: SavedSession = serde_json::from_slice(&bytes).map_err(|error| content(error.to_string()))?;
            if !saved.is_known() || saved.groups().is_none() {
                return Err(content(String::from("another version, or numbers that fit nothing")));
            }
            Ok(Some(saved))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(StateError::Io { path: path.to_path_buf(), action: "read it", source }),
    }
}
