//! `cargo xtask net soak`: the faults of `net chaos`, for a time.

use super::chaos;
use crate::cargo::run as run_command;
use anyhow::Result;

/// Options of the task.
#[derive(clap::Args)]
pub struct Arguments {
    /// Minutes
    #[arg(long, default_value_t = 10)]
    minutes: u64,
    /// Start of the random numbers
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Runs for the given minutes; fails unless every total is the reference's.
pub fn run(arguments: &Arguments) -> Result<()> {
    let mut command = chaos::command("soak", arguments.seed, arguments.json)?;
    run_command(command.arg("--minutes").arg(arguments.minutes.to_string()))
}
