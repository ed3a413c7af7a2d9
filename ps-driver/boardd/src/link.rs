//! One socket and the server's connection behind it, with TLS in between or without.

use crate::admission::Network;
use deltascope_model::Engine;
use deltascope_protocol::server::{ConnectionId, Holder, Identity, Server};
use deltascope_tls::{Channel, TlsError};
use rustix::net::sockopt;
use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};

/// Time that a peer has to take the last frame and close, in microseconds.
const LINGER: u64 = 1_000_000;
/// How a TLS handshake begins: record type and the major version (RFC 8446, section 5.1). No frame of the wire
/// protocol begins so, because its length is a multiple of 4.
const TLS_BEGINS: [u8; 2] = [22, 3];

/// Whether a link remains.
#[derive(Debug)]
pub enum Outcome {
    /// It does.
    Open,
    /// It is to be dropped.
    Gone(End),
}

/// Why a link ends.
#[derive(Debug)]
pub enum End {
    /// The peer closed it.
    Closed,
    /// The server closed it, and the peer has had its time to read why.
    Finished,
    /// The socket failed.
    Socket(io::Error),
    /// The peer broke TLS.
    Tls(TlsError),
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            End::Closed => f.write_str("the peer closed it"),
            End::Finished => f.write_str("the server closed it"),
            End::Socket(error) => write!(f, "{error}"),
            End::Tls(error) => write!(f, "{error}"),
        }
    }
}

/// Who is at the other end of a link with TLS.
#[derive(Clone, Debug)]
pub struct Peer {
    /// Name in its certificate.
    pub name: String,
    /// What the name refers to.
    pub identity: Identity,
}

/// A socket of the daemon.
#[derive(Debug)]
pub struct Link {
    stream: TcpStream,
    channel: Option<Box<Channel>>,
    pub id: ConnectionId,
    pub address: SocketAddr,
    pub peer: Option<Peer>,
    /// Its place among the connections without a session, until it has one.
    pub place: Option<Holder>,
    /// Its socket has something to be read.
    pub ready: bool,
    /// The Error that the server sent on it was logged.
    pub is_refusal_logged: bool,
    /// Nothing was read yet.
    fresh: bool,
    /// The first bytes were those of TLS, on a link without.
    pub is_foreign: bool,
    /// The server is done with it: what still comes is thrown away, because closing a socket with unread bytes
    /// would take the last frame from the peer.
    closing_until: Option<u64>,
}

impl Link {
    /// A link without TLS.
    pub fn new(stream: TcpStream, id: ConnectionId, address: SocketAddr, place: Holder) -> Link {
        Link {
            stream,
            channel: None,
            id,
            address,
            peer: None,
            place: Some(place),
            ready: false,
            is_refusal_logged: false,
            fresh: true,
            is_foreign: false,
            closing_until: None,
        }
    }

    /// A link with an authenticated peer.
    pub fn with_tls(
        stream: TcpStream,
        channel: Box<Channel>,
        id: ConnectionId,
        address: SocketAddr,
        place: Holder,
        peer: Peer,
    ) -> Link {
        Link { channel: Some(channel), peer: Some(peer), ..Link::new(stream, id, address, place) }
    }

    /// Bounds the kernel's buffers of its socket, in bytes for each direction.
    pub fn set_buffers(&self, size: usize) {
        set_buffers(&self.stream, size);
    }

    /// Where it comes from, as far as limits go.
    pub fn network(&self) -> Network {
        Network::of(self.address.ip())
    }

    /// Name and address of the peer, for the log.
    pub fn name(&self) -> String {
        match &self.peer {
            Some(peer) => format!("{} ({})", peer.name, self.address),
            None => self.address.to_string(),
        }
    }

    /// Whether the server is done with it and the peer has time to read the last frame.
    pub fn is_lingering(&self) -> bool {
        self.closing_until.is_some()
    }

    /// Whether bytes wait for the socket.
    pub fn wants_write<E: Engine>(&self, server: &Server<E>) -> bool {
        let encrypted = self.channel.as_ref().is_some_and(|channel| !channel.transmit().is_empty());
        encrypted || (self.closing_until.is_none() && !server.transmit(self.id).is_empty())
    }

    /// Reads once, so that no link keeps the others waiting.
    pub fn read<E: Engine>(&mut self, server: &mut Server<E>, now: u64) -> Outcome {
        if self.closing_until.is_some() {
            let mut waste = [0; 4096];
            return match self.stream.read(&mut waste) {
                Ok(0) => Outcome::Gone(End::Finished),
                Ok(_) => Outcome::Open,
                Err(error) => outcome(error),
            };
        }
        match &mut self.channel {
            None => self.read_plain(server, now),
            Some(_) => self.read_tls(server, now),
        }
    }

    fn read_plain<E: Engine>(&mut self, server: &mut Server<E>, now: u64) -> Outcome {
        let space = server.receive_space(self.id);
        if space.is_empty() {
            return Outcome::Open;
        }
        match self.stream.read(space) {
            Ok(0) => Outcome::Gone(End::Closed),
            Ok(count) => {
                self.is_foreign = self.fresh && space[..count].starts_with(&TLS_BEGINS);
                self.fresh = false;
                tracing::trace!("{}: {count} bytes read", self.address);
                server.received(self.id, count, now);
                Outcome::Open
            }
            Err(error) => outcome(error),
        }
    }

    fn read_tls<E: Engine>(&mut self, server: &mut Server<E>, now: u64) -> Outcome {
        let Some(channel) = &mut self.channel else { return Outcome::Gone(End::Closed) };
        match self.stream.read(channel.receive_space()) {
            Ok(0) => Outcome::Gone(End::Closed),
            Ok(count) => {
                tracing::trace!("{}: {count} bytes read", self.address);
                channel.received(count);
                let id = self.id;
                match channel.process(|bytes| server.receive(id, bytes, now)) {
                    Ok(()) if channel.is_closed() => Outcome::Gone(End::Closed),
                    Ok(()) => Outcome::Open,
                    Err(error) => {
                        // A record that is damaged is no frame to answer; the alert reports it.
                        _ = self.stream.write(channel.transmit());
                        Outcome::Gone(End::Tls(error))
                    }
                }
            }
            Err(error) => outcome(error),
        }
    }

    /// Writes what waits, and half closes when the server is done.
    pub fn write<E: Engine>(&mut self, server: &mut Server<E>, now: u64) -> Outcome {
        if let Some(until) = self.closing_until {
            return if now >= until { Outcome::Gone(End::Finished) } else { Outcome::Open };
        }
        let result = match &mut self.channel {
            None => write_plain(&mut self.stream, self.address, self.id, server),
            Some(channel) => write_tls(&mut self.stream, self.address, channel, self.id, server),
        };
        match result {
            Err(outcome) => return outcome,
            Ok(()) if !server.is_closing(self.id) => return Outcome::Open,
            Ok(()) => {}
        }
        if let Some(channel) = &mut self.channel {
            channel.close();
            // If the socket is full the peer sees the end of the connection instead.
            _ = self.stream.write(channel.transmit());
        }
        self.closing_until = Some(now + LINGER);
        if let Err(error) = self.stream.shutdown(Shutdown::Write) {
            return Outcome::Gone(End::Socket(error));
        }
        Outcome::Open
    }

    /// When the link is dropped whatever the peer does.
    pub fn deadline(&self) -> Option<u64> {
        self.closing_until
    }
}

/// Writes until nothing waits; the error is what to do when the socket takes no more.
fn write_plain<E: Engine>(
    stream: &mut TcpStream,
    address: SocketAddr,
    id: ConnectionId,
    server: &mut Server<E>,
) -> Result<(), Outcome> {
    loop {
        let bytes = server.transmit(id);
        if bytes.is_empty() {
            return Ok(());
        }
        let count = write_some(stream, address, bytes)?;
        server.advance(id, count);
    }
}

/// Writes through TLS until nothing waits; the error is what to do when the socket takes no more.
fn write_tls<E: Engine>(
    stream: &mut TcpStream,
    address: SocketAddr,
    channel: &mut Channel,
    id: ConnectionId,
    server: &mut Server<E>,
) -> Result<(), Outcome> {
    loop {
        while !channel.transmit().is_empty() {
            let count = write_some(stream, address, channel.transmit())?;
            channel.advance(count);
        }
        let bytes = server.transmit(id);
        if bytes.is_empty() {
            return Ok(());
        }
        match channel.write(bytes) {
            Ok(count) if count > 0 => server.advance(id, count),
            Ok(_) => return Err(Outcome::Gone(End::Closed)),
            Err(error) => return Err(Outcome::Gone(End::Tls(error))),
        }
    }
}

fn write_some(stream: &mut TcpStream, address: SocketAddr, bytes: &[u8]) -> Result<usize, Outcome> {
    loop {
        match stream.write(bytes) {
            Ok(0) => return Err(Outcome::Gone(End::Closed)),
            Ok(count) => {
                tracing::trace!("{address}: {count} bytes written");
                return Ok(count);
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(outcome(error)),
        }
    }
}

/// Bounds the kernel's buffers of a socket, in bytes for each direction. It takes twice that for its own needs. A kernel that
/// allows less gives less, which is no error.
pub fn set_buffers(stream: &TcpStream, size: usize) {
    _ = sockopt::set_socket_recv_buffer_size(stream, size);
    _ = sockopt::set_socket_send_buffer_size(stream, size);
}

fn outcome(error: io::Error) -> Outcome {
    match error.kind() {
        ErrorKind::WouldBlock | ErrorKind::Interrupted => Outcome::Open,
        _ => Outcome::Gone(End::Socket(error)),
    }
}

impl AsFd for Link {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}
