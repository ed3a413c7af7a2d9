//! The way of a QUERY through the rows of the journal: which row, and which lanes of it, in each clock.

use crate::comment;
use rust_hdl::prelude::*;
use smart_default::SmartDefault;

/// Walks from the newest entry to the oldest: `2^DEPTH_BITS` + 1 steps, one a clock.
///
/// The row that is being filled is visited twice: first its lanes below the next entry, the newest entries
/// of all, and at last its other lanes, which hold the oldest. What a step may take at most is known from
/// where the next entry goes; of the last step that takes anything only the newest lanes are taken. So no
/// position is divided by the number of lanes, which may be any.
#[derive(LogicBlock, SmartDefault)]
pub struct QueryWalk<const DEPTH_BITS: usize, const LANES: usize> {
    /// Clock.
    #[default(checked! {
        LANES >= 1 && LANES <= 256 => "QueryWalk: 1 to 256 lanes";
        DEPTH_BITS >= 1 && DEPTH_BITS <= 10 => "QueryWalk: 2 to 1,024 rows"
    })]
    pub clock: Signal<In, Clock>,
    /// Low: no walk.
    pub resetn: Signal<In, Bit>,
    /// Starts a walk.
    pub begin_walk: Signal<In, Bit>,
    /// With it: journal position less mark.
    pub distance: Signal<In, Bits<64>>,
    /// With it: entries that the journal holds.
    pub reach: Signal<In, Bits<20>>,
    /// Lane of the next entry; steady from `begin_walk` to the last step.
    pub next_lane: Signal<In, Bits<9>>,
    /// Row of the next entry, as steady.
    pub next_row: Signal<In, Bits<DEPTH_BITS>>,
    /// From the clock after `begin_walk` on: the mark is out of reach.
    pub too_old: Signal<Out, Bit>,
    /// This clock is the first step.
    pub first_step: Signal<Out, Bit>,
    /// This clock is the last step.
    pub last_step: Signal<Out, Bit>,
    /// The clock after a step: its row.
    pub row: Signal<Out, Bits<DEPTH_BITS>>,
    /// The clock after a step: its lanes from this one on count...
    pub low: Signal<Out, Bits<9>>,
    /// ... up to the one before this one.
    pub high: Signal<Out, Bits<9>>,

    walking: DFF<Bit>,
    first: DFF<Bit>,
    out_of_reach: DFF<Bit>,
    back_again: DFF<Bit>,
    older_lanes: DFF<Bits<9>>,
    step_row: DFF<Bits<DEPTH_BITS>>,
    remaining: DFF<Bits<20>>,
    issued_row: DFF<Bits<DEPTH_BITS>>,
    issued_low: DFF<Bits<9>>,
    issued_high: DFF<Bits<9>>,
    wide_reach: Signal<Local, Bits<64>>,
    row_after: Signal<Local, Bits<DEPTH_BITS>>,
    is_last: Signal<Local, Bit>,
    bottom: Signal<Local, Bits<9>>,
    top: Signal<Local, Bits<9>>,
    offered: Signal<Local, Bits<9>>,
    wide_offered: Signal<Local, Bits<20>>,
    wide_newer: Signal<Local, Bits<20>>,
    wide_older: Signal<Local, Bits<20>>,
    wide_lanes: Signal<Local, Bits<20>>,
    takes_newer: Signal<Local, Bit>,
    takes_older: Signal<Local, Bit>,
    takes_row: Signal<Local, Bit>,
    takes_all: Signal<Local, Bit>,
    left_over: Signal<Local, Bits<20>>,
    remaining_low: Signal<Local, Bits<9>>,
    cut: Signal<Local, Bits<9>>,
    #[default(Constant::new((LANES as u64).into()))]
    lanes: Constant<Bits<9>>,
    #[default(Constant::new(1_u64.into()))]
    one_row: Constant<Bits<DEPTH_BITS>>,
}

impl<const DEPTH_BITS: usize, const LANES: usize> Logic for QueryWalk<DEPTH_BITS, LANES> {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("@module query_walk");
        dff_setup!(self, clock, walking, first, out_of_reach, back_again, older_lanes, step_row, remaining);
        dff_setup!(self, clock, issued_row, issued_low, issued_high);

        comment!("What this step offers: all lanes, or one side of the row that is being filled.");
        comment!(
            "Which of them, and the lanes of the last side, are known a clock before: what is left waits for them."
        );
        self.older_lanes.d.next = self.lanes.val() - self.next_lane.val();
        self.row_after.next = self.step_row.q.val() - self.one_row.val();
        self.is_last.next = self.walking.q.val() & self.back_again.q.val();
        self.bottom.next = 0.into();
        self.top.next = self.lanes.val();
        self.offered.next = self.lanes.val();
        if self.first.q.val() {
            self.top.next = self.next_lane.val();
            self.offered.next = self.next_lane.val();
        } else if self.back_again.q.val() {
            self.bottom.next = self.next_lane.val();
            self.offered.next = self.older_lanes.q.val();
        }

        comment!(
            "What it takes: everything, or the newest that are still wanted. Each comparison is made before it is chosen."
        );
        self.wide_offered.next = bit_cast::<20, 9>(self.offered.val());
        self.wide_newer.next = bit_cast::<20, 9>(self.next_lane.val());
        self.wide_older.next = bit_cast::<20, 9>(self.older_lanes.q.val());
        self.wide_lanes.next = bit_cast::<20, 9>(self.lanes.val());
        self.takes_newer.next = self.remaining.q.val() >= self.wide_newer.val();
        self.takes_older.next = self.remaining.q.val() >= self.wide_older.val();
        self.takes_row.next = self.remaining.q.val() >= self.wide_lanes.val();
        self.takes_all.next = self.takes_row.val();
        if self.first.q.val() {
            self.takes_all.next = self.takes_newer.val();
        } else if self.back_again.q.val() {
            self.takes_all.next = self.takes_older.val();
        }
        self.left_over.next = self.remaining.q.val() - self.wide_offered.val();
        self.remaining_low.next = self.remaining.q.val().get_bits::<9>(0);
        self.cut.next = self.top.val() - self.remaining_low.val();
        self.issued_row.d.next = self.step_row.q.val();
        self.issued_high.d.next = self.top.val();
        self.issued_low.d.next = self.cut.val();
        if self.takes_all.val() {
            self.issued_low.d.next = self.bottom.val();
        }
        if self.out_of_reach.q.val() | !self.walking.q.val() {
            self.issued_low.d.next = 0.into();
            self.issued_high.d.next = 0.into();
        }

        comment!("The next step.");
        if self.walking.q.val() {
            self.first.d.next = false;
            self.step_row.d.next = self.row_after.val();
            self.back_again.d.next = self.row_after.val() == self.next_row.val();
            self.remaining.d.next = 0.into();
            if self.takes_all.val() {
                self.remaining.d.next = self.left_over.val();
            }
            if self.is_last.val() {
                self.walking.d.next = false;
            }
        }

        comment!("A new walk. The comparison is with what the journal holds, so a mark to come is too old as well.");
        self.wide_reach.next = bit_cast::<64, 20>(self.reach.val());
        if self.begin_walk.val() {
            self.walking.d.next = true;
            self.first.d.next = true;
            self.back_again.d.next = false;
            self.step_row.d.next = self.next_row.val();
            self.remaining.d.next = self.distance.val().get_bits::<20>(0);
            self.out_of_reach.d.next = self.distance.val() > self.wide_reach.val();
        }
        self.too_old.next = self.out_of_reach.q.val();
        self.first_step.next = self.first.q.val();
        self.last_step.next = self.is_last.val();
        self.row.next = self.issued_row.q.val();
        self.low.next = self.issued_low.q.val();
        self.high.next = self.issued_high.q.val();
        if !self.resetn.val() {
            self.walking.d.next = false;
            self.first.d.next = false;
            self.out_of_reach.d.next = false;
        }
    }
}
