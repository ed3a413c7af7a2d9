//! `cargo xtask sim-net`: both ends of the stream over a simulated, faulty network.

use crate::cargo::{cargo, run as run_command};
use anyhow::Result;

/// Runs `schedules` schedules from `seed` on (the program's own first seed without one); with `plant`, until the
/// planted fault is found. Fails when something was violated, or when the planted fault was not found.
pub fn run(schedules: u64, seed: Option<u64>, plant: Option<&str>, json: bool) -> Result<()> {
    let mut command = cargo(&["run", "--quiet", "--release", "--locked", "-p", "deltascope-sim-net", "--"]);
    command.arg("--schedules").arg(schedules.to_string());
    if let Some(seed) = seed {
        command.arg("--seed").arg(seed.to_string());
    }
    if let Some(plant) = plant {
        command.args(["--plant", plant]);
    }
    if json {
        command.arg("--json");
    }
    run_command(&mut command)
}
