//! `deltascope run`.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use deltascope_agent::report::round::Round;
use deltascope_agent::report::{RoundJson, estimate_lines, scan_lines};

use super::engine::text;
use super::lines;
use super::rounds::{self, RoundArguments};

/// Options of the command.
#[derive(Args, Debug)]
pub struct Arguments {
    #[command(flatten)]
    rounds: RoundArguments,
    /// Print one JSON object a line; one that would be longer than 16,000 bytes is several, numbered by `part` and `parts`
    #[arg(long)]
    json_lines: bool,
    /// Replace this file with the numbers of each output, as metrics for the textfile collector of node_exporter
    #[arg(long, value_name = "FILE")]
    metrics: Option<PathBuf>,
}

/// Streams until the source ends, the time is over or a signal asks for the end, and shows each round.
pub fn run(arguments: &Arguments) -> Result<()> {
    rounds::each(&arguments.rounds, &mut |round| {
        if let Some(path) = &arguments.metrics {
            super::write_metrics(path, &round.report, round.is_state, round.scan.as_ref())?;
        }
        let text = if arguments.json_lines {
            lines::split(&RoundJson::from(&*round))?.join("\n") + "\n"
        } else {
            table(&round, arguments.rounds.silence.as_secs_f64())
        };
        super::print(&text)
    })
}

/// Returns a round as text. Containers are left out that had no event for `silence` seconds.
fn table(round: &Round, silence: f64) -> String {
    let estimated = round.estimates.as_ref().map(estimate_lines).unwrap_or_default();
    let scan = round.scan.as_ref().map(scan_lines).unwrap_or_default();
    let left_out = match round.silent {
        0 => String::new(),
        silent => format!("{silent} containers without an event for {silence:.0} s are not shown\n"),
    };
    let seconds = round.since_start.as_secs_f64();
    format!("after {seconds:.1} s\n{}{left_out}{estimated}{scan}{}\n", text(&round.report), status_line(round))
}

/// Returns the source's state in one line, if it has any.
fn status_line(round: &Round) -> String {
    let pairs: Vec<_> = round.source_status.iter().map(|(name, value)| format!("{name} {value}")).collect();
    if pairs.is_empty() { String::new() } else { format!("{}: {}\n", round.source, pairs.join(", ")) }
}
