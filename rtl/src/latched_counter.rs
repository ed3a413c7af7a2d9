//! One 64-bit counter and the copy of it that software reads.

use crate::comment;
use crate::split_counter::SplitCounter;
use rust_hdl::prelude::*;

/// Counts clocks in which `happens` is high; wraps.
///
/// `happens` waits in a register before it is counted, so that what decides about it has a clock of its own.
#[derive(LogicBlock, Default)]
pub struct LatchedCounter {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Low: the count becomes 0; the copy does so by `take`.
    pub resetn: Signal<In, Bit>,
    /// Counts this clock.
    pub happens: Signal<In, Bit>,
    /// Copies the count, which has the events up to three clocks before.
    pub take: Signal<In, Bit>,
    /// The copy.
    pub latched: Signal<Out, Bits<64>>,

    counter: SplitCounter,
    increment: DFF<Bit>,
    copy: DFF<Bits<64>>,
}

impl Logic for LatchedCounter {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("@module latched_counter");
        clock!(self, clock, counter);
        dff_setup!(self, clock, increment, copy);
        self.increment.d.next = self.happens.val();
        self.counter.resetn.next = self.resetn.val();
        self.counter.increment.next = self.increment.q.val();
        self.latched.next = self.copy.q.val();
        if self.take.val() {
            self.copy.d.next = self.counter.count.val();
        }
    }
}
