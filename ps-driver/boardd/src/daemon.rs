//! One thread, one loop. A turn serves the sessions first: their sockets, the server's round, their sockets again. Then come
//! peers without a session, as far as the [`Budget`] allows: `accept` has that part.
//!
//! While the engine works or records wait, the loop does not sleep; when nothing is to be done it sleeps in poll(2)
//! until a socket, a signal or the next timer.

mod accept;
mod control;
mod report;
mod sessions;
mod waiting;

use crate::admission::Places;
use crate::budget::Budget;
use crate::cli::Cli;
use crate::descriptors;
use crate::error::{DaemonError, system};
use crate::handshakes::Handshakes;
use crate::known::Known;
use crate::link::Link;
use crate::listen;
use crate::memory::{Numbers, Plan};
use crate::queues::{QUEUES, Queues};
use crate::security::Security;
use crate::service::Service;
use crate::signals::{self, Signals};
use crate::status::Counters;
use crate::warnings::Warnings;
use deltascope_abi::random::hash;
use deltascope_linux::Roots;
use deltascope_model::Engine;
use deltascope_protocol::server::{Config, Entropy, Holder, Server};
use deltascope_system::listen::Patience;
use rustix::time::{ClockId, clock_gettime};
use std::io::{self, Write};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// Time that a stop may take before the rest is given up: a signal ends the daemon within 2 s.
const STOP_TIME: Duration = Duration::from_millis(1_800);
/// Descriptors of the process for each queue of connections, at least.
const DESCRIPTORS_OF_A_QUEUE: usize = 16;
/// Least number of places for connections without a session.
const LEAST_PLACES: usize = 16;

/// The daemon, listening.
pub struct Daemon<E> {
    server: Server<E>,
    queues: Queues,
    address: SocketAddr,
    stop: Signals,
    reload: Signals,
    status: Signals,
    service: Service,
    roots: Roots,
    security: Option<Security>,
    insecure: bool,
    handshakes: Handshakes,
    /// Places for connections without a session.
    places: Places<Holder>,
    /// Addresses from which sessions came whose connection was lost.
    known: Known,
    /// Connections without a session that may wait for their peers to read the last frame.
    most_lingering: usize,
    budget: Budget,
    /// What to ask the kernel for as the buffer of a socket with a session, in bytes.
    socket_buffer: usize,
    counters: Counters,
    warnings: Warnings,
    links: Vec<Link>,
    started: Instant,
    accept_again: u64,
    /// When a stop is given up.
    stop_at: Option<u64>,
}

impl<E: Engine> Daemon<E> {
    /// Resets the engine, listens, and reports where on standard output.
    ///
    /// # Errors
    /// The address may not or cannot be served, or the engine failed.
    pub fn start(cli: &Cli, engine: E) -> Result<Daemon<E>, DaemonError> {
        let mut patience = Patience::new(Duration::from_secs(cli.start_wait));
        if cli.insecure {
            tracing::warn!("INSECURE: {} is served without encryption, to everybody who reaches it", cli.listen);
        }
        let security = listen::keys(|| Security::load(cli), &mut patience)?;
        let mut service = Service::new(cli)?;
        let mut random = [0; 8];
        system("random numbers", rustix::rand::getrandom(&mut random, rustix::rand::GetRandomFlags::empty()))?;
        let random = u64::from_le_bytes(random);
        // Sessions, connections without one, and those whose last frame is being read.
        let places = cli.max_sessions.max(LEAST_PLACES);
        let max_connections = cli.max_sessions.saturating_add(places.saturating_mul(2));
        let plan = Plan::of(
            cli.memory.as_u64(),
            Numbers {
                sessions: cli.max_sessions,
                others: max_connections.saturating_sub(cli.max_sessions),
                handshakes: if security.is_some() { cli.max_handshakes } else { 0 },
            },
        )?;
        let descriptors = descriptors::raise(max_connections.saturating_add(cli.max_handshakes));
        let config =
            Config { max_sessions: cli.max_sessions, max_connections, memory: plan.sessions, ..Config::default() };
        let server = Server::new(engine, config, Entropy::Random(random))?;
        let open = cli.tls.is_some() || cli.insecure;
        let listener = listen::bind(&cli.listen, &mut patience, |address| match open || address.ip().is_loopback() {
            true => Ok(()),
            false => Err(DaemonError::NotLoopback { address }),
        })?;
        let listen = |source| DaemonError::Listen { address: cli.listen.to_string(), source };
        let address = listener.local_addr().map_err(listen)?;
        let queues = Queues::new(listener, QUEUES.min(descriptors / DESCRIPTORS_OF_A_QUEUE), hash(random ^ 1));
        let queues = queues.map_err(listen)?;
        let stop = system("signals", Signals::stop())?;
        let reload = system("signals", Signals::reload())?;
        let status = system("signals", Signals::status())?;
        // From here on a stop drains; one that came while the engine was brought up ends here.
        if signals::disarm() {
            return Err(DaemonError::Stopped);
        }
        let mut out = io::stdout().lock();
        system("standard output", writeln!(out, "listening on {address}").and_then(|()| out.flush()))?;
        service.ready();
        let info = server.info();
        tracing::info!(
            "engine {}: {} contexts, {} groups, journal {} x {}",
            info.kind.name(),
            info.contexts,
            info.groups,
            info.journal_lanes,
            info.journal_depth
        );
        if let Some(security) = &security {
            security.log();
        }
        Ok(Daemon {
            server,
            queues,
            address,
            stop,
            reload,
            status,
            service,
            roots: cli.board.roots(),
            security,
            insecure: cli.insecure,
            handshakes: system("handshakes", Handshakes::new(cli.max_handshakes, hash(random)))?,
            places: Places::new(places, hash(!random)),
            known: Known::new(cli.max_sessions),
            most_lingering: places / 2,
            budget: Budget::default(),
            socket_buffer: plan.socket as usize,
            counters: Counters::default(),
            warnings: Warnings::default(),
            links: Vec::new(),
            started: Instant::now(),
            accept_again: 0,
            stop_at: None,
        })
    }

    /// Where it listens; with port 0 on the command line this is the port that was taken.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    fn now(&self) -> u64 {
        self.started.elapsed().as_micros() as u64
    }

    /// Serves until SIGTERM or SIGINT, then lets what was received pass the engine and closes every connection.
    ///
    /// # Errors
    /// The system refused to wait for sockets.
    pub fn run(mut self) -> Result<(), DaemonError> {
        let mut activity = self.server.poll(self.now());
        // Peers without a session have given the server something to answer.
        let mut has_input = false;
        loop {
            let ready = self.wait(activity, has_input)?;
            activity = self.serve_sessions(activity);
            let now = self.now();
            let stops = if ready.signals { self.stop.take() } else { 0 };
            if (0..stops).any(|_| !self.begin_stop(now)) {
                break;
            }
            if ready.signals && self.reload.take() > 0 {
                self.read_keys();
            }
            let due = self.service.turn(now, self.server.stats().records, activity);
            if due.metrics {
                self.write_metrics();
            }
            if (ready.signals && self.status.take() > 0) || due.pressed {
                self.report_status();
            }
            self.warnings.turn(now);
            has_input = self.serve_others(&ready);
            if let Some(stop_at) = self.stop_at
                && (now >= stop_at || (self.server.is_stopped() && self.links.is_empty()))
            {
                break;
            }
        }
        self.report_status();
        self.write_metrics();
        let stats = self.server.stats();
        tracing::info!("stopped: {} connections, {} records", stats.connections, stats.records);
        Ok(())
    }
}

/// CPU time of this thread in nanoseconds.
fn cpu() -> u64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}
