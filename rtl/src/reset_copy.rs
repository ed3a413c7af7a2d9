//! A register between a reset and the block that it resets.

use crate::comment;
use rust_hdl::prelude::*;

/// One clock of delay for a reset that is made by logic and drives many pins.
///
/// Each block gets a copy of its own, so that a build for the part can put it beside the block. Copies are equal, and
/// synthesis would make them one if they had no border.
#[derive(LogicBlock, Default)]
pub struct ResetCopy {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// The reset, active low.
    pub resetn: Signal<In, Bit>,
    /// The same a clock later, from a register.
    pub copied: Signal<Out, Bit>,

    held: DFF<Bit>,
}

impl Logic for ResetCopy {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("@module reset_copy");
        comment!("Synthesis must not merge the copies of several blocks.");
        comment!("@keep_hierarchy");
        dff_setup!(self, clock, held);
        self.held.d.next = self.resetn.val();
        self.copied.next = self.held.q.val();
    }
}
