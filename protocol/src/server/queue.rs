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
#[derive(Clone, Copy, Debug, Default)]
struct Rule {
    /// Groups below this are allowed; 0: the op is not.
    groups: u32,
    /// Contexts below this are allowed.
    contexts: u32,
    /// Bits of the head that the op uses.
    mask: u64,
    /// Bases of the grant where they stand in the head.
    add: u64,
    /// Non-zero if the op answers whenever `head & replies` is not zero.
    replies: u64,
    /// Non-zero if the op always answers.
    always: u64,
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

const ANY: u32 = 1 << 16;

impl Grant {
    pub fn new(groups: &Extents, contexts: &Extents) -> Grant {
        let mut rules = [Rule::default(); 16];
        let list = |extents: &Extents| extents.runs().iter().flat_map(|run| run.clone()).map(|n| n as u16).collect();
        let map = match (groups.runs(), contexts.runs()) {
            ([_], [_]) => None,
            _ => Some(Map { groups: list(groups), contexts: list(contexts) }),
        };
        let base = |extents: &Extents| if map.is_none() { extents.runs()[0].start.into() } else { 0 };
        let (group_base, context_base) = (base(groups), base(contexts));
        for op in Op::ALL.into_iter().filter(|op| op.is_of_sessions()) {
            let (group_limit, group_mask, group_add) = match op.counts() {
                true => (groups.count(), 0, field::GROUP.set(0, group_base)),
                false => (ANY, field::GROUP.mask(), 0),
            };
            let (context_limit, context_mask, context_add) = match op.uses_context() {
                true => (contexts.count(), 0, field::CONTEXT.set(0, context_base)),
                false => (ANY, field::CONTEXT.mask(), 0),
            };
            rules[op as usize] = Rule {
                groups: group_limit,
                contexts: context_limit,
                mask: !(group_mask | context_mask),
                add: group_add | context_add,
                replies: if op.replies(true) { field::REPLY.mask() } else { 0 },
                always: op.always_replies().into(),
            };
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

    fn violation(&self, index: usize, record: &Record) -> Option<Violation> {
        let rule = &self.rules[record.op_code() as usize & 15];
        if rule.groups == 0 {
            return Some(Violation::Op { index, code: record.op_code() });
        }
        if u32::from(record.group()) >= rule.groups {
            return Some(Violation::Group { index, group: record.group() });
        }
        let out = u32::from(record.context()) >= rule.contexts;
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
    records: Vec<Record>,
    /// Records of the front that were taken and not yet moved out.
    head: usize,
    /// Records taken since the queue was made: the index of the first that waits.
    taken: u64,
    /// Records that answer, by index.
    marks: VecDeque<(u64, Cause)>,
    /// Indices of the server's own records that answer nothing.
    silent: VecDeque<Range<u64>>,
    /// Nobody waits for the answers of records before this index.
    orphans: u64,
}

impl Queue {
    pub fn len(&self) -> usize {
        self.records.len() - self.head
    }

    fn end(&self) -> u64 {
        self.taken + self.len() as u64
    }

    /// The first records that wait, at most `count`.
    pub fn front(&self, count: usize) -> &[Record] {
        let end = self.records.len().min(self.head + count);
        &self.records[self.head..end]
    }

    /// Checks records of the agent, the first with number `sequence`, and queues them all or none.
    pub fn push_records(
        &mut self,
        records: &[[u8; RECORD_BYTES]],
        sequence: u64,
        grant: &Grant,
    ) -> Result<(), Violation> {
        let start = self.records.len();
        let index = self.end();
        let mut outside = false;
        let mut replies = 0;
        self.records.extend(records.iter().map(|bytes| {
            let record = Record::from_bytes(bytes);
            let rule = &grant.rules[record.op_code() as usize & 15];
            outside |= u32::from(record.group()) >= rule.groups;
            outside |= u32::from(record.context()) >= rule.contexts;
            replies |= (record.head & rule.replies) | rule.always;
            Record { head: (record.head & rule.mask).wrapping_add(rule.add), operand: record.operand }
        }));
        if outside {
            self.records.truncate(start);
            let records = records.iter().map(Record::from_bytes).enumerate();
            let found = records.filter_map(|(index, record)| grant.violation(index, &record)).next();
            return found.map_or(Ok(()), Err);
        }
        if let Some(map) = &grant.map {
            self.records[start..].iter_mut().for_each(|record| map.translate(record));
        }
        if replies != 0 {
            for (offset, record) in self.records[start..].iter().enumerate() {
                let rule = &grant.rules[record.op_code() as usize & 15];
                if let (true, Some(op)) = ((record.head & rule.replies) | rule.always != 0, record.op()) {
                    let cause = Cause::Reply { sequence: sequence + offset as u64, op };
                    self.marks.push_back((index + offset as u64, cause));
                }
            }
        }
        Ok(())
    }

    /// Queues records of the server that answer nothing.
    pub fn push_silent(&mut self, records: impl Iterator<Item = Record>) {
        let start = self.end();
        self.records.extend(records);
        self.silent.push_back(start..self.end());
    }

    /// Queues a record of the server that answers.
    pub fn push_marked(&mut self, record: Record, cause: Cause) {
        self.marks.push_back((self.end(), cause));
        self.records.push(record);
    }

    /// Nobody waits for the answers of the records that wait now.
    pub fn orphan(&mut self) {
        self.orphans = self.end();
    }

    /// The engine took the first `count` records. Their causes go to `sink` in order, each with whether somebody waits
    /// for the answer; gives how many of the records were the agent's.
    pub fn take(&mut self, count: usize, mut sink: impl FnMut(Cause, bool)) -> u64 {
        let start = self.taken;
        self.taken += count as u64;
        self.head += count;
        if self.head == self.records.len() {
            self.records.clear();
            self.head = 0;
        } else if self.head >= self.len() {
            let left = self.len();
            self.records.copy_within(self.head.., 0);
            self.records.truncate(left);
            self.head = 0;
        }
        let mut agents = count as u64;
        while let Some((index, cause)) = self.marks.pop_front_if(|(index, _)| *index < self.taken) {
            agents -= u64::from(!matches!(cause, Cause::Reply { .. }));
            sink(cause, index >= self.orphans);
        }
        while let Some(run) = self.silent.front() {
            agents -= run.end.min(self.taken).saturating_sub(run.start.max(start));
            if run.end > self.taken {
                break;
            }
            self.silent.pop_front();
        }
        agents
    }

    /// Forgets every record that waits.
    pub fn clear(&mut self) {
        self.records.clear();
        self.head = 0;
        self.marks.clear();
        self.silent.clear();
    }
}
