//! Faults in `crc32c_advance_12`.

use crate::{Block, block, place, proved};

/// Every place in the block that is broken, and how.
pub(crate) const BLOCK: Block = block(
    "crc32c_advance_12",
    &[place(
        "localparam [31:0] row_7 = 32'h«f867ad84»;",
        &[proved("a bit of a matrix is wrong", "f867af84", &["crc32c_beat"])],
    )],
);
