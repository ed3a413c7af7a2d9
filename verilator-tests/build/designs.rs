//! The designs of the default build. Adding a block takes one name here: its ports are read from the Verilog.

/// Modules of `rtl/verilog/<name>.v`.
pub const BLOCKS: &[&str] = &["context_table", "group_counters"];
/// Modules of `verilator-tests/fixtures/<name>.v`, on which the harness tests itself.
pub const FIXTURES: &[&str] = &["stream_stage"];
