//! Faults in `record_decoder`.

use crate::{Block, block, both, place, proved, simulated};

/// Every place in the block that is broken, and how.
pub(crate) const BLOCK: Block = block(
    "record_decoder",
    &[
        place(
            "assign pair_redundant = «in_bounds & is_pair & ~(&class_id) & (pair_before == pair_after)»;",
            &[
                simulated("PAIR of class 3 counted as redundant", "in_bounds & is_pair & (pair_before == pair_after)"),
                both(
                    "PAIR compared without bit 31",
                    "in_bounds & is_pair & ~(&class_id) & (pair_before[30:0] == pair_after[30:0])",
                    &["record_decoder"],
                ),
            ],
        ),
        place("assign judged = «~(&class_id)»;", &[simulated("SEND of class 3 counted as redundant", "1'b1")]),
        place(
            "assign context_too_high = «names_context & (|context_excess)»;",
            &[
                simulated("contexts beyond the table accepted", "1'b0"),
                simulated("context judged where it is not used", "|context_excess"),
                both(
                    "QUERY of a context beyond the table accepted",
                    "uses_context & (|context_excess)",
                    &["record_decoder"],
                ),
            ],
        ),
        place(
            "assign group_too_high = «uses_group & (|group_excess)»;",
            &[simulated("groups beyond the table accepted", "1'b0")],
        ),
        place(
            "assign range_empty = «last_group < first_group»;",
            &[
                simulated("empty SNAPSHOT accepted", "1'b0"),
                both("SNAPSHOT of one group rejected", "last_group <= first_group", &["record_decoder"]),
            ],
        ),
        place(
            "assign last_group_too_high = «|last_group_excess»;",
            &[simulated("SNAPSHOT beyond the table accepted", "1'b0")],
        ),
        place("assign answers = is_read | is_sync | («is_change & reply»);", &[simulated("REPLY ignored", "1'b0")]),
        place(
            "assign journals = «in_bounds & is_change»;",
            &[
                simulated("rejected changes enter the journal", "is_change"),
                simulated("QUERY enters the journal", "in_bounds & (is_change | is_query)"),
            ],
        ),
        place(
            "localparam [15:0] beyond_contexts = «16'hc000»;",
            &[proved("contexts beyond the last are accepted", "16'h8000", &["record_decoder"])],
        ),
        place(
            "assign bad_range = is_snapshot & «(range_empty | last_group_too_high)»;",
            &[proved("a SNAPSHOT of groups beyond the last is taken", "range_empty", &["delta_engine"])],
        ),
    ],
);
