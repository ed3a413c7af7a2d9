//! A bank of journal lanes: registers of its own for all that is broadcast, and the XOR of its lanes.

use crate::comment;
use crate::journal_lane::JournalLane;
use crate::xor_tree::XorTree;
use rust_hdl::prelude::*;
use smart_default::SmartDefault;

/// `BANK_LANES` lanes.
///
/// Rows, contexts and ranges reach the lanes through registers of the bank, so that no register of the
/// journal drives more than 256 pins. The XOR of a row leaves seven clocks after the row came.
#[derive(LogicBlock, SmartDefault)]
pub struct JournalBank<const CONTEXT_BITS: usize, const DEPTH_BITS: usize, const BANK_LANES: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Low: forget the entry that is on its way.
    pub resetn: Signal<In, Bit>,
    /// An entry for this bank.
    pub write: Signal<In, Bit>,
    /// Its lane, one bit set.
    pub write_lane: Signal<In, Bits<BANK_LANES>>,
    /// Its row.
    pub write_row: Signal<In, Bits<DEPTH_BITS>>,
    /// Its context.
    pub write_context: Signal<In, Bits<CONTEXT_BITS>>,
    /// Its delta.
    pub write_delta: Signal<In, Bits<64>>,
    /// Context of the query, steady while it runs.
    pub wanted: Signal<In, Bits<CONTEXT_BITS>>,
    /// Row that is read.
    pub row: Signal<In, Bits<DEPTH_BITS>>,
    /// A clock after `row`: lanes of this bank may be at or above the low end of the range.
    pub from_low: Signal<In, Bit>,
    /// With `from_low`: all of them are.
    pub after_low: Signal<In, Bit>,
    /// With `from_low`: the lanes at or above the low end, if this bank holds it.
    pub lanes_from_low: Signal<In, Bits<BANK_LANES>>,
    /// With `from_low`: lanes of this bank may be below the high end.
    pub to_high: Signal<In, Bit>,
    /// With `from_low`: all of them are.
    pub before_high: Signal<In, Bit>,
    /// With `from_low`: the lanes below the high end, if this bank holds it.
    pub lanes_before_high: Signal<In, Bits<BANK_LANES>>,
    /// XOR of the deltas that the query wants, seven clocks after `row`.
    pub sum: Signal<Out, Bits<64>>,

    #[default(std::array::from_fn(|_| Default::default()))]
    lanes: [JournalLane<CONTEXT_BITS, DEPTH_BITS>; BANK_LANES],
    tree: XorTree<BANK_LANES>,
    entry_lane: DFF<Bits<BANK_LANES>>,
    entry_row: DFF<Bits<DEPTH_BITS>>,
    entry_context: DFF<Bits<CONTEXT_BITS>>,
    entry_delta: DFF<Bits<64>>,
    query_context: DFF<Bits<CONTEXT_BITS>>,
    row_l0: DFF<Bits<DEPTH_BITS>>,
    row_l1: DFF<Bits<DEPTH_BITS>>,
    row_l2: DFF<Bits<DEPTH_BITS>>,
    row_l3: DFF<Bits<DEPTH_BITS>>,
    l1_from_low: DFF<Bit>,
    l1_after_low: DFF<Bit>,
    l1_lanes_from_low: DFF<Bits<BANK_LANES>>,
    l1_to_high: DFF<Bit>,
    l1_before_high: DFF<Bit>,
    l1_lanes_before_high: DFF<Bits<BANK_LANES>>,
    in_range: DFF<Bits<BANK_LANES>>,
    above: Signal<Local, Bits<BANK_LANES>>,
    below: Signal<Local, Bits<BANK_LANES>>,
    #[default(Constant::new(((1_u64 << BANK_LANES) - 1).into()))]
    every_lane: Constant<Bits<BANK_LANES>>,
}

impl<const CONTEXT_BITS: usize, const DEPTH_BITS: usize, const BANK_LANES: usize> Logic
    for JournalBank<CONTEXT_BITS, DEPTH_BITS, BANK_LANES>
{
    #[hdl_gen]
    fn update(&mut self) {
        comment!("@module journal_bank");
        comment!("Stages of a row: L0 context read, L1 compared, L2 selected, L3 delta read, L4 to L6 XOR.");
        comment!("Synthesis must not merge the copies that each bank keeps of what is broadcast.");
        comment!("@keep_hierarchy");
        clock!(self, clock, tree);
        dff_setup!(self, clock, entry_lane, entry_row, entry_context, entry_delta, query_context);
        dff_setup!(self, clock, row_l0, row_l1, row_l2, row_l3, l1_from_low, l1_after_low, l1_lanes_from_low);
        dff_setup!(self, clock, l1_to_high, l1_before_high, l1_lanes_before_high, in_range);

        comment!("What is broadcast, once more for this bank.");
        self.entry_lane.d.next = self.write_lane.val();
        if !self.write.val() {
            self.entry_lane.d.next = 0.into();
        }
        self.entry_row.d.next = self.write_row.val();
        self.entry_context.d.next = self.write_context.val();
        self.entry_delta.d.next = self.write_delta.val();
        self.query_context.d.next = self.wanted.val();
        self.row_l0.d.next = self.row.val();
        self.row_l1.d.next = self.row_l0.q.val();
        self.row_l2.d.next = self.row_l1.q.val();
        self.row_l3.d.next = self.row_l2.q.val();
        self.l1_from_low.d.next = self.from_low.val();
        self.l1_after_low.d.next = self.after_low.val();
        self.l1_lanes_from_low.d.next = self.lanes_from_low.val();
        self.l1_to_high.d.next = self.to_high.val();
        self.l1_before_high.d.next = self.before_high.val();
        self.l1_lanes_before_high.d.next = self.lanes_before_high.val();

        comment!("L1: lanes whose entry of the row is in the range, six inputs for each.");
        self.above.next = self.l1_lanes_from_low.q.val();
        if self.l1_after_low.q.val() {
            self.above.next = self.every_lane.val();
        }
        if !self.l1_from_low.q.val() {
            self.above.next = 0.into();
        }
        self.below.next = self.l1_lanes_before_high.q.val();
        if self.l1_before_high.q.val() {
            self.below.next = self.every_lane.val();
        }
        if !self.l1_to_high.q.val() {
            self.below.next = 0.into();
        }
        self.in_range.d.next = self.above.val() & self.below.val();

        comment!("The lanes.");
        for i in 0..BANK_LANES {
            self.lanes[i].clock.next = self.clock.val();
            self.lanes[i].write.next = self.entry_lane.q.val().get_bit(i);
            self.lanes[i].write_row.next = self.entry_row.q.val();
            self.lanes[i].write_context.next = self.entry_context.q.val();
            self.lanes[i].write_delta.next = self.entry_delta.q.val();
            self.lanes[i].wanted.next = self.query_context.q.val();
            self.lanes[i].context_row.next = self.row_l0.q.val();
            self.lanes[i].in_range.next = self.in_range.q.val().get_bit(i);
            self.lanes[i].delta_row.next = self.row_l3.q.val();
            self.tree.words[i].next = self.lanes[i].delta.val();
        }
        self.sum.next = self.tree.sum.val();
        if !self.resetn.val() {
            self.entry_lane.d.next = 0.into();
        }
    }
}
