//! Warnings that a peer or the system can cause any number of times: a few in each period, then one line with the number of
//! the others. Each warning is logged at level `debug` too, with nothing left out.

use std::fmt;

/// What warnings are about; each topic is limited by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topic {
    /// Peers that did not get in.
    Rejected,
    /// Sessions and connections that ended with an error.
    Refused,
    /// No connection can be accepted.
    Accept,
    /// Files of metrics and measurements of the board.
    Report,
}

/// Topics, with their lines in a period.
const TOPICS: [(Topic, &str, u64); 4] = [
    (Topic::Rejected, "rejected peers", 10),
    (Topic::Refused, "refusals", 10),
    (Topic::Accept, "accept", 1),
    (Topic::Report, "metrics and measurements", 1),
];
/// Length of a period in microseconds.
const PERIOD: u64 = 60_000_000;

/// Warnings of one topic in the present period.
#[derive(Clone, Copy, Debug, Default)]
struct Period {
    /// 0: no period has begun.
    until: u64,
    lines: u64,
    left_out: u64,
}

/// All topics. Times are microseconds of the loop's clock.
#[derive(Debug, Default)]
pub struct Warnings {
    periods: [Period; TOPICS.len()],
}

impl Warnings {
    /// Logs a warning, or counts it when its period has had enough.
    pub fn warn(&mut self, topic: Topic, now: u64, text: fmt::Arguments<'_>) {
        if self.passes(topic, now) {
            tracing::warn!("{text}");
        } else {
            tracing::debug!("{text}");
        }
    }

    fn passes(&mut self, topic: Topic, now: u64) -> bool {
        let (_, _, most) = TOPICS[topic as usize];
        let period = &mut self.periods[topic as usize];
        if now >= period.until {
            // What the last period left out was reported by `turn`, or is reported with this one.
            *period = Period { until: now + PERIOD, lines: 0, left_out: period.left_out };
        }
        let passes = period.lines < most;
        period.lines += u64::from(passes);
        period.left_out += u64::from(!passes);
        passes
    }

    /// Logs how many warnings were left out in the periods that have ended.
    pub fn turn(&mut self, now: u64) {
        for (name, count) in self.ended(now) {
            tracing::warn!(
                "{name}: {count} more in the last 60 s; see the counters of the status (SIGUSR1), or --log debug"
            );
        }
    }

    fn ended(&mut self, now: u64) -> Vec<(&'static str, u64)> {
        let mut ended = Vec::new();
        for (period, (_, name, _)) in self.periods.iter_mut().zip(TOPICS) {
            if period.left_out > 0 && now >= period.until {
                ended.push((name, std::mem::take(&mut period.left_out)));
            }
        }
        ended
    }

    /// Returns when [`Warnings::turn`] has something to log.
    pub fn deadline(&self) -> Option<u64> {
        self.periods.iter().filter(|period| period.left_out > 0).map(|period| period.until).min()
    }
}

#[cfg(test)]
mod tests {
    use super::{PERIOD, TOPICS, Topic, Warnings};

    #[test]
    fn topics_are_indexed_by_their_number() {
        for (index, (topic, ..)) in TOPICS.iter().enumerate() {
            assert_eq!(*topic as usize, index);
        }
    }

    #[test]
    fn a_warning_is_logged_again_after_many_in_an_earlier_period() {
        let mut warnings = Warnings::default();
        let passed = (0..150).filter(|number| warnings.passes(Topic::Rejected, 1_000 + number)).count();
        assert_eq!(passed, 10);
        assert_eq!(warnings.deadline(), Some(1_000 + PERIOD));
        assert_eq!(warnings.ended(PERIOD), []);
        assert_eq!(warnings.ended(1_000 + PERIOD), [("rejected peers", 140)]);
        assert_eq!(warnings.deadline(), None);
        assert!(warnings.passes(Topic::Rejected, 2_000 + PERIOD));
    }

    #[test]
    fn a_system_without_descriptors_is_one_line_a_minute() {
        let mut warnings = Warnings::default();
        // Accepting is tried again each 100 ms: one hour of it.
        let tries = 0..36_000_u64;
        let lines = tries.filter(|number| warnings.passes(Topic::Accept, number * 100_000)).count();
        assert_eq!(lines, 60);
    }
}
