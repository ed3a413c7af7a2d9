//! Time between two attempts to connect.

use std::time::Duration;

use deltascope_abi::random::Random;

/// Before the second attempt.
const FIRST: Duration = Duration::from_millis(100);
/// Longest.
const LONGEST: Duration = Duration::from_secs(5);

/// Doubles from attempt to attempt. A random part keeps agents that lost the same server from coming back together.
#[derive(Debug)]
pub(super) struct Backoff {
    next: Duration,
    random: Random,
}

impl Backoff {
    pub fn new(seed: u64) -> Backoff {
        Backoff { next: FIRST, random: Random::new(seed) }
    }

    /// The next attempt comes soon again.
    pub fn reset(&mut self) {
        self.next = FIRST;
    }

    /// Returns the time to wait: half to the whole of what the attempts so far ask for.
    pub fn next(&mut self) -> Duration {
        let whole = self.next;
        self.next = (whole * 2).min(LONGEST);
        whole / 2 + (whole / 2).mul_f64(self.random.next() as f64 / u64::MAX as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::{Backoff, FIRST, LONGEST};

    #[test]
    fn delays_double_to_a_bound_and_begin_again() {
        let mut backoff = Backoff::new(7);
        let mut whole = FIRST;
        for _ in 0..12 {
            let delay = backoff.next();
            assert!(delay >= whole / 2 && delay <= whole, "{delay:?} of {whole:?}");
            whole = (whole * 2).min(LONGEST);
        }
        assert_eq!(whole, LONGEST);
        backoff.reset();
        assert!(backoff.next() <= FIRST);
        let of = |seed| (0..8).map(|_| Backoff::new(seed).next()).collect::<Vec<_>>();
        assert_ne!(of(1), of(2), "two agents do not come together");
    }
}
