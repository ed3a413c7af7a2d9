//! `cargo xtask loopback`: agent and board server over the loopback interface, without TLS and with it.

use crate::cargo::{build, release_folder, root, run as run_command};
use anyhow::Result;
use std::process::Command;

/// Builds the daemon and the load generator in release mode and runs them, `seconds` for each main figure.
pub fn run(json: bool, seconds: u64) -> Result<()> {
    build(&["-p", "deltascope-boardd", "-p", "deltascope-bench", "--bins"])?;
    let programs = release_folder()?;
    let mut command = Command::new(programs.join("loopback"));
    command.current_dir(root()).arg("--boardd").arg(programs.join("deltascope-boardd"));
    command.arg("--seconds").arg(seconds.to_string()).args(json.then_some("--json"));
    run_command(&mut command)
}
