//! One session: a grant, the numbers of its records, and what has still to be sent to the agent.

use super::extents::Extents;
use super::outstanding::Owner;
use super::queue::{Cause, Queue};
use super::rules::Grant;
use super::{Holder, Identity, Peer};
use crate::frame::elements::{Cursors, REPLY_ENTRY_BYTES};
use crate::frame::{Hello, Secret};
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use deltascope_abi::counters::CounterRow;
use deltascope_abi::loss::Losses;
use deltascope_abi::record::{CLASSES, Record};

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
    /// Ids of the sessions that it continued from, the latest last.
    pub past: VecDeque<[u8; 16]>,
    pub agent: [u8; 16],
    pub secret: Secret,
    /// A later process of the agent continues with what this session leaves.
    pub resumes: bool,
    pub identity: Identity,
    /// The holder that its place counts for: that of its latest connection.
    pub holder: Holder,
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
    /// The agent asked for more and waits for what it has now.
    pub grown_due: bool,
    /// When the grant was made.
    pub granted_at: u64,
    /// When a record came last, or else when the grant was made.
    pub recorded_at: u64,
    /// Number of the first record whose counters the grant holds.
    pub begun: u64,
    /// Number of the grant, as Welcome and Hello carry it.
    pub number: u64,
    pub inherited: bool,
    /// The agent has shown that it knows the number of its grant.
    pub confirmed: bool,
    /// Records came under this grant.
    pub received: bool,
    /// Events, losses or cursors came under this grant, or under one that it was inherited from: there is something to continue
    /// with.
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
    pub replies: VecDeque<[u8; REPLY_ENTRY_BYTES]>,
    pub replies_sent: usize,
    /// Replies confirmed since the session began.
    pub confirmed_replies: u64,
    /// Frames that are written behind the replies of before: how many those are since the session began.
    pub answers: VecDeque<(u64, Vec<u8>)>,
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
    pub fn new(hello: &Hello<'_>, peer: &Peer, groups: Extents, contexts: Extents) -> Session {
        Session {
            id: hello.session,
            past: VecDeque::new(),
            agent: hello.agent,
            secret: hello.secret,
            resumes: hello.resumes,
            identity: peer.identity,
            holder: peer.holder,
            connection: None,
            lost_at: 0,
            phase: Phase::Granting,
            grant: Grant::new(&groups, &contexts),
            groups,
            contexts,
            growing: false,
            grown_due: false,
            granted_at: 0,
            recorded_at: 0,
            begun: 0,
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
        (self.leaves, self.granted_at, self.recorded_at, self.begun) = (false, now, now, next);
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
        let before = self.grown_at.partition_point(|(first, _)| *first <= context).checked_sub(1);
        before.map_or(self.position, |index| self.grown_at[index].1)
    }

    /// Prepares what was lent beside the grant; [`Cause::Grown`] comes when it is ready.
    pub fn begin_growth(&mut self) {
        self.growing = true;
        self.clear_contexts(self.grant.contexts());
        self.ask_rows(self.grant.groups(), self.groups.count(), Cause::Rows);
        self.queue.push_marked(Record::sync(self.number), Cause::Grown);
    }

    /// Hands the grant to the agent's next session: counters and numbers continue, contexts are loaded with 0 behind
    /// the records that wait, whose answers are dropped.
    pub fn inherit(&mut self, number: u64, hello: &Hello<'_>, now: u64) {
        let is_clear = self.inherited && !self.received;
        self.forget_answers();
        self.queue.orphan();
        self.succeed(hello);
        (self.number, self.inherited, self.confirmed, self.received) = (number, true, false, false);
        self.phase = Phase::Granting;
        (self.ack_due, self.granted_at, self.recorded_at) = (true, now, now);
        // After an inheritance of which nothing came the contexts are cleared, or will be by what waits.
        let cleared = if is_clear { self.grant.contexts() } else { 0 };
        self.grant_all();
        self.clear_contexts(cleared);
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

    /// Returns whether a later process of the agent may continue with what the session leaves.
    pub fn has_heirs(&self) -> bool {
        let proved = self.identity != Identity::ANYBODY || !self.secret.is_none();
        self.resumes && proved && self.leaves
    }

    /// The owner of a batch or an answer.
    pub fn owner(&self, slot: usize) -> Owner {
        Owner { slot, epoch: self.epoch }
    }

    /// The owner of answers that no agent waits for: the session as it was before.
    pub fn former_owner(&self, slot: usize) -> Owner {
        Owner { slot, epoch: self.epoch.wrapping_sub(1) }
    }

    /// Whether it has groups and contexts; one without only waits for its last records to leave the engine.
    pub fn has_place(&self) -> bool {
        self.groups.count() > 0
    }

    /// No agent comes back for the session: what waits is forgotten and nothing is kept.
    pub fn drain(&mut self) {
        self.forget_answers();
        (self.queue, self.replies, self.answers) = (Queue::default(), VecDeque::new(), VecDeque::new());
        (self.baseline, self.partial, self.cursors) = (Vec::new(), Vec::new(), Vec::new());
        (self.phase, self.id) = (Phase::Draining, NOBODY);
    }

    /// The agent sent Bye: what waits still passes the engine, and a later Hello does not find the session.
    pub fn end(&mut self) {
        (self.phase, self.id) = (Phase::Draining, NOBODY);
    }

    /// Whether nothing of the session waits or is inside the engine.
    pub fn is_drained(&self) -> bool {
        self.queue.len() == 0 && self.inside == 0
    }

    /// Bytes that the session has of the allocator.
    pub fn bytes(&self) -> usize {
        let answers: usize = self.answers.iter().map(|(_, frame)| frame.capacity()).sum();
        let answers = answers + self.answers.capacity() * size_of::<(u64, Vec<u8>)>();
        let rows = (self.baseline.capacity() + self.partial.capacity()) * size_of::<CounterRow>();
        let marks =
            self.cursors.capacity() * size_of::<[u8; 16]>() + self.grown_at.capacity() * size_of::<(u32, u64)>();
        self.queue.bytes() + self.replies.capacity() * REPLY_ENTRY_BYTES + answers + rows + marks
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
