//! `deltascope scan`.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::Result;
use clap::Args;
use deltascope_agent::accounting::Options;
use deltascope_agent::report::round::Rounds;
use deltascope_agent::report::{Metrics, ReportJson, ScanJson, scan_lines};
use deltascope_agent::scan::{ScanConfig, ScanTarget};
use deltascope_agent::signals;
use deltascope_agent::sources::{Scan, Source};
use deltascope_agent::tuning::Tuning;
use serde::Serialize;

use super::bar::Bar;
use super::engine::{EngineArguments, check, text};
use super::exit::Failure;
use super::names::NameArguments;

/// Containers with series of their own in the metrics.
const METRICS_CONTAINERS: usize = 100;

/// Longest time for the names of containers: there is no next round that has them.
const NAMES_TIME: Duration = Duration::from_secs(1);

/// Options of the command.
#[derive(Args, Debug)]
pub struct Arguments {
    /// Scan only the families of these processes (may be given more than once)
    #[arg(long = "pid", value_name = "PID")]
    pids: Vec<u32>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    /// Replace this file with the numbers, as metrics for the textfile collector of node_exporter
    #[arg(long, value_name = "FILE")]
    metrics: Option<PathBuf>,
    #[command(flatten)]
    names: NameArguments,
    #[command(flatten)]
    engine: EngineArguments,
}

#[derive(Serialize)]
struct Json {
    #[serde(flatten)]
    report: ReportJson,
    #[serde(flatten)]
    scan: ScanJson,
}

/// The configuration of a scan of these processes, or of the machine when there are none.
pub fn config(pids: &[u32]) -> ScanConfig {
    let target = if pids.is_empty() { ScanTarget::Machine } else { ScanTarget::Pids(pids.to_vec()) };
    ScanConfig { target, ..ScanConfig::default() }
}

/// Scans once. A signal ends the scan early, with what it has.
pub fn run(arguments: &Arguments) -> Result<()> {
    let stop = signals::catch()?;
    let (_daemon, mut accounting) = arguments.engine.open(Options::default(), &stop)?;
    let mut scan = Scan::new(config(&arguments.pids), []).ended_by(&stop);
    let (before, _) = accounting.read(&scan)?;
    let cache = arguments.names.cache()?;
    let (mut rounds, begun) = (Rounds::new(Tuning::once()).named_by(cache.clone()), Instant::now());
    let bar = Bar::new("scanning");
    scan.round(&mut accounting, &mut |progress| bar.show(progress))?;
    drop(bar);
    let (after, conservation) = accounting.read(&scan)?;
    if let Some(cache) = &cache {
        cache.look_up(accounting.owners().iter().map(|(_, owner)| &*owner.name), NAMES_TIME);
    }
    let round = rounds.next(&accounting, &scan, (after.since(&before), conservation), begun.elapsed(), |_| 0);
    let report = &round.report;
    let unseen = Failure::of_scan(round.scan.as_ref());
    if let Some(scan) = &round.scan {
        if let Some(path) = &arguments.metrics {
            super::write_metrics(path, &Metrics::new(METRICS_CONTAINERS).text(&round))?;
        }
        if arguments.json {
            super::print_json(&Json { report: ReportJson::from(report), scan: scan.clone() }, false)?;
        } else {
            super::print(&(text(report) + &scan_lines(scan)))?;
        }
    }
    accounting.finish()?;
    check(&conservation)?;
    Ok(unseen?)
}
