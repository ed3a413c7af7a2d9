//! One TLS connection: bytes of TLS on one side, plaintext on the other, no socket.
//!
//! Records are decrypted out of one buffer and encrypted into another; both have a fixed size, small until the peer
//! is authenticated. So an unauthenticated peer costs [`HANDSHAKE_BYTES`] and what rustls keeps of one handshake, whatever it
//! sends.

use crate::{About, Cipher, TlsError};
use rustls::client::UnbufferedClientConnection;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::server::UnbufferedServerConnection;
use rustls::unbuffered::{ConnectionState, EncodeError, EncryptError, UnbufferedStatus, WriteTraffic};
use rustls::{ClientConfig, ServerConfig};
use std::sync::Arc;

/// Longest TLS record on the wire (RFC 8446, section 5.2).
const RECORD_BYTES: usize = 5 + 16_384 + 256;
/// Bytes of TLS that are held while the peer is not authenticated.
pub const HANDSHAKE_BYTES: usize = RECORD_BYTES;
/// Bytes of TLS that are held afterwards: several records, so that reading costs few calls.
pub const OPEN_BYTES: usize = 128 * 1024;
/// Plaintext that is encrypted at a time.
const CHUNK_BYTES: usize = 64 * 1024;
/// Bytes of TLS that wait for the socket, at most: a chunk, in records of 16 KiB with header, tag and type each.
pub const OUTGOING_BYTES: usize = CHUNK_BYTES + (CHUNK_BYTES / 16_384 + 1) * 32;
/// First byte of a handshake record (RFC 8446, section 5.1).
const HANDSHAKE_RECORD: u8 = 22;

enum Side {
    Client(UnbufferedClientConnection),
    Server(UnbufferedServerConnection),
}

/// What one step did.
enum Step {
    /// There may be more in the buffer.
    More,
    /// The handshake needs more bytes.
    Blocked,
    /// Everything that arrived was processed, and this number of plaintext bytes was encrypted.
    Open(usize),
    /// The peer sends no more.
    Closed,
}

/// See the module.
pub struct Channel {
    side: Side,
    incoming: Vec<u8>,
    start: usize,
    end: usize,
    outgoing: Vec<u8>,
    sent: usize,
    open: bool,
    closed: bool,
    begun: bool,
    /// An error ended it; rustls is not asked again.
    failed: bool,
}

impl std::fmt::Debug for Channel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Channel").field("open", &self.open).field("closed", &self.closed).finish_non_exhaustive()
    }
}

impl Channel {
    /// The server's end.
    ///
    /// # Errors
    /// rustls refuses its configuration.
    pub fn server(config: Arc<ServerConfig>) -> Result<Channel, TlsError> {
        Ok(Channel::new(Side::Server(UnbufferedServerConnection::new(config)?)))
    }

    /// The client's end, for a server that must have `name` in its certificate.
    ///
    /// # Errors
    /// rustls refuses its configuration.
    pub fn client(config: Arc<ClientConfig>, name: ServerName<'static>) -> Result<Channel, TlsError> {
        let mut channel = Channel::new(Side::Client(UnbufferedClientConnection::new(config, name)?));
        channel.process(|_| ())?;
        Ok(channel)
    }

    fn new(side: Side) -> Channel {
        let incoming = vec![0; HANDSHAKE_BYTES];
        let outgoing = Vec::new();
        Channel {
            side,
            incoming,
            start: 0,
            end: 0,
            outgoing,
            sent: 0,
            open: false,
            closed: false,
            begun: false,
            failed: false,
        }
    }

    /// Whether the handshake is over. Of a server's end: the client is authenticated.
    pub fn is_open(&self) -> bool {
        self.open
    }

    /// Whether the peer reported that it sends no more.
    pub fn is_closed(&self) -> bool {
        self.closed
    }

    /// What the certificate of the authenticated peer states.
    ///
    /// # Errors
    /// Its certificate has no name, or the handshake is not over.
    pub fn peer(&self) -> Result<About, TlsError> {
        let certificates = match &self.side {
            Side::Client(connection) => connection.peer_certificates(),
            Side::Server(connection) => connection.peer_certificates(),
        };
        let leaf: Option<&CertificateDer<'_>> = certificates.and_then(|list| list.first());
        About::of(leaf.filter(|_| self.open).ok_or(TlsError::NoName)?)
    }

    /// Returns the cipher that both sides agreed on; none before that.
    pub fn cipher(&self) -> Option<Cipher> {
        let suite = match &self.side {
            Side::Client(connection) => connection.negotiated_cipher_suite(),
            Side::Server(connection) => connection.negotiated_cipher_suite(),
        }?;
        Cipher::fastest_first().into_iter().find(|cipher| cipher.suite().suite() == suite.suite())
    }

    /// Where the next bytes from the socket go. Never empty after [`Channel::process`] went well.
    pub fn receive_space(&mut self) -> &mut [u8] {
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        } else if self.incoming.len() - self.start < RECORD_BYTES || self.end == self.incoming.len() {
            self.incoming.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
        &mut self.incoming[self.end..]
    }

    /// `count` bytes were written to the start of [`Channel::receive_space`].
    pub fn received(&mut self, count: usize) {
        self.end = (self.end + count).min(self.incoming.len());
    }

    /// Works on what was received: plaintext goes to `sink`, answers to [`Channel::transmit`].
    ///
    /// # Errors
    /// The peer is not who it must be, broke TLS or refused. The output of [`Channel::transmit`] carries the reason to it.
    pub fn process(&mut self, mut sink: impl FnMut(&[u8])) -> Result<(), TlsError> {
        if !self.begun && self.end > 0 {
            self.begun = true;
            // Before rustls sees it, so that the reason is sure: no other protocol of ours begins so.
            if self.incoming[self.start] != HANDSHAKE_RECORD {
                return Err(TlsError::NotTls);
            }
        }
        while !self.failed && !self.closed {
            match self.step(&[], &mut sink)? {
                Step::More => {}
                Step::Blocked => break,
                Step::Closed => {
                    self.closed = true;
                    return Ok(());
                }
                Step::Open(_) => {
                    if !self.open {
                        self.open = true;
                        self.incoming.resize(OPEN_BYTES, 0);
                    }
                    return Ok(());
                }
            }
        }
        if self.start == 0 && self.end == self.incoming.len() {
            return Err(TlsError::TooLong { limit: self.incoming.len() });
        }
        Ok(())
    }

    /// Bytes for the socket.
    pub fn transmit(&self) -> &[u8] {
        &self.outgoing[self.sent..]
    }

    /// The socket took the first `count` bytes of [`Channel::transmit`].
    pub fn advance(&mut self, count: usize) {
        self.sent = (self.sent + count).min(self.outgoing.len());
        if self.sent == self.outgoing.len() {
            self.outgoing.clear();
            self.sent = 0;
        }
    }

    /// Encrypts a prefix of `plaintext` and gives its length: 0 while the handshake is not over, while bytes of
    /// before wait, and when there is none.
    ///
    /// # Errors
    /// The session is over.
    pub fn write(&mut self, plaintext: &[u8]) -> Result<usize, TlsError> {
        if !self.open || self.closed || self.failed || !self.transmit().is_empty() || plaintext.is_empty() {
            return Ok(0);
        }
        let chunk = &plaintext[..plaintext.len().min(CHUNK_BYTES)];
        loop {
            match self.step(chunk, &mut |_| ())? {
                Step::More => {}
                Step::Open(count) => return Ok(count),
                Step::Blocked | Step::Closed => return Ok(0),
            }
        }
    }

    /// Announces the end of the stream to the peer.
    pub fn close(&mut self) {
        if self.failed || !self.open {
            return;
        }
        let Channel { side, outgoing, incoming, start, end, .. } = self;
        let incoming = &mut incoming[*start..*end];
        match side {
            Side::Client(connection) => queue_close(connection.process_tls_records(incoming).state, outgoing),
            Side::Server(connection) => queue_close(connection.process_tls_records(incoming).state, outgoing),
        }
    }

    fn step(&mut self, plaintext: &[u8], sink: &mut impl FnMut(&[u8])) -> Result<Step, TlsError> {
        let Channel { side, outgoing, incoming, start, end, .. } = self;
        let incoming = &mut incoming[*start..*end];
        let (discard, step) = match side {
            Side::Client(connection) => {
                let UnbufferedStatus { discard, state, .. } = connection.process_tls_records(incoming);
                (discard, state.map_err(TlsError::Peer).and_then(|state| work(state, outgoing, plaintext, sink)))
            }
            Side::Server(connection) => {
                let UnbufferedStatus { discard, state, .. } = connection.process_tls_records(incoming);
                (discard, state.map_err(TlsError::Peer).and_then(|state| work(state, outgoing, plaintext, sink)))
            }
        };
        *start = (*start + discard).min(*end);
        if step.is_err() {
            self.failed = true;
            self.take_alert();
        }
        step
    }

    /// After an error rustls may have an alert for the peer. It is asked only while it has: else it would continue with a
    /// buffer that its failed handshake is still in the middle of.
    fn take_alert(&mut self) {
        let Channel { side, outgoing, incoming, start, end, .. } = self;
        let incoming = &mut incoming[*start..*end];
        match side {
            Side::Client(connection) => {
                while connection.wants_write() && encode(connection.process_tls_records(incoming).state, outgoing) {}
            }
            Side::Server(connection) => {
                while connection.wants_write() && encode(connection.process_tls_records(incoming).state, outgoing) {}
            }
        }
    }
}

/// Writes what rustls has ready; false when it has something else in mind.
fn encode<Data>(state: Result<ConnectionState<'_, '_, Data>, rustls::Error>, outgoing: &mut Vec<u8>) -> bool {
    let Ok(state @ ConnectionState::EncodeTlsData(_)) = state else { return false };
    work(state, outgoing, &[], &mut |_| ()).is_ok()
}

fn queue_close<Data>(state: Result<ConnectionState<'_, '_, Data>, rustls::Error>, outgoing: &mut Vec<u8>) {
    if let Ok(ConnectionState::WriteTraffic(mut traffic)) = state {
        let start = outgoing.len();
        outgoing.resize(start + 128, 0);
        let count = traffic.queue_close_notify(&mut outgoing[start..]).unwrap_or(0);
        outgoing.truncate(start + count);
    }
}

fn work<Data>(
    state: ConnectionState<'_, '_, Data>,
    outgoing: &mut Vec<u8>,
    plaintext: &[u8],
    sink: &mut impl FnMut(&[u8]),
) -> Result<Step, TlsError> {
    Ok(match state {
        ConnectionState::ReadTraffic(mut traffic) => {
            while let Some(record) = traffic.next_record() {
                sink(record?.payload);
            }
            Step::More
        }
        ConnectionState::EncodeTlsData(mut data) => {
            let start = outgoing.len();
            let required = match data.encode(&mut []) {
                Err(EncodeError::InsufficientSize(size)) => size.required_size,
                Ok(_) | Err(_) => return Ok(Step::More),
            };
            outgoing.resize(start + required, 0);
            let count = data.encode(&mut outgoing[start..]).map_err(|error| TlsError::Write(error.to_string()))?;
            outgoing.truncate(start + count);
            Step::More
        }
        // Bytes leave in the order in which they came to the buffer, so what follows need not wait for the socket.
        ConnectionState::TransmitTlsData(data) => {
            data.done();
            Step::More
        }
        ConnectionState::WriteTraffic(traffic) => {
            encrypt(traffic, outgoing, plaintext)?;
            Step::Open(plaintext.len())
        }
        ConnectionState::BlockedHandshake => Step::Blocked,
        ConnectionState::PeerClosed | ConnectionState::Closed => Step::Closed,
        // 0-RTT is never offered nor accepted.
        _ => return Err(TlsError::Write(String::from("expected no early data, found some"))),
    })
}

fn encrypt<Data>(
    mut traffic: WriteTraffic<'_, Data>,
    outgoing: &mut Vec<u8>,
    plaintext: &[u8],
) -> Result<(), TlsError> {
    if plaintext.is_empty() {
        return Ok(());
    }
    let start = outgoing.len();
    // Header, tag and type of each record.
    outgoing.resize(start + plaintext.len() + (plaintext.len() / 16_384 + 1) * 32, 0);
    let count = match traffic.encrypt(plaintext, &mut outgoing[start..]) {
        Ok(count) => count,
        Err(EncryptError::InsufficientSize(size)) => {
            outgoing.resize(start + size.required_size, 0);
            traffic.encrypt(plaintext, &mut outgoing[start..]).map_err(|error| TlsError::Write(error.to_string()))?
        }
        Err(error) => return Err(TlsError::Write(error.to_string())),
    };
    outgoing.truncate(start + count);
    Ok(())
}
