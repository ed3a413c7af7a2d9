//! The clock of a session, which stops while this process does not run.

use std::time::{Duration, Instant};

use super::heartbeat::BEAT;

/// Longest time that one look at the clock adds. The heartbeat looks at it every [`BEAT`], so a longer time is one in
/// which this process was stopped, frozen or out of processor time.
const LONGEST_STEP: Duration = BEAT.saturating_mul(2);

/// Counts the time in which this process ran. An absence of the agent is no silence of the server.
#[derive(Debug)]
pub(super) struct Clock {
    last: Instant,
    time: Duration,
}

impl Clock {
    pub fn new() -> Clock {
        Clock { last: Instant::now(), time: Duration::ZERO }
    }

    /// Returns the time since the clock was made.
    pub fn now(&mut self) -> Duration {
        self.advance(Instant::now())
    }

    fn advance(&mut self, now: Instant) -> Duration {
        self.time += now.saturating_duration_since(self.last).min(LONGEST_STEP);
        self.last = now;
        self.time
    }
}

#[cfg(test)]
mod tests {
    use super::{Clock, Duration};

    #[test]
    fn absence_counts_as_one_short_step() {
        let mut clock = Clock::new();
        let begin = clock.last;
        assert_eq!(clock.advance(begin + Duration::from_millis(250)), Duration::from_millis(250));
        assert_eq!(clock.advance(begin + Duration::from_millis(500)), Duration::from_millis(500));
        // Stopped for 12 s.
        assert_eq!(clock.advance(begin + Duration::from_millis(12_500)), Duration::from_millis(1_000));
        assert_eq!(clock.advance(begin + Duration::from_millis(12_600)), Duration::from_millis(1_100));
    }
}
