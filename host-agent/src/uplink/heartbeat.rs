//! The session's heartbeat: keeps a session alive while its owner is at work elsewhere.

use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, TryLockError};
use std::thread::JoinHandle;
use std::time::Duration;

use super::state::Session;
use super::store::GrantStore;

/// Time between two beats.
pub(super) const BEAT: Duration = Duration::from_millis(250);

/// A thread that takes a turn of the session now and then, until this is dropped.
#[derive(Debug)]
pub(super) struct Heartbeat {
    end: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Heartbeat {
    /// Starts the thread.
    ///
    /// # Errors
    /// The system has no thread left.
    pub fn start<S: GrantStore + Send + 'static>(session: &Arc<Mutex<Session<S>>>) -> std::io::Result<Heartbeat> {
        let (sender, end) = channel();
        let session = session.clone();
        let work = move || {
            while end.recv_timeout(BEAT) == Err(RecvTimeoutError::Timeout) {
                // A session that is locked is in use, and its user takes the turns.
                match session.try_lock() {
                    Ok(mut session) => session.beat(),
                    Err(TryLockError::WouldBlock) => {}
                    Err(TryLockError::Poisoned(_)) => return,
                }
            }
        };
        let thread = std::thread::Builder::new().name(String::from("heartbeat")).spawn(work)?;
        Ok(Heartbeat { end: Some(sender), thread: Some(thread) })
    }
}

impl Drop for Heartbeat {
    fn drop(&mut self) {
        drop(self.end.take());
        if let Some(thread) = self.thread.take() {
            // A panic of the thread has been printed; the session that it had is not used again.
            _ = thread.join();
        }
    }
}
