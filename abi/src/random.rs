//! Numbers that look random and replay from a seed: SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number
//! generators, OOPSLA 2014).
//!
//! | item | what |
//! |---|---|
//! | [`Random`] | the generator |
//! | [`mix`] | its finaliser, which spreads every bit |
//! | [`hash`] | the same after one step of the generator: the first number of a seed |
//!
//! Recorded streams, boot ids and the seeds of planted faults depend on these numbers: they must never change, and the
//! tests hold them against published ones. They keep no secret: keys and identities come from the
//! operating system.

/// What a step adds to the state: 2^64 over the golden ratio, made odd.
const STEP: u64 = 0x9E37_79B9_7F4A_7C15;

/// The finaliser of SplitMix64: one to one, one bit of `value` changes each bit of the result about half of the time,
/// and only 0 becomes 0.
#[inline]
pub const fn mix(value: u64) -> u64 {
    let value = (value ^ value >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let value = (value ^ value >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    value ^ value >> 31
}

/// The first number of the generator with this seed. One to one, as [`mix`], but 0 becomes a number like any other.
#[inline]
pub const fn hash(value: u64) -> u64 {
    mix(value.wrapping_add(STEP))
}

/// A small generator: the same seed gives the same numbers on every machine.
#[derive(Clone, Debug)]
pub struct Random {
    state: u64,
}

impl Random {
    /// The generator of this seed.
    pub const fn new(seed: u64) -> Random {
        Random { state: seed }
    }

    /// 64 random bits.
    #[inline]
    pub const fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(STEP);
        mix(self.state)
    }

    /// 128 random bits.
    #[inline]
    pub const fn next128(&mut self) -> u128 {
        (self.next() as u128) << 64 | self.next() as u128
    }

    /// `width` random bits, 1 to 64 of them.
    #[inline]
    pub const fn bits(&mut self, width: u32) -> u64 {
        self.next() >> (64 - width)
    }

    /// A number from 0 to below 1.
    #[inline]
    pub const fn unit(&mut self) -> f64 {
        self.bits(53) as f64 / (1_u64 << 53) as f64
    }

    /// A number below `bound`, which is at least 1.
    #[inline]
    pub const fn below(&mut self, bound: u64) -> u64 {
        ((self.next() as u128 * bound as u128) >> 64) as u64
    }

    /// A number from `low` to `high`, both included.
    #[inline]
    pub const fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high - low + 1)
    }

    /// True once in `n` on average; `n` is at least 1.
    #[inline]
    pub const fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    /// One of `items`, which is not empty.
    #[inline]
    pub fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(items.len() as u64) as usize]
    }

    /// A generator of its own for one part of a test, so that parts do not shift each other.
    pub const fn fork(&mut self) -> Random {
        Random::new(self.next())
    }
}
