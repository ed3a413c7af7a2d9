//! Strategies for records, replies and counter rows.
#![allow(dead_code, reason = "each test uses a part")]

use deltascope_abi::counters::{CounterRow, EVENT_MASK};
use deltascope_abi::record::Record;
use deltascope_abi::reply::Reply;
use proptest::prelude::*;

/// Any record, valid or not.
pub fn record() -> impl Strategy<Value = Record> {
    any::<(u64, u64)>().prop_map(|(head, operand)| Record { head, operand })
}

/// Any reply beat.
pub fn reply() -> impl Strategy<Value = Reply> {
    any::<(u64, u64)>().prop_map(|(head, value)| Reply { head, value })
}

/// Any row of counters, many of them about to wrap.
pub fn row() -> impl Strategy<Value = CounterRow> {
    let count = || prop_oneof![any::<u64>(), (0..30u64).prop_map(|less| u64::MAX - less)];
    [count(), count(), count(), count()].prop_map(|[events, bytes, redundant_events, redundant_bytes]| CounterRow {
        events: events & EVENT_MASK,
        bytes,
        redundant_events: redundant_events & EVENT_MASK,
        redundant_bytes,
    })
}
