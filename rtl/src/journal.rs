//! The journal: the last `LANES` x `2^DEPTH_BITS` deltas, and the answer to a QUERY.

use crate::comment;
use crate::journal_bank::JournalBank;
use crate::query_walk::QueryWalk;
use crate::xor_tree::XorTree;
use rust_hdl::prelude::*;
use smart_default::SmartDefault;

/// Lanes of a bank when there is more than one bank.
pub const LANES_OF_A_BANK: usize = 16;

/// Notes deltas, one a clock, and XORs those of a context after a mark.
///
/// `note` and `query` come in the order of the records. The answer is valid `2^DEPTH_BITS` + 14 clocks after
/// `query` and stays until the next one's; `answer_near` reports it four clocks before. No note may come from
/// `query` to `answer_near`.
#[derive(LogicBlock, SmartDefault)]
pub struct Journal<
    const CONTEXT_BITS: usize,
    const DEPTH_BITS: usize,
    const LANES: usize,
    const BANKS: usize,
    const BANK_LANES: usize,
> {
    /// Clock.
    #[default(checked! {
        (BANKS == 1 && BANK_LANES == LANES && LANES <= LANES_OF_A_BANK) || (BANKS > 1 && BANK_LANES == LANES_OF_A_BANK && BANKS == LANES.div_ceil(LANES_OF_A_BANK)) => "Journal: up to 16 lanes are one bank of as many lanes, more are banks of 16 lanes"
    })]
    pub clock: Signal<In, Clock>,
    /// Low: nothing was noted; entries are not cleared, because none of them can be reached.
    pub resetn: Signal<In, Bit>,
    /// A delta: the journal's position moves.
    pub note: Signal<In, Bit>,
    /// A query; not together with `note`.
    pub query: Signal<In, Bit>,
    /// Context of either.
    pub context_id: Signal<In, Bits<CONTEXT_BITS>>,
    /// With `note`: state before ^ state after.
    pub delta: Signal<In, Bits<64>>,
    /// With `query`: a position of the journal.
    pub mark: Signal<In, Bits<64>>,
    /// With `query`: its position.
    pub position: Signal<In, Bits<64>>,
    /// Pulse, four clocks before the answer.
    pub answer_near: Signal<Out, Bit>,
    /// XOR of the context's deltas in (mark, position], 0 when too old.
    pub answer: Signal<Out, Bits<64>>,
    /// The mark is further back than the journal reaches, or lies ahead.
    pub too_old: Signal<Out, Bit>,

    walk: QueryWalk<DEPTH_BITS, LANES>,
    #[default(std::array::from_fn(|_| Default::default()))]
    banks: [JournalBank<CONTEXT_BITS, DEPTH_BITS, BANK_LANES>; BANKS],
    tree: XorTree<BANKS>,

    noted: DFF<Bit>,
    noted_context: DFF<Bits<CONTEXT_BITS>>,
    noted_delta: DFF<Bits<64>>,
    next_lane: DFF<Bits<9>>,
    next_row: DFF<Bits<DEPTH_BITS>>,
    reach: DFF<Bits<20>>,
    write_bank: DFF<Bits<BANKS>>,
    write_lane: DFF<Bits<BANK_LANES>>,
    write_row: DFF<Bits<DEPTH_BITS>>,
    write_context: DFF<Bits<CONTEXT_BITS>>,
    write_delta: DFF<Bits<64>>,

    queried: DFF<Bit>,
    wanted: DFF<Bits<CONTEXT_BITS>>,
    asked_mark: DFF<Bits<64>>,
    asked_position: DFF<Bits<64>>,
    begins: DFF<Bit>,
    distance: DFF<Bits<64>>,
    banks_from_low: DFF<Bits<BANKS>>,
    banks_after_low: DFF<Bits<BANKS>>,
    lanes_from_low: DFF<Bits<BANK_LANES>>,
    banks_to_high: DFF<Bits<BANKS>>,
    banks_before_high: DFF<Bits<BANKS>>,
    lanes_before_high: DFF<Bits<BANK_LANES>>,
    since_first: DFF<Bits<10>>,
    since_last: DFF<Bits<7>>,
    sum: DFF<Bits<64>>,

    next_bank_part: Signal<Local, Bits<5>>,
    next_lane_part: Signal<Local, Bits<4>>,
    low_bank: Signal<Local, Bits<5>>,
    low_lane: Signal<Local, Bits<4>>,
    high_bank: Signal<Local, Bits<5>>,
    high_lane: Signal<Local, Bits<4>>,
    low_mask: Signal<Local, Bits<BANKS>>,
    high_mask: Signal<Local, Bits<BANKS>>,
    high_lanes: Signal<Local, Bits<BANK_LANES>>,
    above_high: Signal<Local, Bits<BANKS>>,
    first_bit: Signal<Local, Bits<10>>,
    last_bit: Signal<Local, Bits<7>>,
    moved_first: Signal<Local, Bits<10>>,
    moved_last: Signal<Local, Bits<7>>,
    kept: Signal<Local, Bits<64>>,

    #[default(Constant::new(1_u64.into()))]
    one_lane: Constant<Bits<9>>,
    #[default(Constant::new(1_u64.into()))]
    one_row: Constant<Bits<DEPTH_BITS>>,
    #[default(Constant::new(1_u64.into()))]
    one_entry: Constant<Bits<20>>,
    #[default(Constant::new((LANES as u64 - 1).into()))]
    last_lane: Constant<Bits<9>>,
    #[default(Constant::new(((LANES as u64) << DEPTH_BITS).into()))]
    horizon: Constant<Bits<20>>,
    #[default(Constant::new(1_u64.into()))]
    first_bank: Constant<Bits<BANKS>>,
    #[default(Constant::new(1_u64.into()))]
    first_lane: Constant<Bits<BANK_LANES>>,
    #[default(Constant::new(((1_u64 << BANKS) - 1).into()))]
    every_bank: Constant<Bits<BANKS>>,
    #[default(Constant::new(((1_u64 << BANK_LANES) - 1).into()))]
    every_lane: Constant<Bits<BANK_LANES>>,
}

impl<
    const CONTEXT_BITS: usize,
    const DEPTH_BITS: usize,
    const LANES: usize,
    const BANKS: usize,
    const BANK_LANES: usize,
> Logic for Journal<CONTEXT_BITS, DEPTH_BITS, LANES, BANKS, BANK_LANES>
{
    #[hdl_gen]
    fn update(&mut self) {
        comment!("@module journal");
        comment!(
            "Clocks after a query: 2 distance, 3 first step of the walk, 5 context read, 9 delta, 13 XOR of a row."
        );
        clock!(self, clock, walk, tree);
        dff_setup!(self, clock, noted, noted_context, noted_delta, next_lane, next_row, reach);
        dff_setup!(self, clock, write_bank, write_lane, write_row, write_context, write_delta);
        dff_setup!(self, clock, queried, wanted, asked_mark, asked_position, begins, distance);
        dff_setup!(self, clock, banks_from_low, banks_after_low, lanes_from_low);
        dff_setup!(self, clock, banks_to_high, banks_before_high, lanes_before_high);
        dff_setup!(self, clock, since_first, since_last, sum);

        comment!("A note: where the next entry goes is a lane and a row that move with the position.");
        self.noted.d.next = self.note.val();
        self.noted_context.d.next = self.context_id.val();
        self.noted_delta.d.next = self.delta.val();
        if self.noted.q.val() {
            if self.next_lane.q.val() == self.last_lane.val() {
                self.next_lane.d.next = 0.into();
                self.next_row.d.next = self.next_row.q.val() + self.one_row.val();
            } else {
                self.next_lane.d.next = self.next_lane.q.val() + self.one_lane.val();
            }
            if self.reach.q.val() != self.horizon.val() {
                self.reach.d.next = self.reach.q.val() + self.one_entry.val();
            }
        }
        self.next_bank_part.next = self.next_lane.q.val().get_bits::<5>(4);
        self.next_lane_part.next = self.next_lane.q.val().get_bits::<4>(0);
        self.write_bank.d.next = self.first_bank.val() << self.next_bank_part.val();
        if !self.noted.q.val() {
            self.write_bank.d.next = 0.into();
        }
        self.write_lane.d.next = self.first_lane.val() << self.next_lane_part.val();
        self.write_row.d.next = self.next_row.q.val();
        self.write_context.d.next = self.noted_context.q.val();
        self.write_delta.d.next = self.noted_delta.q.val();

        comment!("A query: how far back, then the walk.");
        self.queried.d.next = self.query.val();
        if self.query.val() {
            self.wanted.d.next = self.context_id.val();
        }
        self.asked_mark.d.next = self.mark.val();
        self.asked_position.d.next = self.position.val();
        self.begins.d.next = self.queried.q.val();
        self.distance.d.next = self.asked_position.q.val() - self.asked_mark.q.val();
        self.walk.resetn.next = self.resetn.val();
        self.walk.begin_walk.next = self.begins.q.val();
        self.walk.distance.next = self.distance.q.val();
        self.walk.reach.next = self.reach.q.val();
        self.walk.next_lane.next = self.next_lane.q.val();
        self.walk.next_row.next = self.next_row.q.val();

        comment!("The lanes of a step, as masks of banks and of the lanes in the bank at either end.");
        self.low_bank.next = self.walk.low.val().get_bits::<5>(4);
        self.low_lane.next = self.walk.low.val().get_bits::<4>(0);
        self.high_bank.next = self.walk.high.val().get_bits::<5>(4);
        self.high_lane.next = self.walk.high.val().get_bits::<4>(0);
        self.low_mask.next = self.every_bank.val() << self.low_bank.val();
        self.high_mask.next = self.every_bank.val() << self.high_bank.val();
        self.high_lanes.next = self.every_lane.val() << self.high_lane.val();
        self.above_high.next = self.high_mask.val() << 1;
        self.banks_from_low.d.next = self.low_mask.val();
        self.banks_after_low.d.next = self.low_mask.val() << 1;
        self.lanes_from_low.d.next = self.every_lane.val() << self.low_lane.val();
        self.banks_to_high.d.next = !self.above_high.val();
        self.banks_before_high.d.next = !self.high_mask.val();
        self.lanes_before_high.d.next = !self.high_lanes.val();

        comment!("The banks.");
        for i in 0..BANKS {
            self.banks[i].clock.next = self.clock.val();
            self.banks[i].resetn.next = self.resetn.val();
            self.banks[i].write.next = self.write_bank.q.val().get_bit(i);
            self.banks[i].write_lane.next = self.write_lane.q.val();
            self.banks[i].write_row.next = self.write_row.q.val();
            self.banks[i].write_context.next = self.write_context.q.val();
            self.banks[i].write_delta.next = self.write_delta.q.val();
            self.banks[i].wanted.next = self.wanted.q.val();
            self.banks[i].row.next = self.walk.row.val();
            self.banks[i].from_low.next = self.banks_from_low.q.val().get_bit(i);
            self.banks[i].after_low.next = self.banks_after_low.q.val().get_bit(i);
            self.banks[i].lanes_from_low.next = self.lanes_from_low.q.val();
            self.banks[i].to_high.next = self.banks_to_high.q.val().get_bit(i);
            self.banks[i].before_high.next = self.banks_before_high.q.val().get_bit(i);
            self.banks[i].lanes_before_high.next = self.lanes_before_high.q.val();
            self.tree.words[i].next = self.banks[i].sum.val();
        }

        comment!("The XOR of the rows. The first row starts a new one; outside a walk the tree gives zero.");
        self.first_bit.next = bit_cast::<10, 1>(self.walk.first_step.val().into());
        self.moved_first.next = self.since_first.q.val() << 1;
        self.since_first.d.next = self.moved_first.val() | self.first_bit.val();
        self.last_bit.next = bit_cast::<7, 1>(self.walk.last_step.val().into());
        self.moved_last.next = self.since_last.q.val() << 1;
        self.since_last.d.next = self.moved_last.val() | self.last_bit.val();
        self.kept.next = self.sum.q.val();
        if self.since_first.q.val().get_bit(9) {
            self.kept.next = 0.into();
        }
        self.sum.d.next = self.kept.val() ^ self.tree.sum.val();
        self.answer_near.next = self.since_last.q.val().get_bit(6);
        self.answer.next = self.sum.q.val();
        self.too_old.next = self.walk.too_old.val();
        if !self.resetn.val() {
            self.noted.d.next = false;
            self.next_lane.d.next = 0.into();
            self.next_row.d.next = 0.into();
            self.reach.d.next = 0.into();
            self.write_bank.d.next = 0.into();
            self.queried.d.next = false;
            self.begins.d.next = false;
            self.since_first.d.next = 0.into();
            self.since_last.d.next = 0.into();
        }
    }
}
