//! The clock of a session, which stops while this process does not run.

use std::time::{Duration, Instant};

use super::heartbeat::BEAT;

/// Longest time that one look at the clock adds. The heartbeat looks at it every [`BEAT`], so a longer time is one in
/// which this process was stopped, frozen or out of processor time.
const LONGEST_STEP: Duration = BEAT.saturating_mul(2);

/// Longest absence that no server takes for silence: they wait for an agent longer than this, whatever their settings.
const LONGEST_ANSWER: Duration = Duration::from_secs(2);

/// Counts the time in which this process ran. An absence of the agent is no silence of the server.
#[derive(Debug)]
pub(super) struct Clock {
    last: Instant,
    time: Duration,
    /// The last absence, and when it was noticed.
    absence: Option<(Duration, Duration)>,
}

impl Clock {
    pub fn new() -> Clock {
        Clock { last: Instant::now(), time: Duration::ZERO, absence: None }
    }

    /// Returns the time since the clock was made.
    pub fn now(&mut self) -> Duration {
        self.advance(Instant::now())
    }

    fn advance(&mut self, now: Instant) -> Duration {
        let step = now.saturating_duration_since(self.last);
        self.time += step.min(LONGEST_STEP);
        self.last = now;
        if step > LONGEST_ANSWER {
            self.absence = Some((step, self.time));
        }
        self.time
    }

    /// Returns how long this process did not run, when that was just now: what the server did meanwhile is no fault of its.
    pub fn absence(&self) -> Option<Duration> {
        self.absence.filter(|(_, noticed)| self.time.saturating_sub(*noticed) < LONGEST_STEP).map(|(time, _)| time)
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
        assert_eq!(clock.absence(), None);
        // Stopped for 12 s.
        assert_eq!(clock.advance(begin + Duration::from_millis(12_500)), Duration::from_millis(1_000));
        assert_eq!(clock.advance(begin + Duration::from_millis(12_600)), Duration::from_millis(1_100));
        assert_eq!(clock.absence(), Some(Duration::from_secs(12)));
        assert_eq!(clock.advance(begin + Duration::from_millis(13_000)), Duration::from_millis(1_500));
        assert_eq!(clock.absence(), None, "what comes later has another cause");
    }
}
