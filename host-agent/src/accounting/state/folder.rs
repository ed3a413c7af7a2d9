//! The state of one agent: its id, locked, and what is saved for the next run.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use deltascope_protocol::frame::Secret;
use serde::Serialize;

use super::changes::{Change, append};
use super::files::{self, CHANGES, Found, ID_FILE, SESSION_FILE, SPARE_FILE, open_file};
use super::writer::{SYNC_BYTES, Writer};
use super::{AgentId, SavedSession, StateError, secret};

/// Time between two attempts to write to a folder that could not be written.
const RETRY: Duration = Duration::from_secs(1);

/// What was written, for the status of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct StateStatus {
    /// Times that the session was written whole.
    pub written: u64,
    /// Bytes of changes appended. Many of them never reach the disk: the file is written again when the session has them.
    pub appended_bytes: u64,
    /// Bytes that were made durable, whole sessions and changes.
    pub durable_bytes: u64,
    /// Whether the last attempt to write failed.
    pub failing: bool,
}

/// A folder that can be written.
#[derive(Debug)]
struct Folder {
    path: PathBuf,
    writer: Writer,
    /// The file of changes, once there is one.
    changes: Option<File>,
    /// Number of the file above, or of the next one.
    file: u64,
    /// Bytes of changes since the session was last handed to the writer.
    pending_bytes: u64,
    appended_bytes: u64,
    /// Since when the folder cannot be written: what is in it ends before the present.
    broken: Option<Instant>,
    /// Sessions written when the last one was handed over after a failure.
    repairing: Option<u64>,
}

/// The id, and the folder if there is one that can be used.
#[derive(Debug)]
pub struct AgentState {
    id: AgentId,
    secret: Secret,
    folder: Option<Folder>,
    /// Holds the lock for as long as the agent runs; the system lets it go however that one ends.
    _lock: Option<File>,
    saved: Option<SavedSession>,
    /// Number of the last change.
    number: u64,
    report: fn(&str),
}

impl AgentState {
    /// An agent that was given its id and keeps nothing: what its groups held before a restart is charged to `other`.
    pub fn with_id(id: AgentId) -> AgentState {
        let secret = Secret::NONE;
        AgentState { id, secret, folder: None, _lock: None, saved: None, number: 0, report: |_| () }
    }

    /// An agent with a folder, which is made with mode 0700 if there is none. `id` replaces the one in it. A folder or
    /// file that cannot be used is set aside and given to `report`.
    ///
    /// # Errors
    /// Another agent uses the folder, or there are no random numbers for an id.
    pub fn open(folder: &Path, id: Option<AgentId>, report: fn(&str)) -> Result<AgentState, StateError> {
        let found = match files::open(folder, report) {
            Ok(found) => found,
            Err(error @ StateError::InUse { .. }) => return Err(error),
            Err(error) => {
                report(&format!("{error}; a restart of this run begins at 0"));
                let id = id.map_or_else(AgentId::random, Ok)?;
                return Ok(AgentState { report, ..AgentState::with_id(id) });
            }
        };
        let Found { mut lock, id: in_file, saved, next_file, writable } = found;
        // A file with the id that is lost or damaged is made again from the session.
        let known = in_file.or(saved.as_ref().map(SavedSession::agent).filter(|&agent| agent != AgentId([0; 16])));
        let id = match id.or(known) {
            Some(id) => id,
            None => AgentId::random()?,
        };
        let of = |saved: &SavedSession| match saved.agent() {
            // Killed before the session was written for the first time.
            AgentId([0, ..]) if saved.agent() == AgentId([0; 16]) => in_file == Some(id),
            agent => agent == id,
        };
        let saved = saved.filter(of);
        if in_file != Some(id) && writable {
            let write = lock.set_len(0).and_then(|()| lock.rewind()).and_then(|()| writeln!(lock, "{id}"));
            if let Err(source) = write.and_then(|()| lock.sync_all()) {
                let error = StateError::Io { path: folder.join(ID_FILE), action: "write to it", source };
                report(&format!("{error}; the next run is another agent"));
            }
        }
        let secret = secret::open(folder, report).unwrap_or_else(|error| {
            report(&format!("{error}; without TLS the next run begins at 0"));
            Secret::NONE
        });
        let number = saved.as_ref().map_or(0, SavedSession::number);
        let writer = if writable { Some(Writer::start(folder).map_err(StateError::Thread)?) } else { None };
        let path = folder.to_path_buf();
        let folder = writer.map(|writer| Folder {
            path,
            writer,
            changes: None,
            file: next_file,
            pending_bytes: 0,
            appended_bytes: 0,
            broken: None,
            repairing: None,
        });
        Ok(AgentState { id, secret, folder, _lock: Some(lock), saved, number, report })
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

    /// Number of the last change. It travels with the records, so that the next agent knows whether the folder holds
    /// every change that a counted record rests on.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// What was written so far.
    pub fn status(&self) -> StateStatus {
        self.folder.as_ref().map_or(StateStatus::default(), |folder| StateStatus {
            written: folder.writer.written(),
            appended_bytes: folder.appended_bytes,
            durable_bytes: folder.writer.durable_bytes(),
            failing: folder.broken.is_some(),
        })
    }

    /// Takes changes and appends them to the folder, where they survive a kill of the process at once and a loss of
    /// power after some seconds. A folder that cannot be written stops nothing: it is reported, and tried again.
    pub fn record(&mut self, changes: &[Change]) {
        if changes.is_empty() {
            return;
        }
        let mut bytes = Vec::new();
        append(&mut bytes, self.number + 1, changes);
        for change in changes {
            self.number += 1;
            if matches!(change, Change::Regrant(_) | Change::Reset(_)) {
                let saved = self.saved.get_or_insert_with(|| SavedSession::new(0));
                // Of the other changes this copy knows nothing: they come with the next whole session.
                saved.stamp(self.id, self.number - 1, 0);
                saved.apply(self.number, change);
            }
        }
        // While the session is written whole after a failure, what comes behind it is appended already.
        let open = |folder: &&mut Folder| folder.broken.is_none() || folder.repairing.is_some();
        if let Some(folder) = self.folder.as_mut().filter(open)
            && let Err(source) = folder.append(&bytes, self.report)
        {
            // What the file holds stays; the next one is another file.
            folder.file += 1;
            folder.fail(source, self.report);
        }
    }

    /// Whether the session is to be written whole: there are more changes behind it than are made durable one by one, or
    /// the folder could not be written when it was last tried. At most once a second.
    pub fn wants_whole(&mut self) -> bool {
        let report = self.report;
        self.folder.as_mut().is_some_and(|folder| folder.wants_whole(report))
    }

    /// Takes the session as it is after the last change; a thread writes it.
    pub fn save(&mut self, mut session: SavedSession) {
        let file = self.folder.as_ref().map_or(0, |folder| folder.file + u64::from(folder.changes.is_some()));
        session.stamp(self.id, self.number, file);
        if let Some(folder) = &mut self.folder {
            // Changes from now on go to another file: the present one is removed when the session is written.
            (folder.changes, folder.file) = (None, file);
            folder.pending_bytes = 0;
            folder.repairing = folder.broken.is_some().then(|| folder.writer.written());
            folder.writer.write(session.clone(), folder.file);
        }
        self.saved = Some(session);
    }

    /// Returns the session as it was last saved whole, with the grants since.
    pub fn session(&self) -> SavedSession {
        self.saved.clone().unwrap_or_default()
    }
}

impl Folder {
    fn append(&mut self, bytes: &[u8], report: fn(&str)) -> std::io::Result<()> {
        let path = self.path.join(format!("{CHANGES}{}", self.file));
        let (mut file, is_new) = match self.changes.take() {
            Some(file) => (file, false),
            None => {
                // Pages of the spare file that have not reached the disk yet are overwritten before they do.
                match std::fs::rename(self.path.join(SPARE_FILE), &path) {
                    Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                    _ => {}
                }
                let mut options = OpenOptions::new();
                options.write(true).create(true).truncate(false).mode(0o600);
                (open_file(&path, &mut options, report)?, true)
            }
        };
        if let Err(error) = file.write_all(bytes) {
            if is_new {
                // A disk that stays full would get a file at each attempt. This one holds no whole entry.
                _ = std::fs::remove_file(path);
            }
            return Err(error);
        }
        self.writer.sync(self.file, &file, bytes.len() as u64);
        self.changes = Some(file);
        self.pending_bytes += bytes.len() as u64;
        self.appended_bytes += bytes.len() as u64;
        Ok(())
    }

    fn fail(&mut self, source: std::io::Error, report: fn(&str)) {
        self.repairing = None;
        if self.broken.replace(Instant::now()).is_some() {
            return;
        }
        let error = StateError::Io { path: self.path.clone(), action: "write to it", source };
        report(&format!(
            "{error}; the run continues, and a restart would charge what is counted from now on to `other`"
        ));
    }

    fn wants_whole(&mut self, report: fn(&str)) -> bool {
        if let Some(source) = self.writer.take_failure() {
            self.fail(source, report);
        }
        if self.repairing.is_some_and(|before| self.writer.written() > before) {
            (self.broken, self.repairing) = (None, None);
            report(&format!("{}: written again", self.path.join(SESSION_FILE).display()));
        }
        if self.writer.is_busy() {
            return false;
        }
        match self.broken {
            Some(since) => since.elapsed() >= RETRY,
            None => self.pending_bytes > SYNC_BYTES,
        }
    }
}
