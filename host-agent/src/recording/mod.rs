//! Recordings: files of captured events with the names of their owners.
//!
//! All integers are little endian. A file is a header and then chunks; the last chunk is END. A file that ends without it, because
//! the recording was killed or the disk was full, is good up to its last whole chunk.
//!
//! | offset | bytes | header |
//! |---|---|---|
//! | 0 | 8 | magic, the bytes `DLTAREC` and a zero |
//! | 8 | 4 | version, 3; 2 is read as well |
//! | 12 | 4 | bytes of an event, 32 |
//! | 16 | 4 | zero |
//! | 20 | 4 | CRC32C of bytes 0 to 19 |
//!
//! | offset | bytes | chunk |
//! |---|---|---|
//! | 0 | 4 | kind: 1 OWNER, 2 EVENTS, 3 END, 4 SCAN, 5 CONTAINER |
//! | 4 | 4 | bytes of the body, n |
//! | 8 | n | body |
//! | 8 + n | 4 | CRC32C of everything before it in the chunk |
//!
//! OWNER: number 4 (0, 1, 2 and so on), kind 4 ([`OwnerKind`](crate::event::OwnerKind)), name in UTF-8. An owner
//! comes before its first event. EVENTS: events of 32 bytes each: what 1 (1 page, 2 send, 3 body, 4 send by
//! content that is not judged), class 1, zero 2, owner 4, socket 8 (send: its socket; body: its peer; else zero), length 4,
//! bytes of the head 4 (3 and 4; else zero), operand 8 (page and send: as in the event record; body: its fingerprint; 4: the
//! reason, [`Unjudged`](crate::event::Unjudged)). The class of 3 and 4 is 0 and 3. SCAN: what a scan
//! reported beside its events, as the JSON object of `docs/scan.md` from `mode` on; after the events of the round.
//! CONTAINER: number of an owner 4, what is known of its container as a JSON object: `cgroup` (path), `runtime`, `id`, `pod`.
//! END: events captured 8, events in the file 8, losses 7 x 8 in the order of [`LossReason`](deltascope_abi::loss::LossReason).
//!
//! The class of a page of an owner of the scan is its origin ([`scanned`](crate::event::scanned)). In version 2 it is 0 of a page
//! that was compared and 3 of another one, whatever its origin.
//!
//! Fingerprints of guessable contents confirm a guess, so a recording is made with mode 0600.

mod output;
mod raw;
mod reader;
#[cfg(test)]
mod tests;
mod writer;

pub use output::Output;
pub use raw::RawWriter;
pub use reader::{Cut, End, Item, Reader};
pub use writer::Writer;

use std::path::{Path, PathBuf};

/// First bytes of a recording.
pub const MAGIC: [u8; 8] = *b"DLTAREC\0";
/// Version of the layout.
pub const VERSION: u32 = 3;
/// The oldest version that is read: without origins of scanned pages.
pub const OLDEST_VERSION: u32 = 2;
/// Bytes of the header.
pub const HEADER_BYTES: usize = 24;
/// Bytes before the body of a chunk.
pub const CHUNK_HEAD_BYTES: usize = 8;
/// Bytes of an event.
pub const EVENT_BYTES: usize = 32;
/// Longest body of a chunk.
pub const MAX_BODY_BYTES: usize = 1 << 20;
/// Longest name of an owner, in bytes; longer ones are cut at a character.
pub const MAX_NAME_BYTES: usize = 1024;
/// Bytes of the body of END.
pub const END_BYTES: usize = 16 + 8 * deltascope_abi::loss::LOSS_REASONS;

/// The action of an error of an output that takes no more.
pub const WRITE: &str = "write to it";

const CHUNK_OWNER: u32 = 1;
const CHUNK_EVENTS: u32 = 2;
const CHUNK_END: u32 = 3;
const CHUNK_SCAN: u32 = 4;
const CHUNK_CONTAINER: u32 = 5;
const WHAT_PAGE: u8 = 1;
const WHAT_SEND: u8 = 2;
const WHAT_BODY: u8 = 3;
const WHAT_UNJUDGED: u8 = 4;

/// A recording that cannot be written, or bytes that are not one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecordingError {
    /// The operating system refused.
    #[error("{path}: cannot {action}: {source}; {advice}", path = path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What was tried.
        action: &'static str,
        /// What to do.
        advice: &'static str,
        /// What the system reported.
        source: std::io::Error,
    },
    /// The first bytes are not those of a recording.
    #[error(
        "{path}: magic at offset 0: expected the bytes of \"DLTAREC\", found {found:02x?}; give a file made by `deltascope record` without --raw",
        path = path.display()
    )]
    Magic {
        /// The file.
        path: PathBuf,
        /// As found in the file.
        found: Vec<u8>,
    },
    /// Another release wrote it.
    #[error(
        "{path}: version at offset 8: expected {OLDEST_VERSION} to {VERSION}, found {found}; read it with the release that wrote it",
        path = path.display()
    )]
    Version {
        /// The file.
        path: PathBuf,
        /// As found in the file.
        found: u32,
    },
    /// The file ends too early.
    #[error(
        "{path}: {what} at offset {at}: expected {expected} more bytes, found {found}; the file is cut short, record it again",
        path = path.display()
    )]
    Truncated {
        /// The file.
        path: PathBuf,
        /// What was expected there.
        what: &'static str,
        /// Its offset in the file.
        at: u64,
        /// Bytes that it needs.
        expected: usize,
        /// Bytes that are left.
        found: usize,
    },
    /// A checksum does not match.
    #[error(
        "{path}: CRC32C at offset {at}: expected {expected:#010x}, found {found:#010x}; the file is damaged, record it again",
        path = path.display()
    )]
    Crc {
        /// The file.
        path: PathBuf,
        /// Offset of the checksum.
        at: u64,
        /// Computed over the bytes.
        expected: u32,
        /// As found in the file.
        found: u32,
    },
    /// A number is out of its bounds.
    #[error(
        "{path}: {what} at offset {at}: expected {expected}, found {found}; the file is damaged or from another release",
        path = path.display()
    )]
    Field {
        /// The file.
        path: PathBuf,
        /// The field.
        what: &'static str,
        /// Its offset in the file.
        at: u64,
        /// What is allowed there.
        expected: String,
        /// As found in the file.
        found: u64,
    },
    /// What a scan reported is not understood, or cannot be written.
    #[error("{path}: scan report at offset {at}: expected the JSON object of docs/scan.md, found {source}", path = path.display())]
    Scan {
        /// The file.
        path: PathBuf,
        /// Its offset in the file.
        at: u64,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// What is known of a container is not understood, or cannot be written.
    #[error("{path}: container at offset {at}: expected a JSON object with cgroup, runtime, id and pod, found {source}", path = path.display())]
    Container {
        /// The file.
        path: PathBuf,
        /// Its offset in the file.
        at: u64,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// A name is not UTF-8.
    #[error("{path}: owner name at offset {at}: expected UTF-8 text; the file is damaged", path = path.display())]
    Text {
        /// The file.
        path: PathBuf,
        /// Its offset in the file.
        at: u64,
    },
    /// The file to be made is one that is read.
    #[error("{path}: expected another file than the recording that is read, found the same; name another file", path = path.display())]
    Itself {
        /// The file.
        path: PathBuf,
    },
    /// Pages and sends by content cannot have one group.
    #[error("{path}: expected a free group for sends by content, found every group taken; record without --raw", path = path.display())]
    NoGroupForSends {
        /// The file.
        path: PathBuf,
    },
    /// A recording is no text.
    #[error(
        "standard output: expected a file or a pipe for a recording, found a terminal; redirect it, or name a file"
    )]
    Terminal,
    /// An event names an owner that was never numbered.
    #[error("event names owner {found}: expected a number below {expected}; this is a fault of the source")]
    Owner {
        /// Owners numbered so far.
        expected: usize,
        /// As found in the event.
        found: u32,
    },
}

fn write_error(path: &Path, source: std::io::Error) -> RecordingError {
    RecordingError::Io {
        path: path.to_path_buf(),
        action: WRITE,
        advice: "what it took is incomplete and replays to its last whole chunk; free some space and record again",
        source,
    }
}
