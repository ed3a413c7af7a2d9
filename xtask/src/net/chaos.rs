//! `cargo xtask net chaos`: agent and board server as processes, with everything going wrong.

use crate::cargo::{build, release_folder, root, run as run_command};
use anyhow::{Result, ensure};
use std::process::Command;

/// Options of the task.
#[derive(clap::Args)]
pub struct Arguments {
    /// kill -9 of agents and daemon, at least
    #[arg(long, value_name = "N", default_value_t = 200)]
    kills: u64,
    /// Short: one cut every 16 bytes, 1,000 connections, no long jump of the clock
    #[arg(long)]
    quick: bool,
    /// Put in a fault between the two, which must make the run fail: repeat or lose
    #[arg(long, value_name = "NAME")]
    fault: Option<String>,
    /// Start of the random numbers
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Returns the command of a task of the program, with agent and board server built.
pub fn command(task: &str, seed: u64, json: bool) -> Result<Command> {
    build(&["-p", "deltascope-chaos", "-p", "deltascope-agent", "-p", "deltascope-boardd", "--bins"])?;
    let programs = release_folder()?;
    let mut command = Command::new(programs.join("deltascope-chaos"));
    command.current_dir(root()).arg(task).arg("--agent").arg(programs.join("deltascope"));
    command.arg("--boardd").arg(programs.join("deltascope-boardd")).arg("--seed").arg(seed.to_string());
    command.args(json.then_some("--json"));
    Ok(command)
}

/// Runs until the kills are done; fails unless every total is the reference's.
pub fn run(arguments: &Arguments) -> Result<()> {
    let mut command = command("run", arguments.seed, arguments.json)?;
    command.arg("--kills").arg(arguments.kills.to_string()).args(arguments.quick.then_some("--quick"));
    if let Some(fault) = &arguments.fault {
        command.args(["--fault", fault]);
    }
    run_command(&mut command)
}

/// The stage of the bounded tier: few kills, and each planted fault makes a run fail.
pub fn quick() -> Result<()> {
    run(&Arguments { kills: 20, quick: true, fault: None, seed: 1, json: true })?;
    for fault in ["repeat", "lose"] {
        let output = command("run", 1, true)?.args(["--fault", fault]).output()?;
        let found = String::from_utf8_lossy(&output.stdout).contains("\"holds\":false");
        ensure!(
            found && !output.status.success(),
            "planted fault {fault}: expected a run that fails, found {output:?}"
        );
        println!("planted fault {fault}: found");
    }
    Ok(())
}

/// The bar at full length.
pub fn full() -> Result<()> {
    run(&Arguments { kills: 200, quick: false, fault: None, seed: 1, json: true })
}
