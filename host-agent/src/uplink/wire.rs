//! One connection of a client: a socket, with TLS in between or without.

use std::io::{Error, ErrorKind, IoSlice, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use deltascope_tls::{Channel, TlsError};

use super::address::AddressError;
use super::tls::{Tls, TlsOptionsError};

/// Bytes read from the socket at a time without TLS.
const READ_BYTES: usize = 65_536;

/// Why a wire broke.
#[derive(Debug)]
pub(super) enum WireError {
    /// The socket.
    Io(Error),
    /// The peer is not who it must be, or refused this side.
    Tls(TlsError),
    /// The files for TLS.
    Options(TlsOptionsError),
    /// The peer closed.
    Closed,
    /// The name of the server.
    Address(AddressError),
    /// No address of the server takes a connection.
    Unreachable(Vec<(SocketAddr, Error)>),
}

impl From<Error> for WireError {
    fn from(error: Error) -> WireError {
        WireError::Io(error)
    }
}

impl From<TlsError> for WireError {
    fn from(error: TlsError) -> WireError {
        WireError::Tls(error)
    }
}

/// See the module.
#[derive(Debug)]
pub(super) struct Wire {
    socket: TcpStream,
    channel: Option<Box<Channel>>,
    buffer: Vec<u8>,
}

impl Wire {
    /// Connects. With TLS the keys are read again, so that a renewed certificate is used from the next connection on.
    pub fn open(address: SocketAddr, tls: Option<&Tls>, timeout: Duration) -> Result<Wire, WireError> {
        let channel = tls.map(Tls::channel).transpose().map_err(WireError::Options)?.map(Box::new);
        let socket = TcpStream::connect_timeout(&address, timeout)?;
        socket.set_nodelay(true)?;
        socket.set_nonblocking(true)?;
        let buffer = vec![0; if channel.is_some() { 0 } else { READ_BYTES }];
        Ok(Wire { socket, channel, buffer })
    }

    /// Reads once and gives what came to `sink`. False when nothing was there.
    pub fn read(&mut self, mut sink: impl FnMut(&[u8])) -> Result<bool, WireError> {
        let space = match &mut self.channel {
            Some(channel) => channel.receive_space(),
            None => &mut self.buffer[..],
        };
        let count = match self.socket.read(space) {
            Ok(0) => return Err(WireError::Closed),
            Ok(count) => count,
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => return Ok(false),
            Err(error) => return Err(error.into()),
        };
        match &mut self.channel {
            None => sink(&self.buffer[..count]),
            Some(channel) => {
                channel.received(count);
                if let Err(error) = channel.process(sink) {
                    // The peer gets the reason; one that does not listen gets none.
                    _ = self.socket.write(channel.transmit());
                    _ = self.socket.shutdown(Shutdown::Write);
                    return Err(error.into());
                }
                if channel.is_closed() {
                    return Err(WireError::Closed);
                }
            }
        }
        Ok(true)
    }

    /// Takes a prefix of the pieces, one after the other, and gives its length: 0 when the socket takes no more for
    /// now. Without TLS the socket takes them in one call from where they are; with it the first that is not empty
    /// is encrypted. What was taken is sent by this call or by [`Wire::flush`].
    pub fn write(&mut self, parts: [&[u8]; 3]) -> Result<usize, WireError> {
        let Some(channel) = &mut self.channel else {
            return write_some(|| self.socket.write_vectored(&parts.map(IoSlice::new)));
        };
        let first = parts.into_iter().find(|part| !part.is_empty()).unwrap_or_default();
        let count = channel.write(first)?;
        self.flush()?;
        Ok(count)
    }

    /// Sends what TLS has to say. True when it sent some.
    pub fn flush(&mut self) -> Result<bool, WireError> {
        let Some(channel) = &mut self.channel else { return Ok(false) };
        let mut moved = false;
        while !channel.transmit().is_empty() {
            match write_some(|| self.socket.write(channel.transmit()))? {
                0 => break,
                count => channel.advance(count),
            }
            moved = true;
        }
        Ok(moved)
    }

    /// Whether bytes of TLS wait for the socket, and whether more may be given to [`Wire::write`].
    pub fn waits(&self) -> (bool, bool) {
        self.channel.as_ref().map_or((false, true), |channel| (!channel.transmit().is_empty(), channel.is_open()))
    }
}

fn write_some(mut write: impl FnMut() -> std::io::Result<usize>) -> Result<usize, WireError> {
    loop {
        match write() {
            Ok(count) => return Ok(count),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(0),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
    }
}

impl AsFd for Wire {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}
