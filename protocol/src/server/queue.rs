//! Records of one session on their way into the engine: checked against the grant, with the grant's base added.

use super::extents::Extents;
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::ops::Range;
use deltascope_abi::record::{Op, RECORD_BYTES, Record, field};

/// Why a record of a queue answers, and who waits for the answer. A request names the connection that it came over
/// (`round`, see `Session`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// A record of the agent.
    Reply { sequence: u64, op: Op },
    /// The server's SNAPSHOT at a grant.
    Baseline,
    /// The server's SNAPSHOT of a run of groups that more belongs to.
    Rows,
    /// The server's SYNC when a grant is inherited.
    Inherited,
    /// The server's SYNC when a grant has grown.
    Grown,
    /// The server's SNAPSHOT for a request; `first` and `last` as the session numbers them.
    Snapshot { round: u32, token: u64, sequence: u64, first: u16, last: u16 },
    /// The server's QUERY for a request; its READ follows.
    Query,
    /// The server's READ for a request, right behind its QUERY.
    State { round: u32, token: u64, mark: u64, sequence: u64, context: u16 },
    /// The server's SYNC for a request whose mark cannot be answered.
    TooOld { round: u32, token: u64, mark: u64, sequence: u64, context: u16 },
}

/// What is wrong with a record of an agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Violation {
    /// An op that is the server's, or none at all.
    Op { index: usize, code: u8 },
    /// A group beyond the grant.
    Group { index: usize, group: u16 },
    /// A context beyond the grant.
    Context { index: usize, context: u16 },
}

/// What one op may name, and how its head becomes the engine's.
#[derive(Clone, Copy, Debug)]
struct Rule {
    /// The last group that is allowed; negative: the op is not.
    last_group: i32,
    /// The last context that is allowed.
    last_context: i32,
    /// Bases of the grant as they are in the head, for the fields that the op uses. The engine ignores the others.
    add: u64,
}

/// The rule of an op that no session may send.
const FORBIDDEN: Rule = Rule { last_group: -1, last_context: -1, add: 0 };

/// What records of a session name, taken together.
#[derive(Clone, Copy, Debug, Default)]
struct Found {
    /// Negative if a group or context is beyond its rule.
    room: i32,
    /// Op codes, as bits.
    ops: u32,
    /// Low halves of the heads, ORed.
    heads: u32,
}

impl Found {
    /// Whether one of the records may answer.
    fn may_answer(&self) -> bool {
        let asked = self.heads & field::REPLY.mask() as u32 != 0;
        Op::ALL.into_iter().any(|op| self.ops >> op as u32 & 1 != 0 && op.replies(asked))
    }
}

/// A grant as a table by op code, so that checking a record takes no branch.
#[derive(Clone, Debug)]
pub(super) struct Grant {
    rules: [Rule; 16],
    groups: u32,
    contexts: u32,
    /// The engine's numbers one by one, for a grant in several runs.
    map: Option<Map>,
}

/// The engine's groups and contexts by the session's.
#[derive(Clone, Debug)]
struct Map {
    groups: Vec<u16>,
    contexts: Vec<u16>,
}

/// More than any group or context.
const ANY: u32 = 1 << 16;
/// Records that are checked before they are queued.
const CHECKED_AT_ONCE: usize = 64;

impl Grant {
    pub fn new(groups: &Extents, contexts: &Extents) -> Grant {
        let mut rules = [FORBIDDEN; 16];
        let list = |extents: &Extents| extents.runs().iter().flat_map(|run| run.clone()).map(|n| n as u16).collect();
        let map = match (groups.runs(), contexts.runs()) {
            ([_], [_]) => None,
            _ => Some(Map { groups: list(groups), contexts: list(contexts) }),
        };
        let base = |extents: &Extents| if map.is_none() { extents.runs()[0].start.into() } else { 0 };
        let (group_base, context_base) = (base(groups), base(contexts));
        for op in Op::ALL.into_iter().filter(|op| op.is_of_sessions()) {
            let (groups, group_add) = match op.counts() {
                true => (groups.count(), field::GROUP.set(0, group_base)),
                false => (ANY, 0),
            };
            let (contexts, context_add) = match op.uses_context() {
                true => (contexts.count(), field::CONTEXT.set(0, context_base)),
                false => (ANY, 0),
            };
            let last = |count: u32| count as i32 - 1;
            let (last_group, last_context) = (last(groups), last(contexts));
            rules[op as usize] = Rule { last_group, last_context, add: group_add | context_add };
        }
        Grant { rules, groups: groups.count(), contexts: contexts.count(), map }
    }

    /// Groups granted.
    pub fn groups(&self) -> u32 {
        self.groups
    }

    /// Contexts granted.
    pub fn contexts(&self) -> u32 {
        self.contexts
    }

    /// Adds the bases of the grant to `records`, and returns what they name. The board's processor spends most of its time
    /// here and in the checksum (`cargo xtask board cost`).
    fn pass(&self, records: &[[u8; RECORD_BYTES]], passed: &mut [Record]) -> Found {
        let (mut room, mut ops, mut heads) = (0, 0, 0);
        for (bytes, passed) in records.iter().zip(passed) {
            let Record { head, operand } = Record::from_bytes(bytes);
            let code = head as usize & 15;
            let rule = &self.rules[code];
            let (group, context) = (field::GROUP.get(head) as i32, field::CONTEXT.get(head) as i32);
            room |= (rule.last_group.wrapping_sub(group)) | (rule.last_context.wrapping_sub(context));
            ops |= 1 << code;
            heads |= head as u32;
            *passed = Record { head: head.wrapping_add(rule.add), operand };
        }
        Found { room, ops, heads }
    }

    fn violation(&self, index: usize, record: &Record) -> Option<Violation> {
        let rule = &self.rules[record.op_code() as usize & 15];
        if rule.last_group < 0 {
            return Some(Violation::Op { index, code: record.op_code() });
        }
        if i32::from(record.group()) > rule.last_group {
            return Some(Violation::Group { index, group: record.group() });
        }
        let out = i32::from(record.context()) > rule.last_context;
        out.then_some(Violation::Context { index, context: record.context() })
    }
}

impl Map {
    /// Puts the engine's numbers in place of the session's. They were checked.
    fn translate(&self, record: &mut Record) {
        let Some(op) = record.op() else { return };
        if op.counts()
            && let Some(&group) = self.groups.get(usize::from(record.group()))
        {
            *record = record.with_group(group);
        }
        if op.uses_context()
            && let Some(&context) = self.contexts.get(usize::from(record.context()))
        {
            *record = record.with_context(context);
        }
    }
}

/// Records that wait, in the order in which they enter the engine.
#[derive(Debug, Default)]
pub(super) struct Queue {
    records: VecDeque<Record>,
    /// Records taken since the queue was made: the index of the first that waits.
    taken: u64,
    /// The server's own records that answer, by index.
    marks: VecDeque<(u64, Cause)>,
    /// Indices of the server's own records that answer nothing.
    silent: VecDeque<Range<u64>>,
    /// Records of the agent that wait, and the number of the first of them.
    agents: u64,
    first: u64,
    /// Records up to this index hold some of the agent that answer.
    answering: u64,
    /// No session waits for the answers of records before this index.
    orphans: u64,
}

impl Queue {
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Records of the agent that wait.
    pub fn agents(&self) -> u64 {
        self.agents
    }

    fn end(&self) -> u64 {
        self.taken + self.len() as u64
    }

    /// Bytes that the queue has of the allocator.
    pub fn bytes(&self) -> usize {
        self.records.capacity() * RECORD_BYTES
    }

    /// The first records that wait and stand together, at most `count`.
    pub fn front(&self, count: usize) -> &[Record] {
        let (front, _) = self.records.as_slices();
        &front[..front.len().min(count)]
    }

    /// Checks records of the agent, the first with number `sequence`, and queues them all or none.
    pub fn push_records(
        &mut self,
        records: &[[u8; RECORD_BYTES]],
        sequence: u64,
        grant: &Grant,
    ) -> Result<(), Violation> {
        let start = self.records.len();
        reserve(&mut self.records, records.len());
        let mut passed = [Record::nop(); CHECKED_AT_ONCE];
        let mut may_answer = false;
        for (part, records) in records.chunks(CHECKED_AT_ONCE).enumerate() {
            let passed = &mut passed[..records.len()];
            let found = grant.pass(records, passed);
            if found.room < 0 {
                self.records.truncate(start);
                let mut records = (part * CHECKED_AT_ONCE..).zip(records);
                let first = records.find_map(|(index, bytes)| grant.violation(index, &Record::from_bytes(bytes)));
                return first.map_or(Ok(()), Err);
            }
            may_answer |= found.may_answer();
            self.records.extend(&*passed);
        }
        if let Some(map) = &grant.map {
            self.records.range_mut(start..).for_each(|record| map.translate(record));
        }
        if self.agents == 0 {
            self.first = sequence;
        }
        self.agents += records.len() as u64;
        if may_answer {
            self.answering = self.end();
        }
        Ok(())
    }

    /// Queues records of the server that answer nothing.
    pub fn push_silent(&mut self, records: impl ExactSizeIterator<Item = Record>) {
        let start = self.end();
        reserve(&mut self.records, records.len());
        self.records.extend(records);
        self.silent.push_back(start..self.end());
    }

    /// Queues a record of the server that answers.
    pub fn push_marked(&mut self, record: Record, cause: Cause) {
        self.marks.push_back((self.end(), cause));
        reserve(&mut self.records, 1);
        self.records.push_back(record);
    }

    /// No session waits for the answers of the records that wait now.
    pub fn orphan(&mut self) {
        self.orphans = self.end();
    }

    /// The engine took the first `count` records. What answers goes to `sink` in order, each with whether somebody waits
    /// for the answer; gives how many of the records were the agent's.
    pub fn take(&mut self, count: usize, mut sink: impl FnMut(Cause, bool)) -> u64 {
        let end = self.taken + count as u64;
        let mut agents = 0;
        let mut at = self.taken;
        while at < end {
            let mark = self.marks.front().map(|(index, _)| *index);
            let silent = self.silent.front().cloned();
            if mark == Some(at) {
                if let Some((_, cause)) = self.marks.pop_front() {
                    sink(cause, at >= self.orphans);
                }
                at += 1;
            } else if let Some(run) = silent.clone().filter(|run| run.contains(&at)) {
                at = run.end.min(end);
                if at == run.end {
                    self.silent.pop_front();
                }
            } else {
                // Records of the agent, up to the next one of the server.
                let next = mark.into_iter().chain(silent.map(|run| run.start)).fold(end, u64::min);
                if at < self.answering {
                    self.answers(at..next.min(self.answering), agents, &mut sink);
                }
                agents += next - at;
                at = next;
            }
        }
        self.records.drain(..count);
        self.taken = end;
        self.agents -= agents;
        self.first += agents;
        agents
    }

    /// The records of the agent among `range` that answer; `before`: as many of its records come before them.
    fn answers(&self, range: Range<u64>, before: u64, sink: &mut impl FnMut(Cause, bool)) {
        let records = self.records.range((range.start - self.taken) as usize..(range.end - self.taken) as usize);
        for (offset, record) in (0..).zip(records) {
            if let Some(op) = record.op().filter(|op| op.always_replies() || record.reply() && op.replies(true)) {
                let sequence = self.first + before + offset;
                sink(Cause::Reply { sequence, op }, range.start + offset >= self.orphans);
            }
        }
    }

    /// Forgets every record that waits.
    pub fn clear(&mut self) {
        self.records.clear();
        (self.agents, self.answering, self.orphans) = (0, 0, 0);
        self.marks.clear();
        self.silent.clear();
    }

    /// Gives back what the queue has of the allocator beyond `records`.
    pub fn shrink(&mut self, records: usize) {
        self.records.shrink_to(records);
    }
}

/// Makes room for `more` items: by doubling, but to no more than the next multiple of a frame's records, so that the room
/// is what the credit allows and not twice of it.
pub(super) fn reserve<T>(items: &mut VecDeque<T>, more: usize) {
    let needed = items.len() + more;
    if needed > items.capacity() {
        let room = needed.max((2 * items.capacity()).min(needed.next_multiple_of(ROOM_STEP)));
        items.reserve_exact(room - items.len());
    }
}

/// Items by which a queue that is long grows.
pub(super) const ROOM_STEP: usize = 2_048;
