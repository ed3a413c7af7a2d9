//! What the bench sends and expects: random records, and what the golden engine answers.

use anyhow::Result;
use deltascope_abi::ABI_VERSION;
use deltascope_abi::random::Random;
use deltascope_abi::record::{Class, Op, Record};
use deltascope_abi::registers::{Counter, IDENTITY_VALUE, offset};
use deltascope_model::{Config, Engine, GoldenEngine, Latched};
use std::fmt::Write;

/// What `build_id` is tied to in the bench.
const BUILD_ID: u32 = 0xDECA_DE00;
/// Groups that one SNAPSHOT reads at most.
const ROWS: u64 = 6;

/// The files of one run.
pub struct Stimulus {
    /// Halves of records.
    pub records: String,
    /// Halves of replies.
    pub replies: String,
    /// Reply beats of 128 bits.
    pub beats: usize,
    /// Registers to read and what they hold.
    pub reads: String,
    /// How many of them are read before the records.
    pub first_reads: usize,
    /// How many there are.
    pub all_reads: usize,
}

/// Makes `count` records for an engine of these sizes.
///
/// # Errors
/// When there is no such engine.
pub fn make(config: Config, count: usize, seed: u64) -> Result<Stimulus> {
    let mut random = Random::new(seed);
    let mut model = GoldenEngine::new(config)?;
    let mut made = Stimulus {
        records: String::new(),
        replies: String::new(),
        beats: 0,
        reads: String::new(),
        first_reads: 0,
        all_reads: 0,
    };
    for (register, value) in [
        (offset::IDENTITY, IDENTITY_VALUE),
        (offset::ABI_VERSION, ABI_VERSION),
        (offset::BUILD_ID, BUILD_ID),
        (offset::BUILD_FLAGS, 0),
        (offset::SCRATCH, 0),
        (offset::CAP_CONTEXTS, config.contexts),
        (offset::CAP_GROUPS, config.groups),
        (offset::CAP_JOURNAL, config.journal_depth << 16 | config.journal_lanes),
        (offset::IRQ_STATUS, 0),
        (offset::IRQ_MASK, 0),
    ] {
        made.read(register, value);
    }
    made.first_reads = made.all_reads;
    for number in 0..count {
        let record = record(&mut random, &model);
        // The end of a batch at the end, so that the last packet of replies is closed.
        let last = number + 1 == count || random.one_in(40);
        half(&mut made.records, record.head, false);
        half(&mut made.records, record.operand, last);
        model.step(record, last, &mut |reply, closes| {
            half(&mut made.replies, reply.head, false);
            half(&mut made.replies, reply.value, closes);
            made.beats += 1;
        });
    }
    let counters = model.counters()?;
    for counter in Counter::ALL {
        if let Some(value) = expected(counter, &counters) {
            made.read(counter.offset(), value as u32);
            made.read(counter.offset() + 4, (value >> 32) as u32);
        }
    }
    Ok(made)
}

impl Stimulus {
    fn read(&mut self, register: u32, value: u32) {
        // Writing to a String cannot fail.
        let _ = writeln!(self.reads, "{register:03x}{value:08x}");
        self.all_reads += 1;
    }
}

fn half(file: &mut String, data: u64, last: bool) {
    let _ = writeln!(file, "{:02x}{data:016x}", u8::from(last));
}

/// Returns what the golden engine counted; nothing for the clocks, which it does not have.
fn expected(counter: Counter, found: &Latched) -> Option<u64> {
    let first = Counter::OpNop as usize;
    match counter {
        Counter::Accepted | Counter::ClocksMoving => Some(found.accepted),
        Counter::Rejected => Some(found.rejected),
        Counter::JournalPosition => Some(found.journal_position),
        Counter::ReplyBeats => Some(found.reply_beats),
        _ => found.by_op.get((counter as usize).checked_sub(first)?).copied(),
    }
}

/// Returns a record that finds something: contexts and groups that meet, operands that cancel, marks in reach.
fn record(random: &mut Random, model: &GoldenEngine) -> Record {
    let config = model.config();
    let near = random.one_in(2);
    let number = |random: &mut Random, all: u32| match near {
        true => random.below(u64::from(all.min(3))) as u16,
        false => {
            let any = random.below(u64::from(all)) as u16;
            random.pick(&[0, (all - 1) as u16, any])
        }
    };
    let (context, group) = (number(random, config.contexts), number(random, config.groups));
    let held = model.context(context).unwrap_or_default();
    let length = random.bits(24) as u32;
    let class = Class::from_code(random.bits(2) as u8);
    let record = match random.below(100) {
        0..3 => Record::nop(),
        3..15 => Record::load(context, random.next()),
        15..35 => Record::accum(context, if random.one_in(4) { held.accumulator } else { random.next() }),
        35..45 => Record::read(context),
        45..58 => Record::swap(context, random.next()),
        58..72 => {
            let (before, other) = (random.next() as u32, random.next() as u32);
            Record::pair(group, class, length, before, if random.one_in(2) { before } else { other })
        }
        72..88 => {
            let fingerprint = if random.one_in(2) { held.read() } else { random.next() };
            Record::new(Op::Send, class, group, context, length, fingerprint)
        }
        88..90 => {
            let last = u64::from(config.groups - 1).min(u64::from(group) + random.below(ROWS));
            Record::snapshot(group, last as u16)
        }
        90..95 => Record::sync(random.next()),
        95..98 => Record::query(context, model.position().wrapping_sub(random.below(2 * config.horizon().max(1)))),
        // No op has this number; a context or a group beyond the table.
        98 => Record { head: 0xF, operand: random.next() },
        _ => Record::load(random.pick(&[config.contexts as u16, u16::MAX]), random.next()),
    };
    let record = if random.one_in(3) { record.with_reply() } else { record };
    if random.one_in(8) { record.with_rebase() } else { record }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_record_has_two_halves_and_every_op_comes() {
        let made = make(Config::with_tables(16, 4).with_journal(3, 4), 3_000, 1).unwrap();
        assert_eq!(made.records.lines().count(), 6_000);
        assert_eq!(made.replies.lines().count(), 2 * made.beats);
        assert!(made.beats > 1_000, "{}", made.beats);
        assert_eq!(made.reads.lines().count(), made.all_reads);
        let ops: std::collections::BTreeSet<_> =
            made.records.lines().step_by(2).map(|line| line.as_bytes()[17]).collect();
        assert!(ops.len() > Op::ALL.len(), "{ops:?}");
    }

    #[test]
    fn clocks_are_not_expected_of_the_model() {
        let counted = Latched { accepted: 7, by_op: [1; Op::ALL.len()], ..Latched::default() };
        assert_eq!(expected(Counter::OpQuery, &counted), Some(1));
        assert_eq!(expected(Counter::ClocksMoving, &counted), Some(7));
        assert_eq!(expected(Counter::ClocksStarved, &counted), None);
        assert_eq!(expected(Counter::ClocksAnswering, &counted), None);
    }
}
