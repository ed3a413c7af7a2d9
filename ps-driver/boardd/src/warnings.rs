//! Warnings that a peer or the system can cause any number of times: a few in each period, then one line with the number of
//! the others. Each warning is logged at level `debug` too, with nothing left out.

use deltascope_protocol::frame::ErrorCode;
use deltascope_tls::Rejection;
use std::fmt;

/// What warnings are about. Each topic is limited by itself, so that many of one reason do not hide one of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topic {
    /// No connection can be accepted.
    Accept,
    /// Files of metrics and measurements of the board.
    Report,
    /// Sessions that were given up although a later process could have gone on from them.
    GivenUp,
    /// Peers that did not get in, by reason.
    Rejected(Rejection),
    /// Sessions and connections that ended with an error, by code.
    Refused(ErrorCode),
}

/// Number of topics.
const TOPICS: usize = 3 + Rejection::ALL.len() + ErrorCode::ALL.len();

impl Topic {
    /// Every topic, by its index.
    fn all() -> impl Iterator<Item = Topic> {
        let rejected = Rejection::ALL.into_iter().map(Topic::Rejected);
        [Topic::Accept, Topic::Report, Topic::GivenUp]
            .into_iter()
            .chain(rejected)
            .chain(ErrorCode::ALL.into_iter().map(Topic::Refused))
    }

    const fn index(self) -> usize {
        match self {
            Topic::Accept => 0,
            Topic::Report => 1,
            Topic::GivenUp => 2,
            Topic::Rejected(rejection) => 3 + rejection as usize,
            // Codes count from 1.
            Topic::Refused(code) => 2 + Rejection::ALL.len() + code as usize,
        }
    }

    /// Lines in a period.
    const fn most(self) -> u64 {
        match self {
            Topic::Accept | Topic::Report => 1,
            Topic::GivenUp | Topic::Rejected(_) | Topic::Refused(_) => 10,
        }
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Topic::Accept => f.write_str("accept"),
            Topic::Report => f.write_str("metrics and measurements"),
            Topic::GivenUp => f.write_str("sessions given up"),
            Topic::Rejected(rejection) => write!(f, "rejected peers, {}", rejection.name()),
            Topic::Refused(code) => write!(f, "refusals, {code:?}"),
        }
    }
}

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
#[derive(Debug)]
pub struct Warnings {
    periods: [Period; TOPICS],
}

impl Default for Warnings {
    fn default() -> Warnings {
        Warnings { periods: [Period::default(); TOPICS] }
    }
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
        let period = &mut self.periods[topic.index()];
        if now >= period.until {
            // What the last period left out was reported by `turn`, or is reported with this one.
            *period = Period { until: now + PERIOD, lines: 0, left_out: period.left_out };
        }
        let passes = period.lines < topic.most();
        period.lines += u64::from(passes);
        period.left_out += u64::from(!passes);
        passes
    }

    /// Logs how many warnings were left out in the periods that have ended.
    pub fn turn(&mut self, now: u64) {
        for (topic, count) in self.ended(now) {
            tracing::warn!(
                "{topic}: {count} more in the last 60 s; see the counters of the status (SIGUSR1), or --log debug"
            );
        }
    }

    fn ended(&mut self, now: u64) -> Vec<(Topic, u64)> {
        let mut ended = Vec::new();
        for (period, topic) in self.periods.iter_mut().zip(Topic::all()) {
            if period.left_out > 0 && now >= period.until {
                ended.push((topic, std::mem::take(&mut period.left_out)));
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
    use deltascope_protocol::frame::ErrorCode;
    use deltascope_tls::Rejection;

    const PLAIN: Topic = Topic::Rejected(Rejection::PlainToTls);

    #[test]
    fn many_of_one_reason_do_not_hide_another() {
        let mut warnings = Warnings::default();
        assert_eq!((0..150).filter(|&now| warnings.passes(PLAIN, now)).count(), 10);
        assert!(warnings.passes(Topic::Rejected(Rejection::UnknownAuthority), 150));
        assert_eq!((0..150).filter(|&now| warnings.passes(Topic::Refused(ErrorCode::Limit), now)).count(), 10);
        assert!(warnings.passes(Topic::Refused(ErrorCode::Version), 150));
        let ended = warnings.ended(PERIOD + 150);
        assert_eq!(ended, [(PLAIN, 140), (Topic::Refused(ErrorCode::Limit), 140)]);
        assert_eq!(ended[0].0.to_string(), "rejected peers, plain_to_tls");
    }

    #[test]
    fn topics_are_indexed_by_their_number() {
        assert!(Topic::all().map(Topic::index).eq(0..TOPICS));
    }

    #[test]
    fn a_warning_is_logged_again_after_many_in_an_earlier_period() {
        let mut warnings = Warnings::default();
        let passed = (0..150).filter(|number| warnings.passes(PLAIN, 1_000 + number)).count();
        assert_eq!(passed, 10);
        assert_eq!(warnings.deadline(), Some(1_000 + PERIOD));
        assert_eq!(warnings.ended(PERIOD), []);
        assert_eq!(warnings.ended(1_000 + PERIOD), [(PLAIN, 140)]);
        assert_eq!(warnings.deadline(), None);
        assert!(warnings.passes(PLAIN, 2_000 + PERIOD));
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
