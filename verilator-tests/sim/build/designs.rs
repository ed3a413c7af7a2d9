//! The designs of the default build. Adding a block takes one name here: its ports are read from the Verilog.

/// Modules of `rtl/verilog/<name>.v`.
pub const BLOCKS: &[&str] = &[
    "axi_lite_registers",
    "axis_width_down",
    "axis_width_up",
    "context_table",
    "delta_engine",
    "deltascope_top",
    "engine_counters",
    "fingerprint",
    "group_counters",
    "journal",
    "reply_fifo",
    "reply_packets",
];
/// Modules of `verilator-tests/sim/fixtures/<name>.v`, on which the harness tests itself.
pub const FIXTURES: &[&str] = &["stream_stage"];
