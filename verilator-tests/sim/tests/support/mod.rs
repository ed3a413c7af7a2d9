//! What several tests of engines share.

use deltascope_abi::random::Random;
use deltascope_abi::record::{Class, Op, Record};

/// Records of every op: few contexts, so that they meet, and some groups beyond the table.
pub fn records(count: usize, random: &mut Random) -> Vec<Record> {
    let record = |random: &mut Random| {
        let op = random.pick(&Op::ALL);
        let operand = match op {
            Op::Snapshot => u64::from(random.below(8) as u16) | random.below(12) << 16,
            _ => random.below(4) * 0x1_0000_0001,
        };
        let class = Class::from_code(random.below(4) as u8);
        let record = Record::new(op, class, random.below(1_040) as u16, random.below(40) as u16, 1_500, operand);
        if random.one_in(2) { record.with_reply() } else { record }
    };
    (0..count).map(|_| record(random)).collect()
}
