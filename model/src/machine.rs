//! The tables of the golden engine and what each record does to them.

use crate::algebra::Context;
use crate::config::Config;
use crate::engine::Latched;
use crate::journal::{Journal, Window};
use alloc::boxed::Box;
use alloc::vec;
use deltascope_abi::counters::CounterRow;
use deltascope_abi::record::{CLASSES, Class, Op, Record, Tables, field};
use deltascope_abi::reply::{Reply, SOURCE_BITS};

#[cfg(test)]
mod tests;

/// Bits of a row's number, `4 * group + class`: group and class are adjacent in the record.
const ROW_BITS: u64 = (MAX_ROWS - 1) as u64;
const _: () = assert!(field::GROUP.low == field::CLASS.high() + 1 && 1 << field::CLASS.bits == CLASSES);
const MAX_ROWS: usize = crate::config::MAX_TABLE as usize * CLASSES;
const UNJUDGED: u64 = Class::PageUnjudged as u64;

/// Whether it is a SEND that asks for no reply.
fn is_silent_send(head: u64) -> bool {
    head & (field::OP.mask() | field::REPLY.mask()) == Op::Send as u64
}

fn is_pair(head: u64) -> bool {
    field::OP.get(head) == Op::Pair as u64
}

/// Contexts, group counters, journal and the engine's own counters.
pub(crate) struct Machine {
    /// One more than there are: the last has no record of its own and takes the stores of records without a context.
    contexts: Box<[Context]>,
    /// Row `4 * group + class`; events and redundant events hold more than 48 bits and are masked when read.
    rows: Box<[CounterRow]>,
    journal: Journal,
    accepted: u64,
    rejected: u64,
    by_op: [u64; Op::ALL.len()],
}

impl Machine {
    pub fn new(config: &Config) -> Machine {
        Machine {
            contexts: vec![Context::default(); config.contexts as usize + 1].into_boxed_slice(),
            rows: vec![CounterRow::default(); config.groups as usize * CLASSES].into_boxed_slice(),
            journal: Journal::new(config.horizon() as u32),
            accepted: 0,
            rejected: 0,
            by_op: [0; Op::ALL.len()],
        }
    }

    pub fn reset(&mut self) {
        self.contexts.fill(Context::default());
        self.rows.fill(CounterRow::default());
        self.journal.clear();
        self.accepted = 0;
        self.rejected = 0;
        self.by_op = [0; Op::ALL.len()];
    }

    pub fn position(&self) -> u64 {
        self.journal.position()
    }

    pub fn accepted(&self) -> u64 {
        self.accepted
    }

    /// The engine's own counters; reply beats are the caller's.
    pub fn latched(&self, reply_beats: u64) -> Latched {
        Latched {
            accepted: self.accepted,
            rejected: self.rejected,
            journal_position: self.journal.position(),
            reply_beats,
            by_op: self.by_op,
            ..Latched::default()
        }
    }

    pub fn context(&self, index: u16) -> Option<Context> {
        let (_, contexts) = self.contexts.split_last()?;
        contexts.get(index as usize).copied()
    }

    pub fn row(&self, group: u16, class: Class) -> Option<CounterRow> {
        self.rows.get(group as usize * CLASSES + class as usize).map(|row| row.since(&CounterRow::default()))
    }

    /// Takes PAIR and SEND records that ask for no reply, up to the first record that is anything else, and
    /// gives their number.
    ///
    /// PAIR and SEND come in random order, so nothing in here branches on which of the two it is: a PAIR
    /// writes to the spare context and to the journal's spare slot.
    pub fn run_counting(&mut self, records: &[Record]) -> usize {
        // Operations of the algebra come in runs as well, and each would pay for the set-up below.
        if !records.first().is_some_and(|record| is_silent_send(record.head) || is_pair(record.head)) {
            return 0;
        }
        let contexts = &mut self.contexts[..];
        let rows = &mut self.rows[..];
        let spare = contexts.len() - 1;
        let mut journal = self.journal.run();
        let mut sends = 0u64;
        let mut taken = 0usize;
        for record in records {
            let Record { head, operand } = *record;
            let (send, pair) = (is_silent_send(head), is_pair(head));
            let row = (head >> field::CLASS.low & ROW_BITS) as usize;
            let context = if send { record.context() as usize } else { spare };
            // A SEND must stay below the spare context; a PAIR uses it.
            let in_range = (row < rows.len()) & (context < spare.wrapping_add(pair as usize));
            if !((send | pair) & in_range) {
                break;
            }
            let slot = &mut contexts[context];
            let before = slot.swap(operand);
            journal.note(context as u16, before ^ operand, send);

            let expected = if send { operand } else { operand & 0xFFFF_FFFF };
            let found = if send { before } else { operand >> 32 };
            let redundant = (expected == found) & (field::CLASS.get(head) != UNJUDGED);
            let length = field::LENGTH.get(head);
            let row = &mut rows[row];
            row.events = row.events.wrapping_add(1);
            row.bytes = row.bytes.wrapping_add(length);
            row.redundant_events = row.redundant_events.wrapping_add(redundant as u64);
            row.redundant_bytes = row.redundant_bytes.wrapping_add(if redundant { length } else { 0 });
            sends = sends.wrapping_add(send as u64);
            taken = taken.wrapping_add(1);
        }
        let cursor = journal.cursor;
        self.journal.end_run(cursor, sends);
        self.accepted += taken as u64;
        self.by_op[Op::Send as usize] += sends;
        self.by_op[Op::Pair as usize] += taken as u64 - sends;
        taken
    }

    /// Takes one record of any kind; its replies go to `emit`.
    pub fn execute(&mut self, record: &Record, emit: &mut impl FnMut(Reply)) {
        self.accepted += 1;
        match self.valid_op(record) {
            None => self.rejected += 1,
            Some(op) => {
                self.by_op[op as usize] += 1;
                self.apply(op, record, emit);
            }
        }
    }

    /// The record's op, or `None` when the record is rejected.
    fn valid_op(&self, record: &Record) -> Option<Op> {
        let tables = Tables {
            contexts: (self.contexts.len() - 1) as u32,
            groups: (self.rows.len() / CLASSES) as u32,
            journal: self.journal.horizon() > 0,
        };
        record.judge(&tables).ok()
    }

    /// What a valid record does.
    fn apply(&mut self, op: Op, record: &Record, emit: &mut impl FnMut(Reply)) {
        let operand = record.operand;
        match op {
            Op::Nop => {}
            Op::Pair => self.count(record, operand as u32 == (operand >> 32) as u32),
            Op::Sync => emit(Reply::new(Op::Sync, self.position(), operand)),
            Op::Snapshot => self.snapshot(record, emit),
            Op::Query => {
                let (value, too_old) = match self.journal.query(record.context(), operand) {
                    Window::Delta(delta) => (delta, false),
                    Window::TooOld => (0, true),
                };
                emit(self.answer(op, record, value).with_too_old(too_old));
            }
            Op::Load | Op::Accum | Op::Read | Op::Swap | Op::Send => {
                let index = record.context();
                let slot = &mut self.contexts[index as usize];
                let before = *slot;
                match op {
                    Op::Accum => slot.accum(operand),
                    Op::Swap if record.rebase() => _ = slot.rebase(),
                    Op::Load | Op::Swap | Op::Send => slot.load(operand),
                    _ => {}
                }
                let after = slot.read();
                if op.journals() {
                    self.journal.note(index, before.read() ^ after);
                }
                if op == Op::Send {
                    self.count(record, before.read() == operand);
                }
                if op.replies(record.reply()) {
                    emit(self.answer(op, record, before.read()).with_zero(before.is_zero()));
                }
            }
        }
    }

    /// A reply that echoes where the record was for.
    fn answer(&self, op: Op, record: &Record, value: u64) -> Reply {
        let reply = Reply::new(op, self.position(), value);
        Reply { head: reply.head | record.head & SOURCE_BITS, value }
    }

    fn count(&mut self, record: &Record, redundant: bool) {
        let class = record.class();
        let row = &mut self.rows[record.group() as usize * CLASSES + class as usize];
        row.count(record.length(), redundant && class != Class::PageUnjudged);
    }

    fn snapshot(&self, record: &Record, emit: &mut impl FnMut(Reply)) {
        let (first, last) = record.snapshot_range();
        let header = Reply::new(Op::Snapshot, self.position(), self.accepted);
        emit(header.with_source(Class::PageAfterT, first, last));
        for row in &self.rows[first as usize * CLASSES..(last as usize + 1) * CLASSES] {
            row.to_beats().into_iter().for_each(|beat| emit(Reply::from_beat(beat)));
        }
    }
}
