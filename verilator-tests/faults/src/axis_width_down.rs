//! Faults in `axis_width_down`.

use crate::{Block, block, both, place, proved, simulated};

/// Every place in the block that is broken, and how.
pub(crate) const BLOCK: Block = block(
    "axis_width_down",
    &[
        place("assign s_tready = «~back_valid»;", &[simulated("a beat lost under back-pressure", "1'b1")]),
        place(
            "assign m_tlast = «front_last & second»;",
            &[
                both("TLAST on both halves", "front_last", &["axis_width_down"]),
                simulated("TLAST of replies missing", "1'b0"),
            ],
        ),
        place("if («done») begin", &[simulated("interrupt before the beat has left", "front_valid & second")]),
        place(
            "assign move_half = «front_valid & m_tready»;",
            &[proved("a half is lost under back-pressure", "front_valid", &["axis_width_down"])],
        ),
        place("taken_next = «front_mark»;", &[proved("the mark of the wrong beat", "back_mark", &["axis_width_down"])]),
    ],
);
