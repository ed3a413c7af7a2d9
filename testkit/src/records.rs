//! Random records.

use crate::Rng;
use deltascope_abi::record::{Class, Op, Record};

/// How often each op comes when all of them come as often.
pub const EVERY_OP: [(Op, u64); 10] = [
    (Op::Nop, 1),
    (Op::Load, 1),
    (Op::Accum, 1),
    (Op::Read, 1),
    (Op::Swap, 1),
    (Op::Pair, 1),
    (Op::Send, 1),
    (Op::Snapshot, 1),
    (Op::Sync, 1),
    (Op::Query, 1),
];

/// How often each op comes in a session that mostly counts.
pub const OF_A_SESSION: [(Op, u64); 7] =
    [(Op::Nop, 1), (Op::Load, 1), (Op::Accum, 2), (Op::Read, 1), (Op::Swap, 2), (Op::Pair, 7), (Op::Send, 6)];

/// Records for an engine of the default sizes: few contexts, so that states meet, and some groups beyond the table.
pub const FOR_ANY_ENGINE: Mix<'static> =
    Mix { ops: &EVERY_OP, contexts: 40, groups: 1_040, values: 4, lengths: 1_501, reply_in: 2 };

/// What random records are made of. Contexts or groups beyond an engine's tables make records that it rejects.
#[derive(Clone, Copy, Debug)]
pub struct Mix<'a> {
    /// Ops and how often each comes, as parts of the sum. A mark of QUERY is a value, and a SNAPSHOT has few groups.
    pub ops: &'a [(Op, u64)],
    /// Contexts are below this.
    pub contexts: u64,
    /// Groups are below this.
    pub groups: u64,
    /// Values are below this; few of them meet often.
    pub values: u64,
    /// Lengths are below this.
    pub lengths: u64,
    /// One record in this many asks for a reply; 0: none.
    pub reply_in: u64,
}

impl Mix<'_> {
    /// Returns a record. Group and context hold anything in ops without a use for them.
    pub fn record(&self, rng: &mut Rng) -> Record {
        let op = self.op(rng);
        let (group, context) = (rng.below(self.groups) as u16, rng.below(self.contexts) as u16);
        let class = Class::from_code(rng.below(4) as u8);
        let (value, other) = (rng.below(self.values), rng.below(self.values));
        let operand = match op {
            Op::Pair => value | other << 32,
            // Some ranges are empty.
            Op::Snapshot => rng.below(self.groups.min(8)) | rng.below(self.groups.min(12)) << 16,
            _ => value | value << 32,
        };
        let record = Record::new(op, class, group, context, rng.below(self.lengths) as u32, operand);
        let record = if op.counts() { record } else { record.with_group(rng.next() as u16) };
        let record = if op.uses_context() { record } else { record.with_context(rng.next() as u16) };
        let record = if op == Op::Swap && rng.chance(2) { record.with_rebase() } else { record };
        if rng.chance(self.reply_in) { record.with_reply() } else { record }
    }

    /// Returns `count` records.
    pub fn records(&self, count: usize, rng: &mut Rng) -> Vec<Record> {
        (0..count).map(|_| self.record(rng)).collect()
    }

    fn op(&self, rng: &mut Rng) -> Op {
        let mut left = rng.below(self.ops.iter().map(|(_, parts)| parts).sum());
        for (op, parts) in self.ops {
            match left.checked_sub(*parts) {
                Some(rest) => left = rest,
                None => return *op,
            }
        }
        Op::Nop
    }
}

#[cfg(test)]
mod tests {
    use super::{EVERY_OP, Mix, OF_A_SESSION};
    use crate::Rng;
    use deltascope_abi::record::{Op, Record};

    #[test]
    fn every_op_comes_within_the_limits_and_as_often_as_asked() {
        for ops in [&EVERY_OP[..], &OF_A_SESSION[..]] {
            let mix = Mix { ops, contexts: 5, groups: 3, values: 4, lengths: 100, reply_in: 2 };
            let records = mix.records(20_000, &mut Rng::new(1));
            let sum: u64 = ops.iter().map(|(_, parts)| parts).sum();
            for (op, parts) in ops {
                let count = records.iter().filter(|record| record.op() == Some(*op)).count() as u64;
                let expected = 20_000 * parts / sum;
                assert!(count.abs_diff(expected) < expected / 4, "{op:?}: {count} of {expected}");
            }
            let uses = |record: &Record, uses: fn(Op) -> bool| record.op().is_some_and(uses);
            let is_within =
                |r: &Record| (r.context() < 5 || !uses(r, Op::uses_context)) && (r.group() < 3 || !uses(r, Op::counts));
            assert!(records.iter().all(|record| is_within(record) && record.length() < 100));
        }
    }
}
