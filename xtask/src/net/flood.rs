//! `cargo xtask net flood`: ClientHellos without an end at the board server, and the same at another one as the reference.

use crate::cargo::run as run_command;
use crate::net::chaos::command;
use anyhow::Result;

/// Options of the task.
#[derive(clap::Args)]
pub struct Arguments {
    /// Pairs of rates of a session that are compared, of which the median counts
    #[arg(long, value_name = "N", default_value_t = 9)]
    pairs: u64,
    /// ClientHellos a second
    #[arg(long, value_name = "N", default_value_t = 30_000)]
    rate: u64,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Fails unless a connected session keeps four fifths of its rate and every agent gets in in time.
pub fn run(arguments: &Arguments) -> Result<()> {
    let mut command = command("flood", 1, arguments.json)?;
    command.arg("--pairs").arg(arguments.pairs.to_string()).arg("--rate").arg(arguments.rate.to_string());
    run_command(&mut command)
}

/// The bar at full length.
pub fn full() -> Result<()> {
    run(&Arguments { pairs: 9, rate: 30_000, json: true })
}
