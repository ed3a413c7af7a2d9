//! The suite: sequences of records that together use everything an engine can do.

use deltascope_abi::record::{Class, Op, RECORD_BYTES, Record};
use deltascope_abi::{DEFAULT_CONTEXTS, DEFAULT_GROUPS};
use deltascope_testkit::Rng;
use deltascope_testkit::records::{EVERY_OP, Mix};

/// Contexts and groups of the engines, all of which records can number.
const CONTEXTS: u16 = DEFAULT_CONTEXTS as u16;
const GROUPS: u16 = DEFAULT_GROUPS as u16;

/// One sequence.
pub struct Case {
    /// Name, also of its file.
    pub name: &'static str,
    /// The records.
    pub records: Vec<u8>,
    /// It asks the journal.
    pub journal: bool,
}

impl Case {
    fn new(name: &'static str, records: impl IntoIterator<Item = Record>) -> Case {
        let records = records.into_iter().flat_map(|record| record.to_bytes()).collect();
        Case { name, records, journal: false }
    }

    /// Number of records.
    pub fn count(&self) -> usize {
        self.records.len() / RECORD_BYTES
    }
}

/// One QUERY: an engine without a journal rejects it.
pub fn journal_probe() -> Vec<u8> {
    Record::query(0, 0).to_bytes().to_vec()
}

/// Every case.
pub fn all() -> Vec<Case> {
    let mut rng = Rng::new(0x1234_5678_9ABC_DEF1);
    let mixed = any(&mut rng, 20_000, 64);
    vec![
        Case::new("nothing", []),
        Case::new("algebra", algebra()),
        Case::new("boundaries", boundaries()),
        // What a snapshot reports in the midst of a sequence is what it reports at the end of the beginning.
        Case::new("mixed-a", mixed[..1].iter().copied()),
        Case::new("mixed-b", mixed[..4_999].iter().copied()),
        Case::new("mixed-c", mixed.iter().copied()),
        Case::new("wide", any(&mut rng, 20_000, 20_000)),
        Case::new("counting", counting(&mut rng, 40_000)),
        Case::new("reply-flood", (0..6_000).map(|n| Record::read(n % 7))),
        Case::new("whole-snapshots", whole_snapshots(&mut rng)),
        Case { journal: true, ..Case::new("journal", journal(&mut rng)) },
    ]
}

/// Vectors whose results follow from the algebra alone.
fn algebra() -> Vec<Record> {
    let mut list = vec![
        Record::load(0, 0xFFFF_0000_FFFF_0000),
        Record::accum(0, 0x0000_FFFF_0000_FFFF),
        Record::read(0),
        Record::load(1, 0xCAFE_BABE_DEAD_BEEF),
        Record::accum(1, 0x5555_5555_5555_5555),
        Record::accum(1, 0x5555_5555_5555_5555),
        Record::read(1),
    ];
    for delta in [0xAAAA_AAAA_AAAA_AAAA, 0x5555_5555_5555_5555, 0x1234_5678_90AB_CDEF, 0xFEDC_BA09_8765_4321] {
        list.push(Record::accum(1, delta).with_reply());
    }
    list.extend([
        Record::read(1),
        Record::swap(1, 7),
        Record::swap(1, 0).with_rebase(),
        Record::read(1),
        Record::sync(99),
    ]);
    list
}

/// The last context and group, the first beyond, lengths at their end, ops that there are not.
fn boundaries() -> Vec<Record> {
    let mut list = Vec::new();
    for context in [0, 1, CONTEXTS - 1, CONTEXTS, 65_535] {
        for record in [Record::load(context, 1), Record::accum(context, 2), Record::swap(context, 3)] {
            list.push(record.with_reply());
        }
        list.push(Record::read(context));
        list.push(Record::send(GROUPS - 1, context, 0xFF_FFFF, 3).with_reply());
    }
    for group in [0, 1, GROUPS - 1, GROUPS, 65_535] {
        for class in 0..4 {
            list.push(Record::pair(group, Class::from_code(class), 0xFF_FFFF, 5, 5));
            list.push(Record::pair(group, Class::from_code(class), 0, 5, 6));
        }
    }
    for code in (0..16).filter(|code| *code != Op::Query as u64) {
        list.push(Record { head: code, operand: u64::MAX });
    }
    for (first, last) in [(0, 0), (GROUPS - 1, GROUPS - 1), (GROUPS - 2, GROUPS), (5, 4), (0, GROUPS - 1)] {
        list.push(Record::snapshot(first, last));
    }
    list.push(Record::sync(1));
    list
}

/// Records of any op but QUERY on some of `contexts` contexts, some beyond what there is.
fn any(rng: &mut Rng, count: usize, contexts: u64) -> Vec<Record> {
    let ops: Vec<_> = EVERY_OP.into_iter().filter(|(op, _)| *op != Op::Query).collect();
    let mix = Mix { ops: &ops, contexts, groups: u64::from(GROUPS) + 6, values: 4, lengths: 1 << 24, reply_in: 2 };
    mix.records(count, rng)
}

/// What an agent sends.
fn counting(rng: &mut Rng, count: usize) -> Vec<Record> {
    let ops = &[(Op::Pair, 1), (Op::Send, 1)];
    let mix = Mix { ops, contexts: 4_096, groups: 256, values: 4, lengths: 9_000, reply_in: 0 };
    mix.records(count, rng)
}

fn whole_snapshots(rng: &mut Rng) -> Vec<Record> {
    let mut list = Vec::new();
    for _ in 0..4 {
        list.extend(counting(rng, 2_000));
        list.push(Record::snapshot(0, GROUPS - 1));
        list.push(Record::sync(list.len() as u64));
    }
    list
}

/// Marks that every journal of at least 64 deltas still reaches, and one in the future.
fn journal(rng: &mut Rng) -> Vec<Record> {
    let mut list = Vec::new();
    let mut position = 0;
    for _ in 0..400 {
        for _ in 0..rng.below(20) {
            list.push(Record::accum(rng.below(4) as u16, rng.next()));
            position += 1;
        }
        let back = rng.below(64.min(position + 1));
        list.push(Record::query(rng.below(4) as u16, position - back));
        list.push(Record::read(rng.below(4) as u16));
    }
    list.push(Record::query(0, position + 1));
    list
}
