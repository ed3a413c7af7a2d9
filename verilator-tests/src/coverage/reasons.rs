//! What the coverage leaves out, each with the reason. `cargo xtask coverage` fails on a gap without a reason and on
//! a reason without a gap.

use super::Gap;

/// What of a signal is meant.
#[derive(Clone, Copy, Debug)]
pub enum Bits {
    /// These, the first and the last.
    Of(u32, u32),
    /// In each word of so many bits, these.
    InEach(u32, u32, u32),
    /// No signal but a branch.
    Branch,
}

/// One reason.
#[derive(Clone, Copy, Debug)]
pub struct Reason {
    /// The block.
    pub block: &'static str,
    /// Signals, or branches as `side: text of the line`. Each of them has a gap.
    pub what: &'static [&'static str],
    /// The bits.
    pub bits: Bits,
    /// Why they are not met, and what shows instead that they are right.
    pub why: &'static str,
}

impl Reason {
    /// Whether its signal or branch number `at` is this gap.
    pub fn explains(&self, at: usize, gap: &Gap) -> bool {
        let bits = match (self.bits, gap.bit) {
            (Bits::Of(first, last), Some(bit)) => (first..=last).contains(&bit),
            (Bits::InEach(word, first, last), Some(bit)) => (first..=last).contains(&(bit % word)),
            (Bits::Branch, None) => true,
            _ => false,
        };
        bits && self.block == gap.block && self.what.get(at) == Some(&gap.what.as_str())
    }
}

/// Every reason.
pub const REASONS: &[Reason] = &[];
