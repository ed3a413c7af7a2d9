//! What each frame of an agent does.

use super::queue::Cause;
use super::rules::Violation;
use super::session::{Phase, Session};
use super::state::{Refusal, State};
use crate::frame::{self, Bye, ErrorCode, FrameBuffer, FrameError, Grow, Message, Records, SnapshotRequest, StateAt};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::mem;
use deltascope_abi::loss::Losses;
use deltascope_abi::record::{Op, Record};

impl From<FrameError> for Refusal {
    fn from(error: FrameError) -> Refusal {
        let code = match error {
            FrameError::Version { .. } => ErrorCode::Version,
            _ => ErrorCode::Malformed,
        };
        Refusal::new(code, format!("{error}"))
    }
}

impl State {
    /// Works on every whole frame that has arrived on a connection; `count` bytes are new.
    pub fn read_frames(&mut self, index: usize, count: usize, now: u64) {
        self.stats.received_bytes += count as u64;
        while let Some(Some(connection)) = self.connections.get_mut(index) {
            if connection.closing || self.stopping {
                return;
            }
            // The buffer leaves its place while the rest of the server acts on the frames in it.
            let mut input = mem::replace(&mut connection.input, FrameBuffer::new(Vec::new(), 0));
            let welcomed = connection.session.is_some();
            let result = self.read_some(index, &mut input, welcomed, now);
            if let Some(Some(connection)) = self.connections.get_mut(index) {
                connection.input = input;
                match result {
                    Ok(true) if !welcomed => connection.widen(),
                    Ok(_) => return,
                    Err(refusal) => self.refuse(index, &refusal, now),
                }
            }
        }
    }

    /// Gives whether a Hello was accepted, after which the buffer must grow.
    fn read_some(
        &mut self,
        index: usize,
        input: &mut FrameBuffer<Vec<u8>>,
        welcomed: bool,
        now: u64,
    ) -> Result<bool, Refusal> {
        while let Some(bytes) = input.next_frame()? {
            let message = frame::decode(bytes)?;
            self.stats.frames += 1;
            match message {
                Message::Hello(hello) if !welcomed => {
                    self.hello(index, &hello, now)?;
                    return Ok(true);
                }
                Message::Error(_) => {
                    self.detach(index, now);
                    if let Some(Some(connection)) = self.connections.get_mut(index) {
                        connection.closing = true;
                    }
                    return Ok(false);
                }
                _ => self.frame(index, &message, now)?,
            }
        }
        Ok(false)
    }

    fn frame(&mut self, index: usize, message: &Message<'_>, now: u64) -> Result<(), Refusal> {
        let kind = message.kind();
        let unexpected = |state: &str| {
            let text = format!("{state}, found a frame of kind {kind:?}; an agent may not send that now");
            Refusal::new(ErrorCode::Unexpected, text)
        };
        let slot = self.connections.get(index).and_then(Option::as_ref).and_then(|connection| connection.session);
        let Some((slot, Some(session))) = slot.map(|slot| (slot, &mut self.sessions[slot])) else {
            return Err(unexpected("expected a Hello"));
        };
        match session.phase {
            Phase::Granting => return Err(unexpected("expected no frame before the Welcome")),
            Phase::Draining => return Err(unexpected("expected no frame after the Bye")),
            Phase::Live => session.confirmed = true,
        }
        match message {
            Message::Records(records) => self.records(slot, records, now),
            Message::SnapshotRequest(ask) => self.snapshot(slot, ask),
            Message::StateAt(ask) => self.state_at(slot, ask),
            Message::Bye(bye) => self.bye(slot, bye),
            Message::Grow(ask) => {
                self.ask_growth(index, slot, ask, now);
                Ok(())
            }
            _ => Err(unexpected("expected Records, SnapshotRequest, StateAt, Grow or Bye")),
        }
    }

    fn session(&mut self, slot: usize) -> Result<&mut Session, Refusal> {
        let session = self.sessions.get_mut(slot).and_then(Option::as_mut);
        session.ok_or_else(|| Refusal::new(ErrorCode::Unexpected, String::from("expected a Hello, found no session")))
    }

    fn records(&mut self, slot: usize, frame: &Records<'_>, now: u64) -> Result<(), Refusal> {
        let stamp = self.stats.frames;
        let session = self.session(slot)?;
        let count = frame.records.len() as u64;
        let (first, next, credit) = (frame.first_sequence, session.next, session.credit);
        let refuse = |code, sequence, text| Err(Refusal { code, sequence, text });
        if first > next {
            let text =
                format!("first record: expected number {next} or less, found {first}; {} are missing", first - next);
            return refuse(ErrorCode::Sequence, first, text);
        }
        let Some(end) = first.checked_add(count) else {
            return refuse(
                ErrorCode::Sequence,
                first,
                format!("record numbers end at 2^64, found {count} from {first} on"),
            );
        };
        if end > credit {
            let text =
                format!("records: expected numbers below the credit {credit}, found up to {end}; wait for an Ack");
            return refuse(ErrorCode::Credit, credit, text);
        }
        let known = (next - first).min(count);
        let fresh = &frame.records[known as usize..];
        if let Err(violation) = session.queue.push_records(fresh, next, &session.grant) {
            return Err(session.violation(next, violation));
        }
        session.next = next.max(end);
        session.confirm_replies(frame.replies_below);
        // A frame of which nothing is new was made before what is known already.
        if !fresh.is_empty() || (count == 0 && first == next) {
            session.losses = frame.losses;
            session.cursors.clear();
            session.cursors.extend_from_slice(frame.cursors.0);
        }
        session.ack_due |= fresh.is_empty();
        if !fresh.is_empty() {
            session.received = true;
            session.recorded_at = now;
            let counts = |bytes: &[u8; 16]| Record::from_bytes(bytes).op().is_some_and(Op::counts);
            let has_mark = session.losses != Losses::default() || !session.cursors.is_empty();
            session.leaves = session.leaves || has_mark || fresh.iter().any(counts);
        }
        session.stamp = stamp;
        self.stats.records += fresh.len() as u64;
        self.stats.duplicates += known;
        Ok(())
    }

    fn snapshot(&mut self, slot: usize, ask: &SnapshotRequest) -> Result<(), Refusal> {
        let most = self.config.max_snapshots;
        let session = self.session(slot)?;
        let groups = session.grant.groups();
        if ask.first > ask.last || ask.last >= groups {
            let (first, last) = (ask.first, ask.last);
            let text = format!("snapshot: expected groups first <= last < {groups}, found {first} to {last}");
            return Err(Refusal::new(ErrorCode::OutOfGrant, text));
        }
        if session.snapshots >= most {
            let text = format!("snapshots asked for and not received: expected at most {most}, found one more");
            return Err(Refusal::new(ErrorCode::Limit, text));
        }
        session.snapshots += 1;
        let (first, last) = (ask.first as u16, ask.last as u16);
        let (round, sequence) = (session.round, session.next);
        let cause = Cause::Snapshot { round, token: ask.token, sequence, first, last };
        session.ask_rows(ask.first, ask.last + 1, cause);
        Ok(())
    }

    fn state_at(&mut self, slot: usize, ask: &StateAt) -> Result<(), Refusal> {
        let most = self.config.max_states;
        let has_journal = self.info.horizon() > 0;
        let session = self.session(slot)?;
        let contexts = session.grant.contexts();
        let StateAt { token, mark, context } = *ask;
        if context >= contexts {
            let text = format!("state: expected a context below {contexts}, found {context}");
            return Err(Refusal::new(ErrorCode::OutOfGrant, text));
        }
        let (round, sequence, answerable) =
            (session.round, session.next, has_journal && mark >= session.oldest_mark(context));
        if session.states >= most {
            let text = format!("states asked for and not received: expected at most {most}, found one more");
            return Err(Refusal::new(ErrorCode::Limit, text));
        }
        session.states += 1;
        let inside = session.contexts.to_engine(context).unwrap_or(0) as u16;
        let context = context as u16;
        if !answerable {
            // It waits behind the records before it like any other: the agent confirms replies by its number.
            session.queue.push_marked(Record::sync(token), Cause::TooOld { round, token, mark, sequence, context });
            return Ok(());
        }
        session.queue.push_marked(Record::query(inside, mark), Cause::Query);
        let cause = Cause::State { round, token, mark, sequence, context };
        session.queue.push_marked(Record::read(inside), cause);
        Ok(())
    }

    /// Lends what there is. The answer comes when it was cleared; until it is sent another question has the same one, and costs no
    /// search for places.
    fn ask_growth(&mut self, index: usize, slot: usize, ask: &Grow, now: u64) {
        let Some(peer) = self.connections.get(index).and_then(Option::as_ref).map(|connection| connection.peer) else {
            return;
        };
        let session = self.sessions.get(slot).and_then(Option::as_ref);
        if session.is_none_or(|session| session.growing || session.grown_due) {
            return;
        }
        let has_more = self.grow(slot, &peer, ask.groups, ask.contexts, now);
        let Some(Some(session)) = self.sessions.get_mut(slot) else { return };
        if has_more {
            session.begin_growth();
        } else {
            session.grown_due = true;
        }
    }

    fn bye(&mut self, slot: usize, bye: &Bye) -> Result<(), Refusal> {
        let session = self.session(slot)?;
        let (expected, found) = (session.next, bye.next_sequence);
        if expected != found {
            let text = format!("Bye: expected next number {expected}, found {found}; send every record before it");
            return Err(Refusal { code: ErrorCode::Sequence, sequence: found, text });
        }
        session.end();
        Ok(())
    }
}

impl Session {
    fn violation(&self, first: u64, violation: Violation) -> Refusal {
        let number = |index: usize| first + index as u64;
        let (code, sequence, text) = match violation {
            Violation::Op { index, code } => {
                let text = format!(
                    "record {}: expected op 0 to 6 (NOP, LOAD, ACCUM, READ, SWAP, PAIR, SEND), found {code}",
                    number(index)
                );
                (ErrorCode::ForbiddenOp, number(index), text)
            }
            Violation::Group { index, group } => {
                let groups = self.grant.groups();
                let text = format!("record {}: expected a group below {groups}, found {group}", number(index));
                (ErrorCode::OutOfGrant, number(index), text)
            }
            Violation::Context { index, context } => {
                let contexts = self.grant.contexts();
                let text = format!("record {}: expected a context below {contexts}, found {context}", number(index));
                (ErrorCode::OutOfGrant, number(index), text)
            }
        };
        Refusal { code, sequence, text }
    }
}
