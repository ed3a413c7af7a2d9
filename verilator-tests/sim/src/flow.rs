//! When one side of a handshake is willing: idle clocks of a source, back-pressure of a sink.

use deltascope_abi::random::Random;

/// A pattern of willingness. Crossing the pattern of a source with that of a sink finds what one alone hides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// Every clock.
    Always,
    /// No clock, to hold a side for as long as a test wants.
    Never,
    /// Not for `idle` clocks, then every clock for `burst` clocks, and so on.
    NeverThenBurst {
        /// Clocks without.
        idle: u32,
        /// Clocks with.
        burst: u32,
    },
    /// Each clock by chance, `percent` of them.
    Random {
        /// Share of clocks, 1 to 100.
        percent: u32,
    },
    /// One clock in every `period`.
    Periodic {
        /// Clocks from one to the next.
        period: u32,
    },
    /// Nearly always, with a stall of `stall` clocks about every `every` clocks.
    LongStalls {
        /// Mean clocks between stalls.
        every: u32,
        /// Clocks of a stall.
        stall: u32,
    },
}

impl Pattern {
    /// One of every kind that lets beats through, to be crossed with each other.
    pub const KINDS: [Pattern; 6] = [
        Pattern::Always,
        Pattern::NeverThenBurst { idle: 40, burst: 60 },
        Pattern::Random { percent: 50 },
        Pattern::Random { percent: 90 },
        Pattern::Periodic { period: 3 },
        Pattern::LongStalls { every: 400, stall: 300 },
    ];

    /// A random pattern; each lets at least a tenth of the clocks through.
    pub fn any(random: &mut Random) -> Pattern {
        match random.below(6) {
            0 | 1 => Pattern::Always,
            2 => {
                let idle = random.between(1, 200) as u32;
                Pattern::NeverThenBurst { idle, burst: random.between((idle as u64).div_ceil(8), 200) as u32 }
            }
            3 => Pattern::Random { percent: random.between(10, 99) as u32 },
            4 => Pattern::Periodic { period: random.between(2, 6) as u32 },
            _ => {
                let stall = random.between(20, 600) as u32;
                Pattern::LongStalls { every: random.between(100, 600) as u32, stall }
            }
        }
    }
}

/// A pattern at work.
#[derive(Clone, Debug)]
pub struct Flow {
    pattern: Pattern,
    random: Random,
    clock: u32,
    stalled: u32,
}

impl Flow {
    /// Starts `pattern`.
    pub fn new(pattern: Pattern, random: &mut Random) -> Flow {
        Flow { pattern, random: random.fork(), clock: 0, stalled: 0 }
    }

    /// A flow that is always willing.
    pub const fn always() -> Flow {
        Flow { pattern: Pattern::Always, random: Random::new(0), clock: 0, stalled: 0 }
    }

    /// Whether this side is willing in this clock. Called once a clock.
    #[inline]
    pub fn willing(&mut self) -> bool {
        match self.pattern {
            Pattern::Always => true,
            Pattern::Never => false,
            Pattern::NeverThenBurst { idle, burst } => {
                let at = self.clock;
                self.clock = (at + 1) % (idle + burst);
                at >= idle
            }
            Pattern::Random { percent } => self.random.below(100) < u64::from(percent),
            Pattern::Periodic { period } => {
                self.clock = (self.clock + 1) % period;
                self.clock == 0
            }
            Pattern::LongStalls { every, stall } => {
                if self.stalled > 0 {
                    self.stalled -= 1;
                } else if self.random.one_in(u64::from(every)) {
                    self.stalled = stall;
                }
                self.stalled == 0
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pattern_is_willing_again_and_again() {
        let mut random = Random::new(3);
        let mut patterns = Pattern::KINDS.to_vec();
        patterns.extend((0..200).map(|_| Pattern::any(&mut random)));
        for pattern in patterns {
            let mut flow = Flow::new(pattern, &mut random);
            let willing = (0..20_000).filter(|_| flow.willing()).count();
            assert!(willing >= 1_400, "{pattern:?} was willing in {willing} of 20,000 clocks");
            assert_eq!(willing == 20_000, pattern == Pattern::Always, "{pattern:?}");
        }
    }

    #[test]
    fn bursts_and_periods_are_exact() {
        let mut random = Random::new(3);
        let mut burst = Flow::new(Pattern::NeverThenBurst { idle: 2, burst: 3 }, &mut random);
        let seen: Vec<_> = (0..7).map(|_| burst.willing()).collect();
        assert_eq!(seen, [false, false, true, true, true, false, false]);
        let mut periodic = Flow::new(Pattern::Periodic { period: 3 }, &mut random);
        let seen: Vec<_> = (0..6).map(|_| periodic.willing()).collect();
        assert_eq!(seen, [false, false, true, false, false, true]);
    }
}
