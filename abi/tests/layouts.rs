//! Records, replies, counter rows and losses: round trips, bit positions, arithmetic.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use deltascope_abi::counters::{CounterRow, EVENT_MASK};
use deltascope_abi::frame::Kind;
use deltascope_abi::loss::{LossReason, Losses};
use deltascope_abi::record::{Class, MAX_LENGTH, Op, Record, split_records};
use deltascope_abi::reply::{POSITION_MODULUS, Reply, reply_beats};
use deltascope_testkit::strategies::{any_record as record, any_row as row};
use proptest::prelude::*;

fn op() -> impl Strategy<Value = Op> {
    prop::sample::select(&Op::ALL[..])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn every_beat_is_a_record_and_back(bytes: [u8; 16]) {
        let record = Record::from_bytes(&bytes);
        prop_assert_eq!(record.to_bytes(), bytes);
        let beat = u128::from_le_bytes(bytes);
        let bits = |high: u32, low: u32| ((beat >> low) & ((1 << (high - low + 1)) - 1)) as u64;
        prop_assert_eq!(u64::from(record.op_code()), bits(3, 0));
        prop_assert_eq!(record.op().map(|op| op as u64), (bits(3, 0) < 10).then_some(bits(3, 0)));
        prop_assert_eq!(u64::from(record.reply()), bits(4, 4));
        prop_assert_eq!(u64::from(record.rebase()), bits(5, 5));
        prop_assert_eq!(record.class() as u64, bits(7, 6));
        prop_assert_eq!(u64::from(record.group()), bits(23, 8));
        prop_assert_eq!(u64::from(record.context()), bits(39, 24));
        prop_assert_eq!(u64::from(record.length()), bits(63, 40));
        prop_assert_eq!(record.operand, bits(95, 64) | (bits(127, 96) << 32));
        let (first, last) = record.snapshot_range();
        prop_assert_eq!((u64::from(first), u64::from(last)), (bits(79, 64), bits(95, 80)));
    }

    #[test]
    fn records_hold_what_they_were_made_of(
        op in op(), class in 0..4u8, group: u16, context: u16, length: u32, operand: u64, other: (u16, u16),
    ) {
        let class = Class::from_code(class);
        let record = Record::new(op, class, group, context, length, operand);
        prop_assert_eq!((record.op(), record.class(), record.operand), (Some(op), class, operand));
        prop_assert_eq!((record.group(), record.context()), (group, context));
        prop_assert_eq!(record.length(), length.min(MAX_LENGTH));
        prop_assert!(!record.reply() && !record.rebase());
        let changed = record.with_reply().with_rebase().with_group(other.0).with_context(other.1);
        prop_assert!(changed.reply() && changed.rebase());
        prop_assert_eq!((changed.group(), changed.context()), other);
        let same = Record::new(op, class, other.0, other.1, length, operand).with_reply().with_rebase();
        prop_assert_eq!(changed, same);
    }

    #[test]
    fn every_beat_is_a_reply_and_back(bytes: [u8; 16]) {
        let reply = Reply::from_bytes(&bytes);
        prop_assert_eq!(reply.to_bytes(), bytes);
        let beat = u128::from_le_bytes(bytes);
        prop_assert_eq!((reply.to_beat(), Reply::from_beat(beat)), (beat, reply));
        let bits = |high: u32, low: u32| ((beat >> low) & ((1 << (high - low + 1)) - 1)) as u64;
        prop_assert_eq!(u64::from(reply.op_code()), bits(3, 0));
        prop_assert_eq!(u64::from(reply.zero()), bits(4, 4));
        prop_assert_eq!(u64::from(reply.too_old()), bits(5, 5));
        prop_assert_eq!(reply.class() as u64, bits(7, 6));
        prop_assert_eq!(u64::from(reply.group()), bits(23, 8));
        prop_assert_eq!(u64::from(reply.context()), bits(39, 24));
        prop_assert_eq!(u64::from(reply.position()), bits(63, 40));
    }

    #[test]
    fn replies_hold_what_they_were_made_of(
        op in op(), class in 0..4u8, group: u16, context: u16, position: u64, value: u64, flags: (bool, bool),
    ) {
        let class = Class::from_code(class);
        let reply = Reply::new(op, position, value).with_source(class, group, context);
        let reply = reply.with_zero(!flags.0).with_zero(flags.0).with_too_old(!flags.1).with_too_old(flags.1);
        prop_assert_eq!((reply.op(), reply.class(), reply.group(), reply.context()), (Some(op), class, group, context));
        prop_assert_eq!(u64::from(reply.position()), position % POSITION_MODULUS);
        prop_assert_eq!((reply.zero(), reply.too_old(), reply.value), (flags.0, flags.1, value));
    }

    #[test]
    fn rows_come_back_from_beats(row in row()) {
        prop_assert_eq!(CounterRow::from_beats(row.to_beats()), row);
        prop_assert!(row.to_beats().iter().all(|beat| (beat >> 48) & 0xFFFF == 0));
    }

    /// A reader that keeps a baseline sees the true difference over a wrap of every counter.
    #[test]
    fn differences_survive_a_wrap(
        baseline in row(),
        events in prop::collection::vec((0..=MAX_LENGTH, any::<bool>()), 0..50),
    ) {
        let mut now = baseline;
        let mut expected = CounterRow::default();
        for &(length, redundant) in &events {
            now.count(length, redundant);
            expected.events += 1;
            expected.bytes += u64::from(length);
            if redundant {
                expected.redundant_events += 1;
                expected.redundant_bytes += u64::from(length);
            }
        }
        prop_assert!(now.events <= EVENT_MASK && now.redundant_events <= EVENT_MASK);
        prop_assert_eq!(now.since(&baseline), expected);
        prop_assert_eq!(expected.is_zero(), events.is_empty());
        let mut total = expected;
        total.add(&expected);
        prop_assert_eq!(total.since(&expected), expected);
    }

    #[test]
    fn bytes_split_into_records_and_a_rest(
        records in prop::collection::vec(record(), 0..20),
        fragment in prop::collection::vec(any::<u8>(), 0..16),
    ) {
        let mut bytes: Vec<u8> = records.iter().flat_map(|record| record.to_bytes()).collect();
        bytes.extend(&fragment);
        let (whole, rest) = split_records(&bytes);
        prop_assert_eq!(whole.len(), records.len());
        prop_assert_eq!(whole.collect::<Vec<_>>(), records);
        prop_assert_eq!(rest, fragment);
    }

    #[test]
    fn snapshots_need_their_rows(first: u16, last: u16, groups in 1..=1u32 << 16) {
        let beats = reply_beats(&Record::snapshot(first, last), groups);
        let valid = first <= last && u32::from(last) < groups;
        let rows = 4 * (usize::from(last) + 1).saturating_sub(first.into());
        prop_assert_eq!(beats, if valid { 1 + 2 * rows } else { 0 });
    }

    #[test]
    fn losses_add_up(counts in prop::array::uniform7(0..1u64 << 40), reason in 0..7usize, more in 0..1u64 << 40) {
        let mut losses = Losses(counts);
        let reason = LossReason::ALL[reason];
        losses.add(reason, more);
        prop_assert_eq!(losses.get(reason), counts[reason as usize] + more);
        prop_assert_eq!(losses.total(), counts.iter().sum::<u64>() + more);
        prop_assert_eq!(losses.iter().map(|(_, count)| count).sum::<u64>(), losses.total());
    }
}

/// Each constructor, checked against the table of the design bit by bit.
#[test]
fn constructors_set_the_bits_of_the_design() {
    let beat = |record: Record| u128::from_le_bytes(record.to_bytes());
    let operand = |value: u64| u128::from(value) << 64;
    let (context, group) = (0x1234u16, 0xABCDu16);
    let at_context = u128::from(context) << 24;
    assert_eq!(beat(Record::nop()), 0);
    assert_eq!(beat(Record::load(context, 7)), 1 | at_context | operand(7));
    assert_eq!(beat(Record::accum(context, 7)), 2 | at_context | operand(7));
    assert_eq!(beat(Record::read(context)), 3 | at_context);
    assert_eq!(beat(Record::swap(context, 7).with_rebase()), 4 | 1 << 5 | at_context | operand(7));
    let pair = Record::pair(group, Class::PageUnjudged, 4096, 0x1111_1111, 0x2222_2222);
    assert_eq!(beat(pair), 5 | 3 << 6 | u128::from(group) << 8 | 4096 << 40 | operand(0x2222_2222_1111_1111));
    let send = Record::send(group, context, 1 << 30, 9).with_reply();
    assert_eq!(beat(send), 6 | 1 << 4 | 2 << 6 | u128::from(group) << 8 | at_context | 0xFF_FFFF << 40 | operand(9));
    assert_eq!(beat(Record::snapshot(3, 9)), 7 | operand(0x0009_0003));
    assert_eq!(beat(Record::sync(5)), 8 | operand(5));
    assert_eq!(beat(Record::query(context, 5)), 9 | at_context | operand(5));
    assert_eq!(Reply::end_of_batch(0x0100_0002, 5).to_beat(), 2 << 40 | operand(5));
}

/// What an op uses, as the design's tables say.
#[test]
fn ops_use_the_fields_of_the_design() {
    let with = |property: fn(Op) -> bool| -> Vec<&str> {
        Op::ALL.into_iter().filter(|&op| property(op)).map(Op::name).collect()
    };
    assert_eq!(with(Op::uses_context), ["load", "accum", "read", "swap", "send", "query"]);
    assert_eq!(with(Op::counts), ["pair", "send"]);
    assert_eq!(with(Op::journals), ["load", "accum", "swap", "send"]);
    assert_eq!(with(Op::always_replies), ["read", "snapshot", "sync", "query"]);
    for code in 0..=255 {
        assert_eq!(Op::from_code(code).map(|op| op as u8), (code < 10).then_some(code));
        assert_eq!(Kind::from_code(code).map(|kind| kind as u8), (1..=13).contains(&code).then_some(code));
        assert_eq!(Class::from_code(code) as u8, code & 3);
    }
    let names: Vec<&str> = LossReason::ALL.into_iter().map(LossReason::name).collect();
    let expected =
        ["ring", "sampled", "pending_full", "retain_full", "rejected", "unattributable_source", "agent_restart"];
    assert_eq!(names, expected);
}
