//! Reply beats of the engine: 128 bits each, little endian.
//!
//! [`field`] has the bits. A SNAPSHOT answers a header beat (group = first, context = last, value = `accepted`, itself
//! included), then two [`CounterRow`] beats for each group and class. An end-of-batch beat has op 0 and value =
//! `accepted`; it follows the replies of the record that carried TLAST.

use crate::counters::CounterRow;
use crate::record::{CLASSES, Class, Op};

/// Bits of a reply.
pub mod field {
    crate::layout::beat_fields! {
        /// Op that answers; 0 ends a batch.
        OP 3:0
        /// A was zero before the op.
        ZERO 4:4
        /// The journal no longer reaches the mark (QUERY).
        TOO_OLD 5:5
        /// Class of the record.
        CLASS 7:6
        /// Group of the record; of a SNAPSHOT header its first group.
        GROUP 23:8
        /// Context of the record; of a SNAPSHOT header its last group.
        CONTEXT 39:24
        /// Journal position modulo 2^24 after the record.
        POSITION 63:40
        /// Value.
        VALUE 127:64
    }
}

/// Bits of a reply that say where its record was for: class, group, context.
pub const SOURCE_BITS: u64 = field::CLASS.mask() | field::GROUP.mask() | field::CONTEXT.mask();

/// Bytes of a reply beat.
pub const REPLY_BYTES: usize = 16;

/// One reply beat as it is on the stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(C)]
pub struct Reply {
    /// Bits 63:0.
    pub head: u64,
    /// Bits 127:64.
    pub value: u64,
}

const _: () = assert!(size_of::<Reply>() == REPLY_BYTES);
const _: () = assert!(core::mem::offset_of!(Reply, head) == 0);
const _: () = assert!(core::mem::offset_of!(Reply, value) == 8);

/// The journal position in a reply is taken modulo this.
pub const POSITION_MODULUS: u64 = 1 << field::POSITION.bits;

impl Reply {
    /// A reply of `op` with every other field zero.
    pub const fn new(op: Op, position: u64, value: u64) -> Reply {
        Reply { head: field::POSITION.set(field::OP.set(0, op as u64), position), value }
    }

    /// The beat that closes a batch.
    pub const fn end_of_batch(position: u64, accepted: u64) -> Reply {
        Reply::new(Op::Nop, position, accepted)
    }

    /// The same reply with class, group and context.
    pub const fn with_source(self, class: Class, group: u16, context: u16) -> Reply {
        let head = field::GROUP.set(field::CLASS.set(self.head, class as u64), group as u64);
        Reply { head: field::CONTEXT.set(head, context as u64), value: self.value }
    }

    /// The same reply with the zero flag.
    pub const fn with_zero(self, zero: bool) -> Reply {
        Reply { head: field::ZERO.set(self.head, zero as u64), value: self.value }
    }

    /// The same reply with the too-old flag.
    pub const fn with_too_old(self, too_old: bool) -> Reply {
        Reply { head: field::TOO_OLD.set(self.head, too_old as u64), value: self.value }
    }

    /// Op code.
    pub const fn op_code(&self) -> u8 {
        field::OP.get(self.head) as u8
    }

    /// The op that answered, if the op code names one; [`Op::Nop`] is the end of a batch.
    pub const fn op(&self) -> Option<Op> {
        Op::from_code(self.op_code())
    }

    /// A was zero before the op.
    pub const fn zero(&self) -> bool {
        field::ZERO.get(self.head) != 0
    }

    /// The journal no longer reaches the mark.
    pub const fn too_old(&self) -> bool {
        field::TOO_OLD.get(self.head) != 0
    }

    /// Class.
    pub const fn class(&self) -> Class {
        Class::from_code(field::CLASS.get(self.head) as u8)
    }

    /// Group; of a SNAPSHOT header its first group.
    pub const fn group(&self) -> u16 {
        field::GROUP.get(self.head) as u16
    }

    /// Context; of a SNAPSHOT header its last group.
    pub const fn context(&self) -> u16 {
        field::CONTEXT.get(self.head) as u16
    }

    /// Journal position modulo 2^24 after the record.
    pub const fn position(&self) -> u32 {
        field::POSITION.get(self.head) as u32
    }

    /// The 128 bits of this beat.
    pub const fn to_beat(self) -> u128 {
        self.head as u128 | ((self.value as u128) << 64)
    }

    /// The reply in 128 bits.
    pub const fn from_beat(beat: u128) -> Reply {
        Reply { head: beat as u64, value: (beat >> 64) as u64 }
    }

    /// The 16 bytes of this beat.
    pub const fn to_bytes(self) -> [u8; REPLY_BYTES] {
        self.to_beat().to_le_bytes()
    }

    /// The reply in these 16 bytes.
    pub const fn from_bytes(bytes: &[u8; REPLY_BYTES]) -> Reply {
        Reply::from_beat(u128::from_le_bytes(*bytes))
    }
}

/// What a beat means at its place in the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The reply of LOAD, ACCUM, READ, SWAP, SEND, SYNC or QUERY.
    Reply(Reply),
    /// A snapshot begins.
    SnapshotHeader {
        /// First group of the snapshot.
        first: u16,
        /// Last group of the snapshot.
        last: u16,
        /// Records accepted up to and with the SNAPSHOT record: the number at which it is exact.
        accepted: u64,
    },
    /// The counters of one (group, class).
    SnapshotRow {
        /// Group of the row.
        group: u16,
        /// Class of the row.
        class: Class,
        /// Its counters.
        row: CounterRow,
        /// Whether the snapshot is complete with this row.
        last: bool,
    },
    /// Every record of a batch and all their replies have passed.
    EndOfBatch {
        /// Records accepted up to the end of the batch.
        accepted: u64,
    },
}

/// A beat that cannot come at its place in the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReplyError {
    /// Bits 3:0 name no op that answers.
    #[error(
        "reply beat {beat:#034x}: expected an op that answers in bits 3:0, found {code}; the reply stream is out of step, reset the engine"
    )]
    UnknownOp {
        /// The beat.
        beat: u128,
        /// Its bits 3:0.
        code: u8,
    },
    /// A snapshot header names an empty range.
    #[error(
        "snapshot header names groups {first} to {last}: expected first <= last; the reply stream is out of step, reset the engine"
    )]
    EmptySnapshot {
        /// First group in the header.
        first: u16,
        /// Last group in the header.
        last: u16,
    },
}

/// Gives meaning to the beats of a reply stream, whose snapshot rows carry no op of their own.
#[derive(Clone, Copy, Debug, Default)]
pub struct ReplyParser {
    /// Rows still to come: group, class, last group.
    rows: Option<(u16, u8, u16)>,
    first_half: Option<u128>,
}

impl ReplyParser {
    /// A parser at the start of a stream.
    pub const fn new() -> ReplyParser {
        ReplyParser { rows: None, first_half: None }
    }

    /// Takes the next beat; `None` while a row is incomplete.
    #[inline]
    pub fn push(&mut self, beat: Reply) -> Result<Option<Answer>, ReplyError> {
        if let Some((group, class, last_group)) = self.rows {
            let Some(first) = self.first_half.take() else {
                self.first_half = Some(beat.to_beat());
                return Ok(None);
            };
            let row = CounterRow::from_beats([first, beat.to_beat()]);
            let end_of_group = class as usize + 1 == CLASSES;
            let last = end_of_group && group == last_group;
            self.rows = match (last, end_of_group) {
                (true, _) => None,
                (false, true) => Some((group + 1, 0, last_group)),
                (false, false) => Some((group, class + 1, last_group)),
            };
            return Ok(Some(Answer::SnapshotRow { group, class: Class::from_code(class), row, last }));
        }
        match beat.op() {
            Some(Op::Nop) => Ok(Some(Answer::EndOfBatch { accepted: beat.value })),
            Some(Op::Snapshot) => {
                let (first, last) = (beat.group(), beat.context());
                if first > last {
                    return Err(ReplyError::EmptySnapshot { first, last });
                }
                self.rows = Some((first, 0, last));
                Ok(Some(Answer::SnapshotHeader { first, last, accepted: beat.value }))
            }
            Some(Op::Pair) | None => Err(ReplyError::UnknownOp { beat: beat.to_beat(), code: beat.op_code() }),
            Some(_) => Ok(Some(Answer::Reply(beat))),
        }
    }
}

/// Reply beats that `record` causes in an engine with `groups` groups, an end-of-batch beat not included:
/// what a driver must have room for before it submits.
pub const fn reply_beats(record: &crate::record::Record, groups: u32) -> usize {
    match record.op() {
        Some(Op::Snapshot) => {
            let (first, last) = record.snapshot_range();
            if first > last || last as u32 >= groups { 0 } else { 1 + 2 * CLASSES * ((last - first) as usize + 1) }
        }
        Some(op) if op.replies(record.reply()) => 1,
        _ => 0,
    }
}
