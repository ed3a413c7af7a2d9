//! What the Engine trait promises: batches, bounded memory, accounting, rejection, sizes.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod support;

use deltascope_abi::counters::CounterRow;
use deltascope_abi::record::{CLASSES, Class, Op, Record};
use deltascope_abi::reply::{Answer, Reply, ReplyParser, reply_beats};
use deltascope_abi::{DEFAULT_CONTEXTS, DEFAULT_GROUPS};
use deltascope_model::{Config, ConfigError, Context, Engine, EngineKind, GoldenEngine};
use deltascope_testkit::strategies;
use proptest::prelude::*;

const CONTEXTS: u32 = 6;
const GROUPS: u32 = 4;

fn small() -> Config {
    Config::with_tables(CONTEXTS, GROUPS).with_journal(2, 3)
}

/// Whether the design rejects this record in an engine of [`small`] sizes.
fn rejected(record: &Record) -> bool {
    let context = u32::from(record.context()) >= CONTEXTS;
    let group = u32::from(record.group()) >= GROUPS;
    let (first, last) = record.snapshot_range();
    match record.op() {
        None => true,
        Some(Op::Nop | Op::Sync) => false,
        Some(Op::Load | Op::Accum | Op::Read | Op::Swap | Op::Query) => context,
        Some(Op::Pair) => group,
        Some(Op::Send) => context || group,
        Some(Op::Snapshot) => first > last || u32::from(last) >= GROUPS,
    }
}

fn tables(engine: &GoldenEngine) -> (Vec<Context>, Vec<CounterRow>) {
    let contexts = (0..CONTEXTS as u16).map(|index| engine.context(index).unwrap()).collect();
    let rows = (0..GROUPS as u16).flat_map(|group| Class::ALL.map(|class| engine.row(group, class).unwrap()));
    (contexts, rows.collect())
}

proptest! {
    #[test]
    fn accepted_is_the_sum_by_op_and_the_rejected(records in strategies::records(CONTEXTS, GROUPS, 120)) {
        let mut engine = GoldenEngine::new(small()).unwrap();
        prop_assert_eq!(engine.submit(&records).unwrap(), records.len());
        let latched = engine.counters().unwrap();
        prop_assert_eq!(latched.accepted, records.len() as u64);
        prop_assert_eq!(latched.rejected, records.iter().filter(|record| rejected(record)).count() as u64);
        prop_assert_eq!(latched.accepted, latched.by_op.iter().sum::<u64>() + latched.rejected);
        for op in Op::ALL {
            let count = records.iter().filter(|record| record.op() == Some(op) && !rejected(record)).count();
            prop_assert_eq!(latched.by_op[op as usize], count as u64, "{}", op.name());
        }
        let moved: u64 = Op::ALL.iter().filter(|op| op.journals()).map(|&op| latched.by_op[op as usize]).sum();
        prop_assert_eq!(latched.journal_position, moved);
        let events: u64 = tables(&engine).1.iter().map(|row| row.events).sum();
        prop_assert_eq!(events, latched.by_op[Op::Pair as usize] + latched.by_op[Op::Send as usize]);
    }

    /// A rejected record is counted and nothing else: no reply, no state, no counter, no position.
    #[test]
    fn rejected_records_have_no_effect(
        history in strategies::records(CONTEXTS, GROUPS, 60),
        record in strategies::record(CONTEXTS, GROUPS, 20).prop_filter("is rejected", rejected),
    ) {
        let mut engine = GoldenEngine::new(small()).unwrap();
        engine.submit(&history).unwrap();
        support::poll(&mut engine);
        let before = (tables(&engine), engine.counters().unwrap());
        engine.submit(&[record]).unwrap();
        let after = (tables(&engine), engine.counters().unwrap());
        prop_assert_eq!(&after.0, &before.0);
        let expected = deltascope_model::Latched {
            accepted: before.1.accepted + 1,
            rejected: before.1.rejected + 1,
            reply_beats: before.1.reply_beats + 1,
            ..before.1
        };
        prop_assert_eq!(after.1, expected);
        let end = Reply::end_of_batch(after.1.journal_position, after.1.accepted);
        prop_assert_eq!(support::poll(&mut engine), vec![end], "only the end of the batch answers");
    }

    /// Bits that an op does not use change nothing.
    #[test]
    fn unused_bits_are_ignored(records in strategies::records(CONTEXTS, GROUPS, 60), noise: u64) {
        let cleaned: Vec<Record> = records.iter().map(|record| {
            let Some(op) = record.op() else { return *record };
            let mut used = 0xFu64;
            if op.uses_context() {
                used |= 0xFFFF << 24;
            }
            if op.counts() {
                used |= 0xFFFF_FF00_00FF_FFC0;
            }
            if op.journals() {
                used |= 1 << 4;
            }
            if op == Op::Swap {
                used |= 1 << 5;
            }
            // What a reply echoes is not without effect.
            if op.uses_context() && (op.always_replies() || record.reply()) {
                used |= 0xFF_FFFF_FFC0;
            }
            let operand = match op {
                Op::Nop | Op::Read => noise,
                Op::Snapshot => record.operand & 0xFFFF_FFFF | noise << 32,
                _ => record.operand,
            };
            Record { head: record.head & used | noise & !used, operand }
        }).collect();
        let run = |records: &[Record]| {
            let mut engine = GoldenEngine::new(small()).unwrap();
            engine.submit(records).unwrap();
            (support::poll(&mut engine), tables(&engine), engine.counters().unwrap())
        };
        prop_assert_eq!(run(&records), run(&cleaned));
    }

    /// What a driver must keep room for is never less than what comes.
    #[test]
    fn reply_beats_is_an_upper_bound(records in strategies::records(CONTEXTS, GROUPS, 60)) {
        let mut engine = GoldenEngine::new(small()).unwrap();
        for record in records {
            let mut beats = 0;
            engine.step(record, false, &mut |_, _| beats += 1);
            let bound = reply_beats(&record, GROUPS);
            prop_assert!(beats <= bound);
            prop_assert!(beats == bound || rejected(&record));
        }
    }

    /// A SNAPSHOT is exact at its own number and leaves everything as it was.
    #[test]
    fn snapshots_are_exact_where_they_stand(
        records in strategies::records(CONTEXTS, GROUPS, 60),
        first in 0..GROUPS as u16,
        more in 0..GROUPS as u16,
    ) {
        let last = (first + more).min(GROUPS as u16 - 1);
        let mut engine = GoldenEngine::new(small()).unwrap();
        engine.submit(&records).unwrap();
        support::poll(&mut engine);
        let before = tables(&engine);
        // What comes behind it in the same batch must not show.
        engine.submit(&[Record::snapshot(first, last), Record::pair(first, Class::PageAtExit, 9, 1, 1)]).unwrap();
        let beats = support::poll(&mut engine);
        prop_assert_eq!(beats.len(), 1 + 2 * CLASSES * usize::from(last - first + 1) + 1);
        let mut parser = ReplyParser::new();
        let mut answers = beats.into_iter().filter_map(|beat| parser.push(beat).unwrap());
        let accepted = records.len() as u64 + 1;
        prop_assert_eq!(answers.next(), Some(Answer::SnapshotHeader { first, last, accepted }));
        for group in first..=last {
            for class in Class::ALL {
                let row = before.1[usize::from(group) * CLASSES + class as usize];
                let last = group == last && class == Class::PageUnjudged;
                prop_assert_eq!(answers.next(), Some(Answer::SnapshotRow { group, class, row, last }));
            }
        }
        prop_assert_eq!(answers.next(), Some(Answer::EndOfBatch { accepted: accepted + 1 }));
        prop_assert_eq!(answers.next(), None);
    }
}

#[test]
fn an_empty_batch_is_no_batch() {
    let mut engine = GoldenEngine::default();
    assert_eq!(engine.submit(&[]).unwrap(), 0);
    assert_eq!(support::poll(&mut engine), []);
}

#[test]
fn a_full_queue_takes_a_prefix_and_then_nothing() {
    let mut engine = GoldenEngine::new(Config { reply_capacity: 40, ..small() }).unwrap();
    assert_eq!(engine.config().effective_reply_capacity(), 40);
    let reads = [Record::read(0); 100];
    assert_eq!(engine.submit(&reads).unwrap(), 39, "39 replies and the end of the batch");
    assert_eq!(engine.submit(&reads).unwrap(), 0);
    assert_eq!(engine.submit(&[Record::nop()]).unwrap(), 0, "even a silent record needs an end of batch");
    let replies = support::poll(&mut engine);
    assert_eq!(replies.len(), 40);
    assert_eq!(replies[39], Reply::end_of_batch(0, 39));
    // Silent records are not held up by what would not fit behind them.
    let batch = [Record::nop(), Record::snapshot(0, 3), Record::nop(), Record::snapshot(0, 3), Record::nop()];
    assert_eq!(engine.submit(&batch).unwrap(), 3, "a snapshot of 33 beats fits once");
    assert_eq!(support::poll(&mut engine).len(), 34);
    assert_eq!(engine.submit(&batch[3..]).unwrap(), 2);
}

/// Every record can be taken by an engine with an empty queue, however small its memory is configured.
#[test]
fn the_largest_snapshot_always_fits() {
    let mut engine = GoldenEngine::new(Config { reply_capacity: 0, ..small() }).unwrap();
    assert_eq!(engine.submit(&[Record::snapshot(0, 3), Record::nop()]).unwrap(), 2);
    assert_eq!(support::poll(&mut engine).len(), 34);
}

#[test]
fn every_batch_ends_with_its_count() {
    let mut engine = GoldenEngine::new(small()).unwrap();
    engine.submit(&[Record::nop(), Record::load(1, 7)]).unwrap();
    engine.submit(&[Record { head: 15, operand: 0 }]).unwrap();
    engine.submit(&[Record::sync(99)]).unwrap();
    let expected =
        [Reply::end_of_batch(1, 2), Reply::end_of_batch(1, 3), Reply::new(Op::Sync, 1, 99), Reply::end_of_batch(1, 4)];
    assert_eq!(support::poll(&mut engine), expected);
}

#[test]
fn a_packet_closes_after_reply_packet_beats() {
    let mut engine = GoldenEngine::new(Config { reply_packet: 4, ..small() }).unwrap();
    let mut lasts = Vec::new();
    for tlast in [false, false, true, false, false, false, false, false, true] {
        engine.step(Record::read(0), tlast, &mut |_, last| lasts.push(last));
    }
    // Beats: 3 reads; their end, the fourth beat and the end at once; 4 reads, the fourth closes; 2 reads; end.
    let closes: Vec<usize> = lasts.iter().enumerate().filter(|(_, last)| **last).map(|(index, _)| index).collect();
    assert_eq!((closes, lasts.len()), (vec![3, 7, 10], 11));
}

/// A SNAPSHOT longer than a packet is cut by TLAST like everything else.
#[test]
fn a_snapshot_runs_over_packets() {
    let mut engine = GoldenEngine::new(Config::with_tables(1, 64)).unwrap();
    let mut lasts = Vec::new();
    engine.step(Record::snapshot(0, 63), true, &mut |_, last| lasts.push(last));
    let closes: Vec<usize> = lasts.iter().enumerate().filter(|(_, last)| **last).map(|(index, _)| index).collect();
    assert_eq!((closes, lasts.len()), (vec![255, 511, 513], 514));
}

#[test]
fn the_default_engine_is_that_of_the_product() {
    let engine = GoldenEngine::default();
    let info = engine.info();
    assert_eq!((info.kind, info.abi_version), (EngineKind::Model, deltascope_abi::ABI_VERSION));
    assert_eq!((info.contexts, info.groups), (DEFAULT_CONTEXTS, DEFAULT_GROUPS));
    assert_eq!((info.journal_lanes, info.journal_depth, info.horizon()), (256, 32, 8_192));
    assert_eq!(engine.context((DEFAULT_CONTEXTS - 1) as u16), Some(Context::default()));
    assert_eq!(
        (engine.context(DEFAULT_CONTEXTS as u16), engine.row(DEFAULT_GROUPS as u16, Class::PageAfterT)),
        (None, None)
    );
}

#[test]
fn the_largest_tables_take_every_number() {
    let mut engine = GoldenEngine::new(Config::with_tables(1 << 16, 1 << 16)).unwrap();
    let records = [
        Record::send(u16::MAX, u16::MAX, u32::MAX, 0),
        Record::pair(u16::MAX, Class::PageUnjudged, 1, 2, 2),
        Record::snapshot(0, u16::MAX),
    ];
    assert_eq!(engine.submit(&records).unwrap(), 3);
    assert_eq!(support::poll(&mut engine).len(), 1 + 2 * CLASSES * (1 << 16) + 1);
    assert_eq!(engine.counters().unwrap().rejected, 0);
    let row = engine.row(u16::MAX, Class::NetworkSend).unwrap();
    assert_eq!(row, CounterRow { events: 1, bytes: 0xFF_FFFF, redundant_events: 1, redundant_bytes: 0xFF_FFFF });
}

#[test]
fn impossible_sizes_are_refused_by_name() {
    let refuse = |config: Config| GoldenEngine::new(config).err().unwrap();
    assert_eq!(refuse(Config::with_tables(0, 1)), ConfigError::Table { what: "contexts", found: 0 });
    assert_eq!(refuse(Config::with_tables(1, 65_537)), ConfigError::Table { what: "groups", found: 65_537 });
    assert_eq!(refuse(small().with_journal(3, 0)), ConfigError::Journal { lanes: 3, depth: 0 });
    let widest = Config::default().with_journal(1 << 12, 1 << 12);
    assert_eq!(refuse(widest), ConfigError::Journal { lanes: 1 << 12, depth: 1 << 12 });
    assert_eq!(refuse(small().with_journal(1 << 16, 1)), ConfigError::Journal { lanes: 1 << 16, depth: 1 });
    for found in [0, 1 << 16] {
        assert_eq!(refuse(Config { reply_packet: found, ..small() }), ConfigError::ReplyPacket { found });
    }
    assert_eq!(refuse(Config::with_tables(0, 1)).to_string(), "contexts: expected 1 to 65536, found 0");
}
