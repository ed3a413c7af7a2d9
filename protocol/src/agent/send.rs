//! What an [`Endpoint`] sends besides the frames of its retention: Hello, requests, LOADs of a restore, keepalives and Bye.

use super::state::{Endpoint, Granted, State};
use super::{Config, EndpointError};
use crate::frame::{
    Bye, Cursors, Extensions, Grow, Hello, MAX_HELLO_BYTES, Message, Records, SnapshotRequest, records_overhead,
};
use crate::time::micros;
use alloc::vec::Vec;
use deltascope_abi::ABI_VERSION;
use deltascope_abi::record::RECORD_BYTES;

/// Requests for snapshots that are on their way at a time; a server allows four.
const SNAPSHOTS_AT_A_TIME: usize = 3;
/// States asked for at a time; a server allows 256.
const STATES_AT_A_TIME: usize = 128;
/// Records of one frame of a restore.
const RESTORE_RECORDS: usize = 4_096;
/// Bound on the length of SnapshotRequest, StateAt and Bye.
const SMALL_BYTES: usize = 64;
/// Time after which replies that were taken are confirmed and losses are reported, if no records do it.
const NEWS_DELAY: u64 = 50_000;

impl Endpoint {
    pub(crate) fn send_hello(&mut self) {
        let oldest_sequence = self.oldest();
        let Endpoint { identity, granted, control, retention, config, .. } = self;
        let (groups, contexts) = match granted {
            Some(Granted { groups, contexts, .. }) => (*groups, *contexts),
            None => (config.groups, config.contexts),
        };
        let hello = Hello {
            abi_version: ABI_VERSION,
            session: identity.session,
            agent: identity.agent,
            secret: identity.secret,
            nonce: identity.nonce,
            resumes: identity.resumes,
            groups,
            contexts,
            oldest_sequence,
            next_sequence: retention.next(),
            boot_id: granted.as_ref().map_or(0, |granted| granted.boot_id),
            grant: granted.as_ref().map_or(0, |granted| granted.grant),
            replies_below: self.replies_below,
            host: &identity.host,
            extensions: Extensions::NONE,
        };
        control.push(MAX_HELLO_BYTES, &Message::Hello(hello));
        self.state = State::Handshake;
    }

    /// Decides what is due: a snapshot, a frame without records.
    pub(crate) fn schedule(&mut self, now: u64) {
        if self.state != State::Streaming {
            return;
        }
        let (next, covered, sent) = (self.retention.next(), self.progress.covered, self.sent_below());
        let due = now >= self.snapshot_asked + micros(self.config.snapshot_interval) || self.is_half_full();
        let last = self.finishing && covered < next;
        if self.control.asks.is_empty() && (last || due && sent > covered) {
            self.snapshot_asked = now;
            self.control.ask_internal(if last { next } else { 0 });
        }
        let silent = now.saturating_sub(self.spoke);
        let due = silent >= micros(self.config.keepalive) || self.has_news() && silent >= NEWS_DELAY;
        self.control.keepalive |= due && self.transmit().is_empty();
    }

    fn is_half_full(&self) -> bool {
        self.retention.used() > self.retention.size() / 2
    }

    /// Whether the server does not know something that only a frame without records may tell it.
    fn has_news(&self) -> bool {
        self.mark_dirty || self.mark.replies_below > self.control.confirmed
    }

    /// Whether the server owes a frame.
    fn is_owed(&self) -> bool {
        matches!(self.state, State::Handshake | State::Inheriting | State::Leaving)
            || self.sent_below() > self.acked
            || self.control.awaits_ack
            || self.control.growth_sent
            || self.control.asks.iter().any(|ask| ask.sent)
            || self.control.states.iter().any(|(_, sent)| *sent)
    }

    /// When [`Endpoint::poll`] has something to do again.
    pub(crate) fn deadline(&mut self, now: u64) -> Result<Option<u64>, EndpointError> {
        let Config { max_delay, snapshot_interval, keepalive, silence: limit, .. } = self.config;
        // A server that owed nothing was not silent: the limit begins when it owes something.
        self.owed_since = self.is_owed().then(|| self.owed_since.unwrap_or(now));
        let silent_at = self.owed_since.map(|since| since.max(self.heard) + micros(limit));
        if silent_at.is_some_and(|at| now >= at) {
            return Err(EndpointError::Silent { limit });
        }
        let streaming = self.state == State::Streaming;
        let snapshot = streaming && self.control.asks.is_empty() && self.sent_below() > self.progress.covered;
        let due = [
            self.waiting_since.map(|since| since + micros(max_delay)),
            snapshot.then_some(self.snapshot_asked + micros(snapshot_interval)),
            streaming.then_some(self.spoke + micros(keepalive)),
            (streaming && self.has_news()).then_some(self.spoke + NEWS_DELAY),
            silent_at,
        ];
        Ok(due.into_iter().flatten().min())
    }

    /// Fills the control buffer, at a boundary between frames.
    pub(crate) fn pump(&mut self, now: u64) {
        let open = matches!(self.state, State::Streaming | State::Inheriting);
        if !open || !self.control.waiting().is_empty() || self.send_restore() {
            return;
        }
        let sent = self.sent_below();
        let last = self.granted.as_ref().map_or(0, |granted| granted.groups.saturating_sub(1));
        let control = &mut self.control;
        for at in 0..control.asks.len().min(SNAPSHOTS_AT_A_TIME) {
            let ask = &mut control.asks[at];
            if !ask.sent && ask.after <= sent {
                (ask.sent, ask.last) = (true, last);
                let request = SnapshotRequest { token: ask.token, first: 0, last };
                control.push(SMALL_BYTES, &Message::SnapshotRequest(request));
            }
        }
        for at in 0..control.states.len().min(STATES_AT_A_TIME) {
            if let (ask, sent @ false) = &mut control.states[at] {
                *sent = true;
                let ask = *ask;
                control.push(SMALL_BYTES, &Message::StateAt(ask));
            }
        }
        self.send_growth();
        if self.control.keepalive && self.state == State::Streaming {
            self.send_keepalive(sent);
        }
        self.send_bye(sent);
        if !self.control.waiting().is_empty() {
            self.spoke = self.spoke.max(now);
        }
    }

    fn send_growth(&mut self) {
        let Endpoint { granted, control, state, .. } = self;
        if let (Some((groups, contexts)), Some(granted), false, State::Streaming) =
            (control.growth, granted, control.growth_sent, *state)
        {
            let groups = groups.clamp(granted.groups, granted.most_groups.max(granted.groups));
            let contexts = contexts.clamp(granted.contexts, granted.most_contexts.max(granted.contexts));
            control.growth_sent = true;
            control.push(SMALL_BYTES, &Message::Grow(Grow { groups, contexts }));
        }
    }

    /// A frame without records: a sign of life that confirms replies and, when every committed record was sent,
    /// reports losses and cursors. With a first number below the expected one it leaves those as they are.
    fn send_keepalive(&mut self, sent: u64) {
        let all_sent = sent == self.retention.next();
        let first = if all_sent { sent } else { sent.saturating_sub(1) };
        let replies_below = self.mark.replies_below;
        // No number is lower than that of the first record: before it is sent, what it begins with is reported again.
        let mark = if all_sent || sent > 0 { &self.mark } else { &self.covered_mark };
        let cursors: Vec<_> = mark.cursors.iter().map(|cursor| cursor.to_bytes()).collect();
        let (losses, cursors) = (mark.losses, Cursors(&cursors));
        let frame = Records { first_sequence: first, replies_below, losses, cursors, records: &[] };
        self.control.push(records_overhead(cursors.0.len()), &Message::Records(frame));
        (self.control.keepalive, self.control.awaits_ack, self.control.confirmed) = (false, true, replies_below);
        self.mark_dirty &= !all_sent;
    }

    /// The next records that restore the contexts of a new grant. Gives whether there are any left or on their way.
    fn send_restore(&mut self) -> bool {
        let Some((next, skip)) = self.control.restore else { return false };
        let room = self.credit.saturating_sub(next).min(RESTORE_RECORDS as u64) as usize;
        let records: Vec<[u8; RECORD_BYTES]> =
            self.contexts.restore().skip(skip).take(room).map(|record| record.to_bytes()).collect();
        let count = records.len();
        if count > 0 {
            let cursors: Vec<_> = self.covered_mark.cursors.iter().map(|cursor| cursor.to_bytes()).collect();
            let frame = Records {
                first_sequence: next,
                replies_below: self.mark.replies_below,
                losses: self.covered_mark.losses,
                cursors: Cursors(&cursors),
                records: &records,
            };
            let bound = records_overhead(cursors.len()) + count * RECORD_BYTES;
            self.control.push(bound, &Message::Records(frame));
        }
        let next = next + count as u64;
        self.control.restore = (next < self.progress.covered).then_some((next, skip + count));
        count > 0 || self.control.restore.is_some()
    }

    fn send_bye(&mut self, sent: u64) {
        let next_sequence = self.retention.next();
        let quiet = self.control.asks.is_empty() && self.control.states.is_empty();
        let answered = self.acked == next_sequence && self.replies_below >= self.retention.replies_end;
        let covered = sent == next_sequence && self.progress.covered == next_sequence;
        if self.finishing && self.state == State::Streaming && quiet && answered && covered {
            self.control.push(SMALL_BYTES, &Message::Bye(Bye { next_sequence }));
            self.state = State::Leaving;
        }
    }
}
