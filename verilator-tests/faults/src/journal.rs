//! Faults in `journal`.

use crate::{Block, block, both, place, proved, simulated};

/// Every place in the block that is broken, and how.
pub(crate) const BLOCK: Block = block(
    "journal",
    &[
        place(
            "if («next_lane == last_lane») begin",
            &[both("the next row one lane early", "next_lane == last_lane - one_lane", &["journal"])],
        ),
        place("next_row_next = «next_row + one_row»;", &[simulated("every entry in one row", "next_row")]),
        place("write_row <= «next_row»;", &[simulated("entries in the row before", "next_row - one_row")]),
        place(
            "if («reach != horizon») begin",
            &[
                simulated("more in reach than there are", "1'b1"),
                simulated("one less in reach than there are", "reach != horizon - one_entry"),
            ],
        ),
        place("if («since_first[9]») begin", &[both("a QUERY adds to the answer before", "1'b0", &["journal"])]),
        place("sum <= «kept ^ tree_sum»;", &[simulated("OR for XOR of rows", "kept | tree_sum")]),
        place(
            "assign answer_near = «since_last[6]»;",
            &[simulated("the oldest row not in the answer", "since_last[1]")],
        ),
        place("wanted_next = «context_id»;", &[simulated("a QUERY of the context before", "noted_context")]),
        place("reach_next = «20'd0»;", &[simulated("entries of a reset journal in reach", "reach")]),
        place(
            "distance <= «asked_position - asked_mark»;",
            &[proved("the distance is taken before the mark is there", "position - mark", &["journal"])],
        ),
        place(
            "banks_from_low <= «low_mask»;",
            &[proved("the first bank always above the low end", "low_mask | 16'd1", &["journal"])],
        ),
        place(
            "banks_before_high <= ~«high_mask»;",
            &[proved("the bank of the high end is taken whole", "above_high", &["journal"])],
        ),
    ],
);
