//! The address to listen on, and what a start waits for: an address that is not there yet, a clock that is not set.

use crate::error::DaemonError;
use crate::security::{Security, SecurityError};
use crate::signals;
use rustix::io::Errno;
use std::fmt;
use std::io::{Error, ErrorKind};
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};
use std::str::FromStr;
use std::time::{Duration, Instant};

/// Time between two attempts.
const AGAIN: Duration = Duration::from_millis(250);
/// Time between two warnings.
const WARN_AGAIN: Duration = Duration::from_secs(10);

/// HOST:PORT, where HOST is a name, an address, or an IPv6 address in brackets with or without `%zone`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListenAddress {
    text: String,
    host: String,
    port: u16,
}

impl FromStr for ListenAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<ListenAddress, String> {
        let parts = text.rsplit_once(':').and_then(|(host, port)| {
            let bracketed = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
            let host = bracketed.or_else(|| Some(host).filter(|host| !host.contains([':', '[', ']'])))?;
            let port = port.parse().ok()?;
            (!host.is_empty()).then(|| (host.to_owned(), port))
        });
        let (host, port) = parts.ok_or_else(|| {
            String::from(
                "expected HOST:PORT, with an IPv6 address in brackets, found no host or no port from 0 to 65535",
            )
        })?;
        Ok(ListenAddress { text: text.to_owned(), host, port })
    }
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Time that a start may wait.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    begun: Instant,
    limit: Duration,
    warned: Option<Instant>,
}

impl Patience {
    /// Begins to wait now.
    pub fn new(limit: Duration) -> Patience {
        Patience { begun: Instant::now(), limit, warned: None }
    }

    /// Waits a moment, and returns whether there is to be another attempt.
    fn again(&mut self, reason: &dyn fmt::Display) -> Result<bool, DaemonError> {
        if signals::is_stopped() {
            return Err(DaemonError::Stopped);
        }
        if self.begun.elapsed() >= self.limit {
            return Ok(false);
        }
        if self.warned.is_none_or(|warned| warned.elapsed() >= WARN_AGAIN) {
            self.warned = Some(Instant::now());
            tracing::warn!("{reason}; waiting for at most {} s", self.limit.as_secs());
        }
        std::thread::sleep(AGAIN);
        Ok(true)
    }
}

/// Why an attempt has no listener.
struct Failed {
    source: Error,
    /// Another attempt may end otherwise: the interface is not up yet, or the resolver does not know the name yet.
    may_pass: bool,
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
    loop {
        let found = match (address.host.as_str(), address.port).to_socket_addrs() {
            Ok(found) => attempt(found, &check)?,
            Err(source) => Err(Failed { source, may_pass: true }),
        };
        let Failed { source, may_pass } = match found {
            Ok(listener) => return Ok(listener),
            Err(failed) => failed,
        };
        let error = DaemonError::Listen { address: address.text.clone(), source };
        if !may_pass || !patience.again(&error)? {
            return Err(error);
        }
    }
}

fn attempt(
    addresses: impl Iterator<Item = SocketAddr>,
    check: &impl Fn(SocketAddr) -> Result<(), DaemonError>,
) -> Result<Result<TcpListener, Failed>, DaemonError> {
    let mut failed = Failed { source: Error::new(ErrorKind::NotFound, "the name has no address"), may_pass: true };
    for address in addresses {
        check(address)?;
        match TcpListener::bind(address) {
            Ok(listener) => return Ok(Ok(listener)),
            Err(source) => {
                let zone = [Errno::NODEV, Errno::NXIO, Errno::INVAL].map(Errno::raw_os_error);
                let may_pass = source.kind() == ErrorKind::AddrNotAvailable
                    || source.raw_os_error().is_some_and(|code| zone.contains(&code));
                failed = Failed { source, may_pass };
            }
        }
    }
    Ok(Err(failed))
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
                if !patience.again(&error)? {
                    return Err(error.into());
                }
            }
            loaded => return Ok(loaded?),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{ListenAddress, Patience, bind};
    use std::time::Duration;

    fn listen(text: &str) -> ListenAddress {
        text.parse().expect("an address")
    }

    #[test]
    fn names_and_zones_are_listened_on() {
        let mut patience = Patience::new(Duration::ZERO);
        for text in ["127.0.0.1:0", "localhost:0", "[::ffff:127.0.0.1]:0"] {
            let listener = bind(&listen(text), &mut patience, |_| Ok(())).expect("it is there");
            assert_ne!(listener.local_addr().expect("an address").port(), 0, "{text}");
        }
        for text in ["", "127.0.0.1", ":1", "::1:1", "[::1:1", "host:65536"] {
            assert!(text.parse::<ListenAddress>().is_err(), "{text}");
        }
        assert_eq!(listen("[fe80::1%eth0]:5770").host, "fe80::1%eth0");
    }

    #[test]
    fn port_in_use_is_an_error_at_once_and_a_missing_address_is_waited_for() {
        let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = taken.local_addr().expect("an address").to_string();
        let mut patience = Patience::new(Duration::from_secs(3_600));
        let error = bind(&listen(&address), &mut patience, |_| Ok(())).map(|_| ()).expect_err("it is taken");
        assert!(error.to_string().contains(&address), "{error}");
        // An address of documentation (RFC 5737) is on no interface.
        let mut patience = Patience::new(Duration::from_millis(600));
        let error = bind(&listen("192.0.2.77:0"), &mut patience, |_| Ok(())).map(|_| ()).expect_err("it is not there");
        assert!(patience.begun.elapsed() >= Duration::from_millis(600), "it was waited for");
        assert!(error.to_string().contains("192.0.2.77:0"), "{error}");
    }
}
