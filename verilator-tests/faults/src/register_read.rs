//! Faults in `register_read`.

use crate::{Block, block, place, proved, simulated};

/// Every place in the block that is broken, and how.
pub(crate) const BLOCK: Block = block(
    "register_read",
    &[
        place("assign upper = «address[2]»;", &[simulated("halves of a counter exchanged", "~address[2]")]),
        place("chosen_0 = «counters[127:64]»;", &[simulated("accepted and rejected exchanged", "counters[63:0]")]),
        place("answer_defined_next = «decode_defined»;", &[simulated("SLVERR missing on reads", "1'b1")]),
        place(
            "answer_next = «fixed_answer»;",
            &[simulated("an undefined offset answers the word before", "decode_defined ? fixed_answer : answer")],
        ),
        place(
            "if (bank == «3'd4») begin",
            &[proved("a counter bank is read in place of another", "3'd5", &["axi_lite_registers"])],
        ),
    ],
);
