//! `deltascope replay`.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use deltascope_agent::report::{Report, ReportJson};
use deltascope_agent::sources::{Replay, Round, Source};
use deltascope_agent::stop::Stop;

use super::bar::Bar;
use super::engine::{EngineArguments, check, text};

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

/// Streams a recording.
pub fn run(arguments: &Arguments) -> Result<()> {
    let mut replay = Replay::open(&arguments.file)?;
    let (_daemon, mut accounting) = arguments.engine.open(None, &Stop::default())?;
    let bar = Bar::new("replaying");
    while replay.round(&mut accounting, &mut |progress| bar.show(progress))? == Round::More {}
    drop(bar);
    let (totals, conservation) = accounting.read(&replay)?;
    let report = Report::new(accounting.granted().engine.name(), accounting.owners(), &totals, conservation);
    if arguments.json {
        super::print_json(&ReportJson::from(&report), false)?;
    } else {
        super::print(&text(&report))?;
    }
    if let Some(notice) = replay.notice() {
        eprintln!("deltascope: {}: {notice}", arguments.file.display());
    }
    accounting.finish()?;
    check(&conservation)
}
