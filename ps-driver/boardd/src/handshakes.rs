//! Connections whose peer is not authenticated yet, and those that were refused.
//!
//! Their number, their time and their buffers are bounded, and the server's own tables do not know them. When there
//! are too many the oldest gives way, so that peers that wait cannot keep an agent out: an agent needs a few
//! milliseconds.

use deltascope_protocol::frame::{self, ErrorCode, ErrorFrame, Message};
use deltascope_tls::{Channel, Rejection, TlsError};
use std::collections::VecDeque;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};

/// Time that a handshake may take, in microseconds.
const HANDSHAKE_TIME: u64 = 5_000_000;
/// Time that a refused peer has to read why, in microseconds.
const LINGER: u64 = 1_000_000;

/// One connection.
#[derive(Debug)]
pub struct Handshake {
    stream: TcpStream,
    channel: Channel,
    pub peer: SocketAddr,
    until: u64,
    refused: bool,
}

/// What came of a handshake.
pub enum Outcome {
    /// It continues.
    Waiting,
    /// The peer is authenticated. Plaintext that came with the end of the handshake is behind it.
    Open(Vec<u8>),
    /// The peer is refused, and gets the reason if it listens.
    Refused(TlsError),
    /// Nothing is left to be done.
    Gone,
}

impl Handshake {
    /// Reads once and works on it.
    fn read(&mut self) -> Outcome {
        let mut waste = [0; 4096];
        let space = if self.refused { &mut waste[..] } else { self.channel.receive_space() };
        match self.stream.read(space) {
            Ok(0) if self.refused => Outcome::Gone,
            Ok(0) => Outcome::Refused(TlsError::Truncated),
            Ok(_) if self.refused => Outcome::Waiting,
            Ok(count) => {
                self.channel.received(count);
                let mut early = Vec::new();
                let result = self.channel.process(|bytes| early.extend_from_slice(bytes));
                match result {
                    Err(error) => Outcome::Refused(error),
                    Ok(()) if self.channel.is_open() => Outcome::Open(early),
                    Ok(()) => Outcome::Waiting,
                }
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => Outcome::Waiting,
            Err(_) if self.refused => Outcome::Gone,
            Err(_) => Outcome::Refused(TlsError::Truncated),
        }
    }

    /// Writes what waits. What a peer does not take at once in its few hundred bytes it does not need.
    fn write(&mut self) {
        while !self.channel.transmit().is_empty() {
            match self.stream.write(self.channel.transmit()) {
                Ok(count) if count > 0 => self.channel.advance(count),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Ok(_) | Err(_) => return,
            }
        }
    }

    fn refuse(&mut self, text: Option<&str>, now: u64) {
        if let Some(text) = text {
            // The peer speaks no TLS, so it gets a frame.
            let mut bytes = [0; 256];
            let error = Message::Error(ErrorFrame { code: ErrorCode::Unauthorised, sequence: 0, text });
            if let Ok(length) = frame::encode(&error, &mut bytes) {
                _ = self.stream.write(&bytes[..length]);
            }
        }
        self.write();
        _ = self.stream.shutdown(Shutdown::Write);
        (self.refused, self.until) = (true, now + LINGER);
    }

    /// The socket and its channel.
    pub fn into_parts(self) -> (TcpStream, Channel) {
        (self.stream, self.channel)
    }
}

impl AsFd for Handshake {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}

/// All of them, the oldest first.
#[derive(Debug)]
pub struct Handshakes {
    list: VecDeque<Handshake>,
    most: usize,
}

/// A peer that got in: its handshake, and the plaintext behind it.
pub type Arrived = (Handshake, Vec<u8>);

impl Handshakes {
    /// At most this many at a time, at least one.
    pub fn new(most: usize) -> Handshakes {
        Handshakes { list: VecDeque::new(), most: most.max(1) }
    }

    /// Number of connections.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// The connections, to be waited for.
    pub fn iter(&self) -> impl Iterator<Item = &Handshake> {
        self.list.iter()
    }

    /// When the next one runs out of time.
    pub fn deadline(&self) -> Option<u64> {
        self.list.iter().map(|handshake| handshake.until).min()
    }

    /// Takes a connection; gives the peer that had to go for it.
    pub fn push(&mut self, stream: TcpStream, channel: Channel, peer: SocketAddr, now: u64) -> Option<SocketAddr> {
        let crowded = (self.list.len() >= self.most).then(|| self.list.pop_front()).flatten();
        self.list.push_back(Handshake { stream, channel, peer, until: now + HANDSHAKE_TIME, refused: false });
        crowded.filter(|gone| !gone.refused).map(|gone| gone.peer)
    }

    /// Works on those that are `ready`, in their order, and drops those whose time is over. Rejected peers and their
    /// reasons go to `refused`.
    pub fn turn(
        &mut self,
        mut ready: impl Iterator<Item = bool>,
        now: u64,
        mut refused: impl FnMut(SocketAddr, Rejection, &str),
    ) -> Vec<Arrived> {
        let mut arrived = Vec::new();
        for _ in 0..self.list.len() {
            let Some(mut handshake) = self.list.pop_front() else { break };
            let outcome = if ready.next().unwrap_or(false) { handshake.read() } else { Outcome::Waiting };
            handshake.write();
            match outcome {
                Outcome::Open(early) => {
                    arrived.push((handshake, early));
                    continue;
                }
                Outcome::Gone => continue,
                Outcome::Refused(error) => {
                    let rejection = error.rejection();
                    let text = error.to_string();
                    refused(handshake.peer, rejection, &text);
                    let told = (rejection == Rejection::PlainToTls)
                        .then_some("this port speaks TLS 1.3 only: give the agent its certificate and key");
                    handshake.refuse(told, now);
                }
                Outcome::Waiting if now >= handshake.until => {
                    if !handshake.refused {
                        refused(handshake.peer, Rejection::Slow, "expected a handshake within 5 s, found none");
                    }
                    continue;
                }
                Outcome::Waiting => {}
            }
            self.list.push_back(handshake);
        }
        arrived
    }
}
