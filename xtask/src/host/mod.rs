//! `cargo xtask host`: tasks on the observed host's side: the agent, and the server as the agent's operator meets it.

pub mod cases;
pub mod operator;
pub mod workloads;

use anyhow::Result;
use clap::Subcommand;

/// Tasks of this group.
#[derive(Subcommand)]
pub enum Task {
    /// Run the tests of what operators, real programs and hostile peers reported, one row a case
    Cases(cases::Arguments),
    /// Check what an operator sees of a running agent: metrics, state, page, with processes whose waste is known
    Operator(operator::Arguments),
    /// Run real programs and compare what the agent counts with references; writes the README's table of workloads
    Workloads(workloads::Arguments),
}

/// Runs a task of this group.
pub fn run(task: Task) -> Result<()> {
    match task {
        Task::Cases(arguments) => cases::run(&arguments),
        Task::Operator(arguments) => operator::run(&arguments),
        Task::Workloads(arguments) => workloads::run(&arguments),
    }
}
