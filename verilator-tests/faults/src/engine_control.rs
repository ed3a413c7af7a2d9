//! Faults in `engine_control`.

use crate::{Block, block, both, place, proved, simulated};

/// Every place in the block that is broken, and how.
pub(crate) const BLOCK: Block = block(
    "engine_control",
    &[
        place("if (waited != «clocks_to_settle») begin", &[simulated("end of batch before the last rows", "4'd1")]),
        place("if («~(&waited)») begin", &[simulated("soft reset does not wait for slots in flight", "1'b0")]),
        place("end else if («replies_gone») begin", &[simulated("soft reset does not wait for replies", "1'b1")]),
        place("if («packet_open») begin", &[simulated("soft reset leaves a packet open", "1'b0")]),
        place("restart = «1'b1»;", &[simulated("soft reset does not clear", "1'b0")]),
        place("if («~tables_clearing») begin", &[simulated("records accepted while tables are cleared", "1'b1")]),
        place(
            "accepts = «~reset_pending»;",
            &[both("records accepted during a soft reset", "1'b1", &["engine_control"])],
        ),
        place(
            "batch_end_due_next = «snapshot_ends_batch»;",
            &[simulated("end of a batch with a SNAPSHOT forgotten", "1'b0")],
        ),
        place("end else if («room») begin", &[both("end of batch sent without room", "1'b1", &["engine_control"])]),
        place("reset_pending_next = «soft_reset»;", &[simulated("soft reset asked for during one lost", "1'b0")]),
        place(
            "if («(answer_near | answer_due) & room») begin",
            &[both("an answer without room", "answer_near | answer_due", &["engine_control"])],
        ),
        place("answer_due_next = «1'b1»;", &[simulated("an answer that waited for room forgotten", "1'b0")]),
        place(
            "localparam [3:0] clocks_to_settle = «4'd3»;",
            &[proved("settling is a clock short", "4'd2", &["engine_control", "delta_engine"])],
        ),
    ],
);
