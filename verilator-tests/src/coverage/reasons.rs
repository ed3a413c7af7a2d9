//! What the coverage leaves out, each with the reason. `cargo xtask rtl coverage` fails on a gap without a reason and on
//! a reason without a gap.

use super::Gap;

/// What of a signal is meant.
#[derive(Clone, Copy, Debug)]
pub enum Bits {
    /// These, the first and the last.
    Of(u32, u32),
    /// In each word of this many bits, these.
    InEach(u32, u32, u32),
    /// No signal but a branch.
    Branch,
}

/// One reason.
#[derive(Clone, Copy, Debug)]
pub struct Reason {
    /// The block.
    pub block: &'static str,
    /// Signals, or branches as `side: text of the line`. Each of them has a gap.
    pub what: &'static [&'static str],
    /// The bits.
    pub bits: Bits,
    /// Why they are not met, and what shows instead that they are right.
    pub why: &'static str,
}

impl Reason {
    /// Whether its signal or branch number `at` is this gap.
    pub fn explains(&self, at: usize, gap: &Gap) -> bool {
        let bits = match (self.bits, gap.bit) {
            (Bits::Of(first, last), Some(bit)) => (first..=last).contains(&bit),
            (Bits::InEach(word, first, last), Some(bit)) => (first..=last).contains(&(bit % word)),
            (Bits::Branch, None) => true,
            _ => false,
        };
        bits && self.block == gap.block && self.what.get(at) == Some(&gap.what.as_str())
    }
}

/// Every reason.
pub const REASONS: &[Reason] = &[
    Reason { block: "axi_lite_registers", what: &["bresp", "rresp"], bits: Bits::Of(0, 1), why: RESPONSE },
    Reason { block: "axi_lite_registers", what: &["build_id"], bits: Bits::Of(0, 31), why: BUILD },
    Reason { block: "axi_lite_registers", what: &["counters"], bits: Bits::InEach(64, 1, 63), why: LONG },
    Reason {
        block: "axi_lite_registers",
        what: &["flags", "irq_mask", "irq_mask_next", "irq_status", "irq_status_next", "status"],
        bits: Bits::Of(0, 31),
        why: FIXED,
    },
    Reason { block: "axis_width_down", what: &["back_data", "back_data_next"], bits: Bits::Of(0, 63), why: ROWS },
    Reason {
        block: "axis_width_up",
        what: &["broken", "high_shifted", "high_wide", "low_wide"],
        bits: Bits::Of(0, 127),
        why: PADDED,
    },
    Reason {
        block: "delta_engine",
        what: &["class_wide", "group_row", "group_wide", "query_context", "query_context_next", "reader_group_id"],
        bits: Bits::Of(0, 63),
        why: SMALL,
    },
    Reason {
        block: "delta_engine",
        what: &["counters_accepted_after", "counters_position_after"],
        bits: Bits::Of(8, 63),
        why: LONG,
    },
    Reason { block: "delta_engine", what: &["latched"], bits: Bits::InEach(64, 1, 63), why: LONG },
    Reason { block: "delta_engine", what: &["writer_queued"], bits: Bits::Of(48, 63), why: ROWS },
    Reason { block: "deltascope_top", what: &["build_id"], bits: Bits::Of(0, 31), why: BUILD },
    Reason { block: "deltascope_top", what: &["engine_latched"], bits: Bits::InEach(64, 1, 63), why: LONG },
    Reason { block: "deltascope_top", what: &["s_axi_bresp", "s_axi_rresp"], bits: Bits::Of(0, 1), why: RESPONSE },
    Reason {
        block: "engine_counters",
        what: &[
            "accepted_after",
            "accepted_counter_latched",
            "answering_counter_latched",
            "blocked_counter_latched",
            "clearing_counter_latched",
            "moving_counter_latched",
            "op_accum_counter_latched",
            "op_load_counter_latched",
            "op_nop_counter_latched",
            "op_pair_counter_latched",
            "op_query_counter_latched",
            "op_read_counter_latched",
            "op_send_counter_latched",
            "op_snapshot_counter_latched",
            "op_swap_counter_latched",
            "op_sync_counter_latched",
            "position_after",
            "position_counter_latched",
            "rejected_counter_latched",
            "reply_beats_counter_latched",
            "starved_counter_latched",
        ],
        bits: Bits::Of(1, 63),
        why: LONG,
    },
    Reason { block: "engine_counters", what: &["latched"], bits: Bits::InEach(64, 1, 63), why: LONG },
    Reason {
        block: "group_counters",
        what: &["byte_step", "event_step", "redundant_byte_step", "redundant_event_step"],
        bits: Bits::Of(1, 63),
        why: PADDED,
    },
    Reason { block: "group_counters", what: &["ram_write_data"], bits: Bits::Of(0, 223), why: ROWS },
    Reason {
        block: "journal",
        what: &[
            "above_high",
            "banks_0_after_low",
            "banks_0_before_high",
            "banks_after_low",
            "banks_before_high",
            "first_bit",
            "high_bank",
            "high_lane",
            "last_bit",
            "low_bank",
            "low_lane",
            "moved_first",
            "moved_last",
            "next_bank_part",
            "next_lane",
            "next_lane_next",
            "next_lane_part",
            "reach",
            "reach_next",
            "walk_high",
            "walk_low",
        ],
        bits: Bits::Of(0, 63),
        why: SMALL,
    },
    Reason { block: "journal", what: &["asked_position", "position"], bits: Bits::Of(8, 63), why: LONG },
    Reason {
        block: "journal_bank",
        what: &["after_low", "before_high", "l1_after_low", "l1_before_high"],
        bits: Bits::Of(0, 0),
        why: ONE_BANK,
    },
    Reason {
        block: "journal_lane",
        what: &["piece_fourth", "piece_high", "piece_second", "piece_third", "wide_difference"],
        bits: Bits::Of(0, 63),
        why: PADDED,
    },
    Reason {
        block: "latched_counter",
        what: &["copy", "copy_next", "counter_count", "latched"],
        bits: Bits::Of(8, 63),
        why: LONG,
    },
    Reason {
        block: "query_walk",
        what: &[
            "bottom",
            "high",
            "issued_high",
            "issued_high_next",
            "issued_low",
            "issued_low_next",
            "low",
            "next_lane",
            "offered",
            "older_lanes",
            "reach",
            "top",
        ],
        bits: Bits::Of(0, 63),
        why: SMALL,
    },
    Reason {
        block: "query_walk",
        what: &["wide_lanes", "wide_newer", "wide_offered", "wide_older", "wide_reach"],
        bits: Bits::Of(0, 63),
        why: PADDED,
    },
    Reason {
        block: "record_decoder",
        what: &["context_excess", "group_excess", "last_group_excess"],
        bits: Bits::Of(0, 63),
        why: SMALL,
    },
    Reason {
        block: "register_read",
        what: &[
            "bank_word_0",
            "bank_word_0_next",
            "bank_word_1",
            "bank_word_1_next",
            "bank_word_2",
            "bank_word_2_next",
            "bank_word_3",
            "bank_word_3_next",
            "bank_word_4",
            "bank_word_4_next",
        ],
        bits: Bits::Of(1, 31),
        why: LONG,
    },
    Reason {
        block: "register_read",
        what: &["chosen_0", "chosen_1", "chosen_2", "chosen_3", "chosen_4", "counter_answer"],
        bits: Bits::Of(1, 63),
        why: LONG,
    },
    Reason { block: "register_read", what: WORDS, bits: Bits::Of(0, 31), why: FIXED },
    Reason { block: "register_read", what: &["counters"], bits: Bits::InEach(64, 1, 63), why: LONG },
    Reason { block: "reply_credit", what: &["promised", "promised_next", "raised"], bits: Bits::Of(4, 4), why: CREDIT },
    Reason { block: "reply_fifo", what: &["full", "full_next"], bits: Bits::Of(0, 0), why: CREDIT },
    Reason {
        block: "reply_fifo",
        what: &["occupancy", "words", "words_d", "words_next"],
        bits: Bits::Of(4, 4),
        why: CREDIT,
    },
    Reason { block: "reply_fifo", what: &["write_data"], bits: Bits::Of(48, 63), why: ROWS },
    Reason { block: "reply_packets", what: &["batch_mark", "snapshot_mark"], bits: Bits::Of(0, 1), why: PADDED },
    Reason { block: "reply_packets", what: &["beats", "beats_d", "beats_next"], bits: Bits::Of(2, 15), why: SMALL },
    Reason {
        block: "reply_writer",
        what: &["accepted_after", "position_after", "position_low"],
        bits: Bits::Of(8, 63),
        why: LONG,
    },
    Reason {
        block: "reply_writer",
        what: &["first_half", "queued", "reply", "reply_next", "second_half", "second_half_next"],
        bits: Bits::Of(48, 63),
        why: ROWS,
    },
    Reason {
        block: "snapshot_reader",
        what: &["group_end", "group_end_next", "group_id", "group_now", "group_now_next"],
        bits: Bits::Of(0, 63),
        why: SMALL,
    },
    Reason {
        block: "split_counter",
        what: &["count", "low", "low_after", "low_held", "low_next", "low_part", "low_wide"],
        bits: Bits::Of(8, 63),
        why: LONG,
    },
    Reason {
        block: "split_counter",
        what: &["carry", "carry_next", "high", "high_next", "high_part", "high_step", "high_wide"],
        bits: Bits::Of(0, 63),
        why: LONG,
    },
    Reason { block: "split_counter", what: &["low_step"], bits: Bits::Of(1, 63), why: STEP },
    Reason {
        block: "xor_tree_1",
        what: &[
            "padded_1",
            "padded_10",
            "padded_11",
            "padded_12",
            "padded_13",
            "padded_14",
            "padded_15",
            "padded_16",
            "padded_17",
            "padded_2",
            "padded_3",
            "padded_4",
            "padded_5",
            "padded_6",
            "padded_7",
            "padded_8",
            "padded_9",
            "six_1",
            "six_2",
        ],
        bits: Bits::Of(0, 63),
        why: LEAVES,
    },
    Reason {
        block: "xor_tree_3",
        what: &[
            "padded_10",
            "padded_11",
            "padded_12",
            "padded_13",
            "padded_14",
            "padded_15",
            "padded_16",
            "padded_17",
            "padded_3",
            "padded_4",
            "padded_5",
            "padded_6",
            "padded_7",
            "padded_8",
            "padded_9",
            "six_1",
            "six_2",
        ],
        bits: Bits::Of(0, 63),
        why: LEAVES,
    },
    Reason {
        block: "journal_bank",
        what: &["if: if (l1_after_low) begin", "if: if (l1_before_high) begin"],
        bits: Bits::Branch,
        why: ONE_BANK,
    },
];

/// The words of the registers, and what each gives to the answer.
macro_rules! words {
    // SCRATCH holds any word.
    (@ [$($done:tt)*] scratch { $($about:tt)* } $($rest:tt)*) => { words!(@ [$($done)*] $($rest)*); };
    (@ [$($done:tt)*] $name:ident { $($about:tt)* } $($rest:tt)*) => {
        words!(@ [$($done)* concat!("term_", stringify!($name)), concat!("words_", stringify!($name)),] $($rest)*);
    };
    (@ [$($done:tt)*]) => { const WORDS: &[&str] = &[$($done)*]; };
    ($($all:tt)*) => { words!(@ [] $($all)*); };
}

deltascope_abi::for_each_register!(words);

const LONG: &str = "the upper bits of a count of 64 bits, in a run of some ten thousand records; the proofs add at full width, and \
                    mutation lets the same counters count in large steps";
const STEP: &str = "one, widened to 64 bits";
const ROWS: &str = "the upper bits of the counters of a row, which longer runs reach; the proof of group_counters adds at full width, and \
                    mutation lets them count in large steps";
const SMALL: &str = "the configuration is small: the upper bits of contexts, groups, rows, lanes and beats stay zero; the committed sizes \
                     run in lockstep and are in the proofs";
const ONE_BANK: &str = "three lanes are one bank, and no range begins or ends in another; the proof of the journal and its tests at \
                        every number of lanes have several";
const PADDED: &str = "zeros that widen a number or are shifted in";
const LEAVES: &str = "places of the tree without a word";
const FIXED: &str = "a word of the register map that is constant in one configuration, or has no field in these bits";
const BUILD: &str = "an input that a wrapper ties; the runs tie it to few values";
const RESPONSE: &str = "AXI4-Lite has the responses OKAY (0) and SLVERR (2) only";
const CREDIT: &str = "credit ends below the size of the queue, so it is never full: that is what reply_credit is for, and its proof shows it";
