//! A 64-bit counter in two halves, each with a carry chain of its own.

use crate::comment;
use rust_hdl::prelude::*;

/// Counts clocks in which `increment` is high; wraps.
///
/// The lower half counts first, its carry waits in a register for the upper half, and the lower half is held for as
/// long: the count is whole in every clock and holds what came up to two clocks before.
#[derive(LogicBlock, Default)]
pub struct SplitCounter {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Low: the count is 0 two clocks later; in the clock between it has no meaning.
    pub resetn: Signal<In, Bit>,
    /// Counts this clock.
    pub increment: Signal<In, Bit>,
    /// The count without this clock and the one before.
    pub count: Signal<Out, Bits<64>>,

    low: DFF<Bits<32>>,
    carry: DFF<Bit>,
    low_held: DFF<Bits<32>>,
    high: DFF<Bits<32>>,
    low_wide: Signal<Local, Bits<33>>,
    low_step: Signal<Local, Bits<33>>,
    low_after: Signal<Local, Bits<33>>,
    high_step: Signal<Local, Bits<32>>,
    high_wide: Signal<Local, Bits<64>>,
    high_part: Signal<Local, Bits<64>>,
    low_part: Signal<Local, Bits<64>>,
}

impl Logic for SplitCounter {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("@module split_counter");
        dff_setup!(self, clock, low, carry, low_held, high);
        self.low_wide.next = bit_cast::<33, 32>(self.low.q.val());
        self.low_step.next = bit_cast::<33, 1>(self.increment.val().into());
        self.low_after.next = self.low_wide.val() + self.low_step.val();
        self.low.d.next = self.low_after.val().get_bits::<32>(0);
        self.carry.d.next = self.low_after.val().get_bit(32);
        self.low_held.d.next = self.low.q.val();
        self.high_step.next = bit_cast::<32, 1>(self.carry.q.val().into());
        self.high.d.next = self.high.q.val() + self.high_step.val();
        self.high_wide.next = bit_cast::<64, 32>(self.high.q.val());
        self.low_part.next = bit_cast::<64, 32>(self.low_held.q.val());
        self.high_part.next = self.high_wide.val() << 32;
        self.count.next = self.high_part.val() | self.low_part.val();
        if !self.resetn.val() {
            self.low.d.next = 0.into();
            self.carry.d.next = false;
            self.high.d.next = 0.into();
        }
    }
}
