//! Random records that look for trouble: few contexts and rows, the ends of the tables, every op, invalid
//! records, batches of any length. What to send next depends on what the golden engine holds now.

use std::collections::VecDeque;

use deltascope_abi::random::Random;
use deltascope_abi::record::{Class, Op, Record};
use deltascope_model::GoldenEngine;

use super::Sizes;

/// Which numbers are used.
#[derive(Clone, Copy, Debug)]
enum Spread {
    One(u64),
    Two(u64, u64),
    /// This many numbers from the start on.
    Few(u64),
    Ends,
    All,
}

impl Spread {
    fn any(random: &mut Random, count: u64) -> Spread {
        match random.below(6) {
            0 => Spread::One(random.below(count)),
            1 => Spread::Two(random.below(count), random.below(count)),
            2 => Spread::Few(3.min(count)),
            3 => Spread::Few(12.min(count)),
            4 => Spread::Ends,
            _ => Spread::All,
        }
    }

    fn pick(self, random: &mut Random, count: u64) -> u64 {
        match self {
            Spread::One(n) => n,
            Spread::Two(a, b) => random.pick(&[a, b]),
            Spread::Few(n) => random.below(n),
            Spread::Ends => random.pick(&[0, count - 1]),
            Spread::All => random.below(count),
        }
    }
}

/// Which ops are used: weights by code, and how many records of 1,000 are made invalid.
#[derive(Clone, Copy, Debug)]
struct Mix {
    weights: [u8; 10],
    invalid: u64,
}

const MIXES: [Mix; 6] = [
    // The product's own traffic.
    Mix { weights: [0, 1, 0, 0, 0, 20, 20, 0, 0, 0], invalid: 1 },
    // The algebra.
    Mix { weights: [1, 6, 8, 8, 8, 0, 8, 0, 0, 1], invalid: 5 },
    // Everything.
    Mix { weights: [4, 4, 4, 4, 4, 4, 4, 1, 4, 2], invalid: 60 },
    // Answers as fast as they come.
    Mix { weights: [0, 0, 0, 10, 4, 1, 0, 0, 10, 1], invalid: 5 },
    // Snapshots between adds.
    Mix { weights: [0, 0, 0, 0, 0, 8, 4, 3, 0, 0], invalid: 20 },
    // Nothing but trouble.
    Mix { weights: [1, 1, 1, 1, 1, 1, 1, 1, 1, 1], invalid: 600 },
];

/// What the journal notes, and nothing else.
const NOTES: Mix = Mix { weights: [0, 2, 4, 0, 3, 0, 3, 0, 0, 0], invalid: 0 };
/// QUERYs, and a few more deltas between them.
const QUERIES: Mix = Mix { weights: [0, 1, 2, 0, 1, 0, 1, 0, 0, 8], invalid: 2 };

/// A generator of records.
pub struct Traffic {
    random: Random,
    sizes: Sizes,
    contexts: Spread,
    groups: Spread,
    mix: Mix,
    /// REPLY on this many of 100 records.
    replies: u64,
    /// TLAST on one of N records; 0: never.
    last_every: u64,
    /// Random bits in fields that the op does not use.
    junk: bool,
    /// One group, long records: its rows grow beyond 32 bits of bytes.
    heavy: Option<u16>,
    left: u64,
    /// Marks of QUERYs are out of reach: positions that count in large steps have none in reach.
    far_marks: bool,
    script: VecDeque<(Record, bool)>,
}

impl Traffic {
    /// Traffic for an engine of these sizes.
    pub fn new(sizes: Sizes, random: &mut Random) -> Traffic {
        let mut traffic = Traffic {
            random: random.fork(),
            sizes,
            contexts: Spread::All,
            groups: Spread::All,
            mix: MIXES[0],
            replies: 0,
            last_every: 0,
            junk: false,
            heavy: None,
            left: 0,
            far_marks: false,
            script: VecDeque::new(),
        };
        traffic.change();
        traffic
    }

    /// The same for an engine whose journal position may count in large steps.
    pub fn with_strides(mut self, strides: bool) -> Traffic {
        self.far_marks = strides;
        self
    }

    /// Another kind of traffic, for a while.
    pub fn change(&mut self) {
        if let Some(group) = self.heavy.take() {
            self.script.push_back((Record::snapshot(group, group), false));
        }
        let Traffic { random, sizes, .. } = self;
        self.contexts = Spread::any(random, sizes.contexts());
        self.groups = Spread::any(random, sizes.groups());
        self.mix = random.pick(&MIXES);
        self.replies = random.pick(&[0, 10, 50, 100]);
        self.last_every = random.pick(&[0, 1, 2, 20, 300]);
        self.junk = random.one_in(2);
        self.left = random.between(20, 1_500);
        if random.one_in(16) {
            let group = random.below(sizes.groups());
            self.heavy = Some(group as u16);
            (self.groups, self.mix, self.left) = (Spread::One(group), MIXES[0], 2_500);
        }
    }

    /// That many records that the journal notes, on few contexts.
    pub fn notes(&mut self, records: u64) {
        self.change();
        (self.heavy, self.mix, self.left) = (None, NOTES, records);
        self.contexts = Spread::Few(3.min(self.sizes.contexts()));
    }

    /// Mostly QUERYs, of the same contexts as the records before.
    pub fn queries(&mut self, records: u64) {
        (self.mix, self.left) = (QUERIES, records);
    }

    /// Puts records in front of the random ones.
    pub fn script(&mut self, records: impl IntoIterator<Item = (Record, bool)>) {
        self.script.extend(records);
    }

    /// A QUERY of the first context from a few positions ago on.
    pub fn query(&mut self, model: &GoldenEngine) -> Record {
        let back = if self.far_marks { self.random.next() } else { self.random.below(6) };
        Record::query(0, model.position().wrapping_sub(back))
    }

    /// Records that make the first and last context and row non-zero, so that a reset has something to clear.
    pub fn dirty(&mut self) {
        let (context, group) = ((self.sizes.contexts() - 1) as u16, (self.sizes.groups() - 1) as u16);
        let (low, high) = (self.random.next() | 1, self.random.next() | 1);
        self.script([
            (Record::load(0, low), false),
            (Record::accum(context, high), false),
            (Record::pair(0, Class::PageAfterT, 4_096, 1, 1), false),
            (Record::pair(group, Class::PageUnjudged, 4_096, 1, 2), false),
        ]);
    }

    /// The next record and its TLAST, for an engine in the state of `model` that has sent
    /// `since_last` reply beats since the last TLAST.
    pub fn next(&mut self, model: &GoldenEngine, since_last: u32) -> (Record, bool) {
        if let Some(scripted) = self.script.pop_front() {
            return scripted;
        }
        if self.left == 0 {
            self.change();
        }
        self.left -= 1;
        // The beat that fills a packet shall sometimes be the one that ends a batch.
        if since_last + 1 == self.sizes.config.reply_packet && self.random.one_in(3) {
            return (Record::nop(), true);
        }
        let mut record = self.valid(model);
        if self.random.below(1_000) < self.mix.invalid {
            record = self.spoil(record);
        }
        let last = self.last_every > 0 && self.random.one_in(self.last_every);
        (record, last)
    }

    fn op(&mut self) -> Op {
        let total: u64 = self.mix.weights.iter().map(|w| u64::from(*w)).sum();
        let mut at = self.random.below(total);
        for (op, weight) in Op::ALL.into_iter().zip(self.mix.weights) {
            if at < u64::from(weight) {
                return op;
            }
            at -= u64::from(weight);
        }
        Op::Nop
    }

    fn valid(&mut self, model: &GoldenEngine) -> Record {
        let op = self.op();
        let Traffic { random, sizes, .. } = self;
        let context = self.contexts.pick(random, sizes.contexts()) as u16;
        let group = self.groups.pick(random, sizes.groups()) as u16;
        let operand = match op {
            Op::Query if self.far_marks => random.next(),
            _ => operand(op, model, context, sizes, random),
        };
        let length =
            if self.heavy.is_some() || random.one_in(4) { (1 << 24) - 1 } else { random.below(1 << 24) as u32 };
        let class = Class::from_code(random.below(4) as u8);
        let (used_context, used_group) = (op.uses_context() || self.junk, op.counts() || self.junk);
        let mut record = Record::new(
            op,
            if used_group { class } else { Class::PageAfterT },
            if used_group { group } else { 0 },
            if used_context { context } else { 0 },
            if used_group { length } else { 0 },
            operand,
        );
        if self.junk {
            let (group, context) = (random.next() as u16, random.next() as u16);
            if !op.counts() {
                record = record.with_group(group);
            }
            if !op.uses_context() {
                record = record.with_context(context);
            }
        }
        if random.below(100) < self.replies {
            record = record.with_reply();
        }
        if random.one_in(if op == Op::Swap { 2 } else { 10 }) {
            record = record.with_rebase();
        }
        record
    }

    /// Makes a record invalid in one of the ways there are, where the tables leave room for it.
    fn spoil(&mut self, record: Record) -> Record {
        let Traffic { random, sizes, .. } = self;
        let beyond = |count: u64, random: &mut Random| -> Option<u16> {
            (count < 1 << 16)
                .then(|| if random.one_in(2) { count as u16 } else { random.between(count, 0xFFFF) as u16 })
        };
        match random.below(5) {
            0 => {
                let code = random.between(Op::ALL.len() as u64, 15);
                Record { head: record.head & !0xF | code, operand: record.operand }
            }
            1 => match beyond(sizes.contexts(), random) {
                // Of its own op when that names a context: a rejected QUERY must not walk, a rejected LOAD not store.
                Some(context) if record.op().is_some_and(Op::uses_context) => record.with_context(context),
                Some(context) => Record { head: record.head & !0xF | Op::Accum as u64, ..record }.with_context(context),
                None => record,
            },
            2 => match beyond(sizes.groups(), random) {
                Some(group) => Record { head: record.head & !0xF | Op::Pair as u64, ..record }.with_group(group),
                None => record,
            },
            3 => {
                let first = random.between(1, sizes.groups() - 1) as u16;
                Record::snapshot(first, random.below(u64::from(first)) as u16)
            }
            _ => match beyond(sizes.groups(), random) {
                Some(last) => Record::snapshot(random.below(sizes.groups()) as u16, last),
                None => record,
            },
        }
    }
}

/// An operand that finds something: the state that a SEND returns, the delta that cancels, equal fingerprints.
fn operand(op: Op, model: &GoldenEngine, context: u16, sizes: &Sizes, random: &mut Random) -> u64 {
    let held = model.context(context).unwrap_or_default();
    match op {
        Op::Accum if random.one_in(4) => held.accumulator,
        // One bit is left in the accumulator, or between a SEND and what it returns: neither is nothing.
        Op::Accum if random.one_in(6) => held.accumulator ^ 1 << random.below(64),
        Op::Send if random.one_in(6) => held.read() ^ 1 << random.below(64),
        Op::Load | Op::Swap | Op::Send | Op::Accum if random.one_in(3) => held.read(),
        // A PAIR touches no context, even when a SEND of its operand would be redundant.
        Op::Pair if random.one_in(8) => model.context(0).unwrap_or_default().read(),
        Op::Pair => {
            let before = random.next() as u32;
            let after = match random.below(3) {
                0 => random.next() as u32,
                1 => before ^ 1 << random.below(32),
                _ => before,
            };
            u64::from(before) | u64::from(after) << 32
        }
        Op::Snapshot => snapshot(sizes, random).operand,
        // Around the horizon of the journal, which is also where J and the future are.
        Op::Query => {
            let horizon = sizes.config.horizon();
            let back = match random.below(4) {
                0 => random.below(4),
                1 => horizon.wrapping_add(random.below(5)).wrapping_sub(2),
                2 => random.below(horizon + 2),
                _ => random.next(),
            };
            model.position().wrapping_sub(back)
        }
        _ => random.next(),
    }
}

fn snapshot(sizes: &Sizes, random: &mut Random) -> Record {
    let groups = sizes.groups();
    match random.below(200) {
        0 => Record::snapshot(0, (groups - 1) as u16),
        1..20 => Record::snapshot((groups - 1) as u16, (groups - 1) as u16),
        20..100 => {
            let group = random.below(3.min(groups)) as u16;
            Record::snapshot(group, group)
        }
        _ => {
            let first = random.below(groups);
            let last = (first + random.below(12)).min(groups - 1);
            Record::snapshot(first as u16, last as u16)
        }
    }
}
