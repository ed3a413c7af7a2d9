//! `cargo xtask net`: tasks on the stream between agent and board server.

pub mod chaos;
pub mod flood;
pub mod fuzz;
pub mod loopback;
pub mod sim;
pub mod soak;

use anyhow::Result;
use clap::Subcommand;

/// Tasks of this group.
#[derive(Subcommand)]
pub enum Task {
    /// Run both ends of the protocol over a simulated, faulty network
    Sim(sim::Arguments),
    /// Kill, cut, stall, flood and crowd agent and board server over real sockets, and compare with a third process
    Chaos(chaos::Arguments),
    /// Repeat the chaos with and without TLS and with several agents on one board, for a time
    Soak(soak::Arguments),
    /// Flood the board server with ClientHellos: what a session keeps, and how long an agent takes to get in
    Flood(flood::Arguments),
    /// Fuzz every decoder and both ends of the protocol
    Fuzz(fuzz::Arguments),
    /// Time the stream over loopback, plain and through TLS, with the daemon as its own process
    Loopback(loopback::Arguments),
}

/// Runs a task of this group.
pub fn run(task: Task) -> Result<()> {
    match task {
        Task::Sim(arguments) => sim::run(&arguments),
        Task::Chaos(arguments) => chaos::run(&arguments),
        Task::Soak(arguments) => soak::run(&arguments),
        Task::Flood(arguments) => flood::run(&arguments),
        Task::Fuzz(arguments) => fuzz::run(&arguments),
        Task::Loopback(arguments) => loopback::run(&arguments),
    }
}
