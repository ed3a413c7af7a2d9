//! Faults in `reply_packets`.

use crate::{Block, block, both, place, proved, simulated};

/// Every place in the block that is broken, and how.
pub(crate) const BLOCK: Block = block(
    "reply_packets",
    &[
        place(
            "assign last = «s_batch_end | at_last»;",
            &[
                both("TLAST missing at the end of a batch", "at_last", &["reply_packets"]),
                simulated("TLAST missing on a full packet", "s_batch_end"),
            ],
        ),
        place(
            "assign beats_next = «beats + one»;",
            &[
                simulated("beats of a packet counted by two", "beats + one + one"),
                proved("bit 6 of the beats of a packet is stuck", "(beats + one) & ~(one << 6)", &["reply_packets"]),
            ],
        ),
        place("if («last») begin", &[simulated("end of a batch does not start a new packet", "at_last")]),
        place("if («s_batch_end») begin", &[simulated("mark of a batch missing", "1'b0")]),
        place("assign packet_open = «|beats»;", &[simulated("a packet that is open counts as closed", "1'b0")]),
        place(
            "at_last_next = «beats_next» == last_beat;",
            &[proved("packets are one beat too long", "beats", &["reply_packets"])],
        ),
    ],
);
