//! `deltascope scan`.

use anyhow::Result;
use clap::Args;
use deltascope_agent::report::{Report, ReportJson, ScanJson};
use deltascope_agent::scan::{ScanConfig, ScanSummary, ScanTarget};
use deltascope_agent::sources::{Scan, Source};
use deltascope_agent::stop::Stop;
use serde::Serialize;

use super::bar::Bar;
use super::engine::{EngineArguments, check, text};

/// Options of the command.
#[derive(Args, Debug)]
pub struct Arguments {
    /// Scan only the families of these processes (may be given more than once)
    #[arg(long = "pid", value_name = "PID")]
    pids: Vec<u32>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
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

/// What was left out of a scan, and how frames were distinguished.
pub fn notes(summary: &ScanSummary) -> String {
    let json = ScanJson::from(summary);
    let list = |counts: &std::collections::BTreeMap<&str, u64>| {
        let some: Vec<String> =
            counts.iter().filter(|&(_, &count)| count > 0).map(|(name, count)| format!("{name} {count}")).collect();
        if some.is_empty() { "none".to_owned() } else { some.join(", ") }
    };
    let mode = if summary.lower_bound() {
        "frame numbers not visible: copies are a lower bound"
    } else {
        "frame numbers visible: copies are exact"
    };
    format!(
        "scan: {mode}; {} families, measured {:.3} s\nprocesses: {}\npages left out: {}\n",
        json.families,
        json.scan_seconds_measured,
        list(&json.processes),
        list(&json.skipped)
    )
}

/// Scans once.
pub fn run(arguments: &Arguments) -> Result<()> {
    let (_daemon, mut accounting) = arguments.engine.open(None, &Stop::default())?;
    let mut scan = Scan::new(config(&arguments.pids), []);
    let (before, _) = accounting.read(&scan)?;
    let bar = Bar::new("scanning");
    scan.round(&mut accounting, &mut |progress| bar.show(progress))?;
    drop(bar);
    let (after, conservation) = accounting.read(&scan)?;
    let mut report =
        Report::new(accounting.granted().engine.name(), accounting.owners(), &after.since(&before), conservation);
    if let Some(summary) = scan.summary() {
        report.lower_bound = scan.is_lower_bound();
        if arguments.json {
            super::print_json(&Json { report: ReportJson::from(&report), scan: ScanJson::from(summary) }, false)?;
        } else {
            super::print(&(text(&report) + &notes(summary)))?;
        }
    }
    accounting.finish()?;
    check(&conservation)
}
