//! One session: a grant, the numbers of its records, and what has still to be sent to the agent.

use super::Identity;
use super::config::{Config, LEAST_REPLIES};
use super::connection::Connection;
use super::extents::Extents;
use super::outstanding::Owner;
use super::queue::{Cause, Grant, Queue, ROOM_STEP, reserve};
use crate::frame::message::{Cursors, REPLY_ENTRY_BYTES};
use crate::frame::{Ack, Hello, MAX_FRAME_RECORDS, Message, Replies, ReplyEntry, Secret};
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use deltascope_abi::counters::CounterRow;
use deltascope_abi::loss::Losses;
use deltascope_abi::record::{CLASSES, Record};
use deltascope_abi::reply::{Reply, SOURCE_BITS};

/// Entries of one Replies frame: the output is longer than its limit by one frame at most.
const REPLIES_IN_FRAME: usize = 2_048;
const _: () = assert!(REPLIES_IN_FRAME <= MAX_FRAME_RECORDS);
const _: () = assert!(REPLIES_IN_FRAME * REPLY_ENTRY_BYTES + 64 <= crate::frame::MAX_FRAME_BYTES);

/// Ids that a session remembers of those before it.
const PAST_IDS: usize = 16;

/// The id of a session that no Hello may name.
pub(super) const NOBODY: [u8; 16] = [0; 16];

/// Where a session is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Its contexts are being loaded with 0 and its baseline is being taken.
    Granting,
    /// Records flow.
    Live,
    /// Its last records are in the engine; the ranges are lent again when they have left it.
    Draining,
}

pub(super) struct Session {
    pub id: [u8; 16],
    /// Ids of the sessions that it went on from, the latest last.
    pub past: VecDeque<[u8; 16]>,
    pub agent: [u8; 16],
    pub secret: Secret,
    /// A later process of the agent goes on with what this session leaves.
    pub resumes: bool,
    pub identity: Identity,
    pub connection: Option<usize>,
    /// When the connection was lost.
    pub lost_at: u64,
    pub phase: Phase,
    /// What is lent to it; the grant is behind it while it grows.
    pub groups: Extents,
    pub contexts: Extents,
    pub grant: Grant,
    /// The grant grows: what is new in it is being cleared.
    pub growing: bool,
    /// When the grant was made.
    pub granted_at: u64,
    /// Number of the grant, as Welcome and Hello carry it.
    pub number: u64,
    pub inherited: bool,
    /// The agent has shown that it knows the number of its grant.
    pub confirmed: bool,
    /// Records came under this grant.
    pub received: bool,
    /// Records came under this grant, or under one that it was inherited from: there is something to go on with.
    pub leaves: bool,
    /// Frames that the server had decoded when a Records frame of the session came last.
    pub stamp: u64,
    /// Journal position at the grant.
    pub position: u64,
    /// First context and journal position of each growth since: before it the contexts from there on were another session's.
    pub grown_at: Vec<(u32, u64)>,
    /// Counters of the engine at the grant; empty until they are known.
    pub baseline: Vec<CounterRow>,
    /// Rows of the snapshot that is being read, from runs before its last.
    pub partial: Vec<CounterRow>,
    pub queue: Queue,
    /// Rises when waiting replies lose their addressee.
    pub epoch: u32,
    /// Rises when records are numbered again.
    pub numbering: u32,
    /// Records inside the engine.
    pub inside: usize,
    /// Replies that they will cause.
    pub awaited: usize,
    /// Number of the record that is expected next.
    pub next: u64,
    /// Records numbered below this are inside the engine or have passed.
    pub submitted: u64,
    /// Records numbered below this have passed.
    pub passed: u64,
    /// Records numbered below this may be sent by the agent.
    pub credit: u64,
    pub acked: u64,
    /// The agent sent a frame without records and waits for a sign of life.
    pub ack_due: bool,
    /// Replies that the agent has not confirmed.
    replies: VecDeque<[u8; REPLY_ENTRY_BYTES]>,
    replies_sent: usize,
    /// Replies confirmed since the session began.
    confirmed_replies: u64,
    /// Frames that are written behind the replies of before: how many those are since the session began.
    answers: VecDeque<(u64, Vec<u8>)>,
    /// Records of credit that are lent to the session.
    pub lent: usize,
    /// Rises with each connection: requests die with the one that they came over.
    pub round: u32,
    /// Requests of this connection that are not answered.
    pub snapshots: usize,
    pub states: usize,
    pub losses: Losses,
    pub cursors: Vec<[u8; 16]>,
}

impl Session {
    pub fn new(hello: &Hello<'_>, identity: Identity, groups: Extents, contexts: Extents) -> Session {
        Session {
            id: hello.session,
            past: VecDeque::new(),
            agent: hello.agent,
            secret: hello.secret,
            resumes: hello.resumes,
            identity,
            connection: None,
            lost_at: 0,
            phase: Phase::Granting,
            grant: Grant::new(&groups, &contexts),
            groups,
            contexts,
            growing: false,
            granted_at: 0,
            number: 0,
            inherited: false,
            confirmed: false,
            received: false,
            leaves: false,
            stamp: 0,
            position: 0,
            grown_at: Vec::new(),
            baseline: Vec::new(),
            partial: Vec::new(),
            queue: Queue::default(),
            epoch: 0,
            numbering: 0,
            inside: 0,
            awaited: 0,
            next: 0,
            submitted: 0,
            passed: 0,
            credit: 0,
            acked: 0,
            ack_due: false,
            replies: VecDeque::new(),
            replies_sent: 0,
            confirmed_replies: 0,
            answers: VecDeque::new(),
            lent: 0,
            round: 0,
            snapshots: 0,
            states: 0,
            losses: Losses::default(),
            cursors: Vec::new(),
        }
    }

    /// Renews the grant under `number`: whatever waited is forgotten, contexts are loaded with 0 and a baseline
    /// is taken behind what is inside the engine. The agent numbers its records from `next` on.
    pub fn renew(&mut self, number: u64, next: u64, now: u64) {
        self.forget_answers();
        self.queue.clear();
        self.baseline.clear();
        self.numbering += 1;
        (self.number, self.inherited, self.confirmed, self.received) = (number, false, false, false);
        (self.leaves, self.granted_at) = (false, now);
        (self.next, self.submitted, self.passed, self.acked, self.credit) = (next, next, next, next, next);
        (self.losses, self.cursors) = (Losses::default(), Vec::new());
        self.phase = Phase::Granting;
        self.grant_all();
        self.clear_contexts(0);
        self.ask_rows(0, self.groups.count(), Cause::Baseline);
    }

    /// Grants everything that is lent; its contexts are all (0, 0).
    pub fn grant_all(&mut self) {
        self.growing = false;
        self.grown_at.clear();
        self.grant = Grant::new(&self.groups, &self.contexts);
    }

    /// Asks for the counters of groups `first..end`, in one snapshot for each run of the engine's groups. The last one has
    /// `cause`.
    pub fn ask_rows(&mut self, first: u32, end: u32, cause: Cause) {
        let mut runs = self.groups.inside(first, end).peekable();
        while let Some(run) = runs.next() {
            let cause = if runs.peek().is_some() { Cause::Rows } else { cause };
            self.queue.push_marked(Record::snapshot(run.start as u16, (run.end - 1) as u16), cause);
        }
    }

    /// Grants what was lent beside the grant. It is ready since journal position `position`.
    pub fn finish_growth(&mut self, position: u64) {
        self.growing = false;
        self.baseline.append(&mut self.partial);
        self.grown_at.push((self.grant.contexts(), position));
        self.grant = Grant::new(&self.groups, &self.contexts);
    }

    /// The oldest mark that a state of the context may be asked at.
    pub fn oldest_mark(&self, context: u32) -> u64 {
        let grown = self.grown_at.iter().rev().find(|(first, _)| *first <= context);
        grown.map_or(self.position, |(_, position)| *position)
    }

    /// Prepares what was lent beside the grant; [`Cause::Grown`] comes when it is ready.
    pub fn begin_growth(&mut self) {
        self.growing = true;
        self.clear_contexts(self.grant.contexts());
        self.ask_rows(self.grant.groups(), self.groups.count(), Cause::Rows);
        self.queue.push_marked(Record::sync(self.number), Cause::Grown);
    }

    /// Hands the grant to the agent's next session: counters and numbers go on, contexts are loaded with 0 behind
    /// the records that wait, whose answers are dropped.
    pub fn inherit(&mut self, number: u64, hello: &Hello<'_>, now: u64) {
        self.forget_answers();
        self.queue.orphan();
        self.succeed(hello);
        (self.number, self.inherited, self.confirmed, self.received) = (number, true, false, false);
        self.phase = Phase::Granting;
        (self.ack_due, self.granted_at) = (true, now);
        self.grant_all();
        self.clear_contexts(0);
        // Groups that came while the grant grew, or that come now, have no baseline yet.
        self.ask_rows((self.baseline.len() / CLASSES) as u32, self.groups.count(), Cause::Rows);
        self.queue.push_marked(Record::sync(number), Cause::Inherited);
    }

    /// Returns whether the grant is as large as a Hello asks for.
    pub fn covers(&self, hello: &Hello<'_>) -> bool {
        hello.groups <= self.grant.groups() && hello.contexts <= self.grant.contexts()
    }

    /// Returns whether a Hello is of the same agent: the transport knows who it is, or it knows the agent's secret. An id
    /// alone proves nothing, because other users of the host see it.
    pub fn is_of_agent(&self, hello: &Hello<'_>, identity: Identity) -> bool {
        let proved = identity != Identity::ANYBODY || !hello.secret.is_none();
        proved && self.agent == hello.agent && self.identity == identity && self.secret.matches(&hello.secret)
    }

    /// The session is that of another process of the agent now.
    pub fn succeed(&mut self, hello: &Hello<'_>) {
        if self.id == hello.session {
            return;
        }
        if self.past.len() == PAST_IDS {
            self.past.pop_front();
        }
        self.past.push_back(self.id);
        (self.id, self.resumes) = (hello.session, hello.resumes);
    }

    /// LOADs 0 into every context from `first` on.
    fn clear_contexts(&mut self, first: u32) {
        for run in self.contexts.inside(first, self.contexts.count()) {
            self.queue.push_silent(run.map(|context| Record::load(context as u16, 0)));
        }
    }

    /// Returns whether a later process of the agent may go on with what the session leaves.
    pub fn has_heirs(&self) -> bool {
        let proved = self.identity != Identity::ANYBODY || !self.secret.is_none();
        self.resumes && proved && self.leaves
    }

    /// Replies and requests of before have no addressee any more.
    fn forget_answers(&mut self) {
        self.epoch += 1;
        self.confirmed_replies += self.replies.len() as u64;
        self.replies.clear();
        self.answers.clear();
        self.awaited = 0;
        self.partial.clear();
        (self.replies_sent, self.snapshots, self.states) = (0, 0, 0);
    }

    /// Requests die with their connection; replies are kept and sent again.
    pub fn resume(&mut self, replies_below: u64) {
        self.confirm_replies(replies_below);
        self.round = self.round.wrapping_add(1);
        self.answers.clear();
        (self.replies_sent, self.snapshots, self.states) = (0, 0, 0);
        self.ack_due = true;
    }

    /// The owner of a batch or an answer.
    pub fn owner(&self, slot: usize) -> Owner {
        Owner { slot, epoch: self.epoch }
    }

    /// The owner of answers that no agent waits for: the session as it was before.
    pub fn former_owner(&self, slot: usize) -> Owner {
        Owner { slot, epoch: self.epoch.wrapping_sub(1) }
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
        self.replies_sent == self.replies.len() && self.answers.is_empty()
    }

    /// No agent comes back for the session: what waits is forgotten and nothing is kept.
    pub fn drain(&mut self) {
        self.forget_answers();
        self.queue.clear();
        (self.phase, self.id) = (Phase::Draining, NOBODY);
    }

    /// The agent said Bye: what waits still passes the engine, and a later Hello does not find the session.
    pub fn end(&mut self) {
        (self.phase, self.id) = (Phase::Draining, NOBODY);
    }

    /// Whether nothing of the session waits or is inside the engine.
    pub fn is_drained(&self) -> bool {
        self.queue.len() == 0 && self.inside == 0
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

    /// Writes the replies, the answers and the Ack that the agent has not seen on this connection. `short`: credit that was
    /// lent to a session that does not use it runs out.
    pub fn flush(&mut self, config: &Config, short: bool, connection: &mut Connection) {
        self.write_replies(config.max_output, connection);
        if self.ack_due || self.passed > self.acked {
            let window = self.window(config);
            let used = self.next - self.passed;
            let window = if short && self.lent > 0 && 8 * used < window { window / 2 } else { window };
            self.credit = self.credit.max(self.passed + window.max(MAX_FRAME_RECORDS as u64));
            connection.push(&Message::Ack(Ack { sequence: self.passed, credit: self.credit }));
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
            // It said Bye: the agent does not come back for them.
            self.confirmed_replies += self.replies_sent as u64;
            self.replies.drain(..self.replies_sent);
            self.replies_sent = 0;
        }
    }

    /// Bytes that the session has of the allocator.
    pub fn bytes(&self) -> usize {
        let answers: usize = self.answers.iter().map(|(_, frame)| frame.capacity()).sum();
        self.queue.bytes() + self.replies.capacity() * REPLY_ENTRY_BYTES + answers
    }

    /// Groups and classes of the session's rows `first..=last`, with what was counted since the grant.
    pub fn rows_since<'a>(
        &'a self,
        first: u16,
        rows: &'a [CounterRow],
    ) -> impl Iterator<Item = (u16, usize, CounterRow)> + 'a {
        let baseline = self.baseline.iter().skip(first as usize * CLASSES);
        let rows = rows.iter().zip(baseline).enumerate();
        rows.map(move |(at, (row, baseline))| (first + (at / CLASSES) as u16, at % CLASSES, row.since(baseline)))
    }

    /// The cursors as a Welcome carries them.
    pub fn cursors(&self) -> Cursors<'_> {
        Cursors(&self.cursors)
    }
}
