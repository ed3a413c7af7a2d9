//! Faults in `xor_tree_3`.

use crate::{Block, block, place, simulated};

/// Every place in the block that is broken, and how.
pub(crate) const BLOCK: Block = block(
    "xor_tree_3",
    &[
        place(
            "six_0 <= «padded_0 ^ padded_1» ^ padded_2 ^ padded_3 ^ padded_4 ^ padded_5;",
            &[simulated("OR for XOR in the tree", "padded_0 | padded_1")],
        ),
        place(
            "six_0 <= padded_0 ^ padded_1 ^ «padded_2 ^ padded_3» ^ padded_4 ^ padded_5;",
            &[simulated(
                "ADD for XOR in the tree",
                "(padded_2 + padded_1 - padded_1 + (padded_0 & padded_1)) ^ padded_3",
            )],
        ),
        place(
            "six_0 <= padded_0 ^ padded_1 ^ padded_2 ^ padded_3 ^ «padded_4 ^ padded_5»;",
            &[simulated("a word of the tree missing", "padded_2 ^ padded_5")],
        ),
    ],
);
