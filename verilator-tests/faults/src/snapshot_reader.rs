//! Faults in `snapshot_reader`.

use crate::{Block, block, place, proved, simulated};

/// Every place in the block that is broken, and how.
pub(crate) const BLOCK: Block = block(
    "snapshot_reader",
    &[
        place(
            "assign class_id = «class_now»;",
            &[simulated("SNAPSHOT rows in another order", "{class_now[0], class_now[1]}")],
        ),
        place(
            "group_now_next = «group_now + one_group»;",
            &[simulated("SNAPSHOT skips every second group", "group_now + one_group + one_group")],
        ),
        place(
            "assign class_is_last = «&class_now»;",
            &[simulated("SNAPSHOT ends one class early", "class_now == 2'd2")],
        ),
        place(
            "assign reads = «walking & ~pausing & may_read»;",
            &[
                simulated("SNAPSHOT reads without room for replies", "walking & ~pausing"),
                simulated("SNAPSHOT reads rows without a pause", "walking & may_read"),
            ],
        ),
        place("pausing_next = «reads»;", &[proved("rows are read without a pause", "1'b0", &["snapshot_reader"])]),
        place(
            "assign row_is_last = «class_is_last & (group_now == group_end)»;",
            &[proved("the last group has one class", "group_now == group_end", &["snapshot_reader"])],
        ),
    ],
);
