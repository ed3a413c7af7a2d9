//! Every task of the project: `cargo xtask TASK`. Tasks on one part are in a group: `cargo xtask GROUP TASK`.

mod bench;
mod board;
mod busy;
mod cargo;
mod chroot;
mod columns;
mod debian;
mod demo;
mod document;
mod emulator;
#[cfg(test)]
mod figures;
mod generate;
mod host;
mod initrd;
mod kmod;
mod machine;
mod net;
mod publish;
mod replay;
mod rtl;
mod setup;
#[cfg(test)]
mod source_rules;
mod stages;
mod test;
mod verilated;
mod workspace;

use anyhow::Result;
use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(bin_name = "cargo xtask", about = "Runs every task of Deltascope", version)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Run the main job on real input: a workload and this machine, scanned, counted by an engine, read back
    Demo(demo::Arguments),
    /// Run the tests (sets up the machine first)
    Test(test::Arguments),
    /// Write everything that is generated: headers, pages, Verilog, waveforms, tables in documents
    Gen(generate::Arguments),
    /// Replay a file of bare 16-byte records into an engine and print its counters and replies
    Replay(replay::Arguments),
    /// Time each part of the path
    Bench(bench::Arguments),
    /// Install the tools that the tests need (as root), or print the line that does
    Setup(machine::Arguments),
    /// The engine's hardware description: lint, simulation, proofs, faults, size
    #[command(subcommand)]
    Rtl(rtl::Task),
    /// The stream between agent and board server: simulated, over real sockets, fuzzed, timed
    #[command(subcommand)]
    Net(net::Task),
    /// The capture module of the x86 kernel, in a guest
    #[command(subcommand)]
    Kmod(kmod::Task),
    /// The observed host: what operators, real programs and hostile peers reported, as tests
    #[command(subcommand)]
    Host(host::Task),
    /// The board: its daemon for ARM, the emulated Zynq, the DMA, the device tree
    #[command(subcommand)]
    Board(board::Task),
}

fn main() -> Result<()> {
    match Arguments::parse().task {
        Task::Demo(arguments) => demo::run(&arguments),
        Task::Test(arguments) => test::run(&arguments),
        Task::Gen(arguments) => generate::run(&arguments),
        Task::Replay(arguments) => replay::run(&arguments),
        Task::Bench(arguments) => bench::run(&arguments),
        Task::Setup(arguments) => machine::run(&arguments),
        Task::Rtl(task) => rtl::run(task),
        Task::Net(task) => net::run(task),
        Task::Kmod(task) => kmod::run(task),
        Task::Host(task) => host::run(task),
        Task::Board(task) => board::run(task),
    }
}
