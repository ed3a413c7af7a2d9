//! What happens between two connections: which errors are tried again, when, for how long, and what is reported.

use std::fmt;
use std::time::Duration;

use super::address::Address;
use super::backoff::Backoff;
use super::{Options, UplinkError};

/// Longest time without a server before the first grant, unless the options say otherwise.
pub const START_LIMIT: Duration = Duration::from_secs(60);
/// Time between two reports of one outage.
const REPORT_AGAIN: Duration = Duration::from_secs(60);
/// Age of a connection that ended an outage for good: a shorter one does not bring the next attempt forward.
const STEADY: Duration = Duration::from_secs(1);

/// What is to be reported of an outage.
#[derive(Debug)]
#[non_exhaustive]
pub enum OutageNotice<'a> {
    /// There is no session with a board server, for the time given.
    Without {
        /// Since when, as time that this process ran.
        time: Duration,
        /// Why the last attempt failed.
        reason: &'a UplinkError,
    },
    /// There is one again.
    Over {
        /// The server.
        address: &'a Address,
        /// How long there was none.
        time: Duration,
    },
}

impl fmt::Display for OutageNotice<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OutageNotice::Without { time: Duration::ZERO, reason } => write!(f, "{reason}; trying again"),
            OutageNotice::Without { time, reason } => {
                write!(f, "no board server for {:.0} s: {reason}; trying again", time.as_secs_f64())
            }
            OutageNotice::Over { address, time } => {
                write!(f, "session with {address} resumed after {:.1} s", time.as_secs_f64())
            }
        }
    }
}

/// An outage that is not over.
#[derive(Debug)]
struct Open {
    since: Duration,
    reported: Duration,
}

/// The policy of one session. Times are those of the session's clock.
#[derive(Debug)]
pub(super) struct Outages {
    backoff: Backoff,
    open: Option<Open>,
    /// When the server last sent a Welcome.
    welcomed: Option<Duration>,
    /// Attempts that ended without a Welcome since the last one.
    attempts: usize,
}

impl Outages {
    pub fn new(seed: u64) -> Outages {
        Outages { backoff: Backoff::new(seed), open: None, welcomed: None, attempts: 0 }
    }

    /// Attempts that ended without a Welcome since the last one: the next one begins at another address.
    pub fn attempts(&self) -> usize {
        self.attempts
    }

    /// Takes the end of a connection or of an attempt and returns the time until the next attempt.
    ///
    /// # Errors
    /// There is to be none: `error` would come again, or the outage has lasted for as long as it may.
    pub fn lost(
        &mut self,
        error: UplinkError,
        established: bool,
        options: &Options,
        now: Duration,
    ) -> Result<Duration, UplinkError> {
        if !options.reconnect || error.is_fatal(established) {
            return Err(error);
        }
        match self.welcomed.take() {
            Some(since) if now.saturating_sub(since) >= STEADY => self.backoff.reset(),
            Some(_) => {}
            None => self.attempts += 1,
        }
        let known = self.open.is_some();
        let open = self.open.get_or_insert(Open { since: now, reported: now });
        let time = now.saturating_sub(open.since);
        let limit = options.outage.or((!established).then_some(START_LIMIT));
        if let Some(limit) = limit.filter(|&limit| time >= limit) {
            return Err(UplinkError::Outage { limit, source: Box::new(error) });
        }
        if !known || now.saturating_sub(open.reported) >= REPORT_AGAIN {
            open.reported = now;
            (options.report)(&OutageNotice::Without { time, reason: &error });
        }
        let delay = self.backoff.next();
        Ok(limit.map_or(delay, |limit| delay.min(limit - time)))
    }

    /// Takes a Welcome.
    pub fn welcomed(&mut self, address: &Address, options: &Options, now: Duration) {
        (self.welcomed, self.attempts) = (Some(now), 0);
        if let Some(open) = self.open.take() {
            (options.report)(&OutageNotice::Over { address, time: now.saturating_sub(open.since) });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Duration, Options, Outages, START_LIMIT, UplinkError};
    use deltascope_protocol::agent::EndpointError;
    use deltascope_protocol::frame::ErrorCode;

    fn refused(code: ErrorCode) -> UplinkError {
        let source = EndpointError::Refused { code, sequence: 0, text: String::new() };
        UplinkError::Protocol { address: ([127, 0, 0, 1], 5770).into(), source }
    }

    impl From<([u8; 4], u16)> for super::Address {
        fn from(address: ([u8; 4], u16)) -> super::Address {
            std::net::SocketAddr::from(address).into()
        }
    }

    fn options(outage: Option<Duration>) -> Options {
        Options { reconnect: true, outage, ..Options::default() }
    }

    #[test]
    fn passing_refusals_are_tried_again_and_lasting_ones_are_not() {
        for (code, again) in [
            (ErrorCode::Limit, true),
            (ErrorCode::NoCapacity, true),
            (ErrorCode::Shutdown, true),
            (ErrorCode::Engine, true),
            (ErrorCode::Sequence, true),
            (ErrorCode::Malformed, true),
            (ErrorCode::Version, false),
            (ErrorCode::Unauthorised, false),
            (ErrorCode::OutOfGrant, false),
            (ErrorCode::ForbiddenOp, false),
        ] {
            for established in [false, true] {
                let next = Outages::new(1).lost(refused(code), established, &options(None), Duration::ZERO);
                assert_eq!(next.is_ok(), again, "{code:?}");
            }
        }
        let once = Options { reconnect: false, ..options(None) };
        assert!(Outages::new(1).lost(refused(ErrorCode::Shutdown), true, &once, Duration::ZERO).is_err());
    }

    /// Runs an outage on a simulated clock until an error ends it or a day is over.
    fn outage(established: bool, options: &Options) -> (Duration, usize, Option<UplinkError>) {
        let (mut outages, mut now, mut attempts) = (Outages::new(3), Duration::ZERO, 0);
        while now < Duration::from_secs(86_400) {
            match outages.lost(refused(ErrorCode::Shutdown), established, options, now) {
                Ok(delay) => (now, attempts) = (now + delay, attempts + 1),
                Err(error) => return (now, attempts, Some(error)),
            }
        }
        (now, attempts, None)
    }

    #[test]
    fn established_session_survives_an_outage_of_any_length() {
        let (_, attempts, error) = outage(true, &options(None));
        assert!(error.is_none());
        // 2.5 to 5 s from attempt to attempt.
        assert!((17_000..35_000).contains(&attempts), "{attempts} attempts in a day");
    }

    #[test]
    fn start_ends_at_its_limit_with_the_reason() {
        for (established, outage_limit, limit) in [
            (false, None, START_LIMIT),
            (false, Some(Duration::from_secs(5)), Duration::from_secs(5)),
            (true, Some(Duration::from_secs(300)), Duration::from_secs(300)),
        ] {
            let (time, _, error) = outage(established, &options(outage_limit));
            let error = error.expect("there is a limit").to_string();
            assert!(time >= limit && time < limit + Duration::from_millis(1), "{time:?}");
            assert!(error.contains("Shutdown") && error.contains(&format!("{} s", limit.as_secs())), "{error}");
        }
    }

    #[test]
    fn each_outage_has_the_whole_limit() {
        let options = options(Some(Duration::from_secs(5)));
        let (mut outages, mut now) = (Outages::new(9), Duration::ZERO);
        for _ in 0..3 {
            let begun = now;
            while now < begun + Duration::from_secs(4) {
                now += outages.lost(refused(ErrorCode::Limit), true, &options, now).expect("below the limit");
            }
            assert!(outages.attempts() > 1);
            outages.welcomed(&([127, 0, 0, 1], 5770).into(), &options, now);
            assert_eq!(outages.attempts(), 0);
            now += Duration::from_secs(60);
        }
    }
}
