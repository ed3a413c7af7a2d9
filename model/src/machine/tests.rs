//! Counters at their widths, which no test could reach record by record.

use super::*;
use deltascope_abi::counters::EVENT_MASK;

const FULL: CounterRow =
    CounterRow { events: EVENT_MASK, bytes: u64::MAX, redundant_events: EVENT_MASK, redundant_bytes: u64::MAX - 9 };

/// Both ways to count, the run of PAIR and SEND and the single record, wrap alike.
#[test]
fn events_wrap_at_48_bits_and_bytes_at_64() {
    let record = Record::pair(1, Class::PageAfterT, 10, 5, 5);
    let config = Config::with_tables(2, 2);
    for single in [false, true] {
        let mut machine = Machine::new(&config);
        machine.rows[CLASSES] = FULL;
        if single {
            machine.execute(&record, &mut |_| panic!("a PAIR does not answer"));
        } else {
            assert_eq!(machine.run_counting(&[record]), 1);
        }
        let wrapped = CounterRow { events: 0, bytes: 9, redundant_events: 0, redundant_bytes: 0 };
        assert_eq!(machine.row(1, Class::PageAfterT), Some(wrapped));
        let mut beats = Vec::new();
        machine.execute(&Record::snapshot(1, 1), &mut |reply| beats.push(reply.to_beat()));
        assert_eq!(beats[1..3], [9 << 64, 0], "bits 63:48 of a row stay zero");
        assert_eq!(wrapped.since(&FULL), CounterRow { events: 1, bytes: 10, redundant_events: 1, redundant_bytes: 10 });
    }
}

/// The hot path stops in front of everything that is not its own.
#[test]
fn the_counting_run_takes_silent_valid_pairs_and_sends_only() {
    let mut machine = Machine::new(&Config::with_tables(2, 2));
    let own = [
        Record::pair(1, Class::PageUnjudged, 1, 1, 1),
        Record::pair(0, Class::PageAfterT, 1, 1, 2).with_reply().with_context(u16::MAX),
        Record::send(0, 1, 1, 1),
        Record::send(1, 0, 1, 0).with_rebase(),
    ];
    assert_eq!(machine.run_counting(&own), own.len());
    let others = [
        Record::nop(),
        Record::load(0, 0),
        Record::accum(0, 0),
        Record::read(0),
        Record::swap(0, 0),
        Record::send(0, 0, 0, 0).with_reply(),
        Record::send(0, 2, 0, 0),
        Record::send(2, 0, 0, 0),
        Record::pair(2, Class::PageAfterT, 0, 0, 0),
        Record::snapshot(0, 0),
        Record::sync(0),
        Record::query(0, 0),
        Record { head: 0xF, operand: 0 },
    ];
    for record in others {
        assert_eq!(machine.run_counting(&[record]), 0, "{record:?}");
    }
    assert_eq!((machine.accepted(), machine.position()), (4, 2));
    assert_eq!(machine.context(2), None, "the spare context is not visible");
}
