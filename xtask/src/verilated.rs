//! The programs of `verilator-tests`, which judge the emitted Verilog in Verilator.

use crate::cargo;
use crate::setup::{CPP, VERILATOR, require};
use anyhow::Result;
use std::process::Command;

/// Builds a program of this name and returns its command.
///
/// # Errors
/// When Verilator or a compiler is missing, or it does not build.
pub fn program(name: &str) -> Result<Command> {
    require(&[VERILATOR, CPP])?;
    cargo::program("deltascope-verilator-tests", &["verilate"], name)
}
