//! The event record: 16 bytes, little endian, one 128-bit beat of the engine's input stream.
//!
//! [`field`] has the bits. Bits that an op does not use are ignored by the engine.

/// Bits of a record.
pub mod field {
    crate::layout::beat_fields! {
        /// Op code.
        OP 3:0
        /// LOAD, ACCUM, SWAP and SEND answer too.
        REPLY 4:4
        /// SWAP takes the state as the new reference.
        REBASE 5:5
        /// Class of PAIR and SEND.
        CLASS 7:6
        /// Group of PAIR and SEND.
        GROUP 23:8
        /// Context.
        CONTEXT 39:24
        /// Length in bytes, saturating.
        LENGTH 63:40
        /// Operand.
        OPERAND 127:64
    }
}

/// Bytes of a record.
pub const RECORD_BYTES: usize = 16;
/// Largest value of the length field; longer lengths saturate here.
pub const MAX_LENGTH: u32 = field::LENGTH.get(u64::MAX) as u32;

/// What a record asks of the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Op {
    /// Nothing; counted as accepted.
    Nop = 0,
    /// `R <- operand, A <- 0`.
    Load = 1,
    /// `A <- A ^ operand`.
    Accum = 2,
    /// Answers `R ^ A` and whether A is zero.
    Read = 3,
    /// `R <- operand, A <- 0` (REBASE: `R <- R ^ A, A <- 0`); the state before is the answer.
    Swap = 4,
    /// Counts a copied page: redundant when operand 31:0 equals operand 63:32.
    Pair = 5,
    /// SWAP that counts a send: redundant when the state before equals the operand.
    Send = 6,
    /// Answers the counters of groups operand 15:0 to operand 31:16, in order.
    Snapshot = 7,
    /// Answers its operand, in order.
    Sync = 8,
    /// Answers the XOR of a context's deltas since journal position `operand`.
    Query = 9,
}

impl Op {
    /// Every op, by code.
    pub const ALL: [Op; 10] =
        [Op::Nop, Op::Load, Op::Accum, Op::Read, Op::Swap, Op::Pair, Op::Send, Op::Snapshot, Op::Sync, Op::Query];

    /// The op with this code, if there is one.
    pub const fn from_code(code: u8) -> Option<Op> {
        if (code as usize) < Self::ALL.len() { Some(Self::ALL[code as usize]) } else { None }
    }

    /// Name in lower case, as in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Op::Nop => "nop",
            Op::Load => "load",
            Op::Accum => "accum",
            Op::Read => "read",
            Op::Swap => "swap",
            Op::Pair => "pair",
            Op::Send => "send",
            Op::Snapshot => "snapshot",
            Op::Sync => "sync",
            Op::Query => "query",
        }
    }

    /// Whether the op names a context.
    pub const fn uses_context(self) -> bool {
        matches!(self, Op::Load | Op::Accum | Op::Read | Op::Swap | Op::Send | Op::Query)
    }

    /// Whether the op names a group and class, and counts.
    #[inline]
    pub const fn counts(self) -> bool {
        matches!(self, Op::Pair | Op::Send)
    }

    /// Whether the op enters the journal.
    #[inline]
    pub const fn journals(self) -> bool {
        matches!(self, Op::Load | Op::Accum | Op::Swap | Op::Send)
    }

    /// Whether the op answers even without the REPLY bit.
    pub const fn always_replies(self) -> bool {
        matches!(self, Op::Read | Op::Snapshot | Op::Sync | Op::Query)
    }

    /// Whether the op answers, `asked` by the REPLY bit or not.
    #[inline]
    pub const fn replies(self, asked: bool) -> bool {
        self.always_replies() || (asked && matches!(self, Op::Load | Op::Accum | Op::Swap | Op::Send))
    }

    /// Whether a session may send it: the others speak about the whole engine and are the server's.
    pub const fn is_of_sessions(self) -> bool {
        !matches!(self, Op::Snapshot | Op::Sync | Op::Query)
    }
}

/// What of an engine decides whether it rejects a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tables {
    /// Contexts.
    pub contexts: u32,
    /// Groups.
    pub groups: u32,
    /// Whether there is a journal to ask.
    pub journal: bool,
}

/// Why an engine rejects a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rejection {
    /// The op code names none, or QUERY without a journal.
    Op,
    /// The op uses a context that there is not.
    Context,
    /// The op counts in a group that there is not.
    Group,
    /// The last group of a SNAPSHOT is below its first.
    EmptySnapshot,
    /// The last group of a SNAPSHOT is one that there is not.
    SnapshotGroup,
}

/// What a counted event was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Class {
    /// A copied page judged T after the copy.
    PageAfterT = 0,
    /// A copied page judged when its process exited.
    PageAtExit = 1,
    /// A network send.
    NetworkSend = 2,
    /// A copied page that could not be judged; never redundant.
    PageUnjudged = 3,
}

/// Classes of a group.
pub const CLASSES: usize = 4;

impl Class {
    /// Every class, by code.
    pub const ALL: [Class; CLASSES] = [Class::PageAfterT, Class::PageAtExit, Class::NetworkSend, Class::PageUnjudged];

    /// The class with the two low bits of `code`.
    pub const fn from_code(code: u8) -> Class {
        Self::ALL[(code & 3) as usize]
    }
}

/// One event record. The two halves are the two 64-bit beats of the DMA stream, low half first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(C)]
pub struct Record {
    /// Bits 63:0: op, flags, class, group, context, length.
    pub head: u64,
    /// Bits 127:64.
    pub operand: u64,
}

const _: () = assert!(size_of::<Record>() == RECORD_BYTES);
const _: () = assert!(core::mem::offset_of!(Record, head) == 0);
const _: () = assert!(core::mem::offset_of!(Record, operand) == 8);

impl Record {
    /// A record with every field given; the length saturates at [`MAX_LENGTH`].
    #[inline]
    pub const fn new(op: Op, class: Class, group: u16, context: u16, length: u32, operand: u64) -> Record {
        let length = if length > MAX_LENGTH { MAX_LENGTH } else { length };
        let head = field::CLASS.set(field::OP.set(0, op as u64), class as u64);
        let head = field::CONTEXT.set(field::GROUP.set(head, group as u64), context as u64);
        Record { head: field::LENGTH.set(head, length as u64), operand }
    }

    const fn on_context(op: Op, context: u16, operand: u64) -> Record {
        Record::new(op, Class::PageAfterT, 0, context, 0, operand)
    }

    /// Nothing.
    pub const fn nop() -> Record {
        Record { head: 0, operand: 0 }
    }

    /// `R <- value, A <- 0`.
    pub const fn load(context: u16, value: u64) -> Record {
        Record::on_context(Op::Load, context, value)
    }

    /// `A <- A ^ delta`.
    pub const fn accum(context: u16, delta: u64) -> Record {
        Record::on_context(Op::Accum, context, delta)
    }

    /// Asks for the state of a context.
    pub const fn read(context: u16) -> Record {
        Record::on_context(Op::Read, context, 0)
    }

    /// `R <- value, A <- 0`.
    pub const fn swap(context: u16, value: u64) -> Record {
        Record::on_context(Op::Swap, context, value)
    }

    /// A copied page with its fingerprints before and after.
    #[inline]
    pub const fn pair(group: u16, class: Class, length: u32, before: u32, after: u32) -> Record {
        Record::new(Op::Pair, class, group, 0, length, before as u64 | ((after as u64) << 32))
    }

    /// A send of `length` bytes with its fingerprint.
    #[inline]
    pub const fn send(group: u16, context: u16, length: u32, fingerprint: u64) -> Record {
        Record::new(Op::Send, Class::NetworkSend, group, context, length, fingerprint)
    }

    /// Asks for the counters of groups `first` to `last`, both included.
    pub const fn snapshot(first: u16, last: u16) -> Record {
        Record::on_context(Op::Snapshot, 0, first as u64 | ((last as u64) << 16))
    }

    /// Asks for `token` back, in order.
    pub const fn sync(token: u64) -> Record {
        Record::on_context(Op::Sync, 0, token)
    }

    /// Asks for the XOR of the deltas of `context` since journal position `mark`.
    pub const fn query(context: u16, mark: u64) -> Record {
        Record::on_context(Op::Query, context, mark)
    }

    /// The same record with the REPLY bit set.
    pub const fn with_reply(self) -> Record {
        Record { head: self.head | field::REPLY.mask(), operand: self.operand }
    }

    /// The same record with the REBASE bit set.
    pub const fn with_rebase(self) -> Record {
        Record { head: self.head | field::REBASE.mask(), operand: self.operand }
    }

    /// The same record with another group.
    #[inline]
    pub const fn with_group(self, group: u16) -> Record {
        Record { head: field::GROUP.set(self.head, group as u64), operand: self.operand }
    }

    /// The same record with another context.
    #[inline]
    pub const fn with_context(self, context: u16) -> Record {
        Record { head: field::CONTEXT.set(self.head, context as u64), operand: self.operand }
    }

    /// Op code as it is in the record, valid or not.
    #[inline]
    pub const fn op_code(&self) -> u8 {
        field::OP.get(self.head) as u8
    }

    /// The op, if the op code names one.
    #[inline]
    pub const fn op(&self) -> Option<Op> {
        Op::from_code(self.op_code())
    }

    /// The REPLY bit.
    #[inline]
    pub const fn reply(&self) -> bool {
        field::REPLY.get(self.head) != 0
    }

    /// The REBASE bit.
    #[inline]
    pub const fn rebase(&self) -> bool {
        field::REBASE.get(self.head) != 0
    }

    /// Class.
    #[inline]
    pub const fn class(&self) -> Class {
        Class::from_code(field::CLASS.get(self.head) as u8)
    }

    /// Group.
    #[inline]
    pub const fn group(&self) -> u16 {
        field::GROUP.get(self.head) as u16
    }

    /// Context.
    #[inline]
    pub const fn context(&self) -> u16 {
        field::CONTEXT.get(self.head) as u16
    }

    /// Length in bytes.
    #[inline]
    pub const fn length(&self) -> u32 {
        field::LENGTH.get(self.head) as u32
    }

    /// The op that an engine with these tables carries out.
    ///
    /// # Errors
    /// It rejects the record.
    #[inline]
    pub const fn judge(&self, tables: &Tables) -> Result<Op, Rejection> {
        let Some(op) = self.op() else { return Err(Rejection::Op) };
        if matches!(op, Op::Query) && !tables.journal {
            return Err(Rejection::Op);
        }
        if op.uses_context() && self.context() as u32 >= tables.contexts {
            return Err(Rejection::Context);
        }
        if op.counts() && self.group() as u32 >= tables.groups {
            return Err(Rejection::Group);
        }
        if matches!(op, Op::Snapshot) {
            let (first, last) = self.snapshot_range();
            if first > last {
                return Err(Rejection::EmptySnapshot);
            }
            if last as u32 >= tables.groups {
                return Err(Rejection::SnapshotGroup);
            }
        }
        Ok(op)
    }

    /// First and last group that a SNAPSHOT asks for.
    pub const fn snapshot_range(&self) -> (u16, u16) {
        (self.operand as u16, (self.operand >> 16) as u16)
    }

    /// The 16 bytes of this record.
    #[inline]
    pub const fn to_bytes(self) -> [u8; RECORD_BYTES] {
        ((self.head as u128) | ((self.operand as u128) << 64)).to_le_bytes()
    }

    /// The record in these 16 bytes. Every bit pattern is a record; the engine decides whether it is valid.
    #[inline]
    pub const fn from_bytes(bytes: &[u8; RECORD_BYTES]) -> Record {
        let beat = u128::from_le_bytes(*bytes);
        Record { head: beat as u64, operand: (beat >> 64) as u64 }
    }
}

/// Splits bytes into records and what is left over (fewer than 16 bytes).
pub fn split_records(bytes: &[u8]) -> (impl ExactSizeIterator<Item = Record> + '_, &[u8]) {
    let (whole, rest) = bytes.as_chunks::<RECORD_BYTES>();
    (whole.iter().map(Record::from_bytes), rest)
}
