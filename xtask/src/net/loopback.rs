//! `cargo xtask net loopback`: agent and board server over the loopback interface, without TLS and with it.

use crate::cargo::{build, release_folder, root, run as run_command};
use anyhow::Result;
use std::process::Command;

/// Options of the task.
#[derive(clap::Args)]
pub struct Arguments {
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
    /// Seconds of each measurement
    #[arg(long, default_value_t = 10)]
    pub seconds: u64,
}

/// Builds the daemon and the load generator in release mode and runs them.
pub fn run(arguments: &Arguments) -> Result<()> {
    build(&["-p", "deltascope-boardd", "-p", "deltascope-bench", "--bins"])?;
    let programs = release_folder()?;
    let mut command = Command::new(programs.join("loopback"));
    command.current_dir(root()).arg("--boardd").arg(programs.join("deltascope-boardd"));
    command.arg("--seconds").arg(arguments.seconds.to_string()).args(arguments.json.then_some("--json"));
    run_command(&mut command)
}
