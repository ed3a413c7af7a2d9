//! What each frame of the server does.

use super::contexts::CoveredContexts;
use super::error::bounded;
use super::retention::Mark;
use super::state::{Endpoint, Notification, State};
use super::totals::Totals;
use super::{EndpointError, Granted};
use crate::frame::{
    self, Ack, ErrorCode, FrameBuffer, Grown, Message, Replies, Snapshot, StateAt, StateAtReply, Welcome,
};
use alloc::string::String;
use alloc::vec::Vec;
use core::mem;
use deltascope_abi::ABI_MAJOR;
use deltascope_abi::loss::Losses;
use deltascope_abi::record::Op;

/// Highest number that a session may begin with: no sum of numbers and counts overflows in its lifetime.
const MAX_SEQUENCE: u64 = 1 << 63;

impl Endpoint {
    /// Works on every whole frame that has arrived.
    pub(crate) fn received(&mut self, now: u64) -> Result<(), EndpointError> {
        // The buffer leaves its place while the session acts on the frames in it.
        let mut input = mem::replace(&mut self.input, FrameBuffer::new(Vec::new(), 0));
        let result = self.read_frames(&mut input, now);
        self.input = input;
        self.pump(now);
        result
    }

    fn read_frames(&mut self, input: &mut FrameBuffer<Vec<u8>>, now: u64) -> Result<(), EndpointError> {
        while let Some(bytes) = input.next_frame()? {
            let message = frame::decode(bytes)?;
            self.heard = now;
            self.frame(&message, now)?;
        }
        Ok(())
    }

    fn frame(&mut self, message: &Message<'_>, now: u64) -> Result<(), EndpointError> {
        let unexpected = |expected| Err(EndpointError::Unexpected { expected, found: message.kind() });
        match (self.state, message) {
            (State::Offline | State::Done, _) => Ok(()),
            (_, Message::Error(error)) => {
                if error.code == ErrorCode::Sequence {
                    // The next Hello names no grant, so that both sides begin at the last snapshot.
                    self.forget_grant();
                }
                let (code, sequence, text) = (error.code, error.sequence, String::from(error.text));
                Err(EndpointError::Refused { code, sequence, text })
            }
            (State::Handshake, Message::Welcome(welcome)) => self.welcomed(welcome, now),
            (State::Handshake, _) => unexpected("Welcome or Error"),
            (_, Message::Ack(ack)) => self.acknowledged(ack),
            (_, Message::Replies(replies)) => self.replied(replies),
            (_, Message::Snapshot(snapshot)) => self.counted(snapshot),
            (_, Message::StateAtReply(reply)) => self.answered(reply),
            (State::Streaming | State::Leaving, Message::Grown(grown)) => self.grown(grown),
            _ => unexpected("Ack, Replies, Snapshot, StateAtReply, Grown or Error"),
        }
    }

    fn forget_grant(&mut self) {
        if let Some(granted) = &mut self.granted {
            granted.grant = 0;
        }
    }

    fn welcomed(&mut self, welcome: &Welcome<'_>, now: u64) -> Result<(), EndpointError> {
        let major = (welcome.abi_version >> 16) as u16;
        if major != ABI_MAJOR {
            return Err(EndpointError::Version { expected: ABI_MAJOR, found: major });
        }
        if let Some(kind) = welcome.extensions.not_understood() {
            return Err(EndpointError::Extension { kind });
        }
        bounded("boot id in Welcome", 1, u64::MAX, welcome.boot_id)?;
        bounded("grant in Welcome", 1, u64::MAX, welcome.grant)?;
        bounded("inherited in Welcome", 0, self.identity.resumes.into(), welcome.inherited.into())?;
        let known = self.granted.as_ref().is_some_and(|granted| {
            granted.grant != 0 && (granted.boot_id, granted.grant) == (welcome.boot_id, welcome.grant)
        });
        let new = Granted {
            engine: welcome.engine,
            boot_id: welcome.boot_id,
            grant: welcome.grant,
            groups: welcome.groups,
            contexts: welcome.contexts,
            most_groups: welcome.most_groups,
            most_contexts: welcome.most_contexts,
            journal_lanes: welcome.journal_lanes,
            journal_depth: welcome.journal_depth,
            position: welcome.position,
            inherited: welcome.inherited,
            losses: welcome.losses,
            cursors: welcome.cursors.iter().collect(),
        };
        self.check_grant(&new, known)?;
        bounded("next number in Welcome", 0, MAX_SEQUENCE, welcome.next_sequence)?;
        bounded("credit in Welcome", welcome.next_sequence, u64::MAX, welcome.credit)?;
        if !self.begun && !welcome.inherited {
            let oldest = self.oldest();
            bounded("next number in Welcome", oldest, oldest, welcome.next_sequence)?;
        }
        self.credit = welcome.credit;
        self.progress.welcomes += 1;
        self.snapshot_asked = now;
        if !self.begun {
            self.begin(new, welcome.next_sequence);
            return Ok(());
        }
        let (oldest, next) = (self.oldest(), welcome.next_sequence);
        bounded("next number in Welcome", oldest, if known { self.retention.closed() } else { oldest }, next)?;
        self.go_on(next)?;
        self.state = State::Streaming;
        if known {
            self.grow(new.groups, new.contexts);
            return Ok(());
        }
        self.contexts.grow(new.contexts);
        self.totals.grow(new.groups);
        self.totals.regranted();
        self.progress.regrants += 1;
        self.acked = next;
        // States of before the grant are out of reach, whatever their mark.
        for (ask, _) in mem::take(&mut self.control.states) {
            let (position, state, sequence) = (new.position, 0, next);
            let (token, mark, context) = (ask.token, ask.mark, ask.context);
            let reply = StateAtReply { token, mark, position, state, sequence, context, too_old: true };
            self.notifications.push_back(Notification::State(reply));
        }
        self.granted = Some(new.clone());
        self.notifications.push_back(Notification::Regranted(new));
        Ok(())
    }

    /// Checks that a grant agrees with itself, with the Hello and with the grant before. `known`: it is the grant before.
    fn check_grant(&self, new: &Granted, known: bool) -> Result<(), EndpointError> {
        let asked =
            self.granted.as_ref().map_or((self.config.groups, self.config.contexts), |old| (old.groups, old.contexts));
        bounded("groups in Welcome", asked.0.max(1).into(), new.most_groups.into(), new.groups.into())?;
        bounded("contexts in Welcome", asked.1.max(1).into(), new.most_contexts.into(), new.contexts.into())?;
        let depths = if new.journal_lanes == 0 { (0, 0) } else { (1, u64::MAX) };
        bounded("journal depth in Welcome", depths.0, depths.1, new.journal_depth.into())?;
        if !known && !new.inherited {
            // Nothing has come under it.
            bounded("losses in Welcome of a new grant", 0, 0, (new.losses != Losses::default()).into())?;
            bounded("cursors in Welcome of a new grant", 0, 0, new.cursors.len() as u64)?;
        }
        let Some(old) = self.granted.as_ref().filter(|old| old.boot_id == new.boot_id) else { return Ok(()) };
        let same = |what, old: u64, new: u64| bounded(what, old, old, new);
        same("engine in Welcome of the same boot id", old.engine.into(), new.engine.into())?;
        same("journal lanes in Welcome of the same boot id", old.journal_lanes.into(), new.journal_lanes.into())?;
        same("journal depth in Welcome of the same boot id", old.journal_depth.into(), new.journal_depth.into())?;
        if known {
            same("journal position in Welcome of the same grant", old.position, new.position)?;
            same("inherited in Welcome of the same grant", old.inherited.into(), new.inherited.into())?;
        } else {
            bounded("journal position in Welcome", old.position, u64::MAX, new.position)?;
        }
        Ok(())
    }

    /// The first grant, or another one before anything could be admitted: numbers begin where the server reports. What
    /// an inherited grant has counted is asked for before anything else happens, so that it cannot be lost.
    fn begin(&mut self, granted: Granted, next: u64) {
        self.contexts = CoveredContexts::new(granted.contexts);
        self.totals = Totals::new(granted.groups);
        self.retention.begin(next);
        (self.progress.covered, self.progress.acknowledged) = (next, next);
        (self.ever_sent, self.replies_below) = (next, next);
        self.mark = Mark { replies_below: next, ..Mark::default() };
        self.acked = if granted.inherited { 0 } else { next };
        if granted.inherited {
            self.state = State::Inheriting;
            self.control.ask_internal(0);
            self.granted = Some(granted);
        } else {
            self.start(granted);
        }
    }

    /// The counters of the earlier session are known.
    fn inherited(&mut self, snapshot: &Snapshot<'_>) {
        self.totals.take(snapshot);
        let events = self.totals.events();
        (self.progress.admitted_events, self.progress.counted_events) = (events, events);
        if let Some(granted) = self.granted.take() {
            self.mark.losses = granted.losses;
            self.mark.cursors = granted.cursors.clone();
            self.covered_mark = self.mark.clone();
            self.start(granted);
        }
    }

    fn start(&mut self, granted: Granted) {
        (self.state, self.begun) = (State::Streaming, true);
        self.notifications.push_back(Notification::Granted(granted.clone()));
        self.granted = Some(granted);
    }

    fn grown(&mut self, grown: &Grown) -> Result<(), EndpointError> {
        if let Some(Granted { groups, contexts, most_groups, most_contexts, .. }) = self.granted {
            bounded("groups in Grown", groups.into(), most_groups.into(), grown.groups.into())?;
            bounded("contexts in Grown", contexts.into(), most_contexts.into(), grown.contexts.into())?;
        }
        if self.control.growth_sent {
            (self.control.growth, self.control.growth_sent) = (None, false);
            // The host waits for it, whatever it reports.
            self.take_growth(grown.groups, grown.contexts);
        } else {
            self.grow(grown.groups, grown.contexts);
        }
        Ok(())
    }

    /// The grant may have grown while the session had no connection.
    fn grow(&mut self, groups: u32, contexts: u32) {
        let grown = |granted: &Granted| (granted.groups, granted.contexts) != (groups, contexts);
        if self.granted.as_ref().is_some_and(grown) {
            self.take_growth(groups, contexts);
        }
    }

    fn take_growth(&mut self, groups: u32, contexts: u32) {
        self.contexts.grow(contexts);
        self.totals.grow(groups);
        if let Some(granted) = &mut self.granted {
            (granted.groups, granted.contexts) = (groups, contexts);
        }
        self.notifications.push_back(Notification::Grown { groups, contexts });
    }

    /// Sends from record `next` on, and before it what restores the contexts.
    fn go_on(&mut self, next: u64) -> Result<(), EndpointError> {
        let (oldest, covered) = (self.oldest(), self.progress.covered);
        let from = next.max(covered);
        let frames = self.retention.frames();
        self.sent_frames = frames.partition_point(|frame| frame.first < from);
        let at = frames.get(self.sent_frames).map_or(self.retention.closed(), |frame| frame.first);
        bounded("next number in Welcome, at the start of a frame", from, from, at)?;
        self.control.restore = (next < covered).then(|| (next, (next - oldest) as usize));
        Ok(())
    }

    fn acknowledged(&mut self, ack: &Ack) -> Result<(), EndpointError> {
        bounded("number in Ack", self.acked, self.sent_below(), ack.sequence)?;
        bounded("credit in Ack", ack.sequence, u64::MAX, ack.credit)?;
        self.acked = ack.sequence;
        self.progress.acknowledged = self.progress.acknowledged.max(ack.sequence);
        self.credit = self.credit.max(ack.credit);
        self.control.awaits_ack = false;
        if self.state == State::Leaving && ack.sequence == self.retention.next() && ack.credit == ack.sequence {
            self.done();
        }
        Ok(())
    }

    /// Replies of records that were sent again come again; the first ones count.
    fn replied(&mut self, replies: &Replies<'_>) -> Result<(), EndpointError> {
        let (sent, contexts) = (self.sent_below(), self.granted.as_ref().map_or(0, |granted| granted.contexts));
        let mut least = 0;
        for entry in replies.iter() {
            if !(least..sent).contains(&entry.sequence) {
                // Also the first number when nothing was sent.
                let (what, max, found) = ("number in Replies", sent.saturating_sub(1), entry.sequence);
                return Err(EndpointError::Number { what, min: least, max, found });
            }
            least = entry.sequence + 1;
            let code = entry.reply.op_code();
            // Of the ops of an agent, those with a context answer.
            if code > Op::Send as u8 || !entry.reply.op().is_some_and(Op::uses_context) {
                let what = "op in Replies";
                return Err(EndpointError::Number {
                    what,
                    min: Op::Load as u64,
                    max: Op::Send as u64,
                    found: code.into(),
                });
            }
            bounded("context in Replies", 0, u64::from(contexts.saturating_sub(1)), entry.reply.context().into())?;
            if entry.sequence >= self.replies_below {
                self.replies_below = entry.sequence + 1;
                self.notifications.push_back(Notification::Reply(entry));
            }
        }
        Ok(())
    }

    fn answered(&mut self, reply: &StateAtReply) -> Result<(), EndpointError> {
        let Some(at) = self.control.states.iter().position(|(ask, sent)| *sent && ask.token == reply.token) else {
            return Ok(());
        };
        let StateAt { mark, context, .. } = self.control.states[at].0;
        bounded("context in StateAtReply", context.into(), context.into(), reply.context.into())?;
        bounded("mark in StateAtReply", mark, mark, reply.mark)?;
        bounded("number in StateAtReply", 0, self.sent_below(), reply.sequence)?;
        if reply.too_old {
            bounded("state in StateAtReply that is too old", 0, 0, reply.state)?;
        } else {
            bounded("journal position in StateAtReply", mark, u64::MAX, reply.position)?;
        }
        self.control.states.remove(at);
        self.notifications.push_back(Notification::State(*reply));
        Ok(())
    }

    fn counted(&mut self, snapshot: &Snapshot<'_>) -> Result<(), EndpointError> {
        let Some(at) = self.control.asks.iter().position(|ask| ask.sent && ask.token == snapshot.token) else {
            return Ok(());
        };
        let ask = self.control.asks.remove(at);
        let sequence = snapshot.sequence;
        let last = ask.map_or(0, |ask| ask.last);
        bounded("first group in Snapshot", 0, 0, snapshot.first.into())?;
        bounded("last group in Snapshot", last.into(), last.into(), snapshot.last.into())?;
        let since = self.granted.as_ref().map_or(0, |granted| granted.position);
        bounded("journal position in Snapshot", since, u64::MAX, snapshot.position)?;
        let counted = self.totals.check(snapshot)?;
        if self.state == State::Inheriting {
            self.inherited(snapshot);
            return Ok(());
        }
        bounded("number in Snapshot", self.progress.covered, self.sent_below(), sequence)?;
        let sent = self.retention.sums_below(sequence);
        bounded("new events in Snapshot", sent.events, sent.events, counted.events)?;
        bounded("new bytes in Snapshot", sent.bytes, sent.bytes, counted.bytes)?;
        self.cover(sequence)?;
        self.totals.take(snapshot);
        self.progress.counted_events = self.totals.events();
        if let Some(ask) = ask.filter(|ask| ask.requested) {
            let (token, position) = (ask.token, snapshot.position);
            self.notifications.push_back(Notification::Snapshot { token, sequence, position });
        }
        Ok(())
    }

    /// Lets go of every frame that the snapshot covers.
    fn cover(&mut self, sequence: u64) -> Result<(), EndpointError> {
        let covered = self.retention.frames().partition_point(|frame| frame.end() <= sequence);
        let end = self.retention.frames().get(covered).map_or(self.retention.closed(), |frame| frame.first);
        bounded("number in Snapshot, at the end of a frame", sequence, sequence, end)?;
        for left in (0..covered).rev() {
            if left == 0 {
                self.covered_mark = self.retention.first_mark()?;
            }
            self.retention.release(|records| self.contexts.cover(records));
        }
        self.sent_frames -= covered;
        self.progress.covered = sequence;
        Ok(())
    }
}
