//! The words of the engine as rust-hdl structures: stream beats, table rows, counter sets.
//!
//! The layouts of beats are those of `deltascope_abi`; the first field is the lowest.
#![allow(missing_docs, reason = "LogicStruct generates methods without documentation")]

use deltascope_abi::layout::BeatField;
use deltascope_abi::record::{Op, field};
use rust_hdl::prelude::*;

/// The code of `op` as a constant of a block.
pub(crate) fn op_code(op: Op) -> Constant<Bits<4>> {
    Constant::new((op as u64).into())
}

/// The bits of `field` in `beat`; the width is that of the structure's field, which `rtl/tests/words.rs` compares.
fn bits_of<const N: usize>(beat: Bits<128>, field: BeatField) -> Bits<N> {
    beat.get_bits::<N>(field.low as usize)
}

/// An event record: one input beat (`deltascope_abi::record`).
#[derive(Clone, Copy, Debug, Default, PartialEq, LogicStruct)]
pub struct EventRecord {
    /// Op code.
    pub op: Bits<4>,
    /// REPLY.
    pub reply: Bit,
    /// REBASE.
    pub rebase: Bit,
    /// Class.
    pub class_id: Bits<2>,
    /// Group.
    pub group_id: Bits<16>,
    /// Context.
    pub context_id: Bits<16>,
    /// Length in bytes.
    pub length: Bits<24>,
    /// Operand.
    pub operand: Bits<64>,
}

impl From<Bits<128>> for EventRecord {
    fn from(beat: Bits<128>) -> Self {
        Self {
            op: bits_of(beat, field::OP),
            reply: beat.get_bit(field::REPLY.low as usize),
            rebase: beat.get_bit(field::REBASE.low as usize),
            class_id: bits_of(beat, field::CLASS),
            group_id: bits_of(beat, field::GROUP),
            context_id: bits_of(beat, field::CONTEXT),
            length: bits_of(beat, field::LENGTH),
            operand: bits_of(beat, field::OPERAND),
        }
    }
}

/// A reply: one output beat (`deltascope_abi::reply`), unless it is half of a counter row.
#[derive(Clone, Copy, Debug, Default, PartialEq, LogicStruct)]
pub struct ReplyBeat {
    /// Op that answers; 0 ends a batch.
    pub op: Bits<4>,
    /// A was zero before the op.
    pub zero: Bit,
    /// The journal no longer reaches the mark.
    pub too_old: Bit,
    /// Class of the record.
    pub class_id: Bits<2>,
    /// Group of the record.
    pub group_id: Bits<16>,
    /// Context of the record.
    pub context_id: Bits<16>,
    /// Journal position modulo 2^24 after the record.
    pub position: Bits<24>,
    /// Value.
    pub value: Bits<64>,
}

/// Half of a counter row as in a SNAPSHOT's answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, LogicStruct)]
pub struct RowBeat {
    /// Events, or redundant events.
    pub events: Bits<48>,
    /// Zeros.
    pub zeros: Bits<16>,
    /// Bytes, or redundant bytes.
    pub bytes: Bits<64>,
}

/// One context: its state is `reference ^ accumulator`.
#[derive(Clone, Copy, Debug, Default, PartialEq, LogicStruct)]
pub struct ContextState {
    /// R.
    pub reference: Bits<64>,
    /// A.
    pub accumulator: Bits<64>,
}

/// The counters of one group and class. All of them wrap.
#[derive(Clone, Copy, Debug, Default, PartialEq, LogicStruct)]
pub struct GroupRow {
    /// Events.
    pub events: Bits<48>,
    /// Bytes of those events.
    pub bytes: Bits<64>,
    /// Events that were redundant.
    pub redundant_events: Bits<48>,
    /// Bytes of the redundant events.
    pub redundant_bytes: Bits<64>,
}

macro_rules! latched_counters {
    ($($name:ident $counter:ident $about:literal)*) => {
        /// The latched copies, 64 bits each, in the order of `deltascope_abi::registers::Counter`.
        #[derive(Clone, Copy, Debug, Default, PartialEq, LogicStruct)]
        pub struct LatchedCounters {
            $(#[doc = $about] pub $name: Bits<64>,)*
        }
    };
}

deltascope_abi::for_each_counter!(latched_counters);

/// A beat in the reply queue, with what its departure means.
#[derive(Clone, Copy, Debug, Default, PartialEq, LogicStruct)]
pub struct QueuedReply {
    /// The beat.
    pub beat: Bits<128>,
    /// It ends a batch, and with it a packet.
    pub ends_batch: Bit,
    /// It ends a snapshot.
    pub ends_snapshot: Bit,
}
