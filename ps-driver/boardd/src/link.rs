//! One socket and the server's connection behind it.

use deltascope_driver::server::{ConnectionId, Server};
use deltascope_model::Engine;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};

/// Time that a peer has to take the last frame and close, in microseconds.
const LINGER: u64 = 1_000_000;

/// Whether a link goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It does.
    Open,
    /// It is to be dropped.
    Gone,
}

/// A socket of the daemon.
#[derive(Debug)]
pub struct Link {
    stream: TcpStream,
    pub id: ConnectionId,
    /// The server is done with it: what still comes is thrown away, because closing a socket with unread bytes
    /// would take the last frame from the peer.
    closing_until: Option<u64>,
}

impl Link {
    pub fn new(stream: TcpStream, id: ConnectionId) -> Link {
        Link { stream, id, closing_until: None }
    }

    /// Reads once, so that no link keeps the others waiting.
    pub fn read<E: Engine>(&mut self, server: &mut Server<E>, now: u64) -> Fate {
        let mut waste = [0; 4096];
        let space = if self.closing_until.is_some() { &mut waste[..] } else { server.receive_space(self.id) };
        if space.is_empty() {
            return Fate::Open;
        }
        match self.stream.read(space) {
            Ok(0) => Fate::Gone,
            Ok(count) => {
                if self.closing_until.is_none() {
                    server.received(self.id, count, now);
                }
                Fate::Open
            }
            Err(error) => fate(error.kind()),
        }
    }

    /// Writes what waits, and half closes when the server is done.
    pub fn write<E: Engine>(&mut self, server: &mut Server<E>, now: u64) -> Fate {
        if let Some(until) = self.closing_until {
            return if now >= until { Fate::Gone } else { Fate::Open };
        }
        loop {
            let bytes = server.transmit(self.id);
            if bytes.is_empty() {
                break;
            }
            match self.stream.write(bytes) {
                Ok(0) => return Fate::Gone,
                Ok(count) => server.advance(self.id, count),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return fate(error.kind()),
            }
        }
        if server.is_closing(self.id) {
            self.closing_until = Some(now + LINGER);
            if self.stream.shutdown(Shutdown::Write).is_err() {
                return Fate::Gone;
            }
        }
        Fate::Open
    }

    /// When the link is dropped whatever the peer does.
    pub fn deadline(&self) -> Option<u64> {
        self.closing_until
    }
}

fn fate(kind: ErrorKind) -> Fate {
    match kind {
        ErrorKind::WouldBlock | ErrorKind::Interrupted => Fate::Open,
        _ => Fate::Gone,
    }
}

impl AsFd for Link {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}
