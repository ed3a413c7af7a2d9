//! Tasks on the hardware description: emission, lint, lockstep.

use crate::cargo::{cargo, run};
use crate::setup::{CPP, VERILATOR, YOSYS, require};
use anyhow::Result;

/// Runs a program of the `rtl` crate.
fn rtl_program(name: &str, arguments: &[&str]) -> Result<()> {
    run(cargo(&["run", "--quiet", "--release", "--locked", "-p", "deltascope-rtl", "--bin", name, "--"])
        .args(arguments))
}

/// Emits the Verilog, or compares it with a fresh emission.
pub fn emit(check: bool) -> Result<()> {
    rtl_program("emit", if check { &["--check"] } else { &[] })
}

/// Lints sources and emitted Verilog.
pub fn lint() -> Result<()> {
    require(&[VERILATOR, YOSYS])?;
    rtl_program("lint", &[])
}

/// Runs the emitted Verilog in lockstep with the model.
pub fn lockstep(json: bool, long: bool) -> Result<()> {
    require(&[VERILATOR, CPP])?;
    let mut command = cargo(&["run", "--quiet", "--release", "--locked", "-p", "deltascope-verilator-tests"]);
    command.args(["--features", "verilate", "--bin", "lockstep", "--"]);
    command.args(json.then_some("--json")).args(long.then_some("--long"));
    run(&mut command)
}
