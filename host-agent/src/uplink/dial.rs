//! One attempt to connect, on a thread of its own: neither a resolver nor a host that does not answer stops the session.

use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError, channel};
use std::time::Duration;

use super::address::Address;
use super::tls::Tls;
use super::wire::{Wire, WireError};

/// Shortest time that one address is given.
const SHORTEST: Duration = Duration::from_secs(1);

/// An attempt that is under way, or over and not taken yet.
#[derive(Debug)]
pub(super) struct Dial {
    result: Receiver<Result<Wire, WireError>>,
    /// What [`Dial::wait`] has met.
    arrived: Option<Result<Wire, WireError>>,
}

impl Dial {
    /// Starts an attempt, beginning at address number `first` of those that the name has; all of them together are
    /// given `timeout`.
    pub fn start(address: &Address, first: usize, tls: Option<&Tls>, timeout: Duration) -> Dial {
        let (sender, result) = channel();
        let (address, tls, failed) = (address.clone(), tls.cloned(), sender.clone());
        let work = move || _ = sender.send(open(&address, first, tls.as_ref(), timeout));
        if let Err(error) = std::thread::Builder::new().name(String::from("connect")).spawn(work) {
            _ = failed.send(Err(WireError::Io(error)));
        }
        Dial { result, arrived: None }
    }

    /// Returns the result once it is there.
    pub fn poll(&mut self) -> Option<Result<Wire, WireError>> {
        self.arrived.take().or_else(|| match self.result.try_recv() {
            Ok(result) => Some(result),
            Err(TryRecvError::Empty) => None,
            Err(TryRecvError::Disconnected) => Some(Err(WireError::Closed)),
        })
    }

    /// Waits for the result, at most this long.
    pub fn wait(&mut self, time: Duration) {
        match self.result.recv_timeout(time) {
            Ok(result) => self.arrived = Some(result),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => self.arrived = Some(Err(WireError::Closed)),
        }
    }
}

fn open(address: &Address, first: usize, tls: Option<&Tls>, timeout: Duration) -> Result<Wire, WireError> {
    let mut found = address.resolve().map_err(WireError::Address)?;
    let count = found.len();
    found.rotate_left(first % count);
    let each = (timeout / count as u32).max(SHORTEST);
    let mut failed = Vec::new();
    for address in found {
        match Wire::open(address, tls, each) {
            Ok(wire) => return Ok(wire),
            Err(WireError::Io(error)) => failed.push((address, error)),
            // Keys are the same for every address.
            Err(error) => return Err(error),
        }
    }
    Err(WireError::Unreachable(failed))
}
