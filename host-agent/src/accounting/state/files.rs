//! The files of a state folder, read with distrust: what cannot be used is set aside and reported.

use std::fs::{DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use deltascope_system::file;

use super::changes::entries;
use super::{AgentId, SavedSession, StateError};

pub(super) const ID_FILE: &str = "agent.id";
pub(super) const SESSION_FILE: &str = "session.json";
/// Files of changes have this name and a number.
pub(super) const CHANGES: &str = "changes.";
/// A file of changes that is in the session; it is written again from its beginning, under another name.
pub(super) const SPARE_FILE: &str = "changes.spare";

/// What a folder held, and what it can be used for.
pub(super) struct Found {
    /// The file with the id, locked.
    pub lock: File,
    /// The id in its file.
    pub id: Option<AgentId>,
    /// The session with the changes behind it.
    pub saved: Option<SavedSession>,
    /// Number for the next file of changes.
    pub next_file: u64,
    /// Whether the folder can be written.
    pub writable: bool,
}

/// Longest file that is read, in bytes: more than any session or file of changes has, and little enough to be read.
const LONGEST: u64 = 256 << 20;
/// Longest file of an id or a secret that is read, in bytes.
pub(super) const LONGEST_ID: u64 = 4 << 10;
const SET_ASIDE: &str = "set aside as a file that ends with .damaged, and made again";

/// Opens a file as `options` give. What is no file is set aside: whatever a damaged disk has made of it stops no agent.
pub(super) fn open_file(path: &Path, options: &mut OpenOptions, report: fn(&str)) -> std::io::Result<File> {
    match file::open(path, options) {
        Err(error) if std::fs::metadata(path).is_ok_and(|about| !about.is_file()) => {
            set_aside(path).map_err(|_| error)?;
            let (path, found) = (path.to_path_buf(), String::from("a device, a pipe, a socket or a folder"));
            report(&StateError::Content { path: path.clone(), expected: "a file", found, then: SET_ASIDE }.to_string());
            file::open(&path, options)
        }
        opened => opened,
    }
}

/// Gives a file, or what is in its place, a name that ends with `.damaged`, for a look at it.
fn set_aside(path: &Path) -> std::io::Result<()> {
    let mut aside = path.as_os_str().to_owned();
    aside.push(".damaged");
    // A folder cannot take the place of a file, nor a file that of a folder.
    _ = std::fs::remove_file(&aside).or_else(|_| std::fs::remove_dir(&aside));
    std::fs::rename(path, aside)
}

/// Numbers of the files of changes, the lowest first.
pub(super) fn changes_files(folder: &Path) -> Vec<u64> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut numbers: Vec<u64> =
        entries.filter_map(|entry| entry.file_name().to_str()?.strip_prefix(CHANGES)?.parse().ok()).collect();
    numbers.sort_unstable();
    numbers
}

fn fail(path: &Path, action: &'static str) -> impl FnOnce(std::io::Error) -> StateError {
    let path = path.to_path_buf();
    move |source| StateError::Io { path, action, source }
}

/// Opens a folder, which is made with mode 0700 if there is none, and reads what is in it.
///
/// # Errors
/// Another agent uses it, or it cannot be used at all.
pub(super) fn open(folder: &Path, report: fn(&str)) -> Result<Found, StateError> {
    let path = folder.join(ID_FILE);
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(fail(folder, "make it"))?;
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(0o600);
    let (lock, writable) = match open_file(&path, &mut options, report) {
        Ok(file) => (file, true),
        // On a disk that can only be read the id still serves.
        Err(error) => match file::open(&path, OpenOptions::new().read(true)) {
            Ok(file) => {
                report(&fail(&path, "write to it")(error).to_string());
                (file, false)
            }
            Err(_) => return Err(fail(&path, "open it")(error)),
        },
    };
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(StateError::InUse { path }),
        Err(TryLockError::Error(error)) => return Err(fail(&path, "lock it")(error)),
    }
    close_to_others(&path, &lock, report);
    let read = file::read_open(&lock, LONGEST_ID).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let id: Option<AgentId> = read.as_ref().ok().and_then(|text| text.trim().parse().ok());
    // One that was made just now, or by an agent that was killed then, is empty.
    if id.is_none() && !read.as_ref().is_ok_and(String::is_empty) {
        let found = match read {
            Ok(text) => format!("{:?}", text.chars().take(40).collect::<String>()),
            Err(error) => error.to_string(),
        };
        let expected = "32 hex digits that are not all 0";
        report(&StateError::Content { path, expected, found, then: "made again" }.to_string());
    }
    // An agent before may have had higher numbers.
    _ = std::fs::remove_file(folder.join(SPARE_FILE));
    let (saved, next_file) = read_session(folder, report);
    Ok(Found { lock, id, saved, next_file, writable })
}

/// Who knows the id can take the totals over, unless the server speaks TLS.
fn close_to_others(path: &Path, file: &File, report: fn(&str)) {
    let mode = file.metadata().map_or(0o600, |about| about.permissions().mode() & 0o7777);
    if mode & 0o077 != 0 {
        let closed = file.set_permissions(Permissions::from_mode(0o600));
        let outcome = closed.map_or_else(|error| format!("cannot set it: {error}"), |()| String::from("set to 0600"));
        report(&format!(
            "{}: expected mode 0600, found {mode:04o}, {outcome}; other users may know this agent's id: delete the file for another one",
            path.display()
        ));
    }
}

/// The session in a folder, and the number for the next file of changes.
fn read_session(folder: &Path, report: fn(&str)) -> (Option<SavedSession>, u64) {
    let path = folder.join(SESSION_FILE);
    let files = changes_files(folder);
    let next_file = files.last().map_or(0, |last| last.saturating_add(1));
    let content = |found| {
        let then = "set aside; totals of containers begin at 0";
        StateError::Content { path: path.clone(), expected: "a session as this release saves it", found, then }
    };
    let read = match file::read(&path, LONGEST) {
        Ok(bytes) => serde_json::from_slice::<SavedSession>(&bytes)
            .map_err(|error| content(error.to_string()))
            .and_then(|saved| match (saved.is_known(), saved.groups().is_some()) {
                (true, true) => Ok(saved),
                (false, _) => Err(content(String::from("that of another release"))),
                (true, false) => Err(content(String::from("numbers that fit nothing"))),
            }),
        // Killed before it was written for the first time.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(SavedSession::new(0)),
        Err(source) => Err(StateError::Io { path: path.clone(), action: "read it", source }),
    };
    let mut saved = read.unwrap_or_else(|error| {
        _ = set_aside(&path);
        report(&error.to_string());
        SavedSession::new(0)
    });
    let below = saved.next_file();
    for number in files.into_iter().filter(|&number| number >= below) {
        let bytes = match file::read(&folder.join(format!("{CHANGES}{number}")), LONGEST) {
            Ok(bytes) => bytes,
            Err(source) => {
                let path = folder.join(format!("{CHANGES}{number}"));
                report(&StateError::Io { path, action: "read it", source }.to_string());
                continue;
            }
        };
        for (number, change) in entries(&bytes) {
            // A change behind a gap is of no use; a later agent has begun again in a later file.
            saved.apply(number, &change);
        }
    }
    // Files below that number are not read any more, also when there are none left.
    (Some(saved).filter(|saved| saved.boot_id != 0), next_file.max(below))
}
