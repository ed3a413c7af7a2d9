//! Faults in `deltascope_top`.

use crate::{Block, block, place, simulated};

/// Every place in the block that is broken, and how.
pub(crate) const BLOCK: Block = block(
    "deltascope_top",
    &[
        place(
            "assign engine_sink_idle = «~narrow_m_tvalid»;",
            &[simulated("the engine thinks that its sink is idle", "1'b1")],
        ),
        place(
            "assign registers_blocked = «narrow_m_tvalid & ~m_axis_tready»;",
            &[simulated("STATUS.BLOCKED whatever the sink does", "narrow_m_tvalid")],
        ),
        place(
            "assign registers_snapshot_event = «narrow_taken_mark[0]»;",
            &[simulated("interrupts of snapshot and batch exchanged", "narrow_taken_mark[1]")],
        ),
        place("assign m_axis_tkeep = «whole_beat»;", &[simulated("TKEEP short by a byte", "whole_beat >> 1")]),
    ],
);
