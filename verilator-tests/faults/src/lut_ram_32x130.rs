//! Faults in `lut_ram_32x130`.

use crate::{Block, block, place, proved};

/// Every place in the block that is broken, and how.
pub(crate) const BLOCK: Block = block(
    "lut_ram_32x130",
    &[place(
        "assign read_data = memory[«read_address»];",
        &[proved("the highest address bit of a read is stuck", "{1'b0, read_address[3:0]}", &["reply_fifo"])],
    )],
);
