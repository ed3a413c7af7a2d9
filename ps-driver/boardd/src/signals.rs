//! SIGTERM and SIGINT as something that poll(2) sees.

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::low_level::pipe;
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;

/// Becomes readable when the daemon is told to stop.
#[derive(Debug)]
pub struct Signals {
    read: UnixStream,
}

impl Signals {
    /// From now on the two signals end up here.
    pub fn new() -> io::Result<Signals> {
        let (read, write) = UnixStream::pair()?;
        read.set_nonblocking(true)?;
        pipe::register(SIGTERM, write.try_clone()?)?;
        pipe::register(SIGINT, write)?;
        Ok(Signals { read })
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
