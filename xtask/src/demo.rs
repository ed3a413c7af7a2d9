//! `cargo xtask demo`: the main job, with what the chosen engine needs built first.

use crate::cargo::{build, release_folder, root};
use crate::setup;
use anyhow::Result;
use clap::ValueEnum;
use std::process::Command;

/// Engines that a task can run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Engine {
    /// The golden model
    Model,
    /// The emitted Verilog in Verilator
    Rtl,
}

impl Engine {
    /// Name as on every command line.
    pub fn name(self) -> &'static str {
        match self {
            Engine::Model => "model",
            Engine::Rtl => "rtl",
        }
    }

    /// Builds agent and daemon, the daemon with this engine in it. Always both, so that their dependencies are
    /// built once.
    pub fn build_programs(self) -> Result<()> {
        let programs = ["-p", "deltascope-agent", "-p", "deltascope-boardd"];
        match self {
            Engine::Model => build(&programs),
            Engine::Rtl => {
                setup::require(&[setup::VERILATOR, setup::CPP])?;
                build(&[&programs[..], &["--features", "deltascope-boardd/rtl"]].concat())
            }
        }
    }
}

/// Builds agent and daemon, and gives the command that runs the demo.
pub fn command(engine: Engine, json: bool) -> Result<Command> {
    engine.build_programs()?;
    let programs = release_folder()?;
    let mut command = Command::new(programs.join("deltascope"));
    command.current_dir(root()).args(["demo", "--engine", engine.name()]);
    command.arg("--boardd").arg(programs.join("deltascope-boardd"));
    if json {
        command.arg("--json");
    }
    Ok(command)
}

/// Options of the task.
#[derive(clap::Args)]
pub struct Arguments {
    /// Engine that counts
    #[arg(long, value_enum, default_value_t = Engine::Model)]
    engine: Engine,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Runs the demo.
pub fn run(arguments: &Arguments) -> Result<()> {
    crate::cargo::run(&mut command(arguments.engine, arguments.json)?)
}
