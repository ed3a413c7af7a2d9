//! Strategies for records, replies and counter rows: every op, valid or not, with garbage in the bits that an op does
//! not use.

use deltascope_abi::counters::{CounterRow, EVENT_MASK};
use deltascope_abi::record::{Op, Record};
use deltascope_abi::reply::Reply;
use proptest::prelude::*;

/// Any 128 bits as a record.
pub fn any_record() -> impl Strategy<Value = Record> {
    any::<(u64, u64)>().prop_map(|(head, operand)| Record { head, operand })
}

/// Any 128 bits as a reply beat.
pub fn any_reply() -> impl Strategy<Value = Reply> {
    any::<(u64, u64)>().prop_map(|(head, value)| Reply { head, value })
}

/// Any row of counters, many of them about to wrap.
pub fn any_row() -> impl Strategy<Value = CounterRow> {
    let count = || prop_oneof![any::<u64>(), (0..30u64).prop_map(|less| u64::MAX - less)];
    [count(), count(), count(), count()].prop_map(|[events, bytes, redundant_events, redundant_bytes]| CounterRow {
        events: events & EVENT_MASK,
        bytes,
        redundant_events: redundant_events & EVENT_MASK,
        redundant_bytes,
    })
}

/// A number that is mostly below `size`, sometimes its edge, sometimes anything.
pub fn index(size: u32) -> impl Strategy<Value = u16> {
    prop_oneof![
        12 => (0..size).prop_map(|index| index as u16),
        1 => Just(size as u16),
        1 => Just((size - 1) as u16),
        1 => any::<u16>(),
    ]
}

/// An operand from a small set, so that states and fingerprints meet, or anything.
pub fn operand() -> impl Strategy<Value = u64> {
    prop_oneof![
        4 => 0..4u64,
        2 => (0..3u64, 0..3u64).prop_map(|(low, high)| low | (high << 32)),
        1 => any::<u64>(),
    ]
}

/// A mark of a journal that is `positions` long or so.
pub fn mark(positions: u64) -> impl Strategy<Value = u64> {
    prop_oneof![8 => 0..positions, 1 => Just(u64::MAX), 1 => any::<u64>()]
}

/// One record for an engine of these sizes, in a stream of about `positions` deltas. Op codes 10 to 15 and
/// numbers beyond the tables are among them.
pub fn record(contexts: u32, groups: u32, positions: u64) -> impl Strategy<Value = Record> {
    let code = prop_oneof![10 => 0..10u8, 1 => 10..16u8];
    let fields = (code, any::<u64>(), index(groups), index(contexts), operand());
    let special = (mark(positions), index(groups), index(groups), any::<u32>());
    (fields, special).prop_map(|((code, bits, group, context, operand), (mark, first, last, high))| {
        let operand = match Op::from_code(code) {
            Some(Op::Snapshot) => u64::from(first) | (u64::from(last) << 16) | (u64::from(high) << 32),
            Some(Op::Query) => mark,
            _ => operand,
        };
        let head = (bits & !0xF) | u64::from(code);
        Record { head, operand }.with_group(group).with_context(context)
    })
}

/// At most `count` records.
pub fn records(contexts: u32, groups: u32, count: usize) -> impl Strategy<Value = Vec<Record>> {
    prop::collection::vec(record(contexts, groups, count as u64 / 2), 0..count)
}
