//! Faults in `reply_fifo`.

use crate::{Block, block, place, proved, simulated};

/// Every place in the block that is broken, and how.
pub(crate) const BLOCK: Block = block(
    "reply_fifo",
    &[
        place(
            "assign leave = «not_empty & ready»;",
            &[
                simulated("a beat lost under back-pressure", "not_empty & (ready | words[3])"),
                proved("the read pointer moves on an empty queue", "ready", &["reply_fifo"]),
                proved("a reply is overwritten in the queue's port", "not_empty & ready & ~write", &["delta_engine"]),
            ],
        ),
        place(
            "write_pointer_next = «write_pointer + one_pointer»;",
            &[simulated("a beat written twice", "write_pointer + one_pointer + (&write_pointer)")],
        ),
        place(
            "not_empty_next = «|words_next»;",
            &[simulated("queue says that it holds a word when it is empty", "1'b1")],
        ),
        place("assign enter = «write & ~full»;", &[proved("a full queue is overwritten", "write", &["reply_fifo"])]),
        place("full_next = «words_next» == depth;", &[proved("full is a clock late", "words", &["reply_fifo"])]),
    ],
);
