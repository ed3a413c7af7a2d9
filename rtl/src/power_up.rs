//! A flip-flop with a value from the configuration of the logic on, before any reset.
//!
//! Every other register is unknown until the first reset has come: a value that is not needed is not promised, and
//! a simulation that depends on one shows X.

use rust_hdl::prelude::*;

/// What the emission recognises such a flip-flop by.
pub(crate) const SET: &str = "initial q = 1'b1;";

/// A D flip-flop that holds one when the logic is configured.
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct SetFlipFlop {
    /// The next value.
    pub d: Signal<In, Bit>,
    /// The value.
    pub q: Signal<Out, Bit>,
    /// Clock.
    pub clock: Signal<In, Clock>,
    _clocked: bool,
}

impl Logic for SetFlipFlop {
    fn update(&mut self) {
        if self.clock.pos_edge() {
            self._clocked = true;
            self.q.next = self.d.val();
        } else if !self._clocked {
            self.q.next = true;
        }
    }

    fn connect(&mut self) {
        self.q.connect();
    }

    fn hdl(&self) -> Verilog {
        Verilog::Custom(format!("{SET}\nalways @(posedge clock) q <= d;\n"))
    }

    fn timing(&self) -> Vec<TimingInfo> {
        vec![TimingInfo {
            name: "set_flip_flop".into(),
            clock: "clock".into(),
            inputs: vec!["d".into()],
            outputs: vec!["q".into()],
        }]
    }
}
