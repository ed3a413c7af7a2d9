//! The address of a board server as it was given, resolved again for each connection.

use std::fmt;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::str::FromStr;
use std::sync::Arc;

/// Names a board server: HOST:PORT, where HOST is a name, an address, or an IPv6 address in brackets with or without
/// `%zone`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    parts: Arc<Parts>,
    local_only: bool,
}

/// An address, shared by the errors that name it.
#[derive(Debug, PartialEq, Eq)]
struct Parts {
    text: String,
    host: String,
    port: u16,
}

/// Why an address cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AddressError {
    /// It is not of the form HOST:PORT.
    #[error(
        "{found:?}: expected HOST:PORT of a board server, with an IPv6 address in brackets, found no host or no port from 1 to 65535"
    )]
    Form {
        /// As given.
        found: String,
    },
    /// The name has no address now.
    #[error("{host}: expected a name with an address, found {source}; check the name and the resolver of this host")]
    Resolve {
        /// The host.
        host: String,
        /// What the resolver reported.
        source: io::Error,
    },
    /// The name has an address of another machine, and the connection would be in the clear.
    #[error(
        "--connect {address}: expected an address of this machine, found {found}; fingerprints would cross the network in the clear: give --tls and --authority, or --insecure-peer {address} if that is meant"
    )]
    NotLocal {
        /// As given.
        address: String,
        /// The first address that is not of the loopback interface.
        found: std::net::IpAddr,
    },
}

impl Address {
    /// Refuses every address that is not of the loopback interface, each time that the name is resolved.
    pub fn local_only(self) -> Address {
        Address { local_only: true, ..self }
    }

    /// Returns the host without brackets.
    pub fn host(&self) -> &str {
        &self.parts.host
    }

    /// Returns every address that the name has now.
    ///
    /// # Errors
    /// The name has none, or one that this connection may not use.
    pub fn resolve(&self) -> Result<Vec<SocketAddr>, AddressError> {
        let Parts { text, host, port } = &*self.parts;
        let fail = |source| AddressError::Resolve { host: host.clone(), source };
        let mut found: Vec<SocketAddr> = Vec::new();
        for address in (host.as_str(), *port).to_socket_addrs().map_err(fail)? {
            if !found.contains(&address) {
                found.push(address);
            }
        }
        if found.is_empty() {
            return Err(fail(io::Error::new(io::ErrorKind::NotFound, "no address")));
        }
        match found.iter().find(|address| !address.ip().is_loopback()).filter(|_| self.local_only) {
            Some(other) => Err(AddressError::NotLocal { address: text.clone(), found: other.ip() }),
            None => Ok(found),
        }
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Address, AddressError> {
        let parts = text.rsplit_once(':').and_then(|(host, port)| {
            let port = port.parse().ok().filter(|&port: &u16| port != 0)?;
            let bracketed = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
            let host = bracketed.or_else(|| Some(host).filter(|host| !host.contains([':', '[', ']'])))?;
            (!host.is_empty()).then(|| (host.to_owned(), port))
        });
        let (host, port) = parts.ok_or_else(|| AddressError::Form { found: text.to_owned() })?;
        Ok(Address { parts: Arc::new(Parts { text: text.to_owned(), host, port }), local_only: false })
    }
}

impl From<SocketAddr> for Address {
    fn from(address: SocketAddr) -> Address {
        let host = match address {
            SocketAddr::V6(v6) if v6.scope_id() != 0 => format!("{}%{}", v6.ip(), v6.scope_id()),
            _ => address.ip().to_string(),
        };
        let parts = Parts { text: address.to_string(), host, port: address.port() };
        Address { parts: Arc::new(parts), local_only: false }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.parts.text)
    }
}

#[cfg(test)]
mod tests {
    use super::{Address, AddressError};

    #[test]
    fn host_and_port_are_told_apart_and_names_are_kept() {
        for (text, host) in [
            ("board:5770", "board"),
            ("127.0.0.1:5770", "127.0.0.1"),
            ("[::1]:5770", "::1"),
            ("[fe80::1%eth0]:5770", "fe80::1%eth0"),
        ] {
            let address: Address = text.parse().expect("an address");
            assert_eq!((address.host(), address.parts.port, address.to_string().as_str()), (host, 5770, text));
        }
        for text in ["nonsense", "board:", ":5770", "board:0", "board:65536", "::1:5770", "[]:5770", "[::1:5770", ""] {
            assert!(matches!(text.parse::<Address>(), Err(AddressError::Form { .. })), "{text}");
        }
    }

    #[test]
    fn zone_by_number_and_by_name_resolves() {
        for text in ["[::1]:5770", "[fe80::1%1]:5770", "[fe80::1%lo]:5770"] {
            let found = text.parse::<Address>().expect("an address").resolve().expect("it resolves");
            assert_eq!((found.len(), found[0].port()), (1, 5770), "{text}");
        }
    }

    #[test]
    fn in_the_clear_only_addresses_of_this_machine_are_used() {
        let remote: Address = "192.0.2.1:5770".parse().expect("an address");
        assert!(remote.resolve().is_ok());
        assert!(matches!(remote.local_only().resolve(), Err(AddressError::NotLocal { .. })));
        let local: Address = "127.9.9.9:5770".parse().expect("an address");
        assert!(local.local_only().resolve().is_ok());
    }
}
