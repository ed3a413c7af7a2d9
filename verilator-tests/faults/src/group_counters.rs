//! Faults in `group_counters`.

use crate::{Block, block, both, place, proved, simulated};

/// Every place in the block that is broken, and how.
pub(crate) const BLOCK: Block = block(
    "group_counters",
    &[
        place("if («s2_from_s3») begin", &[simulated("counter forward over distance 1 dropped", "1'b0")]),
        place(
            "if («s2_from_s4») begin",
            &[both("counter forward over distance 2 dropped", "1'b0", &["group_counters"])],
        ),
        place("if («s2_from_s5») begin", &[simulated("counter forward over distance 3 dropped", "1'b0")]),
        place(
            "assign modified[47:0] = «current_events + event_step»;",
            &[
                simulated("events skip one", "current_events + event_step + event_step"),
                simulated("OR for ADD in events", "current_events | event_step"),
                simulated(
                    "carry of events lost at bit 4",
                    "{current_events[47:4], current_events[3:0] + event_step[3:0]}",
                ),
            ],
        ),
        place(
            "assign modified[111:48] = «current_bytes + byte_step»;",
            &[
                simulated(
                    "carry of bytes lost at bit 24",
                    "{current_bytes[63:24], current_bytes[23:0] + byte_step[23:0]}",
                ),
                both(
                    "carry of bytes lost at bit 32",
                    "{current_bytes[63:32], current_bytes[31:0] + byte_step[31:0]}",
                    &["group_counters"],
                ),
                simulated("XOR for ADD in bytes", "current_bytes ^ byte_step"),
            ],
        ),
        place(
            "assign modified[159:112] = current_redundant_events + «redundant_event_step»;",
            &[simulated("every event counts as redundant", "event_step")],
        ),
        place(
            "assign modified[223:160] = current_redundant_bytes + «redundant_byte_step»;",
            &[simulated("every byte counts as redundant", "byte_step")],
        ),
        place("if («s1_add») begin", &[simulated("a read adds its length", "1'b1")]),
        place("assign result = «s3_after»;", &[simulated("a read answers the row of the clock before", "s4_after")]),
        place(
            "clear_busy_next = «~(&clear_address)»;",
            &[simulated("clearing leaves the last row", "~(&(clear_address | 1'b1))")],
        ),
        place(
            "ram_write_data[223:160] = «64'd0»;",
            &[simulated("clearing leaves redundant bytes", "s3_after[223:160]")],
        ),
        place("s1_row <= «row_id»;", &[simulated("highest bit of the row read is lost", "(row_id << 1) >> 1")]),
        place(
            "s1_add_redundant <= «add & redundant»;",
            &[proved("events and bytes of every add count as redundant", "add", &["group_counters"])],
        ),
    ],
);
