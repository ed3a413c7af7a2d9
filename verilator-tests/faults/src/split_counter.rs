//! Faults in `split_counter`.

use crate::{Block, block, both, place, simulated};

/// Every place in the block that is broken, and how.
pub(crate) const BLOCK: Block = block(
    "split_counter",
    &[
        place(
            "assign low_after = «low_wide + low_step»;",
            &[
                simulated("carry lost at bit 6", "{low_wide[32:6], low_wide[5:0] + low_step[5:0]}"),
                simulated("a counter skips 16", "low_wide + low_step + {32'd0, (&low[3:0]) & increment}"),
            ],
        ),
        // Not where the carry is added: counters of a mutated design have another step there.
        place("carry <= «carry_next»;", &[both("the carry of the lower half is lost", "1'b0", &["engine_counters"])]),
        place("low_held <= «low»;", &[both("halves of two clocks in one count", "low_next", &["engine_counters"])]),
    ],
);
