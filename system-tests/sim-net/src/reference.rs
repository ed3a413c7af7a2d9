//! What must come out, computed from the records alone and by other code than the engine's.

use crate::Violation;
use deltascope_abi::counters::CounterRow;
use deltascope_abi::record::{CLASSES, Class, Op, Record};
use deltascope_protocol::frame::ReplyEntry;
use std::collections::VecDeque;

/// Bits of a record's length that name the agent; the rest is its serial number. Lengths pass the server and the
/// engine unchanged, so every record can be recognised wherever it is. The server's own records have length 0.
const TAG_BITS: u32 = 3;

/// Agent and serial number of a record; `None` for a record that no source made.
pub fn identity(record: &Record) -> Option<(usize, u64)> {
    let length = record.length();
    (length != 0).then(|| ((length & ((1 << TAG_BITS) - 1)) as usize, (length >> TAG_BITS).into()))
}

/// Whether a record may be one of those that restore contexts: none that a source made, none of the server's.
pub fn restores(record: &Record) -> bool {
    let load = record.op() == Some(Op::Load) && record.operand != 0;
    record.length() == 0 && (load || matches!(record.op(), Some(Op::Accum | Op::Nop)))
}

/// An admitted record.
#[derive(Clone, Debug)]
struct Entry {
    serial: u64,
    /// Row and redundancy, if it counts.
    counted: Option<(usize, u32, bool)>,
    /// Context and its state afterwards, if it has one.
    state: Option<(u16, u64)>,
}

/// A reply that must come.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Expected {
    number: u64,
    op: Op,
    value: u64,
    zero: bool,
    group: u16,
    context: u16,
}

/// Reference and accumulator.
type Context = (u64, u64);

/// The reference about one agent: every record that it admitted, in order, over its restarts.
#[derive(Clone, Debug)]
pub struct Reference {
    tag: usize,
    serial: u64,
    log: Vec<Entry>,
    contexts: Vec<Context>,
    replies: VecDeque<Expected>,
    /// Rows of the log from `base` to `summed`.
    rows: Vec<CounterRow>,
    base: usize,
    summed: usize,
    /// Places in the log where counters of a grant began.
    bases: Vec<usize>,
}

impl Reference {
    /// Nothing admitted yet; `tag` is 1 to 7.
    pub fn new(tag: usize, groups: usize, contexts: usize) -> Reference {
        Reference {
            tag,
            serial: 0,
            log: Vec::new(),
            contexts: vec![(0, 0); contexts],
            replies: VecDeque::new(),
            rows: vec![CounterRow::default(); groups * CLASSES],
            base: 0,
            summed: 0,
            bases: vec![0],
        }
    }

    /// The session has this number of groups and contexts; new contexts are (0, 0).
    pub fn grow(&mut self, groups: usize, contexts: usize) {
        self.rows.resize(groups * CLASSES, CounterRow::default());
        self.contexts.resize(contexts, (0, 0));
    }

    /// Records admitted.
    pub fn len(&self) -> usize {
        self.log.len()
    }

    /// Serial number of a record in the log.
    pub fn serial(&self, index: usize) -> Option<u64> {
        self.log.get(index).map(|entry| entry.serial)
    }

    /// A session that continues from nothing.
    pub fn clear(&mut self) {
        self.log.clear();
        self.bases = vec![0];
        (self.base, self.summed) = (0, 0);
        self.rows.fill(CounterRow::default());
        self.restart();
    }

    fn restart(&mut self) {
        self.contexts.fill((0, 0));
        self.replies.clear();
    }

    /// The record as it is sent, for the next place in the log.
    pub fn stamp(&self, record: &Record, ahead: usize) -> Record {
        let serial = self.serial + 1 + ahead as u64;
        let length = (serial << TAG_BITS) | self.tag as u64;
        Record { head: (record.head & 0xFF_FFFF_FFFF) | (length << 40), operand: record.operand }
    }

    /// The next record was admitted and has this number.
    pub fn admit(&mut self, record: &Record, number: u64) {
        self.serial += 1;
        let op = record.op().unwrap_or(Op::Nop);
        let at = record.context() as usize;
        let before = if op.uses_context() { self.contexts[at] } else { (0, 0) };
        let (old, operand) = (before.0 ^ before.1, record.operand);
        let after = match op {
            Op::Load | Op::Send => (operand, 0),
            Op::Swap if record.rebase() => (old, 0),
            Op::Swap => (operand, 0),
            Op::Accum => (before.0, before.1 ^ operand),
            _ => before,
        };
        let redundant = match op {
            Op::Send => old == operand,
            Op::Pair => operand as u32 == (operand >> 32) as u32,
            _ => false,
        };
        let counted = op.counts().then(|| {
            let row = record.group() as usize * CLASSES + record.class() as usize;
            (row, record.length(), redundant && record.class() != Class::ALL[3])
        });
        let state = op.uses_context().then(|| {
            self.contexts[at] = after;
            (record.context(), after.0 ^ after.1)
        });
        let asked = record.reply() && matches!(op, Op::Load | Op::Accum | Op::Swap | Op::Send);
        if op == Op::Read || asked {
            let group = if op == Op::Send { record.group() } else { 0 };
            let context = record.context();
            self.replies.push_back(Expected { number, op, value: old, zero: before.1 == 0, group, context });
        }
        self.log.push(Entry { serial: self.serial, counted, state });
    }

    /// Checks the next reply.
    pub fn reply(&mut self, entry: &ReplyEntry) -> Result<(), Violation> {
        let reply = entry.reply;
        let found = Expected {
            number: entry.sequence,
            op: reply.op().unwrap_or(Op::Nop),
            value: reply.value,
            zero: reply.zero(),
            group: reply.group(),
            context: reply.context(),
        };
        let expected = self.replies.pop_front();
        match expected == Some(found.clone()) {
            true => Ok(()),
            false => Err(Violation(format!("reply: expected {expected:?}, found {found:?}"))),
        }
    }

    /// Number of the record whose reply comes next.
    pub fn next_reply(&self) -> Option<u64> {
        self.replies.front().map(|reply| reply.number)
    }

    /// Replies that have not come.
    pub fn replies_left(&self) -> usize {
        self.replies.len()
    }

    /// Counters of the session when the first `end` records are counted.
    pub fn rows(&mut self, end: usize) -> &[CounterRow] {
        while self.summed < end {
            if let Some((row, length, redundant)) = self.log[self.summed].counted {
                self.rows[row].count(length, redundant);
            }
            self.summed += 1;
        }
        &self.rows
    }

    /// State of a context after the first `end` records.
    pub fn state(&self, context: u16, end: usize, begun: usize) -> u64 {
        let states = self.log[begun.min(end)..end].iter().rev().filter_map(|entry| entry.state);
        states.filter(|(at, _)| *at == context).map(|(_, state)| state).next().unwrap_or(0)
    }

    /// The counters of the present grant begin at this place in the log.
    pub fn regranted(&mut self, at: usize) {
        self.bases.push(at);
    }

    /// Another session of the agent continues after the first `end` records, with contexts of 0. It was given the
    /// counters of a grant of the earlier one; gives whether they are those of one.
    pub fn inherit(&mut self, end: usize, given: &[CounterRow]) -> bool {
        self.log.truncate(end);
        self.restart();
        self.bases.retain(|base| *base <= end);
        for base in self.bases.clone().into_iter().rev() {
            (self.base, self.summed) = (base, base);
            self.rows.fill(CounterRow::default());
            if self.rows(end) == given {
                return true;
            }
        }
        false
    }
}
