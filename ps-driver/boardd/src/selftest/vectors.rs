//! What the self-test sends, and what it expects by arithmetic alone.

use deltascope_abi::counters::CounterRow;
use deltascope_abi::random::Random;
use deltascope_abi::record::{Class, Record};

/// Words that find stuck, crossed and swapped lines: all and none, alternating, one bit at a time, each byte its own.
pub fn patterns() -> impl Iterator<Item = u64> {
    let fixed = [0, u64::MAX, 0x5555_5555_5555_5555, 0xAAAA_AAAA_AAAA_AAAA, 0x0123_4567_89AB_CDEF];
    fixed.into_iter().chain((0..64).flat_map(|bit| [1 << bit, !(1 << bit)]))
}

/// SYNCs with patterns, then with numbers, at least `count` of them.
pub fn stream_patterns(count: u32) -> Vec<Record> {
    let mut numbers = Random::new(1);
    let mut records: Vec<Record> = patterns().map(Record::sync).collect();
    while records.len() < count as usize {
        records.push(Record::sync(numbers.next()));
    }
    records
}

/// Records of one group in [`rows`].
const PER_GROUP: u32 = 10;

/// Groups that [`rows`] uses, of `groups` and for `records`.
fn groups((groups, records): (u32, u32)) -> u32 {
    groups.min(records.div_ceil(PER_GROUP)).max(1)
}

/// For each group: three pages of which one is redundant, two at exit that are, three sends of which one repeats the one
/// before, and two unjudged pages, which never are. A group's length and context are its own.
pub fn rows(sizes: (u32, u32)) -> Vec<Record> {
    let mut records = Vec::new();
    for group in 0..groups(sizes) {
        let (length, crc, number) = (length(group), group.wrapping_mul(0x9E37_79B9), group as u16);
        let pair = |class, after| Record::pair(number, class, length, crc, after);
        let send = |fingerprint: u64| Record::send(number, number, length, fingerprint << 32 | 1);
        records.extend([pair(Class::PageAfterT, crc), pair(Class::PageAfterT, !crc), pair(Class::PageAfterT, crc ^ 1)]);
        records.extend([pair(Class::PageAtExit, crc); 2]);
        records.extend([send(5), send(5), send(7)]);
        records.extend([pair(Class::PageUnjudged, crc); 2]);
    }
    records
}

fn length(group: u32) -> u32 {
    64 + group
}

/// What [`rows`] makes of the counters.
pub fn expected_rows(sizes: (u32, u32)) -> Vec<(u16, Class, CounterRow)> {
    let mut expected = Vec::new();
    for group in 0..groups(sizes) {
        let row = |events: u64, redundant_events: u64| CounterRow {
            events,
            bytes: events * u64::from(length(group)),
            redundant_events,
            redundant_bytes: redundant_events * u64::from(length(group)),
        };
        let by_class = Class::ALL.into_iter().zip([row(3, 1), row(2, 2), row(3, 1), row(2, 0)]);
        expected.extend(by_class.map(|(class, row)| (group as u16, class, row)));
    }
    expected
}

/// Records of every kind, those to be rejected among them. Few contexts and operands, so that they meet.
pub fn scramble(count: u32, contexts: u32, groups: u32) -> Vec<Record> {
    let mut numbers = Random::new(2);
    // The remainder, so that the self-test's records stay what they were.
    let below = |numbers: &mut Random, end: u32| (numbers.next() % u64::from(end.max(1))) as u16;
    let mut records = Vec::with_capacity(count as usize);
    for n in 0..count {
        let context = below(&mut numbers, contexts.min(24));
        let group = below(&mut numbers, groups.min(24));
        let length = numbers.next() as u32 & 0x00FF_FFFF;
        let operand = [numbers.next() & 3, numbers.next()][usize::from(n.is_multiple_of(3))];
        let record = match numbers.next() % 23 {
            0 => Record::nop(),
            1 | 2 => Record::load(context, operand),
            3..=5 => Record::accum(context, operand),
            6 | 7 => Record::read(context),
            8 | 9 => Record::swap(context, operand),
            10 => Record::swap(context, operand).with_rebase(),
            11..=13 => Record::pair(group, Class::from_code(operand as u8), length, operand as u32 & 1, n & 1),
            14..=16 => Record::send(group, context, length, operand),
            17 => Record::sync(operand),
            // Marks from before the horizon, within it and from the future.
            18 | 19 => Record::query(context, numbers.next() % u64::from(n + 1)),
            20 if n.is_multiple_of(64) => Record::snapshot(group, group.saturating_add(2)),
            20 => Record::accum(u16::MAX, operand),
            21 => Record::load(context, operand).with_reply(),
            // Codes that mean nothing among them.
            _ => Record { head: numbers.next() & 0xFFFF_FF00_0000_00FF, operand },
        };
        records.push(record);
    }
    records
}
