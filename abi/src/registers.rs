//! AXI4-Lite register map of the engine: 32-bit registers in a 4 KiB window.
//!
//! [`MAP`] is the single description. The driver, the HDL, `docs/registers.md` and the Tcl addresses
//! take every offset and bit from here. An offset that is not in the map answers SLVERR.

/// Bytes of address space that the engine decodes.
pub const WINDOW_BYTES: u32 = 0x1000;
/// Address bits that the engine decodes.
pub const ADDRESS_BITS: u32 = 12;
/// Value of `IDENTITY`: the characters `DLTS`, most significant first.
pub const IDENTITY_VALUE: u32 = 0x444C_5453;

/// How a register answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Reads only; a write answers OKAY and changes nothing.
    ReadOnly,
    /// Reads back what was written.
    ReadWrite,
    /// A one that is written clears the bit, a zero leaves it.
    WriteOneToClear,
    /// Bits act once when written as one and read as zero, except those marked as held.
    Command,
}

impl Access {
    /// The short form used in register tables.
    pub const fn short(self) -> &'static str {
        match self {
            Access::ReadOnly => "RO",
            Access::ReadWrite => "RW",
            Access::WriteOneToClear => "W1C",
            Access::Command => "CMD",
        }
    }
}

/// Some bits of a register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// Name in capitals.
    pub name: &'static str,
    /// Lowest bit.
    pub shift: u32,
    /// Number of bits.
    pub bits: u32,
    /// What it says or does.
    pub about: &'static str,
}

impl Field {
    /// The bits of this field in a register word.
    pub const fn mask(&self) -> u32 {
        (u32::MAX >> (32 - self.bits)) << self.shift
    }

    /// This field's value in a register word.
    pub const fn get(&self, word: u32) -> u32 {
        (word & self.mask()) >> self.shift
    }
}

const fn bit(name: &'static str, shift: u32, about: &'static str) -> Field {
    Field { name, shift, bits: 1, about }
}

/// One 32-bit register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Register {
    /// Name in capitals.
    pub name: &'static str,
    /// Byte offset in the window, a multiple of four.
    pub offset: u32,
    /// How it answers.
    pub access: Access,
    /// What it is for.
    pub about: &'static str,
    /// Its fields; empty when the word is one number.
    pub fields: &'static [Field],
}

/// Byte offsets by name.
pub mod offset {
    #![allow(missing_docs, reason = "each is described in MAP")]
    pub const IDENTITY: u32 = 0x000;
    pub const ABI_VERSION: u32 = 0x004;
    pub const BUILD_ID: u32 = 0x008;
    pub const BUILD_FLAGS: u32 = 0x00C;
    pub const SCRATCH: u32 = 0x010;
    pub const CAP_CONTEXTS: u32 = 0x014;
    pub const CAP_GROUPS: u32 = 0x018;
    pub const CAP_JOURNAL: u32 = 0x01C;
    pub const CAP_STREAM: u32 = 0x020;
    pub const CONTROL: u32 = 0x040;
    pub const STATUS: u32 = 0x044;
    pub const IRQ_STATUS: u32 = 0x048;
    pub const IRQ_MASK: u32 = 0x04C;
    /// First of the latched 64-bit counters, low word first; see [`super::Counter`].
    pub const COUNTERS: u32 = 0x100;
}

/// `BUILD_FLAGS.DIRTY`: the sources had uncommitted changes when the bitstream was built.
pub const BUILD_DIRTY: Field = bit("DIRTY", 0, "built from sources with uncommitted changes");
/// `CAP_JOURNAL.LANES`: zero means that there is no journal and QUERY is rejected.
pub const CAP_LANES: Field =
    Field { name: "LANES", shift: 0, bits: 16, about: "lanes of the journal; 0: no journal, QUERY is rejected" };
/// `CAP_JOURNAL.DEPTH`.
pub const CAP_DEPTH: Field = Field { name: "DEPTH", shift: 16, bits: 16, about: "entries of one lane" };
/// `CAP_STREAM.REPLY_PACKET`.
pub const CAP_REPLY_PACKET: Field =
    Field { name: "REPLY_PACKET", shift: 0, bits: 16, about: "beats of 128 bits after which a reply packet is closed" };
/// `CAP_STREAM.AXIS_BITS`.
pub const CAP_AXIS_BITS: Field =
    Field { name: "AXIS_BITS", shift: 16, bits: 16, about: "width of both AXI4-Stream ports" };

/// `CONTROL.SOFT_RESET`.
pub const CONTROL_SOFT_RESET: Field = bit(
    "SOFT_RESET",
    0,
    "stop accepting, deliver the replies due, close the packet, then clear tables, counters and journal",
);
/// `CONTROL.LATCH`.
pub const CONTROL_LATCH: Field = bit("LATCH", 1, "copy every counter at 0x100 and up in the same clock");

/// `STATUS.CLEARING`.
pub const STATUS_CLEARING: Field = bit("CLEARING", 0, "tables are being cleared after a reset; no record is accepted");
/// `STATUS.DRAINING`.
pub const STATUS_DRAINING: Field = bit("DRAINING", 1, "a soft reset waits until the replies due have been taken");
/// `STATUS.ANSWERING`.
pub const STATUS_ANSWERING: Field = bit("ANSWERING", 2, "a SNAPSHOT or QUERY holds the input");
/// `STATUS.BLOCKED`.
pub const STATUS_BLOCKED: Field = bit("BLOCKED", 3, "a reply is offered and the sink does not take it");

/// Bit of `IRQ_STATUS` and `IRQ_MASK`: the last beat of a snapshot has left.
pub const IRQ_SNAPSHOT: Field = bit("SNAPSHOT", 0, "the last beat of a snapshot has been taken by the sink");
/// Bit of `IRQ_STATUS` and `IRQ_MASK`: an end-of-batch beat has left.
pub const IRQ_BATCH_END: Field = bit("BATCH_END", 1, "an end-of-batch beat has been taken by the sink");
/// Bit of `IRQ_STATUS` and `IRQ_MASK`: a record was rejected.
pub const IRQ_ERROR: Field = bit("ERROR", 2, "a record was rejected");

/// The 64-bit counters that `CONTROL.LATCH` copies, in the order of their registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u32)]
pub enum Counter {
    /// Records taken from the stream, rejected ones and NOPs among them.
    Accepted = 0,
    /// Records taken without effect because they were not valid.
    Rejected,
    /// Journal position: non-rejected LOAD, ACCUM, SWAP and SEND.
    JournalPosition,
    /// Reply beats of 128 bits offered to the packetiser and taken, end-of-batch beats included.
    ReplyBeats,
    /// Non-rejected NOP records.
    OpNop,
    /// Non-rejected LOAD records.
    OpLoad,
    /// Non-rejected ACCUM records.
    OpAccum,
    /// Non-rejected READ records.
    OpRead,
    /// Non-rejected SWAP records.
    OpSwap,
    /// Non-rejected PAIR records.
    OpPair,
    /// Non-rejected SEND records.
    OpSend,
    /// Non-rejected SNAPSHOT records.
    OpSnapshot,
    /// Non-rejected SYNC records.
    OpSync,
    /// Non-rejected QUERY records.
    OpQuery,
    /// Clocks in which a beat moved: valid and ready.
    ClocksMoving,
    /// Clocks in which the engine was ready and no beat was there.
    ClocksStarved,
    /// Clocks in which the engine was not ready because its replies were not taken.
    ClocksBlocked,
    /// Clocks in which the tables were being cleared.
    ClocksClearing,
    /// Clocks in which a SNAPSHOT or QUERY held the input.
    ClocksAnswering,
}

impl Counter {
    /// Every counter, in register order.
    pub const ALL: [Counter; 19] = [
        Counter::Accepted,
        Counter::Rejected,
        Counter::JournalPosition,
        Counter::ReplyBeats,
        Counter::OpNop,
        Counter::OpLoad,
        Counter::OpAccum,
        Counter::OpRead,
        Counter::OpSwap,
        Counter::OpPair,
        Counter::OpSend,
        Counter::OpSnapshot,
        Counter::OpSync,
        Counter::OpQuery,
        Counter::ClocksMoving,
        Counter::ClocksStarved,
        Counter::ClocksBlocked,
        Counter::ClocksClearing,
        Counter::ClocksAnswering,
    ];

    /// Offset of the low word; the high word follows at + 4.
    pub const fn offset(self) -> u32 {
        offset::COUNTERS + 8 * self as u32
    }
}

const fn ro(name: &'static str, offset: u32, about: &'static str, fields: &'static [Field]) -> Register {
    Register { name, offset, access: Access::ReadOnly, about, fields }
}

/// Every register below the counters, by rising offset.
pub const MAP: [Register; 13] = [
    ro("IDENTITY", offset::IDENTITY, "0x444C5453, the characters DLTS", &[]),
    ro("ABI_VERSION", offset::ABI_VERSION, "major in 31:16, minor in 15:0; the driver refuses another major", &[]),
    ro(
        "BUILD_ID",
        offset::BUILD_ID,
        "first 32 bits of the source revision; an input of the top, tied by the wrapper",
        &[],
    ),
    ro("BUILD_FLAGS", offset::BUILD_FLAGS, "state of the sources", &[BUILD_DIRTY]),
    Register {
        name: "SCRATCH",
        offset: offset::SCRATCH,
        access: Access::ReadWrite,
        about: "reads back what was written; 0 after reset",
        fields: &[],
    },
    ro("CAP_CONTEXTS", offset::CAP_CONTEXTS, "number of contexts", &[]),
    ro("CAP_GROUPS", offset::CAP_GROUPS, "number of groups, each with four classes", &[]),
    ro("CAP_JOURNAL", offset::CAP_JOURNAL, "size of the journal", &[CAP_LANES, CAP_DEPTH]),
    ro("CAP_STREAM", offset::CAP_STREAM, "stream properties", &[CAP_REPLY_PACKET, CAP_AXIS_BITS]),
    Register {
        name: "CONTROL",
        offset: offset::CONTROL,
        access: Access::Command,
        about: "commands; reads as zero",
        fields: &[CONTROL_SOFT_RESET, CONTROL_LATCH],
    },
    ro(
        "STATUS",
        offset::STATUS,
        "what the engine is doing now",
        &[STATUS_CLEARING, STATUS_DRAINING, STATUS_ANSWERING, STATUS_BLOCKED],
    ),
    Register {
        name: "IRQ_STATUS",
        offset: offset::IRQ_STATUS,
        access: Access::WriteOneToClear,
        about: "events since they were last cleared, masked or not",
        fields: &[IRQ_SNAPSHOT, IRQ_BATCH_END, IRQ_ERROR],
    },
    Register {
        name: "IRQ_MASK",
        offset: offset::IRQ_MASK,
        access: Access::ReadWrite,
        about: "a one lets the event of the same bit raise the interrupt; 0 after reset",
        fields: &[IRQ_SNAPSHOT, IRQ_BATCH_END, IRQ_ERROR],
    },
];

/// Whether a driver may touch this offset.
pub const fn is_defined(offset: u32) -> bool {
    if !offset.is_multiple_of(4) {
        return false;
    }
    let counters_end = offset::COUNTERS + 8 * Counter::ALL.len() as u32;
    if offset >= offset::COUNTERS && offset < counters_end {
        return true;
    }
    let mut i = 0;
    while i < MAP.len() {
        if MAP[i].offset == offset {
            return true;
        }
        i += 1;
    }
    false
}

const _: () = {
    let mut i = 0;
    while i < MAP.len() {
        assert!(MAP[i].offset.is_multiple_of(4) && MAP[i].offset < offset::COUNTERS);
        assert!(i == 0 || MAP[i - 1].offset < MAP[i].offset);
        i += 1;
    }
    let mut i = 0;
    while i < Counter::ALL.len() {
        assert!(Counter::ALL[i] as usize == i);
        i += 1;
    }
    assert!(Counter::ClocksAnswering.offset() + 8 <= WINDOW_BYTES);
};
