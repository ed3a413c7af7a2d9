//! One thread, one loop: sockets, then the server's round, then sockets.
//!
//! While the engine works or records wait, the loop does not sleep; when nothing is to be done it sleeps in poll(2)
//! until a socket, a signal or the server's next timer.

use crate::cli::Cli;
use crate::link::{Fate, Link};
use crate::signals::Signals;
use deltascope_abi::frame::{self, ErrorCode, ErrorFrame, Message};
use deltascope_driver::server::{Activity, Config, Entropy, Identity, Server};
use deltascope_model::{Engine, EngineError};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::io::{self, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Instant;

/// Time that a stop may take before the rest is given up, in microseconds.
const STOP_TIME: u64 = 5_000_000;
/// Time without accepting after the system had no descriptor left.
const ACCEPT_PAUSE: u64 = 100_000;

/// Why the daemon ended.
#[derive(Debug, thiserror::Error)]
pub enum DaemonError {
    /// The address is reachable from other machines.
    #[error(
        "--listen {address}: expected a loopback address, because nothing is encrypted; say --insecure to serve it all the same"
    )]
    NotLoopback {
        /// The address asked for.
        address: SocketAddr,
    },
    /// The address cannot be listened on.
    #[error("--listen {address}: {source}")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// The cause.
        source: io::Error,
    },
    /// The engine could not be reset.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The system refused something that the daemon cannot do without.
    #[error("{what}: {source}")]
    System {
        /// What was tried.
        what: &'static str,
        /// The cause.
        source: io::Error,
    },
}

fn system<T>(what: &'static str, result: Result<T, impl Into<io::Error>>) -> Result<T, DaemonError> {
    result.map_err(|source| DaemonError::System { what, source: source.into() })
}

/// Says a line on standard error. Nobody may be listening there; that is no reason to stop.
pub fn log(text: &str) {
    _ = writeln!(io::stderr(), "deltascope-boardd: {text}");
}

/// The daemon, listening.
pub struct Daemon<E> {
    server: Server<E>,
    listener: TcpListener,
    signals: Signals,
    links: Vec<Link>,
    started: Instant,
    accept_again: u64,
    /// When a stop is given up.
    stop_at: Option<u64>,
}

impl<E: Engine> Daemon<E> {
    /// Resets the engine, listens, and says where on standard output.
    ///
    /// # Errors
    /// The address may not or cannot be served, or the engine failed.
    pub fn start(cli: &Cli, engine: E) -> Result<Daemon<E>, DaemonError> {
        let address = cli.listen;
        if !address.ip().is_loopback() {
            if !cli.insecure {
                return Err(DaemonError::NotLoopback { address });
            }
            log(&format!("INSECURE: {address} is served without encryption, to everybody who reaches it"));
        }
        let mut random = [0; 8];
        system("random numbers", rustix::rand::getrandom(&mut random, rustix::rand::GetRandomFlags::empty()))?;
        let config = Config {
            max_sessions: cli.max_sessions,
            max_connections: cli.max_sessions.saturating_mul(2).max(16),
            ..Config::default()
        };
        let server = Server::new(engine, config, Entropy::Random(u64::from_le_bytes(random)))?;
        let listen = |source| DaemonError::Listen { address, source };
        let listener = TcpListener::bind(address).map_err(listen)?;
        listener.set_nonblocking(true).map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let signals = system("signals", Signals::new())?;
        let mut out = io::stdout().lock();
        system("standard output", writeln!(out, "listening on {address}").and_then(|()| out.flush()))?;
        let info = server.info();
        log(&format!(
            "engine {}: {} contexts, {} groups, journal {} x {}",
            info.kind.name(),
            info.contexts,
            info.groups,
            info.journal_lanes,
            info.journal_depth
        ));
        let started = Instant::now();
        Ok(Daemon { server, listener, signals, links: Vec::new(), started, accept_again: 0, stop_at: None })
    }

    fn now(&self) -> u64 {
        self.started.elapsed().as_micros() as u64
    }

    /// Serves until SIGTERM or SIGINT, then lets what was received pass the engine and says goodbye.
    ///
    /// # Errors
    /// The system refused to wait for sockets.
    pub fn run(mut self) -> Result<(), DaemonError> {
        let mut activity = self.server.poll(self.now());
        loop {
            let (accept, stop) = self.wait(activity)?;
            let now = self.now();
            if stop && !self.stop(now) {
                break;
            }
            if accept {
                self.accept(now);
            }
            activity = self.server.poll(self.now());
            let now = self.now();
            let Daemon { server, links, .. } = &mut self;
            links.retain_mut(|link| keep(link.write(server, now), link, server, now));
            if let Some(stop_at) = self.stop_at
                && (now >= stop_at || (self.server.is_stopped() && self.links.is_empty()))
            {
                break;
            }
        }
        let stats = self.server.stats();
        log(&format!("stopped: {} connections, {} records", stats.connections, stats.records));
        Ok(())
    }

    /// Waits for sockets and reads those that are ready. Gives whether a connection waits, and whether a signal came.
    fn wait(&mut self, activity: Activity) -> Result<(bool, bool), DaemonError> {
        let now = self.now();
        let accepting = self.stop_at.is_none() && now >= self.accept_again;
        let paused = (self.stop_at.is_none() && !accepting).then_some(self.accept_again);
        let timers = [activity.wake, paused, self.stop_at];
        let links = self.links.iter().map(Link::deadline);
        let wake = timers.into_iter().chain(links).flatten().min();
        let timeout = match (activity.busy, wake) {
            (true, _) => Some(0),
            (false, wake) => wake.map(|wake| wake.saturating_sub(now)),
        };
        let timeout = timeout.map(|micros| Timespec {
            tv_sec: (micros / 1_000_000) as i64,
            tv_nsec: (micros % 1_000_000 * 1_000) as i64,
        });
        let mut descriptors = Vec::with_capacity(self.links.len() + 2);
        descriptors.push(PollFd::new(&self.signals, PollFlags::IN));
        let listening = if accepting { PollFlags::IN } else { PollFlags::empty() };
        descriptors.push(PollFd::new(&self.listener, listening));
        descriptors.extend(self.links.iter().map(|link| {
            let writes = !self.server.transmit(link.id).is_empty();
            PollFd::new(link, if writes { PollFlags::IN | PollFlags::OUT } else { PollFlags::IN })
        }));
        match poll(&mut descriptors, timeout.as_ref()) {
            Ok(_) => {}
            Err(rustix::io::Errno::INTR) => return Ok((false, self.signals.take() > 0)),
            Err(error) => return system("waiting for sockets", Err(error)),
        }
        let mut ready = descriptors.iter().map(|descriptor| !descriptor.revents().is_empty());
        let signal = ready.next().unwrap_or(false);
        let connection = ready.next().unwrap_or(false);
        let ready: Vec<bool> = ready.collect();
        let now = self.now();
        let Daemon { server, links, .. } = self;
        let mut ready = ready.into_iter();
        links.retain_mut(|link| !ready.next().unwrap_or(false) || keep(link.read(server, now), link, server, now));
        Ok((connection, signal && self.signals.take() > 0))
    }

    fn accept(&mut self, now: u64) {
        loop {
            match self.listener.accept() {
                Ok((stream, peer)) => self.welcome(stream, peer, now),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(error) if matches!(error.kind(), io::ErrorKind::Interrupted | io::ErrorKind::ConnectionAborted) => {
                }
                Err(error) => {
                    log(&format!("accept: {error}; trying again in 100 ms"));
                    self.accept_again = now + ACCEPT_PAUSE;
                    return;
                }
            }
        }
    }

    fn welcome(&mut self, stream: TcpStream, peer: SocketAddr, now: u64) {
        if let Err(error) = stream.set_nonblocking(true).and_then(|()| stream.set_nodelay(true)) {
            log(&format!("{peer}: {error}"));
            return;
        }
        match self.server.connect(Identity::ANYBODY, now) {
            Some(id) => self.links.push(Link::new(stream, id)),
            None => self.turn_away(stream),
        }
    }

    /// Too many connections: the peer is told so if its socket takes the frame at once.
    fn turn_away(&mut self, mut stream: TcpStream) {
        self.server.refused(ErrorCode::Limit);
        let mut frame = [0; 128];
        let text = "connections: as many as are allowed; connect again later";
        let error = Message::Error(ErrorFrame { code: ErrorCode::Limit, sequence: 0, text });
        if let Ok(length) = frame::encode(&error, &mut frame) {
            _ = stream.write(&frame[..length]);
        }
    }

    /// Begins to stop, or gives false at the second signal.
    fn stop(&mut self, now: u64) -> bool {
        if self.stop_at.is_some() {
            return false;
        }
        log("stopping: what was received passes the engine");
        self.server.stop();
        self.stop_at = Some(now + STOP_TIME);
        true
    }
}

/// Whether the link stays; if not, the server hears that its connection is gone.
fn keep<E: Engine>(fate: Fate, link: &Link, server: &mut Server<E>, now: u64) -> bool {
    if fate == Fate::Gone {
        server.disconnect(link.id, now);
    }
    fate == Fate::Open
}
