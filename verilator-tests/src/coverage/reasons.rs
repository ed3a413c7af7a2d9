//! What the coverage leaves out, each with the reason. `cargo xtask coverage` fails on a gap without a reason and on
//! a reason without a gap.

use super::Gap;

/// One reason.
#[derive(Clone, Copy, Debug)]
pub struct Reason {
    /// The block.
    pub block: &'static str,
    /// The signal, or `side: text` of a line.
    pub what: &'static str,
    /// For a signal the first and the last bit that are meant; `None` for a line.
    pub bits: Option<(u32, u32)>,
    /// Why it is not met, and what shows it instead.
    pub why: &'static str,
}

impl Reason {
    /// Whether it speaks of this gap.
    pub fn explains(&self, gap: &Gap) -> bool {
        let bits = match (self.bits, gap.bit) {
            (Some((first, last)), Some(bit)) => (first..=last).contains(&bit),
            (None, None) => true,
            _ => false,
        };
        bits && self.block == gap.block && self.what == gap.what
    }
}

/// Every reason.
pub const REASONS: &[Reason] = &[];
