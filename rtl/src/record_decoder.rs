//! What a record asks for, and whether it may.

use crate::comment;
use crate::words::{EventRecord, op_code};
use deltascope_abi::record::Op;
use rust_hdl::prelude::*;
use smart_default::SmartDefault;

/// Decodes one record; combinational.
///
/// A record is rejected when its op is unknown, when it names a context or group beyond the configured
/// size, or when a SNAPSHOT's range is empty or too high. All outputs but `rejected` and the labels are
/// low for a rejected record.
#[derive(LogicBlock, SmartDefault)]
pub struct RecordDecoder<const CONTEXT_BITS: usize, const GROUP_BITS: usize> {
    /// The record.
    #[default(checked! {
        CONTEXT_BITS <= 16 => "RecordDecoder: the context field of a record has 16 bits";
        GROUP_BITS <= 16 => "RecordDecoder: the group field of a record has 16 bits"
    })]
    pub record: Signal<In, EventRecord>,
    /// It has no effect and no reply.
    pub rejected: Signal<Out, Bit>,
    /// LOAD, ACCUM, READ, SWAP or SEND.
    pub touches_context: Signal<Out, Bit>,
    /// PAIR or SEND: adds to the counters of its group and class.
    pub adds: Signal<Out, Bit>,
    /// PAIR with equal fingerprints, of a class that is judged.
    pub pair_redundant: Signal<Out, Bit>,
    /// The class is not `unjudged`.
    pub judged: Signal<Out, Bit>,
    /// LOAD, ACCUM, SWAP or SEND: moves the journal position.
    pub journals: Signal<Out, Bit>,
    /// Answers with a beat of its own.
    pub replies: Signal<Out, Bit>,
    /// SNAPSHOT: the rows of groups `label_group` to `label_context` follow its beat.
    pub starts_snapshot: Signal<Out, Bit>,
    /// It is a QUERY, whose reply comes later.
    pub starts_query: Signal<Out, Bit>,
    /// Class field of the reply.
    pub label_class: Signal<Out, Bits<2>>,
    /// Group field of the reply, and the group that the record adds to.
    pub label_group: Signal<Out, Bits<16>>,
    /// Context field of the reply.
    pub label_context: Signal<Out, Bits<16>>,

    op: Signal<Local, Bits<4>>,
    reply: Signal<Local, Bit>,
    class_id: Signal<Local, Bits<2>>,
    group_id: Signal<Local, Bits<16>>,
    context_id: Signal<Local, Bits<16>>,
    operand: Signal<Local, Bits<64>>,
    pair_before: Signal<Local, Bits<32>>,
    pair_after: Signal<Local, Bits<32>>,
    first_group: Signal<Local, Bits<16>>,
    last_group: Signal<Local, Bits<16>>,
    is_nop: Signal<Local, Bit>,
    is_read: Signal<Local, Bit>,
    is_pair: Signal<Local, Bit>,
    is_send: Signal<Local, Bit>,
    is_snapshot: Signal<Local, Bit>,
    is_sync: Signal<Local, Bit>,
    is_query: Signal<Local, Bit>,
    names_context: Signal<Local, Bit>,
    is_change: Signal<Local, Bit>,
    uses_context: Signal<Local, Bit>,
    uses_group: Signal<Local, Bit>,
    known: Signal<Local, Bit>,
    context_excess: Signal<Local, Bits<16>>,
    group_excess: Signal<Local, Bits<16>>,
    last_group_excess: Signal<Local, Bits<16>>,
    context_too_high: Signal<Local, Bit>,
    group_too_high: Signal<Local, Bit>,
    last_group_too_high: Signal<Local, Bit>,
    range_empty: Signal<Local, Bit>,
    bad_range: Signal<Local, Bit>,
    in_bounds: Signal<Local, Bit>,
    answers: Signal<Local, Bit>,
    allowed: Signal<Local, Bit>,

    #[default(Constant::new(bits_beyond(CONTEXT_BITS)))]
    beyond_contexts: Constant<Bits<16>>,
    #[default(Constant::new(bits_beyond(GROUP_BITS)))]
    beyond_groups: Constant<Bits<16>>,
    #[default(op_code(Op::Nop))]
    op_nop: Constant<Bits<4>>,
    #[default(op_code(Op::Load))]
    op_load: Constant<Bits<4>>,
    #[default(op_code(Op::Accum))]
    op_accum: Constant<Bits<4>>,
    #[default(op_code(Op::Read))]
    op_read: Constant<Bits<4>>,
    #[default(op_code(Op::Swap))]
    op_swap: Constant<Bits<4>>,
    #[default(op_code(Op::Pair))]
    op_pair: Constant<Bits<4>>,
    #[default(op_code(Op::Send))]
    op_send: Constant<Bits<4>>,
    #[default(op_code(Op::Snapshot))]
    op_snapshot: Constant<Bits<4>>,
    #[default(op_code(Op::Sync))]
    op_sync: Constant<Bits<4>>,
    #[default(op_code(Op::Query))]
    op_query: Constant<Bits<4>>,
}

/// The bits of a 16-bit number that must be zero for it to be below `2^bits`.
fn bits_beyond(bits: usize) -> Bits<16> {
    let mask = 0xFFFF_u64 & !((1_u64 << bits) - 1);
    mask.into()
}

impl<const CONTEXT_BITS: usize, const GROUP_BITS: usize> Logic for RecordDecoder<CONTEXT_BITS, GROUP_BITS> {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("@module record_decoder");
        self.op.next = self.record.val().op;
        self.reply.next = self.record.val().reply;
        self.class_id.next = self.record.val().class_id;
        self.group_id.next = self.record.val().group_id;
        self.context_id.next = self.record.val().context_id;
        self.operand.next = self.record.val().operand;
        self.pair_before.next = self.operand.val().get_bits::<32>(0);
        self.pair_after.next = self.operand.val().get_bits::<32>(32);
        self.first_group.next = self.operand.val().get_bits::<16>(0);
        self.last_group.next = self.operand.val().get_bits::<16>(16);

        comment!("Which op?");
        self.is_nop.next = self.op.val() == self.op_nop.val();
        self.is_read.next = self.op.val() == self.op_read.val();
        self.is_pair.next = self.op.val() == self.op_pair.val();
        self.is_send.next = self.op.val() == self.op_send.val();
        self.is_snapshot.next = self.op.val() == self.op_snapshot.val();
        self.is_sync.next = self.op.val() == self.op_sync.val();
        self.is_query.next = self.op.val() == self.op_query.val();
        self.is_change.next = (self.op.val() == self.op_load.val())
            | (self.op.val() == self.op_accum.val())
            | (self.op.val() == self.op_swap.val())
            | (self.op.val() == self.op_send.val());
        self.uses_context.next = self.is_change.val() | self.is_read.val();
        self.names_context.next = self.uses_context.val() | self.is_query.val();
        self.uses_group.next = self.is_pair.val() | self.is_send.val();
        self.known.next = self.is_nop.val()
            | self.names_context.val()
            | self.uses_group.val()
            | self.is_snapshot.val()
            | self.is_sync.val();

        comment!("May it?");
        self.context_excess.next = self.context_id.val() & self.beyond_contexts.val();
        self.group_excess.next = self.group_id.val() & self.beyond_groups.val();
        self.last_group_excess.next = self.last_group.val() & self.beyond_groups.val();
        self.context_too_high.next = self.names_context.val() & (self.context_excess.val().any());
        self.group_too_high.next = self.uses_group.val() & (self.group_excess.val().any());
        self.last_group_too_high.next = self.last_group_excess.val().any();
        self.range_empty.next = self.last_group.val() < self.first_group.val();
        self.bad_range.next = self.is_snapshot.val() & (self.range_empty.val() | self.last_group_too_high.val());
        comment!("Only a SNAPSHOT has a range, whose comparison takes longest: nothing else waits for it.");
        self.in_bounds.next = self.known.val() & !(self.context_too_high.val() | self.group_too_high.val());
        self.allowed.next = self.in_bounds.val() & !self.bad_range.val();
        self.rejected.next = !self.allowed.val();

        comment!("What it does.");
        self.touches_context.next = self.in_bounds.val() & self.uses_context.val();
        self.adds.next = self.in_bounds.val() & self.uses_group.val();
        self.judged.next = !(self.class_id.val().all());
        self.pair_redundant.next = self.in_bounds.val()
            & self.is_pair.val()
            & !(self.class_id.val().all())
            & (self.pair_before.val() == self.pair_after.val());
        self.journals.next = self.in_bounds.val() & self.is_change.val();
        self.answers.next = self.is_read.val() | self.is_sync.val() | (self.is_change.val() & self.reply.val());
        self.replies.next = (self.in_bounds.val() & self.answers.val()) | (self.allowed.val() & self.is_snapshot.val());
        self.starts_snapshot.next = self.allowed.val() & self.is_snapshot.val();
        self.starts_query.next = self.in_bounds.val() & self.is_query.val();

        comment!("How its reply is labelled.");
        self.label_class.next = self.class_id.val();
        self.label_group.next = self.group_id.val();
        self.label_context.next = self.context_id.val();
        if self.is_snapshot.val() {
            self.label_class.next = 0.into();
            self.label_group.next = self.first_group.val();
            self.label_context.next = self.last_group.val();
        }
        if self.is_sync.val() {
            self.label_class.next = 0.into();
            self.label_group.next = 0.into();
            self.label_context.next = 0.into();
        }
    }
}
