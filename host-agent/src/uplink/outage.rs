//! What happens between two connections: which errors are tried again, when, for how long, and what is reported.
//!
//! An outage ends when the session makes progress, not with a Welcome: a server that welcomes and then drops its agents has
//! them wait as one that does not listen.

use std::time::Duration;

use super::address::Address;
use super::backoff::Backoff;
use super::outage_notice::OutageNotice;
use super::{Options, UplinkError};

/// Longest time without a server before the first progress of a session, unless the options say otherwise.
pub const START_LIMIT: Duration = Duration::from_secs(60);
/// Time between two reports of one outage.
const REPORT_AGAIN: Duration = Duration::from_secs(60);
/// Age after its Welcome at which a connection that has nothing to do is progress. A connection with progress that lasted for
/// less does not bring the next attempt forward.
const STEADY: Duration = Duration::from_secs(1);

/// An outage that is not over.
#[derive(Debug)]
struct Open {
    since: Duration,
    reported: Duration,
    /// Why the last connection or attempt ended.
    reason: UplinkError,
}

/// The policy of one session. Times are those of the session's clock.
#[derive(Debug)]
pub(super) struct Outages {
    backoff: Backoff,
    open: Option<Open>,
    /// When the server sent the Welcome of the present connection.
    welcomed: Option<Duration>,
    /// The present connection has made progress.
    progressed: bool,
    /// A connection of this session has.
    ever_progressed: bool,
    /// Connections and attempts since the last progress.
    attempts: usize,
}

impl Outages {
    pub fn new(seed: u64) -> Outages {
        let backoff = Backoff::new(seed);
        Outages { backoff, open: None, welcomed: None, progressed: false, ever_progressed: false, attempts: 0 }
    }

    /// Returns how many connections and attempts ended since the last progress: the next one begins at another address.
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
        let is_steady = self.is_steady(now);
        self.welcomed = None;
        match std::mem::take(&mut self.progressed) {
            true if is_steady => self.backoff.reset(),
            true => {}
            false => self.attempts += 1,
        }
        let since = self.since().unwrap_or(now);
        let time = now.saturating_sub(since);
        let limit = self.limit(options);
        if self.is_over(options, now) {
            return Err(self.end(error, options));
        }
        let reported = self.open.as_ref().map(|open| open.reported);
        let is_due = reported.is_none_or(|reported| now.saturating_sub(reported) >= REPORT_AGAIN);
        if is_due {
            (options.report)(&OutageNotice::Without { time, reason: &error });
        }
        let reported = reported.filter(|_| !is_due).unwrap_or(now);
        self.open = Some(Open { since, reported, reason: error });
        let delay = self.backoff.next();
        Ok(limit.map_or(delay, |limit| delay.min(limit - time)))
    }

    /// Returns when the outage began: the first one with the session.
    fn since(&self) -> Option<Duration> {
        let start = (!self.ever_progressed).then_some(Duration::ZERO);
        start.or(self.open.as_ref().map(|open| open.since))
    }

    fn limit(&self, options: &Options) -> Option<Duration> {
        options.outage.or((!self.ever_progressed).then_some(START_LIMIT))
    }

    /// Whether the outage has lasted for as long as it may, so that what is under way is not waited for.
    pub fn is_over(&self, options: &Options, now: Duration) -> bool {
        let time = self.since().map(|since| now.saturating_sub(since));
        options.reconnect && time.zip(self.limit(options)).is_some_and(|(time, limit)| time >= limit)
    }

    /// Returns why the last connection or attempt ended, once.
    pub fn reason(&mut self) -> Option<UplinkError> {
        self.open.take().map(|open| open.reason)
    }

    /// Returns the error that ends the session because of its outage.
    pub fn end(&self, reason: UplinkError, options: &Options) -> UplinkError {
        let limit = self.limit(options).unwrap_or(START_LIMIT);
        UplinkError::Outage { limit, source: Box::new(reason) }
    }

    /// Takes a Welcome.
    pub fn welcomed(&mut self, now: Duration) {
        self.welcomed = Some(now);
    }

    /// Whether the present connection has had its Welcome for [`STEADY`].
    pub fn is_steady(&self, now: Duration) -> bool {
        self.welcomed.is_some_and(|since| now.saturating_sub(since) >= STEADY)
    }

    /// Takes progress of the session, which ends an outage.
    pub fn progressed(&mut self, address: &Address, options: &Options, now: Duration) {
        (self.progressed, self.ever_progressed, self.attempts) = (true, true, 0);
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

    const DAY: Duration = Duration::from_secs(86_400);

    /// Runs an outage on a simulated clock until an error ends it or a day is over. With `welcome` every attempt gets a
    /// Welcome and lasts for as long as that.
    fn outage(
        established: bool,
        welcome: Option<Duration>,
        options: &Options,
    ) -> (Duration, usize, Option<UplinkError>) {
        let (mut outages, mut now, mut attempts) = (Outages::new(3), Duration::ZERO, 0);
        if established {
            outages.progressed(&([127, 0, 0, 1], 5770).into(), options, now);
        }
        while now < DAY {
            if let Some(time) = welcome {
                outages.welcomed(now);
                now += time;
            }
            match outages.lost(refused(ErrorCode::Shutdown), established, options, now) {
                Ok(delay) => (now, attempts) = (now + delay, attempts + 1),
                Err(error) => return (now, attempts, Some(error)),
            }
        }
        (now, attempts, None)
    }

    #[test]
    fn established_session_survives_an_outage_of_any_length() {
        let (_, attempts, error) = outage(true, None, &options(None));
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
            let (time, _, error) = outage(established, None, &options(outage_limit));
            let error = error.expect("there is a limit").to_string();
            assert!(time >= limit && time < limit + Duration::from_millis(1), "{time:?}");
            assert!(error.contains("Shutdown") && error.contains(&format!("{} s", limit.as_secs())), "{error}");
        }
    }

    #[test]
    fn welcome_without_progress_ends_no_outage() {
        for (established, outage_limit, limit) in
            [(false, None, START_LIMIT), (true, Some(Duration::from_secs(300)), Duration::from_secs(300))]
        {
            for time in [Duration::from_millis(1), Duration::from_secs(2)] {
                let (ended, attempts, error) = outage(established, Some(time), &options(outage_limit));
                assert!(error.is_some() && ended < limit + 2 * time + Duration::from_millis(1), "{ended:?}");
                // As far from each other as attempts without a Welcome.
                let least = (limit.as_secs_f64() / (5.0 + time.as_secs_f64())) as usize;
                assert!((least..2 * least + 10).contains(&attempts), "{attempts} attempts in {limit:?}");
            }
        }
        let (ended, attempts, _) = outage(true, Some(Duration::from_millis(1)), &options(None));
        assert!(ended >= DAY && attempts < 35_000, "{attempts} attempts in a day");
    }

    #[test]
    fn outage_is_over_at_its_limit_whatever_is_under_way() {
        let address = ([127, 0, 0, 1], 5770).into();
        let limited = options(Some(Duration::from_secs(5)));
        let second = Duration::from_secs;
        // The first one begins with the session, before anything was lost.
        let mut outages = Outages::new(1);
        let over = [0, 4, 5, 9].map(|time| outages.is_over(&limited, second(time)));
        assert_eq!(over, [false, false, true, true]);
        assert!(!outages.is_over(&options(None), second(59)) && outages.is_over(&options(None), second(60)));
        // After progress the limit begins again with the next loss.
        outages.progressed(&address, &limited, second(6));
        assert!(!outages.is_over(&limited, second(1_000)));
        outages.lost(refused(ErrorCode::Limit), true, &limited, second(1_000)).expect("it begins");
        assert!(!outages.is_over(&limited, second(1_004)) && outages.is_over(&limited, second(1_005)));
        assert!(!outages.is_over(&options(None), second(9_000)));
        let once = Options { reconnect: false, ..limited };
        assert!(!outages.is_over(&once, second(1_005)));
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
            outages.welcomed(now);
            outages.progressed(&([127, 0, 0, 1], 5770).into(), &options, now);
            assert_eq!(outages.attempts(), 0);
            now += Duration::from_secs(60);
        }
    }
}
