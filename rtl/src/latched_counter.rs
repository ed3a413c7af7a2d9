//! One 64-bit counter and the copy of it that software reads.

use crate::comment;
use rust_hdl::prelude::*;

/// Counts clocks in which `increment` is high; wraps.
#[derive(LogicBlock, Default)]
pub struct LatchedCounter {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Low: the counter and its copy become 0.
    pub resetn: Signal<In, Bit>,
    /// Counts this clock.
    pub increment: Signal<In, Bit>,
    /// Copies the count as it is before this clock.
    pub latch: Signal<In, Bit>,
    /// The count with this clock.
    pub count_after: Signal<Out, Bits<64>>,
    /// The copy.
    pub latched: Signal<Out, Bits<64>>,

    count: DFF<Bits<64>>,
    copy: DFF<Bits<64>>,
    step: Signal<Local, Bits<64>>,
    after: Signal<Local, Bits<64>>,
}

impl Logic for LatchedCounter {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("@module latched_counter");
        dff_setup!(self, clock, count, copy);
        self.step.next = bit_cast::<64, 1>(self.increment.val().into());
        self.after.next = self.count.q.val() + self.step.val();
        self.count_after.next = self.after.val();
        self.latched.next = self.copy.q.val();
        self.count.d.next = self.after.val();
        if self.latch.val() {
            self.copy.d.next = self.count.q.val();
        }
        if !self.resetn.val() {
            self.count.d.next = 0.into();
            self.copy.d.next = 0.into();
        }
    }
}
