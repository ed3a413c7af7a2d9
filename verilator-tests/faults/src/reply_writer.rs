//! Faults in `reply_writer`.

use crate::{Block, block, both, place, proved, simulated};

/// Every place in the block that is broken, and how.
pub(crate) const BLOCK: Block = block(
    "reply_writer",
    &[
        place(
            "reply_next[4] = «touched_context & accumulator_zero»;",
            &[both("zero flag of records that touch no context", "accumulator_zero", &["reply_writer"])],
        ),
        place("assign answers_operand = «op == op_sync»;", &[simulated("SYNC answers the state", "1'b0")]),
        place(
            "assign answers_accepted = ends_batch | («op == op_snapshot»);",
            &[simulated("SNAPSHOT header without the count of records", "1'b0")],
        ),
        place("reply_next[3:0] = «4'd0»;", &[simulated("end-of-batch beat keeps the op", "op")]),
        place("queued[127:0] = «first_half»;", &[simulated("halves of a row exchanged", "second_half_next")]),
        place(
            "second_half_ends_snapshot <= «s6_last_row»;",
            &[
                simulated("last row of a SNAPSHOT unmarked", "1'b0"),
                proved("a snapshot ends a clock early", "s5_last_row", &["reply_writer"]),
            ],
        ),
        place("assign answers_journal = «op == op_query»;", &[simulated("QUERY answers the state", "1'b0")]),
        place(
            "reply_next[5] = «answers_journal & journal_too_old»;",
            &[
                simulated("too old said of every op", "journal_too_old"),
                both("too old not said", "1'b0", &["reply_writer"]),
            ],
        ),
        place(
            "assign answers_accepted = «ends_batch | (op == op_snapshot)»;",
            &[proved("an end of batch answers the state", "op == op_snapshot", &["reply_writer"])],
        ),
    ],
);
