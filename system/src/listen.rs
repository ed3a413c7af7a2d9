//! An address to listen on, and the wait for one that is not there yet: a host that starts has its addresses, its clock and
//! its resolver only after a while.

use std::fmt;
use std::io::{Error, ErrorKind};
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};
use std::str::FromStr;
use std::time::{Duration, Instant};

/// Time between two attempts.
const AGAIN: Duration = Duration::from_millis(250);
/// Time between two reports.
const REPORT_AGAIN: Duration = Duration::from_secs(10);

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

/// What a program does while it waits.
pub trait Waiter {
    /// Why the program gives up: it was asked to end, or may not use an address.
    type Error;

    /// Ends the wait if the program was asked to end.
    ///
    /// # Errors
    /// It was.
    fn check_stop(&self) -> Result<(), Self::Error>;

    /// Reports why it waits, and for how long at most.
    fn report(&self, reason: &dyn fmt::Display, most: Duration);
}

/// Time that a start may wait.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    begun: Instant,
    limit: Duration,
    reported: Option<Instant>,
}

impl Patience {
    /// Begins to wait now.
    pub fn new(limit: Duration) -> Patience {
        Patience { begun: Instant::now(), limit, reported: None }
    }

    /// Waits a moment, and returns whether there is to be another attempt.
    ///
    /// # Errors
    /// The program was asked to end.
    pub fn again<W: Waiter>(&mut self, waiter: &W, reason: &dyn fmt::Display) -> Result<bool, W::Error> {
        waiter.check_stop()?;
        if self.begun.elapsed() >= self.limit {
            return Ok(false);
        }
        if self.reported.is_none_or(|reported| reported.elapsed() >= REPORT_AGAIN) {
            self.reported = Some(Instant::now());
            waiter.report(reason, self.limit);
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

/// Listens. An address that is not there yet is waited for, and a name is resolved again for each attempt. `error` makes the
/// error of an attempt.
///
/// # Errors
/// The address is in use or not there in time, `check` refuses it, or the program was asked to end.
pub fn bind<W: Waiter>(
    address: &ListenAddress,
    patience: &mut Patience,
    waiter: &W,
    check: impl Fn(SocketAddr) -> Result<(), W::Error>,
    error: impl Fn(Error) -> W::Error,
) -> Result<TcpListener, W::Error>
where
    W::Error: fmt::Display,
{
    loop {
        let found = match (address.host.as_str(), address.port).to_socket_addrs() {
            Ok(found) => attempt(found, &check)?,
            Err(source) => Err(Failed { source, may_pass: true }),
        };
        let Failed { source, may_pass } = match found {
            Ok(listener) => return Ok(listener),
            Err(failed) => failed,
        };
        let error = error(source);
        if !may_pass || !patience.again(waiter, &error)? {
            return Err(error);
        }
    }
}

fn attempt<E>(
    addresses: impl Iterator<Item = SocketAddr>,
    check: &impl Fn(SocketAddr) -> Result<(), E>,
) -> Result<Result<TcpListener, Failed>, E> {
    let mut failed = Failed { source: Error::new(ErrorKind::NotFound, "the name has no address"), may_pass: true };
    for address in addresses {
        check(address)?;
        match TcpListener::bind(address) {
            Ok(listener) => return Ok(Ok(listener)),
            Err(source) => {
                // The last three: a zone whose interface is not there.
                let codes = [libc::EADDRNOTAVAIL, libc::ENODEV, libc::ENXIO, libc::EINVAL];
                let may_pass = source.raw_os_error().is_some_and(|code| codes.contains(&code));
                failed = Failed { source, may_pass };
            }
        }
    }
    Ok(Err(failed))
}

#[cfg(test)]
mod tests {
    use super::{ListenAddress, Patience, Waiter, bind};
    use std::cell::Cell;
    use std::net::TcpListener;
    use std::time::Duration;

    fn listen(text: &str) -> ListenAddress {
        text.parse().expect("an address")
    }

    /// Counts reports; asked to end at the first one if `stops`.
    #[derive(Default)]
    struct Program {
        reports: Cell<u32>,
        stops: bool,
    }

    impl Waiter for Program {
        type Error = String;

        fn check_stop(&self) -> Result<(), String> {
            if self.stops && self.reports.get() > 0 { Err(String::from("stopped")) } else { Ok(()) }
        }

        fn report(&self, _: &dyn std::fmt::Display, _: Duration) {
            self.reports.set(self.reports.get() + 1);
        }
    }

    fn bind_in(text: &str, limit: Duration, program: &Program) -> (Patience, Result<TcpListener, String>) {
        let mut patience = Patience::new(limit);
        let error = |source: std::io::Error| format!("{text}: {source}");
        let bound = bind(&listen(text), &mut patience, program, |_| Ok(()), error);
        (patience, bound)
    }

    #[test]
    fn names_and_zones_are_listened_on() {
        for text in ["127.0.0.1:0", "localhost:0", "[::ffff:127.0.0.1]:0"] {
            let (_, listener) = bind_in(text, Duration::ZERO, &Program::default());
            assert_ne!(listener.expect("it is there").local_addr().expect("an address").port(), 0, "{text}");
        }
        for text in ["", "127.0.0.1", ":1", "::1:1", "[::1:1", "host:65536"] {
            assert!(text.parse::<ListenAddress>().is_err(), "{text}");
        }
        assert_eq!(listen("[fe80::1%eth0]:5770").host, "fe80::1%eth0");
    }

    #[test]
    fn port_in_use_is_an_error_at_once_and_a_missing_address_is_waited_for() {
        let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = taken.local_addr().expect("an address").to_string();
        let program = Program::default();
        let (_, error) = bind_in(&address, Duration::from_secs(3_600), &program);
        assert!(error.expect_err("it is taken").contains(&address));
        assert_eq!(program.reports.get(), 0);
        // An address of documentation (RFC 5737) is on no interface.
        let (patience, error) = bind_in("192.0.2.77:0", Duration::from_millis(600), &program);
        assert!(patience.begun.elapsed() >= Duration::from_millis(600), "it was waited for");
        assert!(error.expect_err("it is not there").contains("192.0.2.77:0"));
        assert_eq!(program.reports.get(), 1);
    }

    #[test]
    fn request_to_end_ends_the_wait() {
        let program = Program { stops: true, ..Program::default() };
        let (_, error) = bind_in("192.0.2.77:0", Duration::from_secs(3_600), &program);
        assert_eq!(error.expect_err("it was stopped"), "stopped");
    }
}
