//! Faults in `reply_credit`.

use crate::{Block, block, both, place, proved, simulated};

/// Every place in the block that is broken, and how.
pub(crate) const BLOCK: Block = block(
    "reply_credit",
    &[
        place(
            "assign available = «promised <= limit»;",
            &[simulated("credit too high by four", "promised <= limit + 4'd4")],
        ),
        place("if («beat_leaves») begin", &[simulated("credit never returned", "1'b0")]),
        place("promised_next = «raised - one»;", &[simulated("credit returned twice", "raised - two")]),
        place(
            "raised = «promised + two»;",
            &[
                both("one credit for the two beats of a row", "promised + one", &["reply_credit"]),
                proved(
                    "bit 3 of the places inverted by bit 4",
                    "(promised ^ {2'd0, promised[4], 3'd0}) + two",
                    &["reply_credit"],
                ),
            ],
        ),
        place(
            "raised = «promised + one»;",
            &[simulated(
                "credit off by one: one beat in eight is not promised",
                "promised + ((&promised[2:0]) ? 1'b0 : 1'b1)",
            )],
        ),
        place(
            "localparam [5:0] limit = «6'h1c»;",
            &[
                proved("the limit is one too high", "6'h1d", &["reply_credit"]),
                // One beat too many is harmless here, since no two slots of two beats follow each other in the engine; the
                // job of reply_credit finds that one.
                proved("credit two beats too many", "6'h1e", &["delta_engine"]),
            ],
        ),
    ],
);
