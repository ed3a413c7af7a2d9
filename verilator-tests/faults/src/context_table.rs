//! Faults in `context_table`.

use crate::{Block, block, both, place, proved, simulated};

/// Every place in the block that is broken, and how.
pub(crate) const BLOCK: Block = block(
    "context_table",
    &[
        place(
            "modified[127:64] = «current_accumulator ^ s2_operand»;",
            &[
                both("OR for XOR", "current_accumulator | s2_operand", &["context_table"]),
                simulated("ADD for XOR", "current_accumulator + s2_operand"),
                simulated("store for XOR", "s2_operand"),
                simulated(
                    "lane 17 of the accumulator stuck at zero",
                    "(current_accumulator ^ s2_operand) & ~(64'd1 << 17)",
                ),
            ],
        ),
        place("if («s2_from_s3») begin", &[simulated("context forward over distance 1 dropped", "1'b0")]),
        place("if («s2_from_s4») begin", &[simulated("context forward over distance 2 dropped", "1'b0")]),
        place(
            "if («s2_from_s5») begin",
            &[both("context forward over distance 3 dropped", "1'b0", &["context_table"])],
        ),
        place(
            "current = «s4_after»;",
            &[simulated("context forward over distance 2 gives the state over distance 3", "s5_after")],
        ),
        place("if («s2_rebase») begin", &[simulated("REBASE ignored", "1'b0")]),
        place("s1_rebase <= «(op == op_swap) & rebase»;", &[simulated("REBASE obeyed by every op", "rebase")]),
        place(
            "modified[63:0] = «current_reference ^ current_accumulator»;",
            &[both("REBASE drops the accumulator", "current_reference", &["context_table"])],
        ),
        place(
            "assign accumulator_zero = «~(|before_accumulator)»;",
            &[
                simulated("zero flag blind to bit 63", "~(|before_accumulator[62:0])"),
                simulated("zero flag looks at the state", "~(|state)"),
            ],
        ),
        place("modified[127:64] = «64'd0»;", &[simulated("LOAD and SWAP keep the accumulator", "current_accumulator")]),
        place(
            "assign state = «before_reference ^ before_accumulator»;",
            &[
                simulated("state without the accumulator", "before_reference"),
                simulated(
                    "bit 63 of the answer stuck at one",
                    "(before_reference ^ before_accumulator) | (64'd1 << 63)",
                ),
            ],
        ),
        place("s3_before <= «current»;", &[simulated("answers the state after the record", "modified")]),
        place(
            "assign redundant = «s3_send & ~(|send_difference)»;",
            &[
                simulated("redundant without being a SEND", "~(|send_difference)"),
                simulated("SEND compared without bit 0", "s3_send & ~(|send_difference[63:1])"),
            ],
        ),
        place(
            "s1_store <= «(op == op_load) | (op == op_swap) | (op == op_send)»;",
            &[
                simulated("SEND does not store", "(op == op_load) | (op == op_swap)"),
                simulated("SWAP does not store", "(op == op_load) | (op == op_send)"),
            ],
        ),
        place(
            "ram_write_address = «s3_context»;",
            &[simulated("lowest bit of the written context lost", "(s3_context >> 1) << 1")],
        ),
        place(
            "clear_busy_next = «~(&clear_address)»;",
            &[
                simulated("clearing leaves the last context", "~(&(clear_address | 1'b1))"),
                proved("the clear stops one context early", "~(&clear_address[13:1])", &["context_table"]),
            ],
        ),
        place("ram_write_data[63:0] = «64'd0»;", &[simulated("clearing leaves every reference", "s3_after[63:0]")]),
        place("clear_busy_next = «1'b1»;", &[simulated("contexts are not cleared after a reset", "1'b0")]),
        place(
            "assign delta = «state ^ after_reference ^ after_accumulator»;",
            &[
                simulated("the delta of a change without its reference", "state ^ after_accumulator"),
                simulated("the delta of a change is the state after it", "after_reference ^ after_accumulator"),
                proved("the delta forgets the accumulator after", "state ^ after_reference", &["context_table"]),
            ],
        ),
        place(
            "assign same_as_s3 = «s3_valid & (s3_context == s1_context)»;",
            &[proved("S1 does not look at S3", "1'b0", &["context_table"])],
        ),
    ],
);
