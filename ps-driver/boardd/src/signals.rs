//! Signals as something that poll(2) sees.

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1};
use signal_hook::low_level::pipe;
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;

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
