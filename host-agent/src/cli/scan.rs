//! `deltascope scan`.

use anyhow::Result;
use clap::Args;
use deltascope_agent::report::{Report, ReportJson, ScanJson, not_seen_text, scan_lines};
use deltascope_agent::scan::{ScanConfig, ScanTarget};
use deltascope_agent::sources::{Scan, Source};
use deltascope_agent::stop::Stop;
use serde::Serialize;

use super::bar::Bar;
use super::engine::{EngineArguments, check, text};
use super::exit::Failure;

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
    report.describe(|name| scan.details(name));
    if let Some(summary) = scan.summary() {
        report.lower_bound = summary.lower_bound();
        report.nothing_seen = summary.nothing_seen();
        if arguments.json {
            super::print_json(&Json { report: ReportJson::from(&report), scan: ScanJson::from(summary) }, false)?;
        } else {
            super::print(&(text(&report) + &scan_lines(&ScanJson::from(summary))))?;
        }
    }
    let unseen = scan.summary().and_then(not_seen_text);
    accounting.finish()?;
    check(&conservation)?;
    match unseen {
        Some(text) => Err(Failure::NothingSeen(text).into()),
        None => Ok(()),
    }
}
