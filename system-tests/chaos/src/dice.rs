//! Random numbers from a seed.

use deltascope_abi::random::Random;
use std::time::Duration;

/// Numbers, and times made from them.
#[derive(Clone, Debug)]
pub struct Dice(Random);

impl Dice {
    /// The numbers of a seed.
    pub fn new(seed: u64) -> Dice {
        Dice(Random::new(seed))
    }

    /// Any number.
    pub fn roll(&mut self) -> u64 {
        self.0.next()
    }

    /// A number below `bound`; 0 when there is none.
    pub fn below(&mut self, bound: u64) -> u64 {
        if bound == 0 { 0 } else { self.roll() % bound }
    }

    /// A time of `from` to `to` milliseconds.
    pub fn millis(&mut self, from: u64, to: u64) -> Duration {
        Duration::from_millis(from + self.below(to - from + 1))
    }
}
