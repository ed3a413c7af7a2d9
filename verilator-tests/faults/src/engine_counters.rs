//! Faults in `engine_counters`.

use crate::{Block, block, both, place, proved, simulated};

/// Every place in the block that is broken, and how.
pub(crate) const BLOCK: Block = block(
    "engine_counters",
    &[
        place(
            "assign rejected_counter_happens = «taken & rejected»;",
            &[simulated("rejected counted without a record", "rejected")],
        ),
        place(
            "assign effective = «taken & ~rejected»;",
            &[both("rejected records counted by op", "taken", &["engine_counters"])],
        ),
        place(
            "assign op_send_counter_happens = effective & («op == code_send»);",
            &[simulated("PAIR counted as SEND", "op == code_pair")],
        ),
        place(
            "take <= «latch | ~resetn | cleared»;",
            &[both("copies keep what they had over a reset", "latch", &["engine_counters"])],
        ),
        place(
            "assign op_swap_counter_happens = effective & (op == «code_swap»);",
            &[proved("SWAP is counted as SEND", "code_send", &["engine_counters"])],
        ),
    ],
);
