//! Asking a running agent for its state.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use super::status::StatusJson;
use crate::uplink::{Address, AddressError, Tls, TlsOptionsError};

/// Longest time for the connection, and for each read and write.
const TIMEOUT: Duration = Duration::from_secs(5);
/// Bytes of an answer that are read.
const MOST_BYTES: u64 = 1 << 20;

/// Why an agent gives no state.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// There is no answer.
    #[error(
        "{address}: expected an agent that runs with --listen, found {source}; start one, give its address, or --tls and --authority for one with --listen-tls"
    )]
    Io {
        /// The agent.
        address: Address,
        /// What the system reported.
        source: io::Error,
    },
    /// The name has no address.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// TLS cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsOptionsError),
    /// The answer is of another program.
    #[error(
        "{address}: expected the state of an agent, found {found:?}; give the address of an agent, and --tls and --authority for one with --listen-tls"
    )]
    Answer {
        /// The agent.
        address: Address,
        /// The begin of the answer.
        found: String,
    },
}

/// Returns the state of the agent that listens at `address`: on this machine, or on any with `tls`.
///
/// # Errors
/// None answers there, or it is no agent.
pub fn status(address: &Address, tls: Option<&Tls>) -> Result<StatusJson, ClientError> {
    let io = |source| ClientError::Io { address: address.clone(), source };
    let (stream, peer) = connect(&address.resolve()?).map_err(io)?;
    let answer = match tls {
        None => ask(stream, peer),
        Some(tls) => ask(rustls::StreamOwned::new(tls.connection()?, stream), peer),
    };
    let answer = answer.map_err(io)?;
    let begin = String::from_utf8_lossy(&answer[..answer.len().min(80)]).into_owned();
    let other = || ClientError::Answer { address: address.clone(), found: begin.clone() };
    let text = String::from_utf8(answer).map_err(|_| other())?;
    let (head, body) = text.split_once("\r\n\r\n").ok_or_else(other)?;
    let mut status = head.split(' ');
    if !status.next().is_some_and(|version| version.starts_with("HTTP/1.")) || status.next() != Some("200") {
        return Err(other());
    }
    serde_json::from_str(body).map_err(|_| other())
}

/// Connects to the first address that takes a connection.
fn connect(addresses: &[SocketAddr]) -> io::Result<(TcpStream, SocketAddr)> {
    let mut failed = io::Error::from(io::ErrorKind::NotFound);
    for address in addresses {
        match TcpStream::connect_timeout(address, TIMEOUT) {
            Ok(stream) => {
                stream.set_read_timeout(Some(TIMEOUT))?;
                stream.set_write_timeout(Some(TIMEOUT))?;
                return Ok((stream, *address));
            }
            Err(error) => failed = error,
        }
    }
    Err(failed)
}

/// A request of HTTP/1.0, whose answer ends with the connection and has no parts (RFC 1945).
fn ask(mut stream: impl Read + Write, address: SocketAddr) -> io::Result<Vec<u8>> {
    stream.write_all(format!("GET /status HTTP/1.0\r\nHost: {address}\r\n\r\n").as_bytes())?;
    let mut answer = Vec::new();
    match stream.take(MOST_BYTES).read_to_end(&mut answer) {
        // A connection may end without a word of TLS about it; an answer that was cut is no state.
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof && !answer.is_empty() => Ok(answer),
        read => read.map(|_| answer),
    }
}
