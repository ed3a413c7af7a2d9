//! What the records of a session may name: op, group and context are checked against the grant, and the session's numbers become
//! the engine's.

use super::extents::Extents;
use alloc::vec::Vec;
use deltascope_abi::record::{Op, RECORD_BYTES, Record, field};

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
pub(super) struct Found {
    /// Negative if a group or context is beyond its rule.
    pub room: i32,
    /// Op codes, as bits.
    ops: u32,
    /// Low halves of the heads, ORed.
    heads: u32,
}

impl Found {
    /// Whether one of the records may answer.
    pub fn may_answer(&self) -> bool {
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
    pub map: Option<Map>,
}

/// The engine's groups and contexts by the session's.
#[derive(Clone, Debug)]
pub(super) struct Map {
    groups: Vec<u16>,
    contexts: Vec<u16>,
}

/// More than any group or context.
const ANY: u32 = 1 << 16;

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
    pub fn pass(&self, records: &[[u8; RECORD_BYTES]], passed: &mut [Record]) -> Found {
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

    pub fn violation(&self, index: usize, record: &Record) -> Option<Violation> {
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
    pub fn translate(&self, record: &mut Record) {
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
