//! The records that every figure is measured with.

use deltascope_abi::random::Random;
use deltascope_abi::record::{Class, Record};

/// Records of one pass: 4 MiB, more than a second-level cache holds.
const RECORDS: usize = 1 << 18;
/// Groups and contexts that a session asks for, so that the same records pass every part.
pub const GROUPS: u32 = 256;
/// See [`GROUPS`].
pub const CONTEXTS: u32 = 4_096;

/// A seeded mix of PAIR and SEND, half of each, a quarter of the pairs redundant.
pub fn records() -> Vec<Record> {
    records_over(GROUPS, CONTEXTS)
}

/// The same over other numbers of groups and contexts.
pub fn records_over(groups: u32, contexts: u32) -> Vec<Record> {
    let mut random = Random::new(1);
    (0..RECORDS)
        .map(|_| {
            let bits = random.next();
            let group = (bits % u64::from(groups)) as u16;
            let context = ((bits >> 16) % u64::from(contexts)) as u16;
            if bits >> 63 == 0 {
                Record::pair(group, Class::PageAfterT, 4096, (bits >> 32) as u32 & 3, (bits >> 34) as u32 & 3)
            } else {
                Record::send(group, context, (bits >> 40) as u32 & 0xFFFF, bits >> 48)
            }
        })
        .collect()
}
