//! Faults in `query_walk`.

use crate::{Block, block, both, place, proved, simulated};

/// Every place in the block that is broken, and how.
pub(crate) const BLOCK: Block = block(
    "query_walk",
    &[
        place(
            "remaining_next = «distance[19:0]»;",
            &[
                both("a mark off by one", "distance[19:0] + 20'd1", &["query_walk"]),
                simulated("a mark off by one the other way", "distance[19:0] - (|distance)"),
            ],
        ),
        place(
            "out_of_reach_next = «distance > wide_reach»;",
            &[
                both("one delta more than there are is in reach", "distance > wide_reach + 64'd1", &["query_walk"]),
                simulated("the horizon itself is out of reach", "distance >= wide_reach"),
                simulated("a mark to come is in reach", "distance[62:0] > wide_reach[62:0]"),
            ],
        ),
        place("if («out_of_reach | ~walking») begin", &[simulated("too old answers what there is", "~walking")]),
        place(
            "back_again_next = «row_after == next_row»;",
            &[both(
                "the oldest lanes of the row being filled not visited",
                "row_after == next_row + one_row",
                &["query_walk"],
            )],
        ),
        place(
            "assign is_last = «walking & back_again»;",
            &[simulated("the walk ends with its first step", "walking & first")],
        ),
        place(
            "assign row_after = «step_row - one_row»;",
            &[simulated("rows from the oldest to the newest", "step_row + one_row")],
        ),
        place(
            "assign cut = «top - remaining_low»;",
            &[
                simulated("the oldest of a row for its newest", "bottom"),
                proved("bit 2 of the lowest wanted lane dropped", "(top - remaining_low) & ~9'd4", &["query_walk"]),
            ],
        ),
        place(
            "assign left_over = «remaining - wide_offered»;",
            &[proved("bit 7 of what is left dropped", "(remaining - wide_offered) & ~20'h80", &["query_walk"])],
        ),
        place(
            "bottom = «next_lane»;",
            &[proved("bit 4 of the oldest lane offered dropped", "next_lane & ~9'd16", &["query_walk"])],
        ),
        place("offered = «next_lane»;", &[simulated("the whole row being filled at first", "lanes")]),
        place(
            "assign low = «issued_low»;",
            &[proved("bit 2 of the oldest lane dropped", "issued_low & ~9'd4", &["query_walk"])],
        ),
        place(
            "assign high = «issued_high»;",
            &[proved("bit 6 of the end of the lanes dropped", "issued_high & ~9'd64", &["query_walk"])],
        ),
        place("issued_row <= «step_row»;", &[simulated("the row of the step after", "step_row_next")]),
    ],
);
