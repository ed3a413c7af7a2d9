//! The delta engine in rust-hdl, and its emission as Verilog.

pub mod emit;
pub mod paths;

pub mod block_ram;
pub mod context_table;
pub mod group_counters;
pub mod lut_ram;
