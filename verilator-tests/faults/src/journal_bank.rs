//! Faults in `journal_bank`.

use crate::{Block, block, both, place, proved, simulated};

/// Every place in the block that is broken, and how.
pub(crate) const BLOCK: Block = block(
    "journal_bank",
    &[
        place("row_l3 <= «row_l2»;", &[both("the delta of another row", "row_l1", &["journal_bank"])]),
        place("assign lanes_1_write = «entry_lane[1]»;", &[simulated("a lane stuck: it is never written", "1'b0")]),
        place("assign lanes_2_in_range = «in_range[2]»;", &[simulated("a lane stuck: it is never in range", "1'b0")]),
        place("assign lanes_0_in_range = «in_range[0]»;", &[simulated("the lane of another range", "in_range[1]")]),
        place(
            "in_range <= «above & below»;",
            &[
                both("lanes below the low end taken", "below", &["journal_bank"]),
                simulated("lanes above the high end taken", "above"),
            ],
        ),
        place("entry_row <= «write_row»;", &[simulated("entries in another row", "write_row ^ 2'd2")]),
        place("if («~write») begin", &[simulated("an entry written though it is another bank's or none", "1'b0")]),
        place("assign lanes_7_write = «entry_lane[7]»;", &[proved("a lane is stuck", "1'b0", &["journal_bank"])]),
    ],
);
