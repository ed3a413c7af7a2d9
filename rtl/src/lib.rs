//! The delta engine in rust-hdl, and its emission as Verilog.

/// The default of a field, after the compiler has checked the parameters of the block it is in.
macro_rules! checked {
    ($($test:expr => $message:literal);+) => {{
        $(const { assert!($test, $message) };)+
        Default::default()
    }};
}

pub mod emit;
pub mod lint;
pub mod paths;
pub mod synth;

pub mod axi_lite_registers;
pub mod axis_width;
pub mod block_ram;
pub mod by_register;
pub mod context_table;
pub mod crc32c;
pub mod default_sizes;
pub mod delta_engine;
pub mod deltascope_top;
pub mod engine_control;
pub mod engine_counters;
pub mod fingerprint;
pub mod fingerprint_queue;
pub mod group_counters;
pub mod journal;
pub mod journal_bank;
pub mod journal_lane;
pub mod latched_counter;
pub mod lut_ram;
pub mod power_up;
pub mod query_walk;
pub mod record_decoder;
pub mod register_decode;
pub mod register_read;
pub mod reply_credit;
pub mod reply_fifo;
pub mod reply_packets;
pub mod reply_writer;
pub mod reset_copy;
pub mod slot_pipeline;
pub mod snapshot_reader;
pub mod split_counter;
pub mod words;
pub mod xor_tree;
