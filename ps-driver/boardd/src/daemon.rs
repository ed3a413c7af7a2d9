//! One thread, one loop: sockets, then the server's round, then sockets. A peer that must be authenticated is among
//! the `Handshakes` first and is no connection of the server before it is.
//!
//! While the engine works or records wait, the loop does not sleep; when nothing is to be done it sleeps in poll(2)
//! until a socket, a signal or the server's next timer.

mod report;

use crate::cli::Cli;
use crate::error::{DaemonError, system};
use crate::handshakes::{Arrived, Handshakes};
use crate::link::{Link, Outcome, Peer};
use crate::listen::{self, Patience};
use crate::security::Security;
use crate::service::Service;
use crate::signals::{self, Signals};
use crate::status::Counters;
use deltascope_linux::Roots;
use deltascope_model::Engine;
use deltascope_protocol::frame::{self, ErrorCode, ErrorFrame, Message};
use deltascope_protocol::server::{Activity, Config, Entropy, Identity, Server};
use deltascope_tls::{Channel, Rejection};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::io::{self, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

/// Time that a stop may take before the rest is given up, in microseconds.
const STOP_TIME: u64 = 5_000_000;
/// Time without accepting after the system had no descriptor left.
const ACCEPT_PAUSE: u64 = 100_000;
/// Connections that wait to be accepted, at most; the kernel has a limit of its own (net.core.somaxconn).
const BACKLOG: i32 = 4_096;
/// Connections accepted in one round, so that a flood of them does not keep sessions waiting.
const ACCEPTS: usize = 64;
/// Rejections that are logged one by one; further ones are only counted.
const REJECTIONS_LOGGED: u32 = 100;

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
    counters: Counters,
    rejections_logged: u32,
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
        let config = Config {
            max_sessions: cli.max_sessions,
            max_connections: cli.max_sessions.saturating_mul(2).max(16),
            ..Config::default()
        };
        let server = Server::new(engine, config, Entropy::Random(u64::from_le_bytes(random)))?;
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
            handshakes: Handshakes::new(cli.max_handshakes),
            counters: Counters::default(),
            rejections_logged: 0,
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
        loop {
            let accept = self.wait(activity)?;
            let now = self.now();
            if self.stop.take() > 0 && !self.begin_stop(now) {
                break;
            }
            if self.reload.take() > 0 {
                self.read_keys();
            }
            let due = self.service.turn(now, self.server.stats().records, activity);
            if due.metrics {
                self.write_metrics();
            }
            if self.status.take() > 0 || due.pressed {
                self.say_status();
            }
            if accept {
                self.accept_connections(now);
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
        self.say_status();
        self.write_metrics();
        let stats = self.server.stats();
        tracing::info!("stopped: {} connections, {} records", stats.connections, stats.records);
        Ok(())
    }

    /// Waits for sockets and reads those that are ready. Gives whether a connection waits.
    fn wait(&mut self, activity: Activity) -> Result<bool, DaemonError> {
        let now = self.now();
        let accepting = self.stop_at.is_none() && now >= self.accept_again;
        let paused = (self.stop_at.is_none() && !accepting).then_some(self.accept_again);
        let timers = [activity.wake, paused, self.stop_at, self.handshakes.deadline(), self.service.deadline()];
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
        let mut descriptors = Vec::with_capacity(self.links.len() + self.handshakes.len() + 4);
        descriptors.extend([&self.stop, &self.reload, &self.status].map(|signal| PollFd::new(signal, PollFlags::IN)));
        let listening = if accepting { PollFlags::IN } else { PollFlags::empty() };
        descriptors.push(PollFd::new(&self.listener, listening));
        descriptors.extend(self.links.iter().map(|link| {
            let writes = link.wants_write(&self.server);
            PollFd::new(link, if writes { PollFlags::IN | PollFlags::OUT } else { PollFlags::IN })
        }));
        descriptors.extend(self.handshakes.iter().map(|handshake| PollFd::new(handshake, PollFlags::IN)));
        match poll(&mut descriptors, timeout.as_ref()) {
            Ok(_) => {}
            Err(rustix::io::Errno::INTR) => return Ok(false),
            Err(error) => return system("waiting for sockets", Err(error)),
        }
        let ready: Vec<bool> = descriptors.iter().map(|descriptor| !descriptor.revents().is_empty()).collect();
        let now = self.now();
        let Daemon { server, links, counters, .. } = self;
        // Signals are taken by the caller.
        let mut ready = ready.into_iter().skip(3);
        let connection = ready.next().unwrap_or(false);
        links.retain_mut(|link| {
            if !ready.next().unwrap_or(false) {
                return true;
            }
            let outcome = link.read(server, now);
            if std::mem::take(&mut link.is_foreign) {
                counters.rejection(Rejection::TlsToPlain);
            }
            keep(outcome, link, server, now)
        });
        self.advance_handshakes(ready, now);
        Ok(connection)
    }

    /// Continues the handshakes that are ready.
    fn advance_handshakes(&mut self, ready: impl Iterator<Item = bool>, now: u64) {
        let Daemon { handshakes, counters, rejections_logged, .. } = self;
        let arrived = handshakes.turn(ready, now, |peer, rejection, text| {
            note(counters, rejections_logged, peer, rejection, text);
        });
        for (handshake, early) in arrived {
            self.accept_peer((handshake, early), now);
        }
    }

    /// The peer has proved its name; if the name is served it gets a connection.
    fn accept_peer(&mut self, (handshake, early): Arrived, now: u64) {
        let address = handshake.peer;
        let (stream, channel) = handshake.into_parts();
        let Some(security) = &self.security else { return };
        let about = match channel.peer() {
            Ok(about) => about,
            Err(error) => {
                let rejection = error.rejection();
                return note(&mut self.counters, &mut self.rejections_logged, address, rejection, &error.to_string());
            }
        };
        self.counters.authenticated += 1;
        let (identity, quota) = match security.admit(&about) {
            Ok(admitted) => admitted,
            Err(rejection) => {
                let text = format!("{:?} is not among the names that are served", about.name);
                note(&mut self.counters, &mut self.rejections_logged, address, rejection, &text);
                return self.reject(stream, Some(channel), ErrorCode::Unauthorised, &text);
            }
        };
        let Some(id) = self.server.connect_within(identity, quota, now) else {
            return self.reject(stream, Some(channel), ErrorCode::Limit, TOO_MANY);
        };
        self.server.receive(id, &early, now);
        let peer = Peer { name: about.name, identity };
        self.links.push(Link::with_tls(stream, channel, id, peer));
    }

    fn accept_connections(&mut self, now: u64) {
        for _ in 0..ACCEPTS {
            match self.listener.accept() {
                Ok((stream, peer)) => self.welcome(stream, peer, now),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(error) if matches!(error.kind(), io::ErrorKind::Interrupted | io::ErrorKind::ConnectionAborted) => {
                }
                Err(error) => {
                    tracing::warn!("accept: {error}; trying again in 100 ms");
                    self.accept_again = now + ACCEPT_PAUSE;
                    return;
                }
            }
        }
    }

    fn welcome(&mut self, stream: TcpStream, peer: SocketAddr, now: u64) {
        if let Err(error) = stream.set_nonblocking(true).and_then(|()| stream.set_nodelay(true)) {
            tracing::warn!("{peer}: {error}");
            return;
        }
        if let Some(security) = &self.security {
            match Channel::server(security.config()) {
                Ok(channel) => {
                    if let Some(gone) = self.handshakes.push(stream, channel, peer, now) {
                        let text = "too many handshakes at a time; the oldest gives way";
                        note(&mut self.counters, &mut self.rejections_logged, gone, Rejection::CrowdedOut, text);
                    }
                }
                Err(error) => tracing::warn!("{peer}: {error}"),
            }
            return;
        }
        match self.server.connect(Identity::ANYBODY, now) {
            Some(id) => self.links.push(Link::new(stream, id)),
            None => self.reject(stream, None, ErrorCode::Limit, TOO_MANY),
        }
    }

    /// The peer gets the reason if its socket takes the frame at once.
    fn reject(&mut self, mut stream: TcpStream, channel: Option<Channel>, code: ErrorCode, text: &str) {
        self.server.refused(code);
        let mut frame = [0; 256];
        let Ok(length) = frame::encode(&Message::Error(ErrorFrame { code, sequence: 0, text }), &mut frame) else {
            return;
        };
        let Some(mut channel) = channel else {
            _ = stream.write(&frame[..length]);
            return;
        };
        if channel.write(&frame[..length]).is_ok() {
            channel.close();
            _ = stream.write(channel.transmit());
        }
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

const TOO_MANY: &str = "connections: as many as are allowed; connect again later";

/// Counts a rejection, and logs it unless there were many.
fn note(counters: &mut Counters, logged: &mut u32, peer: SocketAddr, rejection: Rejection, text: &str) {
    counters.rejection(rejection);
    match *logged {
        REJECTIONS_LOGGED => tracing::warn!("rejected peers: further ones are only counted, see the status (SIGUSR1)"),
        ..REJECTIONS_LOGGED => tracing::warn!("{peer}: refused, {}: {text}", rejection.name()),
        _ => return,
    }
    *logged += 1;
}

fn say_keys(security: &Security) {
    let (own, authority) = security.days_left();
    tracing::info!(
        "TLS 1.3 as {:?}: the certificate is valid for {own:.1} days more, the authority for {authority:.1}",
        security.name()
    );
}

/// Whether the link stays; if not, the server hears that its connection is gone.
fn keep<E: Engine>(outcome: Outcome, link: &Link, server: &mut Server<E>, now: u64) -> bool {
    if outcome == Outcome::Gone {
        server.disconnect(link.id, now);
    }
    outcome == Outcome::Open
}
