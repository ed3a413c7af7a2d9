//! What a start waits for: an address that is not there yet, a clock that is not set.

use crate::error::DaemonError;
use crate::security::{Security, SecurityError};
use crate::signals;
use deltascope_system::listen::{self, ListenAddress, Patience, Waiter};
use std::fmt;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

/// The daemon while it starts.
struct Start;

impl Waiter for Start {
    type Error = DaemonError;

    fn check_stop(&self) -> Result<(), DaemonError> {
        if signals::is_stopped() { Err(DaemonError::Stopped) } else { Ok(()) }
    }

    fn report(&self, reason: &dyn fmt::Display, most: Duration) {
        tracing::warn!("{reason}; waiting for at most {} s", most.as_secs());
    }
}

/// Listens. An address that is not there yet is waited for, and a name is resolved again for each attempt.
///
/// # Errors
/// The address is in use or not there in time, or `check` refuses it.
pub fn bind(
    address: &ListenAddress,
    patience: &mut Patience,
    check: impl Fn(SocketAddr) -> Result<(), DaemonError>,
) -> Result<TcpListener, DaemonError> {
    let error = |source| DaemonError::Listen { address: address.to_string(), source };
    listen::bind(address, patience, &Start, check, error)
}

/// Reads the keys. A certificate that is not valid yet is waited for: a board without a clock battery starts in 1970,
/// and its clock is set when a time server answers.
///
/// # Errors
/// A file cannot be used, or the clock is not set in time.
pub fn keys(
    load: impl Fn() -> Result<Option<Security>, SecurityError>,
    patience: &mut Patience,
) -> Result<Option<Security>, DaemonError> {
    loop {
        match load() {
            Err(error @ SecurityError::Keys(_)) if error.is_early() => {
                if !patience.again(&Start, &error)? {
                    return Err(error.into());
                }
            }
            loaded => return Ok(loaded?),
        }
    }
}
