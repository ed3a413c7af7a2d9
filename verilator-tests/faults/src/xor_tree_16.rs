//! Faults in `xor_tree_16`.

use crate::{Block, block, place, proved};

/// Every place in the block that is broken, and how.
pub(crate) const BLOCK: Block = block(
    "xor_tree_16",
    &[
        place("whole <= six_0 ^ «six_1 ^ six_2»;", &[proved("OR for XOR", "six_1 | six_2", &["xor_tree"])]),
        place("assign padded_11 = «words_11»;", &[proved("a word is left out", "64'd0", &["xor_tree"])]),
    ],
);
