//! Choices that replay from a seed.

use deltascope_abi::random::Random;
use std::time::Duration;

/// Makes choices from a seed. The seeds of planted faults depend on each number, and on what is made of it here.
#[derive(Clone, Debug)]
pub struct Rng(Random);

impl Rng {
    /// Starts with this seed.
    pub fn new(seed: u64) -> Rng {
        Rng(Random::new(seed))
    }

    /// Returns any 64 bits.
    #[allow(clippy::should_implement_trait)]
    pub fn next(&mut self) -> u64 {
        self.0.next()
    }

    /// Returns 0 to `limit - 1`; 0 for a limit of 0.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.next().checked_rem(limit).unwrap_or(0)
    }

    /// Returns `low` to `high`, both included.
    pub fn within(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high - low + 1)
    }

    /// Returns true once in `one_in` calls on average; never for 0.
    pub fn chance(&mut self, one_in: u64) -> bool {
        one_in > 0 && self.below(one_in) == 0
    }

    /// Returns 1 to `2^bits`, every power of two as likely as every other.
    pub fn spread(&mut self, bits: u64) -> u64 {
        let scale = self.below(bits + 1);
        1 + self.below(1 << scale)
    }

    /// Returns one of the items; an empty list does not compile.
    pub fn pick<T: Copy, const N: usize>(&mut self, items: [T; N]) -> T {
        const { assert!(N > 0) }
        items[self.below(N as u64) as usize]
    }

    /// Returns a time of `from` to `to` milliseconds, both included.
    pub fn millis(&mut self, from: u64, to: u64) -> Duration {
        Duration::from_millis(self.within(from, to))
    }
}

#[cfg(test)]
mod tests {
    use super::Rng;

    #[test]
    fn limits_are_kept_and_a_seed_replays() {
        let (mut one, mut other) = (Rng::new(7), Rng::new(7));
        for _ in 0..1_000 {
            assert!((3..=9).contains(&one.within(3, 9)));
            other.within(3, 9);
            assert!((1..=16).contains(&one.spread(4)));
            other.spread(4);
        }
        assert_eq!(one.next(), other.next());
        assert_eq!((one.below(0), one.chance(0)), (0, false));
    }
}
