//! Everything of the server but the engine: so that the engine can hand replies in while it is polled.

use super::boot::Boot;
use super::connection::Connection;
use super::outstanding::Outstanding;
use super::ranges::Ranges;
use super::session::{Phase, Session};
use super::{Activity, Config, ConnectionId, Entropy, GivenUp, Peer, Stats};
use crate::frame::elements::SNAPSHOT_ROW_BYTES;
use crate::frame::{ErrorCode, ErrorFrame, Message};
use crate::time::micros;
use alloc::collections::VecDeque;
use alloc::string::String;
use alloc::vec::Vec;
use deltascope_model::Capabilities;

/// Why a frame was refused; the connection is closed after it.
pub(super) struct Refusal {
    pub code: ErrorCode,
    pub sequence: u64,
    pub text: String,
}

impl Refusal {
    pub fn new(code: ErrorCode, text: String) -> Refusal {
        Refusal { code, sequence: 0, text }
    }
}

pub(super) struct State {
    pub config: Config,
    pub info: Capabilities,
    pub boot: Boot,
    pub grants: u64,
    pub connections: Vec<Option<Connection>>,
    generation: u32,
    pub sessions: Vec<Option<Session>>,
    pub groups: Ranges,
    pub contexts: Ranges,
    pub outstanding: Outstanding,
    pub rows: Vec<[u8; SNAPSHOT_ROW_BYTES]>,
    pub stats: Stats,
    /// Sessions that were given up with something to continue from, for the host's log.
    pub given_up: VecDeque<GivenUp>,
    /// Records of credit that are left to lend, and whether a session wanted more than that in the last round.
    pub left_to_lend: usize,
    pub short: bool,
    /// Slot whose turn is first, and how many records it may still move in it.
    pub turn: (usize, usize),
    pub stopping: bool,
    /// The engine failed: why, and when to try again.
    pub failed: Option<(String, u64)>,
    /// Work was left by the last round.
    pub busy: bool,
    /// Since the last round a connection got room for what its session has to send.
    pub flush_due: bool,
    /// Records that the engine took and beats that it gave.
    pub moved: u64,
    /// Next time at which a timer runs out.
    pub wake: Option<u64>,
}

impl State {
    pub fn new(info: Capabilities, mut config: Config, entropy: Entropy) -> State {
        config.max_groups = config.max_groups.clamp(1, info.groups);
        config.max_contexts = config.max_contexts.clamp(1, info.contexts);
        config.reserved_sessions = config.reserved_sessions.min(config.max_sessions);
        config.default_groups = config.default_groups.clamp(1, config.max_groups);
        config.default_contexts = config.default_contexts.clamp(1, config.max_contexts);
        let left_to_lend = config.lent_records();
        State {
            groups: Ranges::new(info.groups),
            contexts: Ranges::new(info.contexts),
            config,
            info,
            boot: Boot::new(entropy),
            grants: 0,
            connections: Vec::new(),
            generation: 0,
            sessions: Vec::new(),
            outstanding: Outstanding::default(),
            rows: Vec::new(),
            stats: Stats::default(),
            given_up: VecDeque::new(),
            left_to_lend,
            short: false,
            turn: (0, 0),
            stopping: false,
            failed: None,
            busy: false,
            flush_due: false,
            moved: 0,
            wake: None,
        }
    }

    pub fn connect(&mut self, peer: Peer, now: u64) -> Option<ConnectionId> {
        let index = self.connections.iter().position(Option::is_none).unwrap_or(self.connections.len());
        if index >= self.config.max_connections || self.stopping {
            return None;
        }
        if index == self.connections.len() {
            self.connections.push(None);
        }
        self.generation = self.generation.wrapping_add(1);
        self.connections[index] = Some(Connection::new(self.generation, peer, now));
        self.stats.connections += 1;
        Some(ConnectionId { index, generation: self.generation })
    }

    pub fn connection(&mut self, id: ConnectionId) -> Option<&mut Connection> {
        let connection = self.connections.get_mut(id.index)?.as_mut();
        connection.filter(|connection| connection.generation == id.generation)
    }

    pub fn connection_ref(&self, id: ConnectionId) -> Option<&Connection> {
        let connection = self.connections.get(id.index)?.as_ref();
        connection.filter(|connection| connection.generation == id.generation)
    }

    /// The transport took the first `count` bytes that waited on a connection.
    pub fn advance(&mut self, id: ConnectionId, count: usize) {
        let Some(connection) = self.connection(id) else { return };
        connection.sent(count);
        let slot = connection.session;
        let session = slot.and_then(|slot| self.sessions.get(slot)?.as_ref());
        let owes = |session: &Session| !session.is_flushed() || session.owes_ack() || session.phase == Phase::Draining;
        self.flush_due |= session.is_some_and(owes);
    }

    pub fn disconnect(&mut self, id: ConnectionId, now: u64) {
        if self.connection(id).is_some() {
            self.detach(id.index, now);
            self.connections[id.index] = None;
        }
    }

    /// The session of a connection waits for another one.
    pub fn detach(&mut self, connection: usize, now: u64) {
        let Some(Some(carrier)) = self.connections.get_mut(connection) else { return };
        let Some(Some(session)) = carrier.session.take().map(|slot| &mut self.sessions[slot]) else { return };
        session.connection = None;
        session.lost_at = now;
    }

    /// Sends an Error and closes.
    pub fn refuse(&mut self, connection: usize, refusal: &Refusal, now: u64) {
        self.stats.errors[refusal.code as usize - 1] += 1;
        self.detach(connection, now);
        if let Some(Some(connection)) = self.connections.get_mut(connection) {
            let Refusal { code, sequence, ref text } = *refusal;
            connection.push(&Message::Error(ErrorFrame { code, sequence, text }));
            connection.refused = Some((code, text.clone()));
            connection.close(now);
        }
    }

    pub fn stop(&mut self) {
        self.stopping = true;
    }

    pub fn is_stopped(&self) -> bool {
        let quiet = |connection: &Connection| connection.closing && connection.waiting().is_empty();
        self.stopping && self.outstanding.is_empty() && !self.busy && self.connections.iter().flatten().all(quiet)
    }

    pub fn is_failed(&self) -> bool {
        self.failed.is_some()
    }

    /// The engine failed: every agent is notified, and every session is gone with the counters.
    pub fn fail(&mut self, text: &str, now: u64) {
        self.stats.engine_failures += 1;
        self.sessions.clear();
        self.left_to_lend = self.config.lent_records();
        self.outstanding = Outstanding::default();
        self.groups = Ranges::new(self.info.groups);
        self.contexts = Ranges::new(self.info.contexts);
        (self.busy, self.turn) = (false, (0, 0));
        for index in 0..self.connections.len() {
            let Some(connection) = &mut self.connections[index] else { continue };
            connection.session = None;
            if !connection.closing {
                self.refuse(index, &Refusal::new(ErrorCode::Engine, String::from(text)), now);
            }
        }
        let again = if self.failed.is_none() { now } else { now + micros(self.config.engine_retry) };
        self.failed = Some((String::from(text), again));
    }

    pub fn must_reset(&self, now: u64) -> bool {
        self.failed.as_ref().is_some_and(|(_, again)| *again <= now)
    }

    /// The engine was reset after a failure: its tables were cleared.
    pub fn recovered(&mut self) {
        self.failed = None;
        self.boot.renew();
    }

    /// Bytes that sessions and connections have of the allocator.
    pub fn memory(&self) -> u64 {
        let sessions = self.sessions.iter().flatten().map(Session::bytes);
        let connections = self.connections.iter().flatten().map(Connection::bytes);
        sessions.chain(connections).sum::<usize>() as u64
    }

    pub fn activity(&self) -> Activity {
        let busy = self.busy || self.flush_due || !self.outstanding.is_empty();
        Activity { busy, is_failed: self.is_failed(), moved: self.moved, wake: self.wake }
    }
}
