//! Faults in `axis_width_up`.

use crate::{Block, block, place, proved, simulated};

/// Every place in the block that is broken, and how.
pub(crate) const BLOCK: Block = block(
    "axis_width_up",
    &[
        place(
            "assign ready = «~low_held | (~low_last & ~out_valid)»;",
            &[simulated("a half lost under back-pressure", "~low_held | ~low_last")],
        ),
        place(
            "out_last_next = «low_last | s_tlast»;",
            &[
                simulated("TLAST of the high half dropped", "low_last"),
                proved("TLAST of a lone half is dropped", "~low_last & s_tlast", &["axis_width_up"]),
            ],
        ),
        place(
            "assign both_whole = «low_whole & ~low_last & (&s_tkeep)»;",
            &[
                simulated("a fragment passes as a record", "low_whole & (&s_tkeep)"),
                simulated("missing bytes of the high half unseen", "low_whole & ~low_last"),
            ],
        ),
        place("low_whole_next = «&s_tkeep»;", &[simulated("missing bytes of the low half unseen", "1'b1")]),
        place(
            "assign joined = «low_wide | high_shifted»;",
            &[
                simulated("halves exchanged", "high_wide | (low_wide << 64)"),
                proved("the high half is lost", "low_wide", &["axis_width_up"]),
            ],
        ),
        place("if («m_tready») begin", &[proved("a record is lost under back-pressure", "1'b1", &["axis_width_up"])]),
    ],
);
