//! The command line.

mod bar;
mod bpf;
mod demo;
mod doctor;
mod engine;
mod exit;
mod keys;
mod lines;
mod record;
mod replay;
mod rounds;
mod run;
mod scan;
mod state;
mod synth;

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Result, anyhow};
use clap::{Parser, Subcommand};
use deltascope_agent::report::{self, Report, ReportJson, ScanJson};

#[derive(Debug, Parser)]
#[command(name = "deltascope", version)]
#[command(about = "Shows how much of the copy-on-write and network work of each container was redundant")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Scan the private pages of this machine once and show the inherited copies of each container
    Scan(scan::Arguments),
    /// Stream events to an engine and show the counters at every interval
    Run(Box<run::Arguments>),
    /// Stream a recording to an engine and show the counters at its end
    Replay(replay::Arguments),
    /// Write events to a file instead of an engine
    Record(record::Arguments),
    /// Run a workload whose result is known, scan the machine, count in an engine and compare
    Demo(demo::Arguments),
    /// Examine what this machine lets the agent do: one check a line, with what to do about it
    Doctor(doctor::Arguments),
    /// Make and renew keys and certificates of agents and board servers
    Keys(keys::Arguments),
}

/// Runs the command and prints what went wrong.
pub fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Scan(arguments) => scan::run(&arguments),
        Command::Run(arguments) => run::run(&arguments),
        Command::Replay(arguments) => replay::run(&arguments),
        Command::Record(arguments) => record::run(&arguments),
        Command::Demo(arguments) => demo::run(&arguments),
        Command::Doctor(arguments) => doctor::run(&arguments),
        Command::Keys(arguments) => keys::run(&arguments),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => exit::report(&error),
    }
}

/// Prints to standard output.
fn print(text: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(|error| exit::Failure::output(error).into())
}

/// Replaces a file of metrics with the numbers of a report.
fn write_metrics(path: &Path, report: &Report, gauges: bool, scan: Option<&ScanJson>) -> Result<()> {
    let text = report::metrics(&ReportJson::from(report), gauges, scan);
    report::write_metrics(path, &text).map_err(|error| {
        anyhow!(
            "{}: cannot write metrics: {error}; name a file in a folder that this user can write to",
            path.display()
        )
    })
}

/// Prints a value as one JSON object, on one line or indented.
fn print_json(value: &impl serde::Serialize, one_line: bool) -> Result<()> {
    let text = if one_line { serde_json::to_string(value)? } else { serde_json::to_string_pretty(value)? };
    print(&(text + "\n"))
}
