//! The command line.

mod attrs;
mod bar;
mod bpf;
mod config;
mod demo;
mod doctor;
mod engine;
mod exit;
mod generate;
mod keys;
mod lines;
mod listen;
mod names;
mod record;
mod replay;
mod rounds;
mod run;
mod scan;
mod source;
mod state;
mod status;
mod synth;
mod top;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Result, anyhow, bail};
use clap::{Parser, Subcommand};
use deltascope_agent::procfs::{self, Roots};
use deltascope_agent::report;
use deltascope_agent::tuning::Tuning;

#[derive(Debug, Parser)]
#[command(name = "deltascope", version)]
#[command(about = "Shows how much of the copy-on-write and network work of each container was redundant")]
struct Arguments {
    /// Where the proc file system is, for an agent in a container that has that of its host elsewhere [default: /proc]
    #[arg(long, global = true, value_name = "DIR")]
    procfs: Option<PathBuf>,
    /// Where the version 2 hierarchy of control groups is [default: as in the mounts of this process]
    #[arg(long, global = true, value_name = "DIR")]
    cgroupfs: Option<PathBuf>,
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
    /// Show the containers that waste most on a terminal, round by round, or move in a recording
    Top(Box<top::Arguments>),
    /// Print the attributes that ATOMiK has in sysfs, by its names, or keep them as files
    Attrs(Box<attrs::Arguments>),
    /// Ask a running agent (run --listen) for its state: last round, losses, board server, certificate
    Status(status::Arguments),
    /// Examine what this machine lets the agent do: one check a line, with what to do about it
    Doctor(doctor::Arguments),
    /// Make and renew keys and certificates of agents and board servers
    Keys(keys::Arguments),
    /// Check the settings of an agent
    Config {
        #[command(subcommand)]
        action: config::Action,
    },
    /// Write man pages and completions for shells
    Generate(generate::Arguments),
}

/// Runs the command and prints what went wrong.
pub fn main() -> ExitCode {
    let given = config::Given::this();
    let (Arguments { procfs, cgroupfs, command }, layers) = match config::parse(&given) {
        Ok(parsed) => parsed,
        Err(error) => return exit::wrong_command_line(&error),
    };
    let settings = config::Settings::new(given, layers, tuning_of);
    if let Err(error) = set_roots(procfs, cgroupfs) {
        return exit::report(&error);
    }
    let result = match command {
        Command::Scan(arguments) => scan::run(&arguments),
        Command::Run(arguments) => run::run(&arguments, &settings),
        Command::Replay(arguments) => replay::run(&arguments),
        Command::Record(arguments) => record::run(&arguments),
        Command::Demo(arguments) => demo::run(&arguments),
        Command::Top(arguments) => top::run(&arguments, &settings),
        Command::Attrs(arguments) => attrs::run(&arguments, &settings),
        Command::Status(arguments) => status::run(&arguments),
        Command::Doctor(arguments) => doctor::run(&arguments),
        Command::Keys(arguments) => keys::run(&arguments),
        Command::Config { action } => config::check(&action, settings.layers()),
        Command::Generate(arguments) => generate::run(&arguments),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => exit::report(&error),
    }
}

/// What may change while a command is under way, of a command that makes rounds.
fn tuning_of(command: &Command, origin: &dyn Fn(&str) -> config::Origin) -> Option<Tuning> {
    let rounds = match command {
        Command::Run(arguments) => arguments.rounds(),
        Command::Top(arguments) => arguments.rounds(),
        Command::Attrs(arguments) => arguments.rounds(),
        _ => return None,
    };
    Some(rounds.tuning(origin))
}

/// Sets where the file systems of the kernel are.
fn set_roots(proc: Option<PathBuf>, groups: Option<PathBuf>) -> Result<()> {
    let holds = |folder: &Option<PathBuf>, file: &str| folder.as_ref().is_none_or(|folder| folder.join(file).exists());
    if !holds(&proc, "self") {
        bail!("--procfs: expected a mounted proc file system, found none with `self`; mount that of the host there");
    }
    if !holds(&groups, "cgroup.controllers") {
        bail!("--cgroupfs: expected a mounted cgroup2 file system, found none; mount that of the host there");
    }
    procfs::set_roots(Roots { proc, groups });
    Ok(())
}

/// Prints to standard output.
fn print(text: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(|error| exit::Failure::output(error).into())
}

/// Replaces a file of metrics.
fn write_metrics(path: &Path, text: &str) -> Result<()> {
    report::write_metrics(path, text).map_err(|error| metrics_failure(path, &error))
}

fn metrics_failure(path: &Path, error: &std::io::Error) -> anyhow::Error {
    anyhow!("{}: cannot write metrics: {error}; name a file in a folder that this user can write to", path.display())
}

/// Prints a value as one JSON object, on one line or indented.
fn print_json(value: &impl serde::Serialize, one_line: bool) -> Result<()> {
    let text = if one_line { serde_json::to_string(value)? } else { serde_json::to_string_pretty(value)? };
    print(&(text + "\n"))
}
