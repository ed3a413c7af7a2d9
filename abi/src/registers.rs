//! AXI4-Lite register map of the engine: 32-bit registers in a 4 KiB window.
//!
//! [`for_each_register!`](crate::for_each_register) and [`for_each_counter!`](crate::for_each_counter) are the single
//! description. The driver, the HDL, the proofs, `docs/registers.md` and the Tcl constants take every offset, bit and
//! name from here; `docs/adding-a-register.md` shows how to add one. An offset that is not in the map answers SLVERR.

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
    /// What it reports or does.
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
    /// Name in lower case, as in the names of RTL signals.
    pub signal: &'static str,
    /// Byte offset in the window, a multiple of four.
    pub offset: u32,
    /// How it answers.
    pub access: Access,
    /// What it reads after a reset; `None` when that depends on the build or on the engine's state.
    pub reset: Option<u32>,
    /// What it is for.
    pub about: &'static str,
    /// Its fields; empty when the word is one number.
    pub fields: &'static [Field],
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

/// Calls `$callback!` with every latched counter in register order: its name for RTL and proofs, its name here, what it
/// counts.
#[macro_export]
macro_rules! for_each_counter {
    ($callback:ident) => {
        $callback! {
            accepted Accepted "Records taken from the stream, rejected ones and NOPs among them."
            rejected Rejected "Records taken without effect because they were not valid."
            journal_position JournalPosition "Journal position: non-rejected LOAD, ACCUM, SWAP and SEND."
            reply_beats ReplyBeats "Reply beats of 128 bits offered to the packetiser and taken, end-of-batch beats included."
            op_nop OpNop "Non-rejected NOP records."
            op_load OpLoad "Non-rejected LOAD records."
            op_accum OpAccum "Non-rejected ACCUM records."
            op_read OpRead "Non-rejected READ records."
            op_swap OpSwap "Non-rejected SWAP records."
            op_pair OpPair "Non-rejected PAIR records."
            op_send OpSend "Non-rejected SEND records."
            op_snapshot OpSnapshot "Non-rejected SNAPSHOT records."
            op_sync OpSync "Non-rejected SYNC records."
            op_query OpQuery "Non-rejected QUERY records."
            clocks_moving ClocksMoving "Clocks in which a beat moved: valid and ready."
            clocks_starved ClocksStarved "Clocks in which the engine was ready and no beat was there."
            clocks_blocked ClocksBlocked "Clocks in which the engine was not ready because its replies were not taken."
            clocks_clearing ClocksClearing "Clocks in which the tables were being cleared."
            clocks_answering ClocksAnswering "Clocks in which a SNAPSHOT or QUERY held the input."
        }
    };
}

macro_rules! count {
    ($($name:ident $counter:ident $about:literal)*) => {
        /// The 64-bit counters that `CONTROL.LATCH` copies, in the order of their registers.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        #[repr(u32)]
        pub enum Counter {
            $(#[doc = $about] $counter,)*
        }

        /// Number of latched counters.
        pub const COUNTERS: usize = [$(Counter::$counter),*].len();

        impl Counter {
            /// Every counter, in register order.
            pub const ALL: [Counter; COUNTERS] = [$(Counter::$counter),*];

            /// Name in lower case, as in the names of RTL signals.
            pub const fn signal(self) -> &'static str {
                match self {
                    $(Counter::$counter => stringify!($name),)*
                }
            }
        }
    };
}

for_each_counter!(count);

impl Counter {
    /// Offset of the low word; the high word follows at + 4.
    pub const fn offset(self) -> u32 {
        offset::COUNTERS + 8 * self as u32
    }
}

/// Calls `$callback!` with every register below the counters: a name for RTL and proofs, then in braces the name of its
/// constants, its offset, its access, what it reads after a reset, what it is for, and its fields.
///
/// This list is the only place where a register is declared. A new one is appended, whatever its offset: tables that are
/// made from the list keep the order of declaration.
#[macro_export]
macro_rules! for_each_register {
    ($callback:ident) => {
        $callback! {
            identity { IDENTITY at 0x000, ReadOnly, Some($crate::registers::IDENTITY_VALUE), "0x444C5453, the characters DLTS", [] }
            abi_version {
                ABI_VERSION at 0x004, ReadOnly, Some($crate::ABI_VERSION),
                "major in 31:16, minor in 15:0; the driver refuses another major", []
            }
            build_id {
                BUILD_ID at 0x008, ReadOnly, None,
                "first 32 bits of the source revision; an input of the top, tied by the wrapper", []
            }
            build_flags { BUILD_FLAGS at 0x00C, ReadOnly, None, "state of the sources", [BUILD_DIRTY] }
            scratch { SCRATCH at 0x010, ReadWrite, Some(0), "reads back what was written; 0 after reset", [] }
            cap_contexts { CAP_CONTEXTS at 0x014, ReadOnly, None, "number of contexts", [] }
            cap_groups { CAP_GROUPS at 0x018, ReadOnly, None, "number of groups, each with four classes", [] }
            cap_journal { CAP_JOURNAL at 0x01C, ReadOnly, None, "size of the journal", [CAP_LANES, CAP_DEPTH] }
            cap_stream { CAP_STREAM at 0x020, ReadOnly, None, "stream properties", [CAP_REPLY_PACKET, CAP_AXIS_BITS] }
            control {
                CONTROL at 0x040, Command, Some(0), "commands; reads as zero", [CONTROL_SOFT_RESET, CONTROL_LATCH]
            }
            status {
                STATUS at 0x044, ReadOnly, None, "what the engine is doing now",
                [STATUS_CLEARING, STATUS_DRAINING, STATUS_ANSWERING, STATUS_BLOCKED]
            }
            irq_status {
                IRQ_STATUS at 0x048, WriteOneToClear, Some(0), "events since they were last cleared, masked or not",
                [IRQ_SNAPSHOT, IRQ_BATCH_END, IRQ_ERROR]
            }
            irq_mask {
                IRQ_MASK at 0x04C, ReadWrite, Some(0),
                "a one lets the event of the same bit raise the interrupt; 0 after reset",
                [IRQ_SNAPSHOT, IRQ_BATCH_END, IRQ_ERROR]
            }
        }
    };
}

/// Makes the offsets and the map of the list.
macro_rules! describe {
    ($($name:ident {
        $constant:ident at $offset:literal, $access:ident, $reset:expr, $about:literal, [$($field:ident),*]
    })*) => {
        /// Byte offsets by name.
        pub mod offset {
            $(#[doc = concat!("`", stringify!($constant), "`: ", $about, ".")]
            pub const $constant: u32 = $offset;)*
            /// First of the latched 64-bit counters, low word first; see [`super::Counter`].
            pub const COUNTERS: u32 = 0x100;
        }

        /// Number of registers below the counters.
        pub const REGISTERS: usize = [$(offset::$constant),*].len();

        /// Every register below the counters, in order of declaration.
        pub const MAP: [Register; REGISTERS] = [$(Register {
            name: stringify!($constant),
            signal: stringify!($name),
            offset: $offset,
            access: Access::$access,
            reset: $reset,
            about: $about,
            fields: &[$($field),*],
        },)*];
    };
}

for_each_register!(describe);

/// Whether a driver may touch this offset.
pub const fn is_defined(offset: u32) -> bool {
    if !offset.is_multiple_of(4) {
        return false;
    }
    let counters_end = offset::COUNTERS + 8 * COUNTERS as u32;
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
        let mut j = 0;
        while j < i {
            assert!(MAP[j].offset != MAP[i].offset, "two registers at one offset");
            j += 1;
        }
        i += 1;
    }
    assert!(offset::COUNTERS + 8 * COUNTERS as u32 <= WINDOW_BYTES);
};
