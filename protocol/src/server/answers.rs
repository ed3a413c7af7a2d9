//! What comes out of the engine, handed to the session that it belongs to.

use super::connection::longest;
use super::outstanding::{Answered, Batch, Owner};
use super::queue::Cause;
use super::session::{Phase, Session};
use super::state::State;
use crate::frame::{self, Message, Snapshot, SnapshotRow, StateAtReply};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::mem;
use deltascope_abi::record::Class;
use deltascope_abi::reply::Reply;
use deltascope_model::{Engine, EngineError};

/// A frame of the server's own making, which keeps the bounds of its kind.
fn encoded(message: &Message<'_>) -> Vec<u8> {
    let mut bytes = alloc::vec![0; longest(message)];
    let length = frame::encode(message, &mut bytes).unwrap_or(0);
    debug_assert!(length > 0, "a frame of the server has room");
    bytes.truncate(length);
    bytes.shrink_to_fit();
    bytes
}

impl State {
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
                    session.grown_due = true;
                    self.stats.grown += 1;
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
}
