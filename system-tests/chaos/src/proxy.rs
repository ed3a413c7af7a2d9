//! A proxy between an agent and the board server: it moves bytes at a bounded rate, and breaks what it is asked to.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::planted_fault::{Injector, PlantedFault};
use deltascope_testkit::Rng;

/// Bytes moved at a time.
const CHUNK: usize = 16_384;
/// Longest wait for a peer that says nothing.
const PATIENCE: Duration = Duration::from_millis(100);

/// Which way bytes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// From the agent to the server.
    Up,
    /// From the server to the agent.
    Down,
}

/// What breaks.
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
    /// One byte becomes another one.
    Flip,
}

/// What the pumps look at.
#[derive(Debug, Default)]
struct Control {
    fault: Mutex<Option<(Way, Fault)>>,
    /// Bytes of the first connection after which it is cut: up, down. `u64::MAX`: never.
    cut_at: [AtomicU64; 2],
    /// Bytes that have passed on the first connection: up, down.
    passed: [AtomicU64; 2],
    applied: AtomicU64,
    connections: AtomicU64,
    stop: AtomicBool,
}

/// A running proxy; it ends when this is dropped.
#[derive(Debug)]
pub struct Proxy {
    /// Where it listens.
    pub address: SocketAddr,
    control: Arc<Control>,
}

impl Proxy {
    /// Starts a proxy to `server` that moves `rate` bytes a second at most each way.
    pub fn start(server: SocketAddr, rate: u64, seed: u64, planted_fault: Option<PlantedFault>) -> Result<Proxy> {
        let listener = TcpListener::bind("127.0.0.1:0").context("a port for a proxy")?;
        let address = listener.local_addr()?;
        let control = Arc::new(Control::default());
        control.cut_at.iter().for_each(|at| at.store(u64::MAX, Ordering::Relaxed));
        let shared = control.clone();
        thread::spawn(move || {
            let mut rng = Rng::new(seed);
            let injector = Injector::new(planted_fault);
            while let Ok((agent, _)) = listener.accept() {
                if shared.stop.load(Ordering::Relaxed) {
                    return;
                }
                let Ok(server) = TcpStream::connect(server) else { continue };
                let first = shared.connections.fetch_add(1, Ordering::Relaxed) == 0;
                for way in [Way::Up, Way::Down] {
                    let (Ok(agent), Ok(server)) = (agent.try_clone(), server.try_clone()) else { break };
                    let (from, to) = if way == Way::Up { (agent, server) } else { (server, agent) };
                    let pump = Pump { way, first, rate, control: shared.clone(), rng: Rng::new(rng.next()) };
                    let injector = (way == Way::Up && planted_fault.is_some()).then_some(injector);
                    thread::spawn(move || pump.run(from, to, injector));
                }
            }
        });
        Ok(Proxy { address, control })
    }

    /// The next bytes that go this way are hit.
    pub fn break_next(&self, way: Way, fault: Fault) {
        if let Ok(mut slot) = self.control.fault.lock() {
            *slot = Some((way, fault));
        }
    }

    /// The first connection ends after this many bytes this way.
    pub fn cut_first_at(&self, way: Way, bytes: u64) {
        self.control.cut_at[way as usize].store(bytes, Ordering::Relaxed);
    }

    /// Bytes that have passed on the first connection: up, down.
    pub fn passed(&self) -> [u64; 2] {
        self.control.passed.each_ref().map(|passed| passed.load(Ordering::Relaxed))
    }

    /// Faults that have hit something.
    pub fn applied(&self) -> u64 {
        self.control.applied.load(Ordering::Relaxed)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.control.stop.store(true, Ordering::Relaxed);
        // Wakes the listener up.
        _ = TcpStream::connect(self.address);
    }
}

/// One way of one connection.
struct Pump {
    way: Way,
    first: bool,
    rate: u64,
    control: Arc<Control>,
    rng: Rng,
}

impl Pump {
    fn run(mut self, mut from: TcpStream, mut to: TcpStream, injector: Option<Injector>) {
        _ = from.set_read_timeout(Some(PATIENCE));
        _ = from.set_nodelay(true);
        _ = to.set_nodelay(true);
        let mut buffer = vec![0; CHUNK];
        let mut stream = injector.map(|injector| (injector, Vec::new()));
        while !self.control.stop.load(Ordering::Relaxed) {
            let count = match from.read(&mut buffer) {
                Ok(count) if count > 0 => count,
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => continue,
                _ => break,
            };
            let mut bytes = buffer[..count].to_vec();
            if let Some((injector, waiting)) = &mut stream {
                bytes = injector.pass(waiting, &bytes);
            }
            if !bytes.is_empty() && !self.pass(&mut bytes, &from, &mut to) {
                break;
            }
            thread::sleep(Duration::from_micros(bytes.len() as u64 * 1_000_000 / self.rate));
        }
        _ = to.shutdown(Shutdown::Both);
        _ = from.shutdown(Shutdown::Both);
    }

    /// Passes bytes on, or breaks something; false when the connection is over.
    fn pass(&mut self, bytes: &mut Vec<u8>, from: &TcpStream, to: &mut TcpStream) -> bool {
        if self.first {
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
