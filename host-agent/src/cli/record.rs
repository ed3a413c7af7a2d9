//! `deltascope record`.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use clap::Args;
use deltascope_abi::{DEFAULT_CONTEXTS, DEFAULT_GROUPS};
use deltascope_agent::recording::{RawWriter, Writer};
use deltascope_agent::sink::Sink;
use deltascope_agent::sources::{Round, Source};

use super::bar::Bar;
use super::run::SourceArguments;

/// Options of the command.
#[derive(Args, Debug)]
pub struct Arguments {
    /// File to make; only its owner may read it
    #[arg(id = "output", value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    source: SourceArguments,
    /// Write bare records of 16 bytes, without names, as an engine takes them
    #[arg(long)]
    raw: bool,
    /// Replace the file if it exists
    #[arg(long)]
    force: bool,
    /// Seconds until the end [default: until the source ends; a scan is one round]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    duration: Option<u64>,
}

/// Records until the source ends or the time is over.
pub fn run(arguments: &Arguments) -> Result<()> {
    let mut source = arguments.source.open()?;
    let events = if arguments.raw {
        let mut writer = RawWriter::create(&arguments.file, arguments.force, DEFAULT_GROUPS, DEFAULT_CONTEXTS)?;
        drain(source.as_mut(), &mut writer, arguments.duration)?;
        let events = writer.events();
        writer.finish()?;
        events
    } else {
        let mut writer = Writer::create(&arguments.file, arguments.force)?;
        drain(source.as_mut(), &mut writer, arguments.duration)?;
        let events = writer.events();
        // What the source still holds is not in the file.
        writer.finish(source.captured() - source.in_flight(), &source.losses())?;
        events
    };
    let lost = source.losses().total();
    if source.captured() != events + source.in_flight() + lost {
        bail!(
            "conservation: expected captured == recorded + in flight + lost, found {} != {events} + {} + {lost}; this is a fault of the source",
            source.captured(),
            source.in_flight()
        );
    }
    super::print(&format!("{}: {events} events of {}, {lost} lost\n", arguments.file.display(), source.name()))
}

fn drain(source: &mut dyn Source, sink: &mut dyn Sink, duration: Option<u64>) -> Result<()> {
    let end = duration.map(|seconds| Instant::now() + Duration::from_secs(seconds));
    let bar = Bar::new("recording");
    loop {
        let round = source.round(sink, &mut |progress| bar.show(progress))?;
        if round == Round::End || source.is_state() || end.is_some_and(|end| Instant::now() >= end) {
            return Ok(());
        }
    }
}
