//! Signals as something that poll(2) sees.

use deltascope_linux::second_way::stop_dma;
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1};
use signal_hook::low_level::{self, pipe};
use signal_hook::{SigId, flag};
use std::fs;
use std::io::{self, ErrorKind, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread;

/// Number of the last signal of [`ENDING`] after [`arm`]; 0: none.
static STOPPED_BY: OnceLock<Arc<AtomicUsize>> = OnceLock::new();
/// The handlers of [`arm`]; none: a signal does not concern the engine.
static HANDLERS: Mutex<Vec<SigId>> = Mutex::new(Vec::new());
/// Signals that end a process from outside, but for SIGKILL: a service manager, two keys, a terminal that goes.
const ENDING: [i32; 4] = [SIGTERM, SIGINT, SIGQUIT, SIGHUP];

/// Lets the first of SIGTERM, SIGINT, SIGQUIT and SIGHUP end what is done with an engine by an error of it, so that everything
/// is dropped and the DMA is stopped. A second one stops the DMA from another thread and ends the process at once, whatever
/// it waits for.
///
/// # Errors
/// The system refuses the handlers or the thread.
pub fn arm() -> io::Result<()> {
    let stopped_by = STOPPED_BY.get_or_init(Arc::default);
    let (read, write) = UnixStream::pair()?;
    let mut handlers = HANDLERS.lock().unwrap_or_else(PoisonError::into_inner);
    for signal in ENDING.into_iter().filter(|&signal| !is_ignored(signal)) {
        handlers.push(flag::register_usize(signal, Arc::clone(stopped_by), signal as usize)?);
        handlers.push(pipe::register(signal, write.try_clone()?)?);
    }
    let stopped_by = Arc::clone(stopped_by);
    thread::Builder::new().name("signals".to_owned()).spawn(move || end_by_second(read, &stopped_by))?;
    Ok(())
}

/// Whether the program was started with the signal ignored, as by nohup(1) or in the background of a script. See proc(5).
fn is_ignored(signal: i32) -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| u64::from_str_radix(line.strip_prefix("SigIgn:")?.trim(), 16).ok());
    mask.is_some_and(|mask| mask >> (signal - 1) & 1 == 1)
}

/// Ends the process when the second signal has come. Each one is a byte to read; the end of them is [`disarm`].
fn end_by_second(mut signals: UnixStream, stopped_by: &AtomicUsize) {
    let mut seen = 0;
    while seen < 2 {
        match signals.read(&mut [0]) {
            Ok(1) => seen += 1,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            _ => return,
        }
    }
    stop_dma();
    // Ends the process as the signal would have without a handler. None of the four is refused.
    let _ = low_level::emulate_default_handler(stopped_by.load(Ordering::Relaxed) as i32);
}

/// Leaves the signals to [`Signals`]; gives whether one has come.
pub fn disarm() -> bool {
    for handler in HANDLERS.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
        low_level::unregister(handler);
    }
    STOPPED_BY.get().is_some_and(|by| by.swap(0, Ordering::SeqCst) != 0)
}

/// Whether a signal has come between [`arm`] and [`disarm`].
pub fn is_stopped() -> bool {
    STOPPED_BY.get().is_some_and(|by| by.load(Ordering::Relaxed) != 0)
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

    /// SIGTERM, SIGINT and SIGQUIT: stop.
    pub fn stop() -> io::Result<Signals> {
        Signals::of(&[SIGTERM, SIGINT, SIGQUIT])
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
