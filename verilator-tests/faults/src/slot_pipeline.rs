//! Faults in `slot_pipeline`.

use crate::{Block, block, place, proved, simulated};

/// Every place in the block that is broken, and how.
pub(crate) const BLOCK: Block = block(
    "slot_pipeline",
    &[
        place("s3_context_id <= «s2_context_id»;", &[simulated("context label one slot early", "s1_context_id")]),
        place("s3_length <= «s2_length»;", &[simulated("length one slot early", "s1_length")]),
        place("s3_replies_next = «1'b0»;", &[simulated("a reply survives a reset", "s2_replies")]),
        place("s2_op <= «s1_op»;", &[proved("a label skips a stage", "op", &["slot_pipeline"])]),
        place(
            "s3_replies_next = «s2_replies»;",
            &[proved("a reply is dropped when a slot adds", "s2_replies & ~s2_adds", &["slot_pipeline"])],
        ),
    ],
);
