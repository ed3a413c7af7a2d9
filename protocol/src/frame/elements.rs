//! What frames repeat in their bodies: cursors, replies and rows of counters, each of a fixed number of bytes.

use super::fields::{le32, le64};
use deltascope_abi::counters::CounterRow;
use deltascope_abi::record::Class;
use deltascope_abi::reply::{REPLY_BYTES, Reply};

/// How far a source had been read when a frame was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cursor {
    /// Kind of source, as the agent numbers them.
    pub source: u32,
    /// Part of the source: CPU of a ring, 0 for a file.
    pub unit: u32,
    /// Number of the next event of that part.
    pub position: u64,
}

/// Bytes of a cursor.
pub const CURSOR_BYTES: usize = 16;
/// Bytes of a reply entry.
pub const REPLY_ENTRY_BYTES: usize = 8 + REPLY_BYTES;
/// Bytes of a snapshot row.
pub const SNAPSHOT_ROW_BYTES: usize = 40;

impl Cursor {
    /// The bytes of this cursor.
    pub fn to_bytes(self) -> [u8; CURSOR_BYTES] {
        let mut bytes = [0; CURSOR_BYTES];
        bytes[..4].copy_from_slice(&self.source.to_le_bytes());
        bytes[4..8].copy_from_slice(&self.unit.to_le_bytes());
        bytes[8..].copy_from_slice(&self.position.to_le_bytes());
        bytes
    }

    /// The cursor in these bytes.
    pub fn from_bytes(bytes: &[u8; CURSOR_BYTES]) -> Cursor {
        Cursor { source: le32(bytes, 0), unit: le32(bytes, 4), position: le64(bytes, 8) }
    }
}

/// Cursors in place.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Cursors<'a>(pub &'a [[u8; CURSOR_BYTES]]);

impl Cursors<'_> {
    /// The cursors one by one.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Cursor> + '_ {
        self.0.iter().map(Cursor::from_bytes)
    }
}

/// One reply with the number of the record that caused it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplyEntry {
    /// Number of the record.
    pub sequence: u64,
    /// The engine's reply, its group and context as the session numbers them.
    pub reply: Reply,
}

impl ReplyEntry {
    /// The bytes of this entry.
    pub fn to_bytes(self) -> [u8; REPLY_ENTRY_BYTES] {
        let mut bytes = [0; REPLY_ENTRY_BYTES];
        bytes[..8].copy_from_slice(&self.sequence.to_le_bytes());
        bytes[8..].copy_from_slice(&self.reply.to_bytes());
        bytes
    }

    /// The entry in these bytes.
    pub fn from_bytes(bytes: &[u8; REPLY_ENTRY_BYTES]) -> ReplyEntry {
        ReplyEntry { sequence: le64(bytes, 0), reply: Reply { head: le64(bytes, 8), value: le64(bytes, 16) } }
    }
}

/// Counters of one (group, class) since the grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SnapshotRow {
    /// Group as the session numbers it.
    pub group: u16,
    /// Class.
    pub class: Class,
    /// What was counted since the grant.
    pub row: CounterRow,
}

impl SnapshotRow {
    /// The bytes of this row: group 2, class 1, zero 5, then the four counters.
    pub fn to_bytes(self) -> [u8; SNAPSHOT_ROW_BYTES] {
        let mut bytes = [0; SNAPSHOT_ROW_BYTES];
        bytes[..2].copy_from_slice(&self.group.to_le_bytes());
        bytes[2] = self.class as u8;
        let counters = [self.row.events, self.row.bytes, self.row.redundant_events, self.row.redundant_bytes];
        for (slot, value) in bytes[8..].as_chunks_mut::<8>().0.iter_mut().zip(counters) {
            *slot = value.to_le_bytes();
        }
        bytes
    }

    /// The row in these bytes.
    pub fn from_bytes(bytes: &[u8; SNAPSHOT_ROW_BYTES]) -> SnapshotRow {
        SnapshotRow {
            group: u16::from_le_bytes([bytes[0], bytes[1]]),
            class: Class::from_code(bytes[2]),
            row: CounterRow {
                events: le64(bytes, 8),
                bytes: le64(bytes, 16),
                redundant_events: le64(bytes, 24),
                redundant_bytes: le64(bytes, 32),
            },
        }
    }
}
