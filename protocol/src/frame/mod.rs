//! Wire frames between agent and board server, over any ordered byte stream.
//!
//! | offset | bytes | content |
//! |---|---|---|
//! | 0 | 4 | length of the whole frame, these four bytes and the CRC included |
//! | 4 | 1 | kind, see [`Kind`] |
//! | 5 | 1 | protocol version, [`PROTOCOL_VERSION`] |
//! | 6 | 2 | zero |
//! | 8 | n | body, a multiple of four bytes |
//! | 8 + n | 4 | CRC32C of everything before it |
//!
//! Decoding borrows: records, cursors and rows are read in place. See [`message`] for the bodies, [`elements`] for what
//! they repeat.

pub mod buffer;
mod codec;
pub mod elements;
pub mod extensions;
mod fields;
pub mod message;
pub mod records;

pub use buffer::FrameBuffer;
pub use extensions::Extensions;
pub use records::{RecordsHead, records_overhead, seal_records};

pub use elements::{Cursor, Cursors, ReplyEntry, SnapshotRow};
pub use message::{
    Ack, Bye, ErrorFrame, Grow, Grown, Hello, Message, Records, Replies, Secret, Snapshot, SnapshotRequest, StateAt,
    StateAtReply, Welcome,
};

use deltascope_abi::crc::crc32c;
use fields::{Reader, Writer, zeros};

pub use deltascope_abi::frame::{
    CRC_BYTES, EXTENSION_REQUIRED, ErrorCode, HEADER_BYTES, Kind, MAX_CURSORS, MAX_ERROR_TEXT_BYTES,
    MAX_EXTENSION_BYTES, MAX_FRAME_BYTES, MAX_FRAME_RECORDS, MAX_HELLO_BYTES, MAX_HOST_BYTES, PROTOCOL_VERSION,
};

/// Bytes that are not a frame, or a frame that states something impossible.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FrameError {
    /// The length field is out of bounds or not a multiple of four.
    #[error(
        "frame length at offset 0: expected a multiple of 4 from 12 to {limit}, found {found}; the stream is out of step or the peer speaks another protocol"
    )]
    Length {
        /// Longest frame allowed here.
        limit: usize,
        /// The length field.
        found: u32,
    },
    /// Fewer or more bytes than the length field states.
    #[error("frame from offset 0: expected {expected} bytes, found {found}")]
    Size {
        /// The length field.
        expected: usize,
        /// Bytes given.
        found: usize,
    },
    /// The checksum does not match.
    #[error(
        "frame CRC32C at offset {at}: expected {expected:#010x}, found {found:#010x}; the frame was damaged on the way"
    )]
    Crc {
        /// Offset of the checksum.
        at: usize,
        /// Computed over the bytes.
        expected: u32,
        /// As found in the frame.
        found: u32,
    },
    /// The peer speaks another version of the protocol.
    #[error(
        "protocol version at offset 5: expected {expected}, found {found}; use an agent and a server of the same release"
    )]
    Version {
        /// [`PROTOCOL_VERSION`].
        expected: u8,
        /// As found in the frame.
        found: u8,
    },
    /// No such kind of frame.
    #[error("frame kind at offset 4: expected 1 to {}, found {found}", Kind::ALL.len())]
    Kind {
        /// As found in the frame.
        found: u8,
    },
    /// The body ends too early.
    #[error("{what} at offset {at}: expected {expected} more bytes in the body, found {found}")]
    Truncated {
        /// The field.
        what: &'static str,
        /// Its offset in the frame.
        at: usize,
        /// Bytes that it needs.
        expected: usize,
        /// Bytes that are left.
        found: usize,
    },
    /// Bytes are left over after the body.
    #[error("end of the body at offset {at}: expected no more bytes, found {found}")]
    Trailing {
        /// Where the body should have ended.
        at: usize,
        /// Bytes left over.
        found: usize,
    },
    /// A number is out of its bounds.
    #[error("{what} at offset {at}: expected {min} to {max}, found {found}")]
    Range {
        /// The field.
        what: &'static str,
        /// Its offset in the frame.
        at: usize,
        /// Smallest value allowed.
        min: u64,
        /// Largest value allowed.
        max: u64,
        /// As found in the frame.
        found: u64,
    },
    /// A text is not UTF-8.
    #[error("{what} at offset {at}: expected UTF-8 text, found byte {found:#04x}")]
    Text {
        /// The field.
        what: &'static str,
        /// Offset in the frame of the first byte that is not.
        at: usize,
        /// That byte.
        found: u8,
    },
    /// The buffer to encode into is too small.
    #[error("no room to encode a frame: expected at least {expected} bytes, found {found}")]
    NoRoom {
        /// Bytes that the frame needs, as far as known.
        expected: usize,
        /// Bytes that there are.
        found: usize,
    },
}

/// Looks at the start of a stream. `Ok(None)`: fewer than four bytes. `Ok(Some(n))`: the first frame has `n`
/// bytes. `limit` is [`MAX_FRAME_BYTES`], or [`MAX_HELLO_BYTES`] before a welcome.
#[inline]
pub fn frame_length(stream: &[u8], limit: usize) -> Result<Option<usize>, FrameError> {
    let Some(bytes) = stream.first_chunk::<4>() else { return Ok(None) };
    let found = u32::from_le_bytes(*bytes);
    let length = found as usize;
    if length < HEADER_BYTES + CRC_BYTES || length > limit || !length.is_multiple_of(4) {
        return Err(FrameError::Length { limit, found });
    }
    Ok(Some(length))
}

/// Decodes one whole frame, whose length [`frame_length`] gave. The version is checked before the CRC, so that
/// a peer of another release gets an error that reports it.
pub fn decode(frame: &[u8]) -> Result<Message<'_>, FrameError> {
    let length = frame_length(frame, MAX_FRAME_BYTES)?.unwrap_or(HEADER_BYTES + CRC_BYTES);
    if frame.len() != length {
        return Err(FrameError::Size { expected: length, found: frame.len() });
    }
    if frame[5] != PROTOCOL_VERSION {
        return Err(FrameError::Version { expected: PROTOCOL_VERSION, found: frame[5] });
    }
    let at = length - CRC_BYTES;
    let expected = crc32c(&frame[..at]);
    let found = u32::from_le_bytes([frame[at], frame[at + 1], frame[at + 2], frame[at + 3]]);
    if expected != found {
        return Err(FrameError::Crc { at, expected, found });
    }
    zeros("header bytes 6 and 7", 6, &frame[6..HEADER_BYTES])?;
    let kind = Kind::from_code(frame[4]).ok_or(FrameError::Kind { found: frame[4] })?;
    let mut reader = Reader::new(&frame[..at], HEADER_BYTES);
    let message = Message::read(kind, &mut reader)?;
    reader.end()?;
    Ok(message)
}

/// Encodes one frame at the start of `buffer` and gives its length. What [`decode`] would refuse is refused here
/// already; only a text that is too long is cut.
pub fn encode(message: &Message<'_>, buffer: &mut [u8]) -> Result<usize, FrameError> {
    let mut writer = begin(buffer, message.kind())?;
    message.write(&mut writer)?;
    finish(writer)
}

fn begin(buffer: &mut [u8], kind: Kind) -> Result<Writer<'_>, FrameError> {
    let mut writer = Writer::new(buffer);
    writer.u32(0)?;
    writer.bytes(&[kind as u8, PROTOCOL_VERSION, 0, 0])?;
    Ok(writer)
}

fn finish(mut writer: Writer<'_>) -> Result<usize, FrameError> {
    writer.pad_to_four()?;
    let length = writer.position() + CRC_BYTES;
    if length > MAX_FRAME_BYTES {
        return Err(FrameError::NoRoom { expected: length, found: MAX_FRAME_BYTES });
    }
    writer.patch_u32(0, length as u32);
    let crc = crc32c(writer.written());
    writer.u32(crc)?;
    Ok(length)
}
