//! Everything of the server but the engine: so that the engine can hand replies in while it is polled.

use super::boot::Boot;
use super::connection::{Connection, longest};
use super::outstanding::{Answered, Batch, Outstanding, Owner};
use super::queue::Cause;
use super::ranges::Ranges;
use super::session::{Phase, Session};
use super::{Activity, Config, ConnectionId, Entropy, Identity, Quota, Stats};
use crate::frame::message::SNAPSHOT_ROW_BYTES;
use crate::frame::{
    self, Ack, ErrorCode, ErrorFrame, Grown, MAX_FRAME_RECORDS, Message, Snapshot, SnapshotRow, StateAtReply,
};
use crate::time::micros;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::mem;
use deltascope_abi::record::Class;
use deltascope_abi::reply::Reply;
use deltascope_model::{Capabilities, Engine, EngineError};

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

/// Answers of the engine that are awaited at a time: with more, its next records wait.
const MOST_AWAITED: usize = 65_536;

/// A frame of the server's own making, which keeps the bounds of its kind.
fn encoded(message: &Message<'_>) -> Vec<u8> {
    let mut bytes = alloc::vec![0; longest(message)];
    let length = frame::encode(message, &mut bytes).unwrap_or(0);
    debug_assert!(length > 0, "a frame of the server has room");
    bytes.truncate(length);
    bytes.shrink_to_fit();
    bytes
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
    outstanding: Outstanding,
    rows: Vec<[u8; SNAPSHOT_ROW_BYTES]>,
    pub stats: Stats,
    /// Records of credit that are left to lend, and whether a session wanted more than that in the last round.
    pub left_to_lend: usize,
    short: bool,
    /// Slot whose turn is first, and how many records it may still move in it.
    turn: (usize, usize),
    pub stopping: bool,
    /// The engine failed: why, and when to try again.
    pub failed: Option<(String, u64)>,
    /// Work was left by the last round.
    busy: bool,
    /// Since the last round a connection got room for what its session has to send.
    flush_due: bool,
    /// Records that the engine took and beats that it gave.
    moved: u64,
    /// Next time at which a timer runs out.
    wake: Option<u64>,
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

    pub fn connect(&mut self, identity: Identity, quota: Quota, now: u64) -> Option<ConnectionId> {
        let index = self.connections.iter().position(Option::is_none).unwrap_or(self.connections.len());
        if index >= self.config.max_connections || self.stopping {
            return None;
        }
        if index == self.connections.len() {
            self.connections.push(None);
        }
        self.generation = self.generation.wrapping_add(1);
        self.connections[index] = Some(Connection::new(self.generation, identity, quota, now));
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
        self.flush_due |= session.is_some_and(|session| !session.is_flushed() || session.phase == Phase::Draining);
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

    /// Hands every reply beat that is there to the outstanding, and what it makes of them to the sessions.
    pub fn drain<E: Engine>(&mut self, engine: &mut E) -> Result<(), EngineError> {
        let mut fault = None;
        let beats = engine.poll(&mut |beat| {
            if fault.is_none() {
                fault = self.beat(beat).err();
            }
        })?;
        self.moved += beats as u64;
        fault.map_or(Ok(()), |text| {
            Err(EngineError::Device { engine: self.info.kind.name(), text: format!("{text}; the engine is reset") })
        })
    }

    #[inline]
    fn beat(&mut self, beat: Reply) -> Result<(), String> {
        match self.outstanding.beat(beat)? {
            None => {}
            Some(Answered::Accepted(accepted)) => {
                while let Some(batch) = self.outstanding.passed(accepted) {
                    self.passed(&batch);
                }
            }
            Some(Answered::Reply { owner, sequence, reply }) => {
                if let Some(session) = self.session_of(owner) {
                    session.awaited = session.awaited.saturating_sub(1);
                    session.keep_reply(sequence, reply);
                }
            }
            Some(Answered::Rows { owner, cause, position }) => self.rows(owner, cause, position),
            Some(Answered::Inherited { owner }) => {
                let position = self.outstanding.position();
                if let Some(session) = self.session_of(owner) {
                    (session.position, session.phase) = (position, Phase::Live);
                    session.baseline.append(&mut session.partial);
                    self.welcome(owner.slot);
                }
            }
            Some(Answered::Grown { owner }) => {
                let position = self.outstanding.position();
                if let Some(session) = self.session_of(owner) {
                    session.finish_growth(position);
                    let grown = Grown { groups: session.grant.groups(), contexts: session.grant.contexts() };
                    self.stats.grown += 1;
                    self.send(owner.slot, &Message::Grown(grown));
                }
            }
            Some(Answered::TooOld { owner, cause, position }) => self.state_at_reply(owner, cause, position, None),
            Some(Answered::State { owner, cause, query, read, position }) => {
                let state = (!query.too_old()).then_some(read.value ^ query.value);
                self.state_at_reply(owner, cause, position, state);
            }
        }
        Ok(())
    }

    /// Answers a question about the past; `None`: it is too old.
    fn state_at_reply(&mut self, owner: Owner, cause: Cause, position: u64, state: Option<u64>) {
        let (Cause::State { round, token, mark, sequence, context }
        | Cause::TooOld { round, token, mark, sequence, context }) = cause
        else {
            return;
        };
        let (too_old, state, context) = (state.is_none(), state.unwrap_or(0), context.into());
        if let Some(session) = self.session_of(owner).filter(|session| session.round == round) {
            session.states = session.states.saturating_sub(1);
            let reply = StateAtReply { token, mark, position, state, sequence, context, too_old };
            self.send(owner.slot, &Message::StateAtReply(reply));
        }
    }

    /// The session that asked, unless it has a new grant or a new agent since.
    fn session_of(&mut self, owner: Owner) -> Option<&mut Session> {
        self.sessions.get_mut(owner.slot)?.as_mut().filter(|session| session.epoch == owner.epoch)
    }

    fn passed(&mut self, batch: &Batch) {
        if let Some(Some(session)) = self.sessions.get_mut(batch.owner.slot) {
            session.inside = session.inside.saturating_sub(batch.count);
            if session.numbering == batch.owner.epoch {
                session.passed = batch.sequence;
            }
        }
    }

    /// A snapshot is whole: it is a baseline, or goes to the agent.
    fn rows(&mut self, owner: Owner, cause: Cause, position: u64) {
        let State { sessions, outstanding, rows, stats, .. } = self;
        let Some(Some(session)) = sessions.get_mut(owner.slot) else { return };
        if session.epoch != owner.epoch {
            return;
        }
        session.partial.extend_from_slice(&outstanding.rows);
        match cause {
            Cause::Baseline => {
                session.baseline.clear();
                session.baseline.append(&mut session.partial);
                (session.position, session.phase) = (position, Phase::Live);
                self.welcome(owner.slot);
            }
            Cause::Snapshot { round, token, sequence, first, last } => {
                let found = mem::take(&mut session.partial);
                if round != session.round {
                    return;
                }
                session.snapshots = session.snapshots.saturating_sub(1);
                rows.clear();
                rows.extend(session.rows_since(first, &found).filter_map(|(group, class, row)| {
                    let class = Class::ALL[class];
                    (!row.is_zero()).then(|| SnapshotRow { group, class, row }.to_bytes())
                }));
                let (first, last) = (first.into(), last.into());
                let message = Message::Snapshot(Snapshot { token, sequence, position, first, last, rows });
                if session.connection.is_some() {
                    session.answer(encoded(&message));
                }
                stats.snapshots += 1;
            }
            _ => {}
        }
    }

    /// Puts a frame on the connection of a session, if it has one, behind the replies of before.
    pub fn send(&mut self, slot: usize, message: &Message<'_>) {
        let Some(Some(session)) = self.sessions.get_mut(slot) else { return };
        if session.connection.is_some() {
            session.answer(encoded(message));
        }
    }

    /// One turn for every session, each time beginning with another one. A turn that the engine had no room for goes
    /// on in the next round with what is left of it, so that every session has its share however slow the engine is.
    pub fn submit<E: Engine>(&mut self, engine: &mut E) -> Result<(), EngineError> {
        let State { config, connections, sessions, outstanding, moved, .. } = self;
        let slots = sessions.len().max(1);
        let (first, mut left) = self.turn;
        let mut interrupted = None;
        self.busy = false;
        for slot in (0..sessions.len()).map(|offset| (first + offset) % slots) {
            if left == 0 {
                left = config.quantum;
            }
            let Some(session) = &mut sessions[slot] else {
                left = 0;
                continue;
            };
            let connection = session.connection.and_then(|index| connections[index].as_ref());
            while interrupted.is_none() && left > 0 && outstanding.awaited() < MOST_AWAITED {
                let room = session.may_submit(config, connection).min(left);
                if room == 0 {
                    break;
                }
                let taken = engine.submit(session.queue.front(room))?;
                if taken == 0 {
                    interrupted = Some((slot, left));
                    break;
                }
                let (owner, former) = (session.owner(slot), session.former_owner(slot));
                let mut replies = 0;
                let records = session.queue.take(taken, |cause, awaited| {
                    replies += usize::from(awaited && matches!(cause, Cause::Reply { .. }));
                    outstanding.expect(if awaited { owner } else { former }, cause);
                });
                session.submitted += records;
                session.awaited += replies;
                session.inside += taken;
                *moved += taken as u64;
                let numbered = Owner { slot, epoch: session.numbering };
                outstanding.submitted(numbered, taken, session.submitted);
                left -= taken.min(left);
            }
            self.busy |= session.may_submit(config, connection) > 0;
            left = 0;
        }
        self.turn = interrupted.unwrap_or(((first + 1) % slots, 0));
        Ok(())
    }

    /// Writes what the agents have to be sent, and gives ranges back that no session uses any more.
    pub fn flush(&mut self, now: u64) {
        self.flush_due = false;
        let mut short = self.short && self.left_to_lend < MAX_FRAME_RECORDS;
        for slot in 0..self.sessions.len() {
            let State { config, connections, sessions, left_to_lend, .. } = self;
            let Some(session) = &mut sessions[slot] else { continue };
            session.lend(config, left_to_lend, &mut short);
            let connection = session.connection.and_then(|index| connections[index].as_mut());
            let over = session.phase == Phase::Draining && session.is_drained();
            if let Some(connection) = connection.filter(|_| session.phase != Phase::Granting) {
                session.flush(config, self.short, connection);
                if over && session.is_flushed() {
                    let sequence = session.passed;
                    connection.push(&Message::Ack(Ack { sequence, credit: sequence }));
                    connection.session = None;
                    connection.close(now);
                    session.connection = None;
                }
            }
            self.clear_drained(slot);
        }
        self.short = short;
        if self.stopping && self.outstanding.is_empty() && !self.busy {
            self.close_connections(now);
        }
    }

    fn close_connections(&mut self, now: u64) {
        for index in 0..self.connections.len() {
            if self.connections[index].as_ref().is_some_and(|connection| !connection.closing) {
                let text = String::from("the server stops; connect again later, nothing acknowledged is lost");
                self.refuse(index, &Refusal::new(ErrorCode::Shutdown, text), now);
            }
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

    /// Closes what is silent for too long and gives up sessions that no agent came back for.
    pub fn timers(&mut self, now: u64) {
        let mut wake = self.failed.as_ref().map(|(_, again)| *again);
        let mut due = |at: u64| {
            wake = Some(wake.map_or(at, |wake| wake.min(at)));
            at <= now
        };
        let Config { hello_timeout, idle_timeout, resume_time, .. } = self.config;
        for index in 0..self.connections.len() {
            let Some(connection) = &self.connections[index] else { continue };
            let (at, what, advice) = match connection.session {
                _ if connection.closing && connection.waiting().is_empty() => continue,
                _ if connection.closing => (connection.heard + micros(hello_timeout), "", ""),
                Some(_) => (
                    connection.heard + micros(idle_timeout),
                    "a frame",
                    "send a Records frame without records from time to time",
                ),
                None => (connection.opened + micros(hello_timeout), "a Hello", "connect again and send it at once"),
            };
            if due(at) && self.connections[index].as_ref().is_some_and(|connection| connection.closing) {
                if let Some(connection) = &mut self.connections[index] {
                    connection.abandon();
                }
            } else if at <= now {
                let text = format!("expected {what} in time, found silence; {advice}");
                self.refuse(index, &Refusal::new(ErrorCode::Limit, text), now);
            }
        }
        for session in self.sessions.iter_mut().flatten() {
            let waiting = session.connection.is_none() && session.phase != Phase::Draining;
            if waiting && due(session.lost_at + micros(resume_time)) {
                session.drain();
                self.stats.expired += 1;
            }
        }
        self.wake = wake;
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
