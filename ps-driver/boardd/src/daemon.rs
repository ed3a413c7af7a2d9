//! One thread, one loop. A turn serves the sessions first: their sockets, the server's round, their sockets again. Then come
//! peers without a session, as far as the [`Budget`] allows: `accept` has that part.
//!
//! While the engine works or records wait, the loop does not sleep; when nothing is to be done it sleeps in poll(2)
//! until a socket, a signal or the next timer.

mod accept;
mod report;

use crate::admission::Places;
use crate::budget::{Budget, Work};
use crate::cli::Cli;
use crate::error::{DaemonError, system};
use crate::handshakes::Handshakes;
use crate::link::{End, Holder, Link, Outcome};
use crate::listen::{self, Patience};
use crate::memory::{Numbers, Plan};
use crate::security::Security;
use crate::service::Service;
use crate::signals::{self, Signals};
use crate::status::Counters;
use crate::warnings::{Topic, Warnings};
use deltascope_abi::random::hash;
use deltascope_linux::Roots;
use deltascope_model::Engine;
use deltascope_protocol::frame::ErrorCode;
use deltascope_protocol::server::{Activity, Config, Entropy, Server};
use deltascope_tls::Rejection;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::time::{ClockId, clock_gettime};
use std::io::{self, Write};
use std::net::{SocketAddr, TcpListener};
use std::time::{Duration, Instant};

/// Time that a stop may take before the rest is given up, in microseconds: a signal ends the daemon within 2 s.
const STOP_TIME: u64 = 1_800_000;
/// Connections that wait to be accepted, at most; the kernel has a limit of its own (net.core.somaxconn).
const BACKLOG: i32 = 4_096;
/// Descriptors beside those of connections: standard streams, signals, the listener, the engine, files that are written.
const OTHER_DESCRIPTORS: usize = 32;
/// Least number of places for connections without a session.
const LEAST_PLACES: usize = 16;

/// The daemon, listening.
pub struct Daemon<E> {
    server: Server<E>,
    listener: TcpListener,
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
    /// Resets the engine, listens, and says where on standard output.
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
        raise_descriptors(max_connections.saturating_add(cli.max_handshakes));
        let config =
            Config { max_sessions: cli.max_sessions, max_connections, memory: plan.sessions, ..Config::default() };
        let server = Server::new(engine, config, Entropy::Random(random))?;
        let open = cli.tls.is_some() || cli.insecure;
        let listener = listen::bind(&cli.listen, &mut patience, |address| match open || address.ip().is_loopback() {
            true => Ok(()),
            false => Err(DaemonError::NotLoopback { address }),
        })?;
        let listen = |source| DaemonError::Listen { address: cli.listen.to_string(), source };
        // The standard library asks for a short queue; when it is full the kernel drops a SYN, and its sender waits a
        // second before it tries again.
        rustix::net::listen(&listener, BACKLOG).map_err(|error| listen(error.into()))?;
        listener.set_nonblocking(true).map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
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
            say_keys(security);
        }
        Ok(Daemon {
            server,
            listener,
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
                self.say_status();
            }
            self.warnings.turn(now);
            has_input = self.serve_others(&ready);
            if let Some(stop_at) = self.stop_at
                && (now >= stop_at || (self.server.is_stopped() && self.links.is_empty()))
            {
                break;
            }
        }
        self.say_status();
        self.write_metrics();
        let stats = self.server.stats();
        tracing::info!("stopped: {} connections, {} records", stats.connections, stats.records);
        Ok(())
    }

    /// Waits until there is something to do, and notes which links can be read.
    fn wait(&mut self, activity: Activity, has_input: bool) -> Result<Ready, DaemonError> {
        let now = self.now();
        let accepts = self.stop_at.is_none() && now >= self.accept_again && self.budget.allows(Work::Accept, now);
        let serves_others = self.budget.allows(Work::Handshake, now);
        let paused = (self.stop_at.is_none() && now < self.accept_again).then_some(self.accept_again);
        let timers = [
            activity.wake,
            paused,
            self.stop_at,
            self.handshakes.deadline(),
            self.service.deadline(),
            self.warnings.deadline(),
            self.budget.wake(now),
        ];
        let links = self.links.iter().map(Link::deadline);
        let wake = timers.into_iter().chain(links).flatten().min();
        let timeout = match (activity.busy || has_input, wake) {
            (true, _) => Some(0),
            (false, wake) => wake.map(|wake| wake.saturating_sub(now)),
        };
        let timespec = timeout.map(|micros| Timespec {
            tv_sec: (micros / 1_000_000) as i64,
            tv_nsec: (micros % 1_000_000 * 1_000) as i64,
        });
        let Daemon { server, links, handshakes, listener, stop, reload, status, .. } = self;
        let mut descriptors = Vec::with_capacity(links.len() + 5);
        descriptors.extend([stop, reload, status].map(|signal| PollFd::new(signal, PollFlags::IN)));
        // An empty set would still report the end of a socket, again and again.
        let is_waited_for = |link: &Link| serves_others || server.carries_session(link.id);
        descriptors.extend(links.iter().filter(|link| is_waited_for(link)).map(|link| {
            let writes = link.wants_write(server);
            PollFd::new(link, if writes { PollFlags::IN | PollFlags::OUT } else { PollFlags::IN })
        }));
        descriptors.extend(accepts.then(|| PollFd::new(listener, PollFlags::IN)));
        descriptors.extend(serves_others.then(|| PollFd::new(handshakes, PollFlags::IN)));
        match poll(&mut descriptors, timespec.as_ref()) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return system("waiting for sockets", Err(error)),
        }
        let ready: Vec<bool> = descriptors.iter().map(|descriptor| !descriptor.revents().is_empty()).collect();
        let mut ready = ready.into_iter();
        let signals = ready.by_ref().take(3).fold(false, |any, signal| any | signal);
        for link in links.iter_mut() {
            link.ready = is_waited_for(link) && ready.next().unwrap_or(false);
        }
        let listener = accepts && ready.next().unwrap_or(false);
        let handshakes = serves_others && ready.next().unwrap_or(false);
        if timeout != Some(0) {
            let slept = self.now().saturating_sub(now);
            self.budget.slept(slept);
        }
        Ok(Ready { signals, listener, handshakes })
    }

    /// Reads the sockets of sessions, polls the server and writes what waits.
    fn serve_sessions(&mut self, before: Activity) -> Activity {
        let (start, now) = (cpu(), self.now());
        let mut has_worked = before.busy;
        for index in (0..self.links.len()).rev() {
            let link = &self.links[index];
            if link.ready && self.server.carries_session(link.id) {
                has_worked = true;
                self.read(index, now);
            }
        }
        let activity = self.server.poll(self.now());
        has_worked |= activity.busy || activity.moved != before.moved;
        let now = self.now();
        for index in (0..self.links.len()).rev() {
            let Daemon { server, links, .. } = self;
            let outcome = links[index].write(server, now);
            self.log_refusal(index, now);
            self.keep(index, outcome, now);
        }
        if has_worked {
            self.budget.sessions_worked(now, cpu().saturating_sub(start));
        }
        // The sockets may have made room for more.
        self.server.activity()
    }

    /// Reads once from a link. Returns whether it remains; if not, the last one has its index.
    fn read(&mut self, index: usize, now: u64) -> bool {
        let Daemon { server, links, places, socket_buffer, .. } = self;
        let link = &mut links[index];
        link.ready = false;
        let outcome = link.read(server, now);
        if server.carries_session(link.id)
            && let Some(holder) = link.place.take()
        {
            places.give_back(holder);
            link.set_buffers(*socket_buffer);
        }
        if std::mem::take(&mut link.is_foreign) {
            let address = link.address;
            self.reject(address, Rejection::TlsToPlain, "expected a frame, found TLS; this port has no keys", now);
        }
        self.keep(index, outcome, now)
    }

    /// Drops a link that is gone and returns whether it remains.
    fn keep(&mut self, index: usize, outcome: Outcome, now: u64) -> bool {
        let Outcome::Gone(end) = outcome else { return true };
        let link = self.links.swap_remove(index);
        self.server.disconnect(link.id, now);
        if let Some(holder) = link.place {
            self.places.give_back(holder);
        }
        let name = link.name();
        tracing::debug!("{name}: connection ended: {end}");
        if let End::Tls(error) = end {
            let text = format!("{name}: authenticated, then a damaged TLS record: {error}");
            self.reject(link.address, Rejection::BrokenRecord, &text, now);
        }
        false
    }

    /// Logs the Error that the server sent on a link, once.
    fn log_refusal(&mut self, index: usize, now: u64) {
        let Daemon { server, links, warnings, .. } = self;
        let link = &mut links[index];
        if link.is_refusal_logged {
            return;
        }
        if let Some((code, text)) = server.refusal(link.id) {
            link.is_refusal_logged = true;
            let text = format!("{}: {code:?}: {text}", link.name());
            match code {
                ErrorCode::Shutdown => tracing::debug!("{text}"),
                _ => warnings.warn(Topic::Refused(code), now, format_args!("{text}")),
            }
        }
    }

    /// Counts and logs a peer that does not get in.
    fn reject(&mut self, peer: SocketAddr, rejection: Rejection, text: &str, now: u64) {
        self.counters.rejection(rejection);
        let text = format_args!("{peer}: refused, {}: {text}", rejection.name());
        self.warnings.warn(Topic::Rejected(rejection), now, text);
    }

    /// Reads keys and identities again; new handshakes use them.
    fn read_keys(&mut self) {
        let Some(security) = &mut self.security else {
            return tracing::info!("SIGHUP: there is nothing to read without --tls");
        };
        self.service.reloading();
        match security.reload() {
            Ok(()) => {
                self.counters.reloads += 1;
                say_keys(security);
            }
            Err(error) => {
                self.counters.reload_failures += 1;
                tracing::error!("SIGHUP: {error}; what was read before stays in use");
            }
        }
        self.service.reloaded();
    }

    /// Begins to stop, or gives false at the second signal.
    fn begin_stop(&mut self, now: u64) -> bool {
        if self.stop_at.is_some() {
            return false;
        }
        tracing::info!("stopping: what was received passes the engine");
        self.service.stopping(STOP_TIME);
        self.server.stop();
        self.stop_at = Some(now + STOP_TIME);
        true
    }
}

/// What a turn of the loop found.
struct Ready {
    signals: bool,
    listener: bool,
    handshakes: bool,
}

/// Allows this process as many descriptors as its connections need, if the hard limit does; else it is logged.
fn raise_descriptors(connections: usize) {
    let needed = connections.saturating_add(OTHER_DESCRIPTORS) as u64;
    let limit = getrlimit(Resource::Nofile);
    // None is no limit.
    if limit.current.is_none_or(|current| current >= needed) {
        return;
    }
    let current = limit.maximum.map_or(needed, |maximum| maximum.min(needed));
    let is_raised = setrlimit(Resource::Nofile, Rlimit { current: Some(current), ..limit }).is_ok();
    if !is_raised || current < needed {
        tracing::warn!(
            "descriptors: expected a limit of at least {needed}, found {current}; raise it (LimitNOFILE=), or lower --max-sessions and --max-handshakes"
        );
    }
}

/// CPU time of this thread in nanoseconds.
fn cpu() -> u64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

fn say_keys(security: &Security) {
    let (own, authority) = security.days_left();
    tracing::info!(
        "TLS 1.3 as {:?}: the certificate is valid for {own:.1} days more, the authority for {authority:.1}",
        security.name()
    );
}
