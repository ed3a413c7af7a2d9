//! Signals as something that poll(2) sees.

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1};
use signal_hook::low_level::{self, pipe};
use signal_hook::{SigId, flag};
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// Set by the first SIGTERM or SIGINT after [`arm`].
static STOPPED: OnceLock<Arc<AtomicBool>> = OnceLock::new();
/// The handlers of [`arm`]; none: a signal does not concern the engine.
static HANDLERS: Mutex<Vec<SigId>> = Mutex::new(Vec::new());

/// Lets the first SIGTERM or SIGINT end what is done with an engine by an error of it, so that everything is dropped and the
/// DMA is stopped. A second one ends the process at once.
///
/// # Errors
/// The system refuses the handlers.
pub fn arm() -> io::Result<()> {
    let stopped = Arc::clone(STOPPED.get_or_init(Arc::default));
    let mut handlers = HANDLERS.lock().unwrap_or_else(PoisonError::into_inner);
    // Takes a signal that comes between the two handlers, which would be lost.
    let early = Arc::default();
    for signal in [SIGTERM, SIGINT] {
        let between = flag::register(signal, Arc::clone(&early))?;
        handlers.push(flag::register_conditional_default(signal, Arc::clone(&stopped))?);
        handlers.push(flag::register(signal, Arc::clone(&stopped))?);
        low_level::unregister(between);
    }
    if early.load(Ordering::Relaxed) {
        stopped.store(true, Ordering::Relaxed);
    }
    Ok(())
}

/// Leaves the signals to [`Signals`]; gives whether one has come.
pub fn disarm() -> bool {
    for handler in HANDLERS.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
        low_level::unregister(handler);
    }
    STOPPED.get().is_some_and(|stopped| stopped.swap(false, Ordering::SeqCst))
}

/// Whether a signal has come between [`arm`] and [`disarm`].
pub fn is_stopped() -> bool {
    STOPPED.get().is_some_and(|stopped| stopped.load(Ordering::Relaxed))
}

/// Becomes readable when one of its signals comes.
#[derive(Debug)]
pub struct Signals {
    read: UnixStream,
}

impl Signals {
    fn of(signals: &[i32]) -> io::Result<Signals> {
        let (read, write) = UnixStream::pair()?;
        read.set_nonblocking(true)?;
        for &signal in signals {
            pipe::register(signal, write.try_clone()?)?;
        }
        Ok(Signals { read })
    }

    /// SIGTERM and SIGINT: stop.
    pub fn stop() -> io::Result<Signals> {
        Signals::of(&[SIGTERM, SIGINT])
    }

    /// SIGHUP: read keys and identities again.
    pub fn reload() -> io::Result<Signals> {
        Signals::of(&[SIGHUP])
    }

    /// SIGUSR1: say the status.
    pub fn status() -> io::Result<Signals> {
        Signals::of(&[SIGUSR1])
    }

    /// Signals since the last call.
    pub fn take(&mut self) -> usize {
        let mut bytes = [0; 16];
        self.read.read(&mut bytes).unwrap_or(0)
    }
}

impl AsFd for Signals {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.read.as_fd()
    }
}
