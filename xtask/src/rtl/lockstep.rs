//! `cargo xtask rtl lockstep`: the emitted Verilog beside the model.

use crate::cargo::run as execute;
use crate::verilated::program;
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::process::Stdio;

/// Options of the task.
#[derive(clap::Args, Default)]
pub struct Arguments {
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
    /// Run the full length of the bar
    #[arg(long)]
    pub long: bool,
    /// Only measure rates and latencies
    #[arg(long, conflicts_with = "long")]
    pub rates: bool,
}

/// Runs the emitted Verilog in lockstep with the model.
pub fn run(arguments: &Arguments) -> Result<()> {
    let mut command = program("lockstep")?;
    command.args(arguments.json.then_some("--json")).args(arguments.long.then_some("--long"));
    command.args(arguments.rates.then_some("--rates"));
    execute(&mut command)
}

/// Rates and latencies of the engine in clocks, as the program prints them.
///
/// # Errors
/// When one misses its bar.
pub fn rates() -> Result<Value> {
    let output = program("lockstep")?.args(["--rates", "--json"]).stderr(Stdio::inherit()).output()?;
    ensure!(output.status.success(), "lockstep --rates failed with {}", output.status);
    serde_json::from_slice(&output.stdout).context("expected one JSON object of lockstep")
}
