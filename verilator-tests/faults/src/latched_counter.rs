//! Faults in `latched_counter`.

use crate::{Block, block, both, place, proved, simulated};

/// Every place in the block that is broken, and how.
pub(crate) const BLOCK: Block = block(
    "latched_counter",
    &[
        place(
            "copy_next = «counter_count»;",
            &[both("LATCH copies one record more", "counter_count + {63'd0, increment}", &["engine_counters"])],
        ),
        place("if («take») begin", &[simulated("LATCH not at one clock", "1'b1")]),
        place(
            "increment <= «happens»;",
            &[proved("a counter skips an event in the clock of a latch", "happens & ~take", &["engine_counters"])],
        ),
    ],
);
