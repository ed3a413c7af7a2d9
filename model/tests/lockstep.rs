//! The golden engine against a naive second one: every beat, every TLAST, every counter.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod support;

use deltascope_abi::random::Random;
use deltascope_abi::record::{Class, Op, Record};
use deltascope_abi::reply::Reply;
use deltascope_model::{Config, Engine, GoldenEngine};
use deltascope_testkit::strategies;
use proptest::prelude::*;
use support::naive::Naive;

/// A configuration with small and odd sizes.
fn config() -> impl Strategy<Value = Config> {
    let journal = prop_oneof![Just((0, 0)), (1..5u32, 1..5u32), Just((256, 32))];
    (1..9u32, 1..6u32, journal, 1..20u32).prop_map(|(contexts, groups, (lanes, depth), reply_packet)| Config {
        reply_packet,
        reply_capacity: 0,
        ..Config::with_tables(contexts, groups).with_journal(lanes, depth)
    })
}

fn case() -> impl Strategy<Value = (Config, Vec<Record>, u64)> {
    config()
        .prop_flat_map(|config| (Just(config), strategies::records(config.contexts, config.groups, 200), any::<u64>()))
}

fn naive(config: &Config) -> Naive {
    let Config { contexts, groups, journal_lanes, journal_depth, reply_packet, .. } = *config;
    Naive::new(contexts.into(), groups.into(), journal_lanes.into(), journal_depth.into(), reply_packet)
}

fn beat(record: Record) -> u128 {
    u128::from_le_bytes(record.to_bytes())
}

/// Tables and counters of both are the same.
fn assert_same(golden: &mut GoldenEngine, naive: &Naive) {
    let latched = golden.counters().unwrap();
    assert_eq!(u128::from(latched.accepted), naive.accepted);
    assert_eq!(latched.rejected, naive.rejected);
    assert_eq!(latched.by_op, naive.by_op);
    assert_eq!(latched.journal_position, naive.deltas.len() as u64);
    assert_eq!(latched.reply_beats, naive.beats);
    assert_eq!(latched.accepted, latched.by_op.iter().sum::<u64>() + latched.rejected);
    for index in 0..naive.contexts {
        let context = golden.context(index as u16).unwrap();
        let (reference, accumulator) = naive.table.get(&index).copied().unwrap_or_default();
        assert_eq!((u128::from(context.reference), u128::from(context.accumulator)), (reference, accumulator));
    }
    for (group, class) in (0..naive.groups).flat_map(|group| Class::ALL.map(|class| (group, class))) {
        let row = golden.row(group as u16, class).unwrap();
        let expected = naive.counters.get(&(group, class as u128)).copied().unwrap_or_default();
        assert_eq!([row.events, row.bytes, row.redundant_events, row.redundant_bytes].map(u128::from), expected);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    /// One beat at a time, with TLAST on some of them.
    #[test]
    fn step_answers_like_the_naive_engine((config, records, tlasts) in case()) {
        let mut golden = GoldenEngine::new(config).unwrap();
        let mut naive = naive(&config);
        for (index, &record) in records.iter().enumerate() {
            let tlast = tlasts.rotate_left(index as u32) & 1 == 1;
            let mut replies = Vec::new();
            golden.step(record, tlast, &mut |reply, last| replies.push((reply.to_beat(), last)));
            prop_assert_eq!(replies, naive.take(beat(record), tlast), "record {}: {:?}", index, record);
        }
        assert_same(&mut golden, &naive);
    }

    /// In batches through the Engine trait, with replies taken late; each batch ends with its own beat.
    #[test]
    fn submit_answers_like_the_naive_engine((config, records, polls) in case(), size in 1..40usize) {
        let mut golden = GoldenEngine::new(config).unwrap();
        let mut naive = naive(&config);
        let mut expected = Vec::new();
        let mut found = Vec::new();
        let mut rest = &records[..];
        let mut round = 0;
        while !rest.is_empty() {
            let batch = &rest[..size.min(rest.len())];
            let taken = golden.submit(batch).unwrap();
            for (index, &record) in batch[..taken].iter().enumerate() {
                expected.extend(naive.take(beat(record), index + 1 == taken));
            }
            rest = &rest[taken..];
            round += 1;
            if taken == 0 || polls.rotate_left(round) & 1 == 1 {
                let waiting = golden.poll(&mut |reply| found.push(reply.to_beat())).unwrap();
                prop_assert!(waiting <= config.effective_reply_capacity());
                prop_assert!(taken > 0 || waiting > 0, "takes nothing although nothing waits");
            }
        }
        golden.poll(&mut |reply| found.push(reply.to_beat())).unwrap();
        prop_assert_eq!(found, expected.into_iter().map(|(beat, _)| beat).collect::<Vec<_>>());
        assert_same(&mut golden, &naive);
    }

    /// A reset engine is a new engine, whatever happened before.
    #[test]
    fn reset_forgets_everything((config, records, _) in case(), again in any::<prop::sample::Index>()) {
        let mut golden = GoldenEngine::new(config).unwrap();
        let cut = again.index(records.len() + 1);
        golden.submit(&records[..cut]).unwrap();
        // Ends inside a packet, with replies that wait.
        golden.step(Record::sync(0), false, &mut |_, _| {});
        golden.reset().unwrap();
        let mut naive = naive(&config);
        assert_same(&mut golden, &naive);
        for &record in &records[cut..] {
            let mut replies = Vec::new();
            golden.step(record, false, &mut |reply, last| replies.push((reply.to_beat(), last)));
            prop_assert_eq!(replies, naive.take(beat(record), false));
        }
        prop_assert_eq!(support::poll(&mut golden), Vec::<Reply>::new(), "a reset drops what was not polled");
        assert_same(&mut golden, &naive);
    }
}

/// A long stream over tables of the default size, mostly the hot PAIR and SEND, in large batches.
#[test]
fn a_long_stream_over_the_default_tables() {
    let config = Config { reply_capacity: 1 << 14, ..Config::default() };
    let mut golden = GoldenEngine::new(config).unwrap();
    let mut naive = naive(&config);
    let mut random = Random::new(0x0123_4567_89AB_CDEF);
    let records: Vec<Record> = (0..300_000)
        .map(|_| {
            let (bits, choice) = (random.next(), random.next());
            let op = match choice % 64 {
                0..28 => Op::Pair,
                28..58 => Op::Send,
                58 => Op::Swap,
                59 => Op::Accum,
                60 => Op::Load,
                61 => Op::Read,
                62 => Op::Query,
                _ => Op::Nop,
            };
            let operand = if op == Op::Query { (choice >> 8) % 150_000 } else { (choice >> 8) & 0x1_0000_0001 };
            let context = (bits >> 24) as u16 & 0x3FFF;
            // Some are one beyond the table.
            let context = if choice >> 56 == 1 { 0x4000 } else { context };
            let group = if choice >> 56 == 2 { 0x400 } else { (bits >> 8) as u16 & 0x3FF };
            let reply = u64::from(choice >> 48 & 0xF == 0) << 4;
            Record { head: op as u64 | reply | bits & 0xFFFF_FF00_0000_00E0, operand }
                .with_group(group)
                .with_context(context)
        })
        .collect();
    let mut rest = &records[..];
    while !rest.is_empty() {
        let batch = &rest[..rest.len().min(5000)];
        let taken = golden.submit(batch).unwrap();
        assert!(taken > 0);
        let mut expected = Vec::new();
        for (index, &record) in batch[..taken].iter().enumerate() {
            expected.extend(naive.take(beat(record), index + 1 == taken).into_iter().map(|(beat, _)| beat));
        }
        let found: Vec<u128> = support::poll(&mut golden).into_iter().map(Reply::to_beat).collect();
        assert_eq!(found, expected);
        rest = &rest[taken..];
    }
    assert!(naive.rejected > 1000 && naive.by_op[Op::Query as usize] > 3000);
    assert_same(&mut golden, &naive);
}
