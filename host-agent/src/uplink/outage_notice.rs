//! What is reported of an outage.

use std::fmt;
use std::time::Duration;

use super::UplinkError;
use super::address::Address;

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
