//! `cargo xtask rtl lockstep`: the emitted Verilog beside the model.

use crate::cargo::run as execute;
use crate::verilated::program;
use anyhow::Result;

/// Options of the task.
#[derive(clap::Args, Default)]
pub struct Arguments {
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
    /// Run the full length of the bar
    #[arg(long)]
    pub long: bool,
}

/// Runs the emitted Verilog in lockstep with the model.
pub fn run(arguments: &Arguments) -> Result<()> {
    let mut command = program("lockstep")?;
    command.args(arguments.json.then_some("--json")).args(arguments.long.then_some("--long"));
    execute(&mut command)
}
