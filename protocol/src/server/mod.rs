//! The board server: sessions of many agents on one engine, with the transport outside.
//!
//! The host accepts connections, moves bytes, gives the time and calls [`Server::poll`]; everything that the
//! protocol states (`docs/protocol.md`) happens in here. Nothing blocks and no input can make it panic.
//!
//! ```text
//! receive_space/received -> frames -> checked against the grant -> queue of the session
//! poll: queues -> engine, round robin by bytes -> outstanding <- reply beats
//!       outstanding -> Acks, Replies, Snapshots, states -> transmit/advance
//! ```

mod answers;
mod boot;
mod config;
mod connection;
mod extents;
mod frames;
mod grants;
mod holdings;
mod output;
mod outstanding;
mod places;
mod queue;
mod ranges;
mod rounds;
mod rules;
mod session;
mod state;
mod stats;

pub use boot::Entropy;
pub use config::{Config, LEAST_SESSION_BYTES, Quota};
pub use stats::Stats;

use self::state::{Refusal, State};
use crate::frame::ErrorCode;
use alloc::format;
use deltascope_model::{Capabilities, Engine, EngineError};

/// Who is at the other end as the transport knows it, for example the hash of a certificate's name. Sessions are
/// resumed and inherited only under one identity. Without authentication everybody is [`Identity::ANYBODY`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Identity(pub [u8; 32]);

impl Identity {
    /// The peer was not authenticated.
    pub const ANYBODY: Identity = Identity([0; 32]);
}

/// The holder that a place counts for when places run out: an opaque key of the host's, for example a source address, or a name in a
/// certificate. No holder keeps more places than others that need some.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Holder([u8; 32]);

impl Holder {
    /// Returns the holder with a key, of which the first 32 bytes count.
    pub fn of(key: &[u8]) -> Holder {
        let mut bytes = [0; 32];
        bytes.iter_mut().zip(key).for_each(|(byte, found)| *byte = *found);
        Holder(bytes)
    }
}

/// The other end of a connection, as the host knows it when the connection begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer {
    /// The owner of its sessions.
    pub identity: Identity,
    /// The holder that its places count for.
    pub holder: Holder,
    /// What the sessions of the identity may have together.
    pub quota: Quota,
}

impl From<Identity> for Peer {
    /// A peer without a quota, whose places count for its identity.
    fn from(identity: Identity) -> Peer {
        Peer { identity, holder: Holder(identity.0), quota: Quota::NONE }
    }
}

/// A session that was given up although a later process of its agent could have gone on from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GivenUp {
    /// Id of the agent.
    pub agent: [u8; 16],
    /// Records under its grant; their counters are lost unless the agent itself still runs.
    pub records: u64,
    /// Why it was given up.
    pub reason: GivenUpReason,
}

/// Why a session was given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GivenUpReason {
    /// No connection came back in time.
    Expired,
    /// Its holder had most places, and one with fewer needed its place.
    Displaced,
}

/// A connection of the server. Never used again once the connection is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ConnectionId {
    index: usize,
    generation: u32,
}

/// What the host does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Activity {
    /// There is work that needs no input: poll again without waiting.
    pub busy: bool,
    /// The engine has failed and was not brought back yet.
    pub is_failed: bool,
    /// Records that the engine has taken and beats that it has given, since the server was made. An engine that does not
    /// move while there is work has stopped, whatever it reports.
    pub moved: u64,
    /// When to poll at the latest, in microseconds of the host's clock.
    pub wake: Option<u64>,
}

/// The board server over one engine. Times are microseconds of a clock that never goes back.
pub struct Server<E> {
    engine: E,
    state: State,
}

impl<E: Engine> Server<E> {
    /// A server with a freshly reset engine.
    pub fn new(mut engine: E, config: Config, entropy: Entropy) -> Result<Server<E>, EngineError> {
        engine.reset()?;
        let info = engine.info();
        Ok(Server { engine, state: State::new(info, config, entropy) })
    }

    /// Takes a connection of an identity, or of a [`Peer`]; `None` when there are as many as the configuration allows.
    pub fn connect(&mut self, peer: impl Into<Peer>, now: u64) -> Option<ConnectionId> {
        self.state.connect(peer.into(), now)
    }

    /// Takes the oldest report of a session that was given up; the latest 64 are kept.
    pub fn take_given_up(&mut self) -> Option<GivenUp> {
        self.state.given_up.pop_front()
    }

    /// Sessions, groups and contexts that an identity has at present.
    pub fn usage(&self, identity: Identity) -> Quota {
        self.state.usage(identity)
    }

    /// Where the next bytes of a connection go; empty when nothing more is read from it.
    pub fn receive_space(&mut self, id: ConnectionId) -> &mut [u8] {
        match self.state.connection(id) {
            Some(connection) if !connection.closing => connection.input.space(),
            _ => &mut [],
        }
    }

    /// `count` bytes were written to the start of [`Server::receive_space`].
    pub fn received(&mut self, id: ConnectionId, count: usize, now: u64) {
        if let Some(connection) = self.state.connection(id) {
            connection.input.filled(count);
            connection.heard = now;
            self.state.read_frames(id.index, count, now);
        }
    }

    /// Takes bytes from elsewhere; they are copied.
    pub fn receive(&mut self, id: ConnectionId, mut bytes: &[u8], now: u64) {
        while !bytes.is_empty() {
            let space = self.receive_space(id);
            let count = space.len().min(bytes.len());
            if count == 0 {
                return;
            }
            space[..count].copy_from_slice(&bytes[..count]);
            bytes = &bytes[count..];
            self.received(id, count, now);
        }
    }

    /// Bytes that wait to be sent on a connection.
    pub fn transmit(&self, id: ConnectionId) -> &[u8] {
        self.state.connection_ref(id).map_or(&[], |connection| connection.waiting())
    }

    /// The transport took the first `count` bytes of [`Server::transmit`]. What has waited for that room comes with the next
    /// [`Server::poll`], which [`Server::activity`] asks for.
    pub fn advance(&mut self, id: ConnectionId, count: usize) {
        self.state.advance(id, count);
    }

    /// Whether the server is done with a connection: once [`Server::transmit`] is empty, close it and call
    /// [`Server::disconnect`].
    pub fn is_closing(&self, id: ConnectionId) -> bool {
        self.state.connection_ref(id).is_none_or(|connection| connection.closing)
    }

    /// Whether a connection carries a session: its Hello was accepted and the session has not ended.
    pub fn carries_session(&self, id: ConnectionId) -> bool {
        self.state.connection_ref(id).is_some_and(|connection| connection.session.is_some())
    }

    /// Whether a holder has a session, connected or waiting for a connection.
    pub fn has_session_of(&self, holder: Holder) -> bool {
        self.state.sessions.iter().flatten().any(|session| session.has_place() && session.holder == holder)
    }

    /// Sends an Error for a reason of the host and closes the connection, as [`Server::is_closing`] states.
    pub fn refuse(&mut self, id: ConnectionId, code: ErrorCode, text: &str, now: u64) {
        if self.state.connection(id).is_some() {
            self.state.refuse(id.index, &Refusal::new(code, text.into()), now);
        }
    }

    /// The Error that was sent on a connection, for the host's log.
    pub fn refusal(&self, id: ConnectionId) -> Option<(ErrorCode, &str)> {
        let refused = self.state.connection_ref(id)?.refused.as_ref()?;
        Some((refused.0, &refused.1))
    }

    /// The connection is gone. Its session waits for another one.
    pub fn disconnect(&mut self, id: ConnectionId, now: u64) {
        self.state.disconnect(id, now);
    }

    /// Moves records into the engine and answers out of it, and looks at the timers.
    pub fn poll(&mut self, now: u64) -> Activity {
        self.state.timers(now);
        if let Err(error) = self.run() {
            self.state.fail(&format!("{error}"), now);
        }
        if self.state.must_reset(now) {
            match self.engine.reset() {
                Ok(()) => self.state.recovered(),
                Err(error) => self.state.fail(&format!("{error}"), now),
            }
        }
        self.state.flush(now);
        self.state.activity()
    }

    /// Returns when to poll again: what the last [`Server::poll`] returned, and what [`Server::advance`] has made room for
    /// since.
    pub fn activity(&self) -> Activity {
        self.state.activity()
    }

    fn run(&mut self) -> Result<(), EngineError> {
        let Server { engine, state } = self;
        if state.is_failed() {
            return Ok(());
        }
        state.drain(engine)?;
        state.submit(engine)?;
        state.drain(engine)
    }

    /// Notifies every agent that the server stops. Records that were received still pass the engine and are
    /// acknowledged; poll until [`Server::is_stopped`].
    pub fn stop(&mut self) {
        self.state.stop();
    }

    /// Whether nothing waits, nothing is inside the engine and no connection has anything left to send.
    pub fn is_stopped(&self) -> bool {
        self.state.is_stopped()
    }

    /// Bytes that sessions and connections have at present; never above [`Config::memory_bound`] and, for each connection
    /// beside those of sessions, what its peer has not read.
    pub fn memory(&self) -> u64 {
        self.state.memory()
    }

    /// Counters since the server was made.
    pub fn stats(&self) -> &Stats {
        &self.state.stats
    }

    /// Errors sent with `code`; the host counts its own refusals with [`Server::refused`].
    pub fn refused(&mut self, code: ErrorCode) {
        self.state.stats.errors[code as usize - 1] += 1;
    }

    /// Sizes and identity of the engine.
    pub fn info(&self) -> Capabilities {
        self.state.info
    }

    /// Sessions, those waiting for a reconnect or draining among them.
    pub fn sessions(&self) -> usize {
        self.state.sessions.iter().flatten().filter(|session| session.has_place()).count()
    }

    /// The engine, for tests and for its own counters.
    pub fn engine(&mut self) -> &mut E {
        &mut self.engine
    }
}
