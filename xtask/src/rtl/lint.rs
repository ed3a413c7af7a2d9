//! `cargo xtask rtl lint`: the sources and the emitted Verilog.

use super::program;
use crate::cargo::run as execute;
use crate::setup::{VERILATOR, YOSYS, require};
use anyhow::Result;

/// Lints sources and emitted Verilog.
pub fn run() -> Result<()> {
    require(&[VERILATOR, YOSYS])?;
    execute(&mut program("lint"))
}
