//! Faults in `fingerprint`.

use crate::{Block, block, place, proved};

/// Every place in the block that is broken, and how.
pub(crate) const BLOCK: Block = block(
    "fingerprint",
    &[
        place("if («a_keep[0]») begin", &[proved("the first byte is taken without TKEEP", "1'b1", &["fingerprint"])]),
        place(
            "assign was_broken = ~d_first & («e_broken | gap»);",
            &[proved("a gap between beats is not seen", "e_broken", &["fingerprint"])],
        ),
    ],
);
