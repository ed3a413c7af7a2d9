//! A TCP relay between an agent and a board server: it moves bytes at a bounded rate, and breaks what it is asked to.

use std::io::{ErrorKind, Read, Result, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use crate::Rng;

/// Bytes that are moved at a time.
const CHUNK: usize = 16 << 10;
/// Longest wait for a silent peer before the relay looks whether it is to stop.
const PATIENCE: Duration = Duration::from_millis(100);

/// Which way bytes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// From the agent to the server.
    Up,
    /// From the server to the agent.
    Down,
}

/// What breaks in a stream of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The connection ends after a random byte; with `reset` by an RST.
    Cut {
        /// By an RST instead of a FIN.
        reset: bool,
    },
    /// Nothing moves for this many milliseconds.
    Stall(u64),
    /// Random bytes come in between.
    Garbage,
    /// One bit is inverted.
    Flip,
}

/// What a filter lets through of the bytes that came.
#[derive(Debug)]
pub enum Passed {
    /// These bytes.
    Bytes(Vec<u8>),
    /// These bytes, then the end of the connection.
    Cut(Vec<u8>),
    /// Nothing any more; the connection stays open until the agent closes it.
    Hold,
}

/// Changes the bytes of one connection from the agent to the server.
pub type Filter = Box<dyn FnMut(&[u8]) -> Passed + Send>;

/// What the pumps look at.
#[derive(Debug, Default)]
struct Control {
    fault: Mutex<Option<(Way, Fault)>>,
    /// Bytes of the first connection after which it is cut: up, down. `u64::MAX`: never.
    cut_at: [AtomicU64; 2],
    /// Bytes that have passed on the first connection: up, down.
    passed: [AtomicU64; 2],
    applied: AtomicU64,
    stop: AtomicBool,
}

/// A running relay; it ends when this is dropped.
#[derive(Debug)]
pub struct Relay {
    address: SocketAddr,
    control: Arc<Control>,
}

impl Relay {
    /// Starts a relay to `server` that moves at most `rate` bytes a second each way. `filter` returns the filter of
    /// the connection with that number, counted from 0.
    ///
    /// # Errors
    /// When there is no port to listen on.
    pub fn start(
        server: SocketAddr,
        rate: u64,
        seed: u64,
        mut filter: impl FnMut(u64) -> Option<Filter> + Send + 'static,
    ) -> Result<Relay> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let control = Arc::new(Control::default());
        control.cut_at.iter().for_each(|at| at.store(u64::MAX, Ordering::Relaxed));
        let shared = control.clone();
        thread::spawn(move || {
            let mut rng = Rng::new(seed);
            let mut connections = 0;
            while let Ok((agent, _)) = listener.accept() {
                if shared.stop.load(Ordering::Relaxed) {
                    return;
                }
                let Ok(server) = TcpStream::connect(server) else { continue };
                let number = connections;
                connections += 1;
                for way in [Way::Up, Way::Down] {
                    let (Ok(agent), Ok(server)) = (agent.try_clone(), server.try_clone()) else { break };
                    let (from, to) = if way == Way::Up { (agent, server) } else { (server, agent) };
                    let filter = if way == Way::Up { filter(number) } else { None };
                    let (control, rng) = (shared.clone(), Rng::new(rng.next()));
                    let pump = Pump { way, is_first: number == 0, rate, control, rng, filter };
                    thread::spawn(move || pump.run(from, to));
                }
            }
        });
        Ok(Relay { address, control })
    }

    /// Returns the address that agents connect to.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Breaks the next bytes that go this way.
    pub fn break_next(&self, way: Way, fault: Fault) {
        if let Ok(mut slot) = self.control.fault.lock() {
            *slot = Some((way, fault));
        }
    }

    /// Ends the first connection after this many bytes this way.
    pub fn cut_first_at(&self, way: Way, bytes: u64) {
        self.control.cut_at[way as usize].store(bytes, Ordering::Relaxed);
    }

    /// Returns the bytes that have passed on the first connection: up, down.
    pub fn passed(&self) -> [u64; 2] {
        self.control.passed.each_ref().map(|passed| passed.load(Ordering::Relaxed))
    }

    /// Returns the number of faults that have hit something.
    pub fn applied(&self) -> u64 {
        self.control.applied.load(Ordering::Relaxed)
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.control.stop.store(true, Ordering::Relaxed);
        // Wakes the listener up.
        _ = TcpStream::connect(self.address);
    }
}

/// One way of one connection.
struct Pump {
    way: Way,
    is_first: bool,
    rate: u64,
    control: Arc<Control>,
    rng: Rng,
    filter: Option<Filter>,
}

impl Pump {
    fn run(mut self, mut from: TcpStream, mut to: TcpStream) {
        _ = from.set_read_timeout(Some(PATIENCE));
        _ = from.set_nodelay(true);
        _ = to.set_nodelay(true);
        let mut buffer = vec![0; CHUNK];
        let mut is_held = false;
        while !self.control.stop.load(Ordering::Relaxed) {
            let count = match from.read(&mut buffer) {
                Ok(0) => {
                    // The other way may still have bytes.
                    _ = to.shutdown(Shutdown::Write);
                    return;
                }
                Ok(count) => count,
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => continue,
                Err(_) => break,
            };
            if is_held {
                continue;
            }
            let (mut bytes, is_last) = match self.filter.as_mut().map(|filter| filter(&buffer[..count])) {
                None => (buffer[..count].to_vec(), false),
                Some(Passed::Bytes(bytes)) => (bytes, false),
                Some(Passed::Cut(bytes)) => (bytes, true),
                Some(Passed::Hold) => {
                    is_held = true;
                    continue;
                }
            };
            if (!bytes.is_empty() && !self.pass(&mut bytes, &from, &mut to)) || is_last {
                break;
            }
            thread::sleep(Duration::from_micros(bytes.len() as u64 * 1_000_000 / self.rate));
        }
        _ = to.shutdown(Shutdown::Both);
        _ = from.shutdown(Shutdown::Both);
    }

    /// Passes bytes on, or breaks something; false when the connection is over.
    fn pass(&mut self, bytes: &mut Vec<u8>, from: &TcpStream, to: &mut TcpStream) -> bool {
        if self.is_first {
            let way = self.way as usize;
            let before = self.control.passed[way].fetch_add(bytes.len() as u64, Ordering::Relaxed);
            let left = self.control.cut_at[way].load(Ordering::Relaxed).saturating_sub(before);
            if left < bytes.len() as u64 {
                self.control.applied.fetch_add(1, Ordering::Relaxed);
                _ = to.write_all(&bytes[..left as usize]);
                return false;
            }
        }
        let fault = self.control.fault.lock().ok().and_then(|mut slot| slot.take_if(|(way, _)| *way == self.way));
        if let Some((_, fault)) = fault {
            self.control.applied.fetch_add(1, Ordering::Relaxed);
            let at = self.rng.below(bytes.len() as u64) as usize;
            match fault {
                Fault::Cut { reset } => {
                    _ = to.write_all(&bytes[..at]);
                    if reset {
                        reset_at_close(to);
                        reset_at_close(from);
                    }
                    return false;
                }
                Fault::Stall(millis) => thread::sleep(Duration::from_millis(millis)),
                Fault::Garbage => {
                    let count = 1 + self.rng.below(300);
                    let garbage: Vec<u8> = (0..count).map(|_| self.rng.next() as u8).collect();
                    bytes.splice(at..at, garbage);
                }
                Fault::Flip => bytes[at] ^= 1 << self.rng.below(8),
            }
        }
        to.write_all(bytes).is_ok()
    }
}

/// Makes the close of a socket an RST (socket(7), SO_LINGER with 0).
fn reset_at_close(stream: &TcpStream) {
    let linger = libc::linger { l_onoff: 1, l_linger: 0 };
    let length = size_of::<libc::linger>() as libc::socklen_t;
    // SAFETY: the descriptor is open, and the option is a valid structure of the length that is given.
    unsafe {
        libc::setsockopt(stream.as_raw_fd(), libc::SOL_SOCKET, libc::SO_LINGER, (&raw const linger).cast(), length);
    }
}

#[cfg(test)]
mod tests {
    use super::{Fault, Passed, Relay, Way};
    use std::io::{Read, Result, Write};
    use std::net::{TcpListener, TcpStream};
    use std::time::Duration;

    /// What arrives of `bytes` at the other end of a relay.
    fn through(break_it: impl Fn(&Relay), filter: Option<fn(&[u8]) -> Passed>, bytes: &[u8]) -> Result<Vec<u8>> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let relay = Relay::start(listener.local_addr()?, 1 << 30, 1, move |_| Some(Box::new(filter?)))?;
        break_it(&relay);
        let mut near = TcpStream::connect(relay.address())?;
        let (mut far, _) = listener.accept()?;
        far.set_read_timeout(Some(Duration::from_secs(60)))?;
        near.write_all(bytes)?;
        near.shutdown(std::net::Shutdown::Write)?;
        let mut arrived = Vec::new();
        far.read_to_end(&mut arrived)?;
        Ok(arrived)
    }

    #[test]
    fn a_relay_breaks_what_it_is_asked_to_and_nothing_else() -> Result<()> {
        let bytes: Vec<u8> = (0..=255).collect();
        let broken = |break_it: &dyn Fn(&Relay)| through(break_it, None, &bytes);
        assert_eq!(broken(&|_| ())?, bytes);
        for at in [0, 1, 100, 255] {
            assert_eq!(broken(&|relay| relay.cut_first_at(Way::Up, at))?, bytes[..at as usize]);
        }
        let flipped = broken(&|relay| relay.break_next(Way::Up, Fault::Flip))?;
        let bits: u32 = bytes.iter().zip(&flipped).map(|(one, other)| (one ^ other).count_ones()).sum();
        assert_eq!((flipped.len(), bits), (256, 1));
        assert!(broken(&|relay| relay.break_next(Way::Up, Fault::Garbage))?.len() > 256);
        assert_eq!(broken(&|relay| relay.break_next(Way::Down, Fault::Flip))?, bytes);
        let cut = broken(&|relay| relay.break_next(Way::Up, Fault::Cut { reset: false }))?;
        assert!(cut.len() < 256 && cut == bytes[..cut.len()]);
        Ok(())
    }

    #[test]
    fn a_filter_changes_cuts_and_holds() -> Result<()> {
        let bytes = [7; 100];
        assert_eq!(
            through(|_| (), Some(|bytes| Passed::Bytes(bytes.iter().map(|b| b + 1).collect())), &bytes)?,
            [8; 100]
        );
        assert_eq!(through(|_| (), Some(|bytes| Passed::Cut(bytes[..3].to_vec())), &bytes)?, [7; 3]);
        assert_eq!(through(|_| (), Some(|_| Passed::Hold), &bytes)?, [0; 0]);
        Ok(())
    }
}
