//! `deltascope run`.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::Args;
use deltascope_agent::report::round::Round;
use deltascope_agent::report::{
    self, BudgetJson, Metrics, RoundJson, WholeRoundJson, budget_line, estimate_lines, off_line, scan_lines,
};

use super::config::Settings;
use super::engine::text;
use super::lines;
use super::listen::ListenArguments;
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
    /// Containers with series of their own in the metrics, those that waste the most; the others are in `other`
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    metrics_containers: u32,
    #[command(flatten)]
    listen: ListenArguments,
}

impl Arguments {
    /// The rounds of the run.
    pub fn rounds(&self) -> &RoundArguments {
        &self.rounds
    }
}

/// The file of metrics. A name that cannot be written to ends the run at its first round; a disk that is full, or fails later,
/// costs the file and not the run.
struct MetricsFile<'a> {
    path: &'a Path,
    /// It was written at least once.
    written: bool,
    /// It could not be written when it was last tried.
    failing: bool,
}

impl MetricsFile<'_> {
    fn write(&mut self, text: &str) -> Result<()> {
        match report::write_metrics(self.path, text) {
            Ok(()) => {
                if self.failing {
                    eprintln!("deltascope: {}: written again", self.path.display());
                }
                (self.written, self.failing) = (true, false);
            }
            Err(error) => {
                let is_full = matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded);
                let failure = super::metrics_failure(self.path, &error);
                if !self.written && !is_full {
                    return Err(failure);
                }
                if !std::mem::replace(&mut self.failing, true) {
                    eprintln!("deltascope: {failure}; the run continues");
                }
            }
        }
        Ok(())
    }
}

/// Streams until the source ends, the time is over or a signal asks for the end, and shows each round.
pub fn run(arguments: &Arguments, settings: &Settings) -> Result<()> {
    let mut metrics = Metrics::new(arguments.metrics_containers as usize);
    let mut file = arguments.metrics.as_deref().map(|path| MetricsFile { path, written: false, failing: false });
    // Before the source is opened, so that a taken port is said at once and readiness is asked for from the start.
    let served = arguments.listen.serve()?;
    rounds::each(&arguments.rounds, settings, &mut |round| {
        if file.is_some() || served.is_some() {
            let text = metrics.text(&round);
            if let Some(file) = &mut file {
                file.write(&text)?;
            }
            if let Some((_, publisher)) = &served {
                let json = serde_json::to_vec(&WholeRoundJson::from(&*round))?;
                publisher.publish(round.clone(), text, json);
            }
        }
        let text = if arguments.json_lines {
            lines::split(&RoundJson::from(&*round))?.join("\n") + "\n"
        } else {
            table(&round)
        };
        super::print(&text)
    })
}

/// Returns a round as text.
fn table(round: &Round) -> String {
    let estimated = round.estimates.as_ref().map(estimate_lines).unwrap_or_default();
    let scan = round.scan.as_ref().map(scan_lines).unwrap_or_default();
    let left_out = match round.silent {
        0 => String::new(),
        silent => {
            let seconds = round.silence.as_secs_f64();
            format!("{silent} containers without an event for {seconds:.0} s are not shown\n")
        }
    };
    let off = round.off.as_ref().map(|off| format!("{}\n", off_line(off))).unwrap_or_default();
    let budget = BudgetJson::of(round).map(|budget| format!("{}\n", budget_line(&budget))).unwrap_or_default();
    let seconds = round.since_start.as_secs_f64();
    format!(
        "after {seconds:.1} s\n{off}{}{left_out}{estimated}{scan}{budget}{}\n",
        text(&round.report),
        status_line(round)
    )
}

/// Returns the source's state in one line, if it has any.
fn status_line(round: &Round) -> String {
    let pairs: Vec<_> = round.source_status.iter().map(|(name, value)| format!("{name} {value}")).collect();
    if pairs.is_empty() { String::new() } else { format!("{}: {}\n", round.source, pairs.join(", ")) }
}
