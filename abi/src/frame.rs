//! Numbers and limits of the wire frames; `deltascope-protocol` turns frames into bytes and back.
//!
//! | offset | bytes | content |
//! |---|---|---|
//! | 0 | 4 | length of the whole frame, these four bytes and the CRC included |
//! | 4 | 1 | kind, see [`Kind`] |
//! | 5 | 1 | protocol version, [`PROTOCOL_VERSION`] |
//! | 6 | 2 | zero |
//! | 8 | n | body, a multiple of four bytes |
//! | 8 + n | 4 | CRC32C of everything before it |

/// Version of the frame layouts. A peer with another one is refused by name.
pub const PROTOCOL_VERSION: u8 = 2;
/// Bytes before the body.
pub const HEADER_BYTES: usize = 8;
/// Bytes after the body.
pub const CRC_BYTES: usize = 4;
/// Longest frame that either side accepts.
pub const MAX_FRAME_BYTES: usize = 256 * 1024;
/// Longest frame that a server accepts before it has welcomed the peer.
pub const MAX_HELLO_BYTES: usize = 512;
/// Longest host name in `Hello`, in bytes.
pub const MAX_HOST_BYTES: usize = 128;
/// Most bytes of the extensions of `Hello` and `Welcome`.
pub const MAX_EXTENSION_BYTES: usize = 240;
/// Set in the type of an extension that the receiver must understand; other unknown ones are ignored.
pub const EXTENSION_REQUIRED: u16 = 1 << 15;
/// Longest text in `Error`, in bytes; longer texts are cut at a character.
pub const MAX_ERROR_TEXT_BYTES: usize = 512;
/// Most records in one `Records` frame.
pub const MAX_FRAME_RECORDS: usize = (MAX_FRAME_BYTES - 4096) / crate::record::RECORD_BYTES;
/// Most source cursors in one frame.
pub const MAX_CURSORS: usize = 128;

/// What a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Kind {
    /// Agent to server: who it is and what it asks for.
    Hello = 1,
    /// Server to agent: what it was granted and where to continue.
    Welcome = 2,
    /// Agent to server: numbered records.
    Records = 3,
    /// Server to agent: records that have passed the engine, and credit for more.
    Ack = 4,
    /// Server to agent: replies, each with the number of the record that caused it.
    Replies = 5,
    /// Agent to server: asks for a context's state at a journal position.
    StateAt = 6,
    /// Server to agent: that state, or that it is too old.
    StateAtReply = 7,
    /// Agent to server: asks for counters.
    SnapshotRequest = 8,
    /// Server to agent: counters, exact at a record number.
    Snapshot = 9,
    /// Either way: what was wrong; the sender closes after it.
    Error = 10,
    /// Agent to server: the session is over and its grant may be given away.
    Bye = 11,
    /// Agent to server: asks for a larger grant.
    Grow = 12,
    /// Server to agent: how large the grant is now.
    Grown = 13,
}

impl Kind {
    /// Every kind, by number from 1.
    pub const ALL: [Kind; 13] = [
        Kind::Hello,
        Kind::Welcome,
        Kind::Records,
        Kind::Ack,
        Kind::Replies,
        Kind::StateAt,
        Kind::StateAtReply,
        Kind::SnapshotRequest,
        Kind::Snapshot,
        Kind::Error,
        Kind::Bye,
        Kind::Grow,
        Kind::Grown,
    ];

    /// The kind with this number, if there is one.
    pub fn from_code(code: u8) -> Option<Kind> {
        Self::ALL.get((code as usize).wrapping_sub(1)).copied()
    }
}

/// Why a peer was refused or a connection closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u32)]
pub enum ErrorCode {
    /// Bytes that are no frame: wrong length, CRC, kind or field.
    Malformed = 1,
    /// Another protocol or ABI version.
    Version = 2,
    /// A frame that the sender may not send now.
    Unexpected = 3,
    /// A group or context outside the grant.
    OutOfGrant = 4,
    /// An op that agents may not use.
    ForbiddenOp = 5,
    /// No range of groups or contexts is left.
    NoCapacity = 6,
    /// A record number that is not the next one, or that cannot be replayed.
    Sequence = 7,
    /// More records than the credit allows.
    Credit = 8,
    /// Too many sessions, too much memory, or idle for too long.
    Limit = 9,
    /// The engine failed; the server reports how.
    Engine = 10,
    /// Not authorised: no or a wrong certificate.
    Unauthorised = 11,
    /// The server stops.
    Shutdown = 12,
}

impl ErrorCode {
    /// Every code, by number from 1.
    pub const ALL: [ErrorCode; 12] = [
        ErrorCode::Malformed,
        ErrorCode::Version,
        ErrorCode::Unexpected,
        ErrorCode::OutOfGrant,
        ErrorCode::ForbiddenOp,
        ErrorCode::NoCapacity,
        ErrorCode::Sequence,
        ErrorCode::Credit,
        ErrorCode::Limit,
        ErrorCode::Engine,
        ErrorCode::Unauthorised,
        ErrorCode::Shutdown,
    ];
}
