//! One round of the server: timers, records into the engine, frames to the agents.

use super::outstanding::Owner;
use super::queue::Cause;
use super::session::Phase;
use super::state::{Refusal, State};
use super::{Config, GivenUpReason};
use crate::frame::{Ack, ErrorCode, MAX_FRAME_RECORDS, Message};
use crate::time::micros;
use alloc::format;
use alloc::string::String;
use deltascope_model::{Engine, EngineError};

/// Answers of the engine that are awaited at a time: with more, its next records wait.
const MOST_AWAITED: usize = 65_536;

impl State {
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
        for slot in 0..self.sessions.len() {
            let Some(session) = &self.sessions[slot] else { continue };
            let waiting = session.connection.is_none() && session.phase != Phase::Draining;
            if waiting && due(session.lost_at + micros(resume_time)) {
                self.stats.expired += 1;
                self.give_up(slot, GivenUpReason::Expired);
            }
        }
        self.wake = wake;
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
}
