//! One lane of the journal: `2^DEPTH_BITS` entries, one of them read every clock.

use crate::comment;
use crate::lut_ram::LutRam;
use rust_hdl::prelude::*;
use smart_default::SmartDefault;

/// Keeps (context, delta) by row and gives the delta of a row if it belongs to the query, else zero.
///
/// Contexts and deltas are in two memories, because the context is read three clocks before the delta:
/// L0 reads the context, L1 compares it in pieces, L2 joins the pieces with the range, L3 reads the delta,
/// which is at the output in L4. No stage has more than one LUT beside the memory.
#[derive(LogicBlock, SmartDefault)]
pub struct JournalLane<const CONTEXT_BITS: usize, const DEPTH_BITS: usize> {
    /// Clock.
    #[default(checked! {
        CONTEXT_BITS <= 15 => "JournalLane: five pieces of three bits compare at most 15 bits of context"
    })]
    pub clock: Signal<In, Clock>,
    /// Writes an entry at the next edge.
    pub write: Signal<In, Bit>,
    /// Its row.
    pub write_row: Signal<In, Bits<DEPTH_BITS>>,
    /// Its context.
    pub write_context: Signal<In, Bits<CONTEXT_BITS>>,
    /// Its delta.
    pub write_delta: Signal<In, Bits<64>>,
    /// L0: row whose context is read.
    pub context_row: Signal<In, Bits<DEPTH_BITS>>,
    /// L1: context of the query, steady while it runs.
    pub wanted: Signal<In, Bits<CONTEXT_BITS>>,
    /// L2: the position of that row's entry belongs to the query.
    pub in_range: Signal<In, Bit>,
    /// L3: the row again.
    pub delta_row: Signal<In, Bits<DEPTH_BITS>>,
    /// L4: its delta, or zero.
    pub delta: Signal<Out, Bits<64>>,

    contexts: LutRam<DEPTH_BITS, CONTEXT_BITS>,
    deltas: LutRam<DEPTH_BITS, 64>,
    held_context: DFF<Bits<CONTEXT_BITS>>,
    same_low: DFF<Bit>,
    same_second: DFF<Bit>,
    same_third: DFF<Bit>,
    same_fourth: DFF<Bit>,
    same_high: DFF<Bit>,
    selected: DFF<Bit>,
    chosen: DFF<Bits<64>>,
    difference: Signal<Local, Bits<CONTEXT_BITS>>,
    wide_difference: Signal<Local, Bits<15>>,
    piece_low: Signal<Local, Bits<3>>,
    piece_second: Signal<Local, Bits<3>>,
    piece_third: Signal<Local, Bits<3>>,
    piece_fourth: Signal<Local, Bits<3>>,
    piece_high: Signal<Local, Bits<3>>,
}

impl<const CONTEXT_BITS: usize, const DEPTH_BITS: usize> Logic for JournalLane<CONTEXT_BITS, DEPTH_BITS> {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("@module journal_lane");
        clock!(self, clock, contexts, deltas);
        dff_setup!(self, clock, held_context, same_low, same_second, same_third, same_fourth, same_high);
        dff_setup!(self, clock, selected, chosen);
        self.contexts.write_enable.next = self.write.val();
        self.contexts.write_address.next = self.write_row.val();
        self.contexts.write_data.next = self.write_context.val();
        self.deltas.write_enable.next = self.write.val();
        self.deltas.write_address.next = self.write_row.val();
        self.deltas.write_data.next = self.write_delta.val();

        comment!("L0: the context of the row.");
        self.contexts.read_address.next = self.context_row.val();
        self.held_context.d.next = self.contexts.read_data.val();

        comment!("L1: compare, three bits for each LUT.");
        self.difference.next = self.held_context.q.val() ^ self.wanted.val();
        self.wide_difference.next = bit_cast::<15, CONTEXT_BITS>(self.difference.val());
        self.piece_low.next = self.wide_difference.val().get_bits::<3>(0);
        self.piece_second.next = self.wide_difference.val().get_bits::<3>(3);
        self.piece_third.next = self.wide_difference.val().get_bits::<3>(6);
        self.piece_fourth.next = self.wide_difference.val().get_bits::<3>(9);
        self.piece_high.next = self.wide_difference.val().get_bits::<3>(12);
        self.same_low.d.next = !self.piece_low.val().any();
        self.same_second.d.next = !self.piece_second.val().any();
        self.same_third.d.next = !self.piece_third.val().any();
        self.same_fourth.d.next = !self.piece_fourth.val().any();
        self.same_high.d.next = !self.piece_high.val().any();

        comment!("L2: the query wants it.");
        self.selected.d.next = self.in_range.val()
            & self.same_low.q.val()
            & self.same_second.q.val()
            & self.same_third.q.val()
            & self.same_fourth.q.val()
            & self.same_high.q.val();

        comment!("L3: the delta, or zero: the reset pin of the register selects.");
        self.deltas.read_address.next = self.delta_row.val();
        self.chosen.d.next = self.deltas.read_data.val();
        if !self.selected.q.val() {
            self.chosen.d.next = 0.into();
        }
        self.delta.next = self.chosen.q.val();
    }
}
