//! Faults in `latched_counter`.

use crate::{Block, block, both, place, proved, simulated};

/// Every place in the block that is broken, and how.
pub(crate) const BLOCK: Block = block(
    "latched_counter",
    &[
        place("copy_next = «count»;", &[both("LATCH copies one record more", "after", &["engine_counters"])]),
        place("if («latch») begin", &[simulated("LATCH not at one clock", "1'b1")]),
        place(
            "assign after = «count + step»;",
            &[
                simulated("carry lost at bit 6", "{count[63:6], count[5:0] + step[5:0]}"),
                simulated("a counter skips 16", "count + step + ((&count[3:0]) & step[0])"),
            ],
        ),
        place(
            "assign step = {63'd0, «increment»};",
            &[proved("a counter skips an event in the clock of a latch", "increment & ~latch", &["engine_counters"])],
        ),
    ],
);
