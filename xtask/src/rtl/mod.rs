//! `cargo xtask rtl`: tasks on the engine's hardware description.

pub mod coverage;
pub mod formal;
pub mod icarus;
pub mod lint;
pub mod lockstep;
pub mod mutate;
pub mod prove;
pub mod synth;

use crate::cargo::run as execute;
use anyhow::Result;
use clap::Subcommand;
use std::process::Command;

/// Tasks of this group.
#[derive(Subcommand)]
pub enum Task {
    /// Lint the sources and the emitted Verilog
    Lint(lint::Arguments),
    /// Run the emitted Verilog in lockstep with the model
    Lockstep(lockstep::Arguments),
    /// Run the emitted top in a 4-state simulator, as Verilog-2005 and as SystemVerilog, against the model
    Icarus(icarus::Arguments),
    /// Prove the properties in rtl/formal about the emitted Verilog
    Formal(formal::Arguments),
    /// Check the proofs of the algebra in Coq, and that none of them rests on an assumption
    Prove(prove::Arguments),
    /// Put faults into the emitted Verilog, and demand that lockstep or a proof sees each, or that it is none
    Mutate(mutate::Arguments),
    /// Count which lines and bits of the emitted Verilog the lockstep traffic reaches
    Coverage(coverage::Arguments),
    /// Estimate size and depth of the default build, and of builds with other numbers of lanes, in yosys
    Synth(synth::Arguments),
}

/// Runs a task of this group.
pub fn run(task: Task) -> Result<()> {
    match task {
        Task::Lint(arguments) => lint::run(&arguments),
        Task::Lockstep(arguments) => lockstep::run(&arguments),
        Task::Icarus(arguments) => icarus::run(&arguments),
        Task::Formal(arguments) => formal::run(&arguments),
        Task::Prove(arguments) => prove::run(&arguments),
        Task::Mutate(arguments) => mutate::run(&arguments),
        Task::Coverage(arguments) => coverage::run(&arguments),
        Task::Synth(arguments) => synth::run(&arguments),
    }
}

/// Returns the command of a program of the crate `deltascope-rtl`, built.
fn program(name: &str) -> Result<Command> {
    crate::cargo::program("deltascope-rtl", &[], name)
}

/// Writes the Verilog into `rtl/verilog`, or with `check` compares what is there with a fresh emission.
pub fn committed_verilog(check: bool) -> Result<()> {
    execute(program("emit")?.args(check.then_some("--check")))
}
