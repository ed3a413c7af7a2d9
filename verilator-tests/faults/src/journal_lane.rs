//! Faults in `journal_lane`.

use crate::{Block, block, both, place, proved, simulated};

/// Every place in the block that is broken, and how.
pub(crate) const BLOCK: Block = block(
    "journal_lane",
    &[
        place(
            "selected <= «in_range & same_low & same_second» & same_third & same_fourth & same_high;",
            &[
                simulated("every context wanted", "in_range & same_second"),
                simulated("entries out of range taken", "same_low & same_second"),
            ],
        ),
        place(
            "assign piece_second = «wide_difference[5:3]»;",
            &[simulated("the highest bit of the context not compared", "wide_difference[5:4]")],
        ),
        place("if («~selected») begin", &[both("entries that are not wanted taken", "1'b0", &["journal_lane"])]),
        place(
            "selected <= in_range & same_low & same_second & same_third & «same_fourth & same_high»;",
            &[proved("a context compared without its highest bits", "same_fourth", &["journal_lane"])],
        ),
    ],
);
