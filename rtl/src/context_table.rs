//! The context table: one read-modify-write of a context every clock, whatever the addresses.

use crate::block_ram::BlockRam;
use crate::comment;
use crate::words::{ContextState, op_code};
use deltascope_abi::record::Op;
use rust_hdl::prelude::*;
use smart_default::SmartDefault;

/// `2^A` contexts of (R, A) in block RAM.
///
/// A record enters with `valid` (stage S0) and its result is at the outputs three clocks later
/// (stage S3). S0 presents the address, S1 is the memory array, S2 modifies, S3 writes. A record that
/// meets another one of the same context in S3, S4 or S5 takes that one's new state, the youngest first;
/// S5 is needed because the memory returns arbitrary data when S3 writes the row that S0 reads.
#[derive(LogicBlock, SmartDefault)]
pub struct ContextTable<const A: usize> {
    /// Clock.
    #[default(checked! {
        A >= 2 && A <= 16 => "ContextTable: 4 to 65,536 contexts, the context field of a record has 16 bits"
    })]
    pub clock: Signal<In, Clock>,
    /// Low for one clock or more: forget the records in flight and clear every context.
    pub resetn: Signal<In, Bit>,
    /// The contexts are being cleared, `2^A` clocks after a reset; a record that enters now is lost.
    pub clearing: Signal<Out, Bit>,
    /// S0: a LOAD, ACCUM, READ, SWAP or SEND enters.
    pub valid: Signal<In, Bit>,
    /// S0: its op; any other op leaves the context as it is.
    pub op: Signal<In, Bits<4>>,
    /// S0: SWAP keeps the state as reference.
    pub rebase: Signal<In, Bit>,
    /// S0: its context.
    pub context_id: Signal<In, Bits<A>>,
    /// S0: its operand, carried along even when `valid` is low.
    pub operand: Signal<In, Bits<64>>,
    /// S3: a record leaves.
    pub result_valid: Signal<Out, Bit>,
    /// S3: R ^ A before the record.
    pub state_before: Signal<Out, Bits<64>>,
    /// S3: A was zero before the record.
    pub accumulator_zero: Signal<Out, Bit>,
    /// S3: the record is a SEND whose operand is the state before.
    pub redundant: Signal<Out, Bit>,
    /// S3: R ^ A before the record ^ R ^ A after it.
    pub delta: Signal<Out, Bits<64>>,
    /// S3: the operand of the slot, valid or not.
    pub result_operand: Signal<Out, Bits<64>>,

    ram: BlockRam<ContextState, A>,
    clear_busy: DFF<Bit>,
    clear_address: DFF<Bits<A>>,
    enters: Signal<Local, Bit>,

    s1_valid: DFF<Bit>,
    s1_context: DFF<Bits<A>>,
    s1_operand: DFF<Bits<64>>,
    s1_store: DFF<Bit>,
    s1_rebase: DFF<Bit>,
    s1_accumulate: DFF<Bit>,
    s1_send: DFF<Bit>,
    s2_valid: DFF<Bit>,
    s2_context: DFF<Bits<A>>,
    s2_operand: DFF<Bits<64>>,
    s2_store: DFF<Bit>,
    s2_rebase: DFF<Bit>,
    s2_accumulate: DFF<Bit>,
    s2_send: DFF<Bit>,
    s2_from_s3: DFF<Bit>,
    s2_from_s4: DFF<Bit>,
    s2_from_s5: DFF<Bit>,
    s3_valid: DFF<Bit>,
    s3_context: DFF<Bits<A>>,
    s3_operand: DFF<Bits<64>>,
    s3_send: DFF<Bit>,
    s3_before: DFF<ContextState>,
    s3_after: DFF<ContextState>,
    s4_valid: DFF<Bit>,
    s4_context: DFF<Bits<A>>,
    s4_after: DFF<ContextState>,
    s5_after: DFF<ContextState>,

    same_as_s2: Signal<Local, Bit>,
    same_as_s3: Signal<Local, Bit>,
    same_as_s4: Signal<Local, Bit>,
    current: Signal<Local, ContextState>,
    current_reference: Signal<Local, Bits<64>>,
    current_accumulator: Signal<Local, Bits<64>>,
    modified: Signal<Local, ContextState>,
    before_reference: Signal<Local, Bits<64>>,
    before_accumulator: Signal<Local, Bits<64>>,
    state: Signal<Local, Bits<64>>,
    after_reference: Signal<Local, Bits<64>>,
    after_accumulator: Signal<Local, Bits<64>>,
    send_difference: Signal<Local, Bits<64>>,

    #[default(Constant::new(1_u64.into()))]
    one: Constant<Bits<A>>,
    #[default(op_code(Op::Load))]
    op_load: Constant<Bits<4>>,
    #[default(op_code(Op::Accum))]
    op_accum: Constant<Bits<4>>,
    #[default(op_code(Op::Swap))]
    op_swap: Constant<Bits<4>>,
    #[default(op_code(Op::Send))]
    op_send: Constant<Bits<4>>,
}

impl<const A: usize> Logic for ContextTable<A> {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("@module context_table");
        comment!("S0 address, S1 memory array, S2 forward and modify, S3 write and answer, S4 and S5 history.");
        dff_setup!(self, clock, clear_busy, clear_address);
        dff_setup!(self, clock, s1_valid, s1_context, s1_operand, s1_store, s1_rebase, s1_accumulate, s1_send);
        dff_setup!(self, clock, s2_valid, s2_context, s2_operand, s2_store, s2_rebase, s2_accumulate, s2_send);
        dff_setup!(self, clock, s2_from_s3, s2_from_s4, s2_from_s5);
        dff_setup!(self, clock, s3_valid, s3_context, s3_operand, s3_send, s3_before, s3_after);
        dff_setup!(self, clock, s4_valid, s4_context, s4_after, s5_after);

        comment!("S0: decode and present the address.");
        self.ram.clock.next = self.clock.val();
        self.ram.read_address.next = self.context_id.val();
        self.enters.next = self.valid.val() & !self.clear_busy.q.val();
        self.s1_valid.d.next = self.enters.val();
        self.s1_context.d.next = self.context_id.val();
        self.s1_operand.d.next = self.operand.val();
        self.s1_rebase.d.next = (self.op.val() == self.op_swap.val()) & self.rebase.val();
        self.s1_store.d.next = (self.op.val() == self.op_load.val())
            | (self.op.val() == self.op_swap.val())
            | (self.op.val() == self.op_send.val());
        self.s1_accumulate.d.next = self.op.val() == self.op_accum.val();
        self.s1_send.d.next = self.op.val() == self.op_send.val();

        comment!(
            "S1: who in front of this record has the same context? One clock on, each of them is one stage further."
        );
        self.same_as_s2.next = self.s2_valid.q.val() & (self.s2_context.q.val() == self.s1_context.q.val());
        self.same_as_s3.next = self.s3_valid.q.val() & (self.s3_context.q.val() == self.s1_context.q.val());
        self.same_as_s4.next = self.s4_valid.q.val() & (self.s4_context.q.val() == self.s1_context.q.val());
        self.s2_from_s3.d.next = self.same_as_s2.val();
        self.s2_from_s4.d.next = self.same_as_s3.val();
        self.s2_from_s5.d.next = self.same_as_s4.val();
        self.s2_valid.d.next = self.s1_valid.q.val();
        self.s2_context.d.next = self.s1_context.q.val();
        self.s2_operand.d.next = self.s1_operand.q.val();
        self.s2_store.d.next = self.s1_store.q.val();
        self.s2_rebase.d.next = self.s1_rebase.q.val();
        self.s2_accumulate.d.next = self.s1_accumulate.q.val();
        self.s2_send.d.next = self.s1_send.q.val();

        comment!("S2: forward the youngest state, then modify it.");
        self.current.next = self.ram.read_data.val();
        if self.s2_from_s5.q.val() {
            self.current.next = self.s5_after.q.val();
        }
        if self.s2_from_s4.q.val() {
            self.current.next = self.s4_after.q.val();
        }
        if self.s2_from_s3.q.val() {
            self.current.next = self.s3_after.q.val();
        }
        self.current_reference.next = self.current.val().reference;
        self.current_accumulator.next = self.current.val().accumulator;
        self.modified.next = self.current.val();
        if self.s2_accumulate.q.val() {
            self.modified.next.accumulator = self.current_accumulator.val() ^ self.s2_operand.q.val();
        }
        if self.s2_store.q.val() {
            self.modified.next.reference = self.s2_operand.q.val();
            self.modified.next.accumulator = 0.into();
        }
        if self.s2_rebase.q.val() {
            self.modified.next.reference = self.current_reference.val() ^ self.current_accumulator.val();
        }
        self.s3_valid.d.next = self.s2_valid.q.val();
        self.s3_context.d.next = self.s2_context.q.val();
        self.s3_operand.d.next = self.s2_operand.q.val();
        self.s3_send.d.next = self.s2_send.q.val();
        self.s3_before.d.next = self.current.val();
        self.s3_after.d.next = self.modified.val();

        comment!("S3: write and answer. While clearing, the write port belongs to the clear.");
        self.ram.write_enable.next = self.s3_valid.q.val();
        self.ram.write_address.next = self.s3_context.q.val();
        self.ram.write_data.next = self.s3_after.q.val();
        if self.clear_busy.q.val() {
            self.ram.write_enable.next = true;
            self.ram.write_address.next = self.clear_address.q.val();
            self.ram.write_data.next.reference = 0.into();
            self.ram.write_data.next.accumulator = 0.into();
        }
        self.before_reference.next = self.s3_before.q.val().reference;
        self.before_accumulator.next = self.s3_before.q.val().accumulator;
        self.state.next = self.before_reference.val() ^ self.before_accumulator.val();
        self.send_difference.next = self.state.val() ^ self.s3_operand.q.val();
        self.result_valid.next = self.s3_valid.q.val();
        self.result_operand.next = self.s3_operand.q.val();
        self.state_before.next = self.state.val();
        self.after_reference.next = self.s3_after.q.val().reference;
        self.after_accumulator.next = self.s3_after.q.val().accumulator;
        self.delta.next = self.state.val() ^ self.after_reference.val() ^ self.after_accumulator.val();
        self.accumulator_zero.next = !self.before_accumulator.val().any();
        self.redundant.next = self.s3_send.q.val() & !self.send_difference.val().any();
        self.s4_valid.d.next = self.s3_valid.q.val();
        self.s4_context.d.next = self.s3_context.q.val();
        self.s4_after.d.next = self.s3_after.q.val();
        self.s5_after.d.next = self.s4_after.q.val();

        comment!("Clearing: one context a clock.");
        self.clearing.next = self.clear_busy.q.val();
        if self.clear_busy.q.val() {
            self.clear_address.d.next = self.clear_address.q.val() + self.one.val();
            self.clear_busy.d.next = !self.clear_address.q.val().all();
        }
        if !self.resetn.val() {
            self.clear_busy.d.next = true;
            self.clear_address.d.next = 0.into();
            self.s1_valid.d.next = false;
            self.s2_valid.d.next = false;
            self.s3_valid.d.next = false;
            self.s4_valid.d.next = false;
        }
    }
}
