//! What a session still has to send: kept replies, answers to requests, Acks, and the credit that goes with them.

use super::config::{Config, LEAST_REPLIES};
use super::connection::Connection;
use super::queue::{ROOM_STEP, reserve};
use super::session::{Phase, Session};
use crate::frame::elements::REPLY_ENTRY_BYTES;
use crate::frame::{Ack, Grown, MAX_FRAME_RECORDS, Message, Replies, ReplyEntry};
use alloc::vec::Vec;
use deltascope_abi::reply::{Reply, SOURCE_BITS};

/// Entries of one Replies frame: the output is longer than its limit by one frame at most.
const REPLIES_IN_FRAME: usize = 2_048;
const _: () = assert!(REPLIES_IN_FRAME <= MAX_FRAME_RECORDS);
const _: () = assert!(REPLIES_IN_FRAME * REPLY_ENTRY_BYTES + 64 <= crate::frame::MAX_FRAME_BYTES);

impl Session {
    /// Replies and requests of before have no addressee any more.
    pub fn forget_answers(&mut self) {
        self.epoch += 1;
        self.confirmed_replies += self.replies.len() as u64;
        self.replies.clear();
        self.answers.clear();
        self.awaited = 0;
        self.partial.clear();
        self.grown_due = false;
        (self.replies_sent, self.snapshots, self.states) = (0, 0, 0);
    }

    /// Requests die with their connection; replies are kept and sent again. What the grant has grown to is in the Welcome.
    pub fn resume(&mut self, replies_below: u64) {
        self.confirm_replies(replies_below);
        self.round = self.round.wrapping_add(1);
        self.answers.clear();
        self.queue.drop_requests();
        self.grown_due = false;
        (self.replies_sent, self.snapshots, self.states) = (0, 0, 0);
        self.ack_due = true;
    }

    /// The agent has every reply to a record numbered below `sequence`.
    pub fn confirm_replies(&mut self, sequence: u64) {
        while self.replies.pop_front_if(|bytes| ReplyEntry::from_bytes(bytes).sequence < sequence).is_some() {
            self.replies_sent = self.replies_sent.saturating_sub(1);
            self.confirmed_replies += 1;
        }
    }

    /// Keeps a reply for the agent, with group and context as the session numbers them.
    pub fn keep_reply(&mut self, sequence: u64, reply: Reply) {
        let op = reply.op();
        let counts = op.is_some_and(|op| op.counts());
        let group = if counts { self.groups.to_session(reply.group().into()).unwrap_or(0) } else { 0 };
        let context = self.contexts.to_session(reply.context().into()).unwrap_or(0);
        let kept = Reply { head: reply.head & !SOURCE_BITS, value: reply.value };
        let reply = kept.with_source(reply.class(), group as u16, context as u16);
        if self.phase == Phase::Draining && self.connection.is_none() {
            return;
        }
        reserve(&mut self.replies, 1);
        self.replies.push_back(ReplyEntry { sequence, reply }.to_bytes());
    }

    /// Records that may enter the engine now: their answers have somewhere to go.
    pub fn may_submit(&self, config: &Config, connection: Option<&Connection>) -> usize {
        let answers: usize = self.answers.iter().map(|(_, frame)| frame.len()).sum();
        let waiting = connection.map_or(0, |connection| connection.waiting().len());
        if self.queue.len() == 0 || waiting + answers >= config.max_output {
            return 0;
        }
        if self.phase == Phase::Draining && self.connection.is_none() {
            return usize::MAX;
        }
        let most = (LEAST_REPLIES + self.lent / ROOM_STEP * ROOM_STEP).min(config.window.max(1));
        most.saturating_sub(self.replies.len() + self.awaited)
    }

    /// Whether every kept reply and every answer was written to the connection.
    pub fn is_flushed(&self) -> bool {
        self.replies_sent == self.replies.len() && self.answers.is_empty() && !self.grown_due
    }

    /// Whether the agent waits for an Ack.
    pub fn owes_ack(&self) -> bool {
        self.ack_due || self.passed > self.acked
    }

    /// Records of credit of a session with nothing received.
    pub fn window(&self, config: &Config) -> u64 {
        config.effective_window().min((MAX_FRAME_RECORDS + self.lent) as u64)
    }

    /// Takes more credit from what is left to lend when the session has used half of its own, and gives some back when it
    /// uses little and `short` of it is what others are. Credit that the agent has is not taken from it: it is given back
    /// once that was used.
    pub fn lend(&mut self, config: &Config, left: &mut usize, short: &mut bool) {
        let window = self.window(config);
        let used = self.next - self.passed;
        if 2 * used > window || self.replies.len() + self.awaited >= (LEAST_REPLIES + self.lent) / 2 {
            let wanted = (config.effective_window() - window).min(window) as usize;
            let lent = if wanted <= *left { wanted } else { *left / ROOM_STEP * ROOM_STEP };
            *short |= lent < wanted;
            *left -= lent;
            self.lent += lent;
        } else if *short && self.lent > 0 && 8 * used < window && self.replies.len() <= LEAST_REPLIES {
            let kept = (self.credit.saturating_sub(self.passed) as usize).saturating_sub(MAX_FRAME_RECORDS);
            let back = self.lent.saturating_sub(kept.max(self.lent / 2));
            self.lent -= back;
            *left += back;
            let most = MAX_FRAME_RECORDS + self.lent;
            self.queue.shrink(most);
            self.replies.shrink_to(LEAST_REPLIES + self.lent);
        }
    }

    /// Writes the replies, the answers and the Ack that the agent has not seen on this connection, as far as they have room. Ack and
    /// Grown are the latest of their kind, however many the agent has caused. `short`: credit that was lent to a session that does
    /// not use it runs out.
    pub fn flush(&mut self, config: &Config, short: bool, connection: &mut Connection) {
        self.write_replies(config.max_output, connection);
        if self.grown_due && connection.may_note(config.max_output) {
            let (groups, contexts) = (self.grant.groups(), self.grant.contexts());
            connection.note(&Message::Grown(Grown { groups, contexts }));
            self.grown_due = false;
        }
        if self.owes_ack() && connection.may_note(config.max_output) {
            let window = self.window(config);
            let used = self.next - self.passed;
            let window = if short && self.lent > 0 && 8 * used < window { window / 2 } else { window };
            self.credit = self.credit.max(self.passed + window.max(MAX_FRAME_RECORDS as u64));
            connection.note(&Message::Ack(Ack { sequence: self.passed, credit: self.credit }));
            (self.acked, self.ack_due) = (self.passed, false);
        }
    }

    /// Puts a frame behind the replies that are there now, so that an agent that lets go of what a snapshot covers has
    /// every reply to it.
    pub fn answer(&mut self, frame: Vec<u8>) {
        self.answers.push_back((self.confirmed_replies + self.replies.len() as u64, frame));
    }

    /// Writes replies and answers in their order until `most` bytes wait on the connection.
    fn write_replies(&mut self, most: usize, connection: &mut Connection) {
        while connection.waiting().len() < most {
            let sent = self.confirmed_replies + self.replies_sent as u64;
            if let Some((_, frame)) = self.answers.pop_front_if(|(after, _)| *after <= sent) {
                connection.push_encoded(&frame);
                continue;
            }
            let due = self.answers.front().map_or(u64::MAX, |(after, _)| after - sent);
            let count = (self.replies.len() - self.replies_sent).min(REPLIES_IN_FRAME).min(due as usize);
            if count == 0 {
                break;
            }
            let (front, back) = self.replies.as_slices();
            let unsent = front.get(self.replies_sent..).filter(|unsent| !unsent.is_empty());
            let unsent = unsent.unwrap_or_else(|| &back[self.replies_sent - front.len()..]);
            let entries = &unsent[..unsent.len().min(count)];
            connection.push(&Message::Replies(Replies { entries }));
            self.replies_sent += entries.len();
        }
        if self.phase == Phase::Draining {
            // It sent Bye: the agent does not come back for them.
            self.confirmed_replies += self.replies_sent as u64;
            self.replies.drain(..self.replies_sent);
            self.replies_sent = 0;
        }
    }
}
