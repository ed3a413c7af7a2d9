//! Faults in `delta_engine`.

use crate::{Block, block, both, place, proved, simulated};

/// Every place in the block that is broken, and how.
pub(crate) const BLOCK: Block = block(
    "delta_engine",
    &[
        place(
            "assign tables_resetn = «resetn & ~control_restart»;",
            &[simulated("soft reset does not reach the tables", "resetn")],
        ),
        place(
            "assign control_tables_clearing = «contexts_clearing | groups_clearing | ~contexts_reset_copied»;",
            &[proved(
                "records taken before the tables' reset comes",
                "contexts_clearing | groups_clearing",
                &["delta_engine"],
            )],
        ),
        place(
            "assign writer_row_valid = «groups_result_valid & groups_reset_copied»;",
            &[proved("a row that a hard reset has met is written", "groups_result_valid", &["delta_engine"])],
        ),
        place(
            "assign ready = «control_accepts & credit_available & ~holds_input»;",
            &[simulated("records taken without credit", "control_accepts & ~holds_input")],
        ),
        place(
            "assign holds_input = «s0_starts_snapshot | s0_starts_query | s0_batch_end_follows»;",
            &[
                both(
                    "a record taken in the slot of an end of batch",
                    "s0_starts_snapshot | s0_starts_query",
                    &["delta_engine"],
                ),
                simulated("a record taken before the rows of a SNAPSHOT", "s0_starts_query | s0_batch_end_follows"),
                both("a record taken behind a QUERY", "s0_starts_snapshot | s0_batch_end_follows", &["delta_engine"]),
            ],
        ),
        place(
            "s0_ends_batch_next = «(last_taken & ~answers_later) | s0_batch_end_follows» | control_sends_batch_end;",
            &[
                simulated("end of batch before the reply", "last_taken"),
                proved("a batch of a record without reply never ends", "s0_batch_end_follows", &["delta_engine"]),
            ],
        ),
        place(
            "assign redundant_send = «contexts_redundant & slots_result_judged»;",
            &[simulated("SEND of class 3 redundant after all", "contexts_redundant")],
        ),
        place(
            "assign held_by_replies = «~credit_available | (control_draining & ~replies_gone)»;",
            &[simulated("a blocked clock counts as answering", "1'b0")],
        ),
        place(
            "assign replies_gone = «sink_idle & ~queue_valid»;",
            &[simulated("soft reset clears with replies in the queue", "1'b1")],
        ),
        place(
            "s0_batch_end_follows_next = «query_ends_batch»;",
            &[both("end of a batch with a QUERY forgotten", "1'b0", &["delta_engine"])],
        ),
        place(
            "assign answers_later = «decoder_replies | decoder_starts_query»;",
            &[simulated("end of a batch before the answer of a QUERY", "decoder_replies")],
        ),
        place(
            "assign journal_query = «query_leaves & slots_result_taken & ~slots_result_rejected»;",
            &[simulated("a rejected QUERY walks", "query_leaves & slots_result_taken")],
        ),
        place(
            "s0_group_next = «reader_group_id»;",
            &[proved("bit 9 of the group of a row always set", "reader_group_id | 16'h200", &["delta_engine"])],
        ),
        place(
            "assign credit_promise_one = «s0_replies | s0_ends_batch»;",
            &[proved("an end of batch has no place promised", "s0_replies", &["delta_engine"])],
        ),
    ],
);
