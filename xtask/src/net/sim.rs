//! `cargo xtask net sim`: both ends of the stream over a simulated, faulty network.

use crate::cargo::{program, run as run_command};
use anyhow::Result;

/// Options of the task.
#[derive(clap::Args)]
pub struct Arguments {
    /// Number of schedules
    #[arg(long, default_value_t = 10_000)]
    pub schedules: u64,
    /// First seed; a failing one is printed and repeats exactly
    #[arg(long)]
    pub seed: Option<u64>,
    /// Fault to put between the two ends; it must be found
    #[arg(long)]
    pub fault: Option<String>,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// Runs a number of schedules and prints their sums as JSON.
pub fn schedules(schedules: u64) -> Result<()> {
    run(&Arguments { schedules, seed: None, fault: None, json: true })
}

/// Runs the schedules from the seed on (the program's own first seed without one); with a fault, until it is found.
/// Fails when something was violated, or when the fault was not found.
pub fn run(arguments: &Arguments) -> Result<()> {
    let Arguments { schedules, seed, fault, json } = arguments;
    let mut command = program("deltascope-sim-net", &[], "deltascope-sim-net")?;
    command.arg("--schedules").arg(schedules.to_string());
    if let Some(seed) = seed {
        command.arg("--seed").arg(seed.to_string());
    }
    if let Some(fault) = fault {
        command.args(["--fault", fault]);
    }
    if *json {
        command.arg("--json");
    }
    run_command(&mut command)
}
