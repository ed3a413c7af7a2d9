//! Writes `session.json` on a thread of its own, at most once a second, and makes the changes behind it durable.
//!
//! What reaches the disk is bounded by time and not by the number of changes: each second [`SYNC_BYTES`] of changes, or a
//! session of [`WHOLE_RATE`] bytes for each second since the last one.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::SavedSession;
use super::files::{CHANGES, SESSION_FILE, SPARE_FILE, changes_files, open_file};

const NEW_FILE: &str = "session.json.new";
/// Shortest time between two writes.
const INTERVAL: Duration = Duration::from_secs(1);
/// Most bytes of changes that are made durable at a time; when there are more, the session is written whole.
pub(super) const SYNC_BYTES: u64 = 256 << 10;
/// Most bytes of whole sessions for each second.
const WHOLE_RATE: u64 = 500_000;

/// What a writer reports to its owner.
#[derive(Debug, Default)]
pub(super) struct Shared {
    /// A file is to be written, or is being written.
    busy: AtomicBool,
    /// The changes that have to become durable.
    unsynced: Mutex<Option<Unsynced>>,
    /// Bytes of the last session that was written.
    whole_bytes: AtomicU64,
    /// Bytes that were made durable.
    durable_bytes: AtomicU64,
    /// Why the last write failed.
    failed: Mutex<Option<std::io::Error>>,
    /// Writes that went well.
    written: AtomicU64,
}

/// A file of changes.
#[derive(Debug)]
struct Unsynced {
    number: u64,
    file: File,
    bytes: u64,
    /// Bytes at the last look.
    seen: u64,
}

/// One file to be written.
#[derive(Debug)]
struct Job {
    saved: SavedSession,
    /// Files of changes below this number are in it.
    below: u64,
}

/// See the module. It ends, with what it is at, when it is dropped.
#[derive(Debug)]
pub(super) struct Writer {
    shared: Arc<Shared>,
    jobs: Option<Sender<Job>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Starts the thread.
    ///
    /// # Errors
    /// The system has no thread left.
    pub fn start(folder: &Path) -> std::io::Result<Writer> {
        let shared = Arc::new(Shared::default());
        let (jobs, work) = channel();
        let (folder, own) = (folder.to_path_buf(), shared.clone());
        let run = move || run(&folder, &own, &work);
        let thread = std::thread::Builder::new().name(String::from("state")).spawn(run)?;
        Ok(Writer { shared, jobs: Some(jobs), thread: Some(thread) })
    }

    /// Whether a file waits to be written.
    pub fn is_busy(&self) -> bool {
        self.shared.busy.load(Ordering::Acquire)
    }

    /// Writes a session soon; afterwards files of changes below number `below` are removed.
    pub fn write(&self, saved: SavedSession, below: u64) {
        self.shared.busy.store(true, Ordering::Release);
        if let Some(jobs) = &self.jobs {
            _ = jobs.send(Job { saved, below });
        }
    }

    /// Makes `bytes` that were appended to file number `number` durable soon. What is in a file before it is in a session
    /// that was handed over.
    pub fn sync(&self, number: u64, file: &File, bytes: u64) {
        let Ok(mut unsynced) = self.shared.unsynced.lock() else { return };
        match unsynced.as_mut().filter(|known| known.number == number) {
            Some(known) => known.bytes += bytes,
            None => *unsynced = file.try_clone().ok().map(|file| Unsynced { number, file, bytes, seen: 0 }),
        }
    }

    /// Returns bytes that were made durable.
    pub fn durable_bytes(&self) -> u64 {
        self.shared.durable_bytes.load(Ordering::Relaxed)
    }

    /// Returns how many files were written.
    pub fn written(&self) -> u64 {
        self.shared.written.load(Ordering::Acquire)
    }

    /// Returns why the last write failed, once.
    pub fn take_failure(&self) -> Option<std::io::Error> {
        self.shared.failed.lock().ok()?.take()
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        drop(self.jobs.take());
        if let Some(thread) = self.thread.take() {
            _ = thread.join();
        }
    }
}

fn run(folder: &Path, shared: &Shared, jobs: &Receiver<Job>) {
    let mut begun: Option<Instant> = None;
    loop {
        // What has waited for this long is worth a write; what waits at the end is in the files of changes.
        let whole_time = Duration::from_secs_f64(shared.whole_bytes.load(Ordering::Relaxed) as f64 / WHOLE_RATE as f64);
        let due = begun.map_or(Duration::ZERO, |begun| INTERVAL.max(whole_time).saturating_sub(begun.elapsed()));
        let job = match wait(jobs, due) {
            Some(job) => job,
            None => return,
        };
        begun = Some(Instant::now());
        if let Some(changes) = take_unsynced(shared) {
            // A file that cannot be made durable is reported with the next one that is written whole.
            _ = changes.file.sync_data();
            shared.durable_bytes.fetch_add(changes.bytes, Ordering::Relaxed);
        }
        let Some(job) = job else { continue };
        match write(folder, &job) {
            Ok(bytes) => {
                shared.whole_bytes.store(bytes, Ordering::Relaxed);
                shared.durable_bytes.fetch_add(bytes, Ordering::Relaxed);
                shared.written.fetch_add(1, Ordering::Release);
            }
            Err(error) => {
                if let Ok(mut failed) = shared.failed.lock() {
                    *failed = Some(error);
                }
            }
        }
        shared.busy.store(false, Ordering::Release);
    }
}

/// Takes the changes that are few, or have not become more: otherwise a whole session comes that has them.
fn take_unsynced(shared: &Shared) -> Option<Unsynced> {
    let mut unsynced = shared.unsynced.lock().ok()?;
    let due = |changes: &mut Unsynced| {
        let is_due = changes.bytes <= SYNC_BYTES || changes.bytes == changes.seen;
        changes.seen = changes.bytes;
        is_due
    };
    if unsynced.as_mut().is_some_and(due) { unsynced.take() } else { None }
}

/// Waits `least`, then for a job, at most another interval; `None` at the end.
fn wait(jobs: &Receiver<Job>, least: Duration) -> Option<Option<Job>> {
    let begun = Instant::now();
    let mut job = None;
    loop {
        let left = if job.is_some() { least } else { least + INTERVAL }.saturating_sub(begun.elapsed());
        if left.is_zero() {
            return Some(job);
        }
        match jobs.recv_timeout(left) {
            Ok(new) => job = Some(new),
            Err(RecvTimeoutError::Timeout) => return Some(job),
            Err(RecvTimeoutError::Disconnected) => return None,
        }
    }
}

fn write(folder: &Path, job: &Job) -> std::io::Result<u64> {
    let (new, path): (PathBuf, PathBuf) = (folder.join(NEW_FILE), folder.join(SESSION_FILE));
    let bytes = serde_json::to_vec(&job.saved)?;
    let mut options = OpenOptions::new();
    let options = options.write(true).create(true).truncate(true).mode(0o600);
    let mut file = open_file(&new, options, |_| ())?;
    file.write_all(&bytes)?;
    file.sync_all()?;
    std::fs::rename(&new, &path)?;
    // The name is in the folder, which has to be durable too.
    File::open(folder)?.sync_all()?;
    let mut old = changes_files(folder);
    old.retain(|&number| number < job.below);
    let path = |number: &u64| folder.join(format!("{CHANGES}{number}"));
    if let Some((last, others)) = old.split_last() {
        _ = std::fs::rename(path(last), folder.join(SPARE_FILE));
        others.iter().for_each(|number| _ = std::fs::remove_file(path(number)));
    }
    Ok(bytes.len() as u64)
}
