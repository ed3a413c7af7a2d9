//! Faults in `fingerprint_queue`.

use crate::{Block, block, place, proved};

/// Every place in the block that is broken, and how.
pub(crate) const BLOCK: Block = block(
    "fingerprint_queue",
    &[place(
        "localparam [5:0] most_promised = 6'h«1e»;",
        &[proved("one packet more is promised a place", "1f", &["fingerprint"])],
    )],
);
