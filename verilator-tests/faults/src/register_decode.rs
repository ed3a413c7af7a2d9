//! Faults in `register_decode`.

use crate::{Block, block, place, proved, simulated};

/// Every place in the block that is broken, and how.
pub(crate) const BLOCK: Block = block(
    "register_decode",
    &[
        place("assign unaligned = «address[0] | address[1]»;", &[simulated("unaligned offsets answer", "1'b0")]),
        place(
            "counter <= ~unaligned & (page == counter_page) & («word < counter_words»);",
            &[simulated("one word too many behind the counters", "word <= counter_words")],
        ),
        place(
            "equal_scratch <= «address == at_scratch»;",
            &[simulated("SCRATCH answers in every page", "address[7:0] == at_scratch[7:0]")],
        ),
        place(
            "localparam [5:0] counter_words = «6'h26»;",
            &[proved("the last word of the counters is undefined", "6'h25", &["axi_lite_registers"])],
        ),
    ],
);
