//! The suite: sequences of records that together use everything an engine can do.

use deltascope_abi::random::Random;
use deltascope_abi::record::{Class, Op, RECORD_BYTES, Record};
use deltascope_abi::{DEFAULT_CONTEXTS, DEFAULT_GROUPS};

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
    let mut random = Random::new(0x1234_5678_9ABC_DEF1);
    let mixed: Vec<Record> = (0..20_000).map(|_| any(&mut random, 64)).collect();
    vec![
        Case::new("nothing", []),
        Case::new("algebra", algebra()),
        Case::new("boundaries", boundaries()),
        // What a snapshot says in the midst of a sequence is what it says at the end of the beginning.
        Case::new("mixed-a", mixed[..1].iter().copied()),
        Case::new("mixed-b", mixed[..4_999].iter().copied()),
        Case::new("mixed-c", mixed.iter().copied()),
        Case::new("wide", (0..20_000).map(|_| any(&mut random, 20_000))),
        Case::new("counting", (0..40_000).map(|_| counting(&mut random))),
        Case::new("reply-flood", (0..6_000).map(|n| Record::read(n % 7))),
        Case::new("whole-snapshots", whole_snapshots(&mut random)),
        Case { journal: true, ..Case::new("journal", journal(&mut random)) },
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

/// A record of any op but QUERY on one of `contexts` contexts, some beyond what there is.
fn any(random: &mut Random, contexts: u64) -> Record {
    const OPS: [Op; 9] = [Op::Nop, Op::Load, Op::Accum, Op::Read, Op::Swap, Op::Pair, Op::Send, Op::Snapshot, Op::Sync];
    let op = OPS[random.below(9) as usize];
    let operand = match op {
        Op::Snapshot => random.below(u64::from(GROUPS) + 6) | random.below(12) << 16,
        _ => random.below(4) * 0x1_0000_0001,
    };
    let (group, context) = (random.below(u64::from(GROUPS) + 6) as u16, random.below(contexts) as u16);
    let class = Class::from_code(random.below(4) as u8);
    let record = Record::new(op, class, group, context, random.below(1 << 24) as u32, operand);
    if random.below(2) == 0 { record.with_reply() } else { record }
}

/// What an agent sends.
fn counting(random: &mut Random) -> Record {
    let (group, length) = (random.below(256) as u16, random.below(9_000) as u32);
    match random.below(2) {
        0 => {
            let class = [Class::PageAfterT, Class::PageAtExit, Class::PageUnjudged][random.below(3) as usize];
            Record::pair(group, class, 4_096, random.below(3) as u32, random.below(3) as u32)
        }
        _ => Record::send(group, random.below(4_096) as u16, length, random.below(8)),
    }
}

fn whole_snapshots(random: &mut Random) -> Vec<Record> {
    let mut list = Vec::new();
    for _ in 0..4 {
        list.extend((0..2_000).map(|_| counting(random)));
        list.push(Record::snapshot(0, GROUPS - 1));
        list.push(Record::sync(list.len() as u64));
    }
    list
}

/// Marks that every journal of at least 64 deltas still reaches, and one in the future.
fn journal(random: &mut Random) -> Vec<Record> {
    let mut list = Vec::new();
    let mut position = 0;
    for _ in 0..400 {
        for _ in 0..random.below(20) {
            list.push(Record::accum(random.below(4) as u16, random.next()));
            position += 1;
        }
        let back = random.below(64.min(position + 1));
        list.push(Record::query(random.below(4) as u16, position - back));
        list.push(Record::read(random.below(4) as u16));
    }
    list.push(Record::query(0, position + 1));
    list
}
