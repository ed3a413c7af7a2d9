//! `deltascope replay`.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use deltascope_agent::accounting::Options;
use deltascope_agent::report::{Report, ReportJson, ScanJson, scan_lines};
use deltascope_agent::sources::{Replay, Round, Source};
use deltascope_agent::stop::Stop;
use serde::Serialize;

use super::bar::Bar;
use super::engine::{EngineArguments, check, text};
use super::exit::Failure;

/// Options of the command.
#[derive(Args, Debug)]
pub struct Arguments {
    /// A file made by `deltascope record`
    file: PathBuf,
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
    /// What the recorded scan reported.
    #[serde(flatten)]
    scan: Option<ScanJson>,
}

/// Streams a recording.
pub fn run(arguments: &Arguments) -> Result<()> {
    let mut replay = Replay::open(&arguments.file)?;
    let (_daemon, mut accounting) = arguments.engine.open(Options::default(), &Stop::default())?;
    let bar = Bar::new("replaying");
    while replay.round(&mut accounting, &mut |progress| bar.show(progress))? == Round::More {}
    drop(bar);
    let (totals, conservation) = accounting.read(&replay)?;
    let engine = accounting.granted().engine.name();
    let mut report = Report::of_replay(engine, accounting.owners(), &totals, conservation, &replay);
    report.body_contexts = accounting.body_contexts();
    let scan = replay.scan_report();
    let unseen = Failure::of_scan(scan.as_ref());
    if arguments.json {
        super::print_json(&Json { report: ReportJson::from(&report), scan }, false)?;
    } else {
        super::print(&(text(&report) + &scan.as_ref().map(scan_lines).unwrap_or_default()))?;
    }
    if let Some(notice) = replay.notice() {
        eprintln!("deltascope: {}: {notice}", arguments.file.display());
    }
    accounting.finish()?;
    check(&conservation)?;
    Ok(unseen?)
}
