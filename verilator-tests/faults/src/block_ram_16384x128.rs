//! Faults in `block_ram_16384x128`.

use crate::{Block, block, place, proved};

/// Every place in the block that is broken, and how.
pub(crate) const BLOCK: Block = block(
    "block_ram_16384x128",
    &[place(
        "if («write_enable») memory[write_address] <= write_data;",
        &[proved("a write is lost when its word is being read", "write_enable && !collision", &["context_table"])],
    )],
);
