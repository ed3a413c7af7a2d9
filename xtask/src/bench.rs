//! `cargo xtask bench`: the throughput harness, and at full length the criterion benches as well.

use crate::cargo;
use anyhow::Result;

/// Options of the task.
#[derive(clap::Args)]
pub struct Arguments {
    /// Make every measurement short and leave criterion out
    #[arg(long)]
    quick: bool,
}

/// Times each part of the path.
pub fn run(arguments: &Arguments) -> Result<()> {
    let mut harness = cargo::program("deltascope-bench", &[], "throughput")?;
    cargo::run(harness.args(arguments.quick.then_some("--quick")))?;
    if !arguments.quick {
        cargo::run(&mut cargo::cargo(&["bench", "--locked", "-p", "deltascope-model"]))?;
    }
    Ok(())
}
