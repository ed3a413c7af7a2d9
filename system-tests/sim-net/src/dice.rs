//! Every choice of a schedule comes from one seed.

use deltascope_abi::random::Random;

/// Numbers from a seed. The seeds of planted bugs depend on each of them, and on what is made of it here.
#[derive(Clone, Debug)]
pub struct Dice(Random);

impl Dice {
    /// The dice of a seed.
    pub fn new(seed: u64) -> Dice {
        Dice(Random::new(seed))
    }

    /// Any 64 bits.
    pub fn next(&mut self) -> u64 {
        self.0.next()
    }

    /// 0 to `limit - 1`; 0 for a limit of 0.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.next().checked_rem(limit).unwrap_or(0)
    }

    /// `low` to `high`, both included.
    pub fn within(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high - low + 1)
    }

    /// True once in so many calls; never for 0.
    pub fn chance(&mut self, one_in: u64) -> bool {
        one_in > 0 && self.below(one_in) == 0
    }

    /// 1 to `2^bits`, every power of two as likely as every other.
    pub fn spread(&mut self, bits: u64) -> u64 {
        let scale = self.below(bits + 1);
        1 + self.below(1 << scale)
    }

    /// One of the items; the first of an empty list would not exist, so lists are never empty.
    pub fn pick<T: Copy, const N: usize>(&mut self, items: [T; N]) -> T {
        const { assert!(N > 0) }
        items[self.below(N as u64) as usize]
    }
}
