//! `deltascope record`.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow, bail};
use clap::Args;
use deltascope_abi::{DEFAULT_CONTEXTS, DEFAULT_GROUPS};
use deltascope_agent::recording::{RawWriter, RecordingError, WRITE, Writer};
use deltascope_agent::signals;
use deltascope_agent::sink::Sink;
use deltascope_agent::sources::{Round, Source};
use deltascope_agent::stop::Stop;

use super::bar::Bar;
use super::exit::Failure;
use super::rounds::REST;
use super::source::SourceArguments;

/// Options of the command.
#[derive(Args, Debug)]
pub struct Arguments {
    /// File to make, which only its owner may read; `-` is standard output
    #[arg(id = "output", value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    source: SourceArguments,
    /// Write bare records of 16 bytes, without names, as an engine takes them
    #[arg(long)]
    raw: bool,
    /// Replace the file if it exists, once the recording is whole: until then it is written to FILE.new
    #[arg(long)]
    force: bool,
    /// Seconds until the end [default: until the source ends, or Ctrl-C; a scan is one round]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    duration: Option<u64>,
}

/// Records until the source ends, the time is over or a signal asks for the end. Standard output gets records and nothing
/// else.
pub fn run(arguments: &Arguments) -> Result<()> {
    let stop = signals::catch()?;
    let mut source = arguments.source.open(&stop, None)?;
    let (file, force, read) = (&arguments.file, arguments.force, arguments.source.files());
    let events = if arguments.raw {
        let mut writer = RawWriter::create(file, force, &read, DEFAULT_GROUPS, DEFAULT_CONTEXTS)?;
        let done = drain(source.as_mut(), &mut writer, arguments.duration, &stop);
        let done = done.and_then(|()| Ok(writer.end()?));
        done.map_err(|error| cut(&error, writer.at(), writer.written(), source.as_ref()))?;
        let events = writer.events();
        writer.into_output().finish()?;
        events
    } else {
        let mut writer = Writer::create(file, force, &read).map_err(|error| match error {
            // The beginning of the recording, before the source was asked for anything.
            RecordingError::Io { action: WRITE, .. } => anyhow!("{error}; no event is in it, and all are missing"),
            error => error.into(),
        })?;
        let done = drain(source.as_mut(), &mut writer, arguments.duration, &stop);
        // What the source still holds is not in the file.
        let done = done.and_then(|()| Ok(writer.end(source.captured() - source.in_flight(), &source.losses())?));
        done.map_err(|error| cut(&error, writer.at(), writer.written(), source.as_ref()))?;
        let events = writer.events();
        writer.into_output().finish()?;
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
    if let Some(notice) = source.notice() {
        eprintln!("deltascope: {notice}");
    }
    eprintln!("{}: {events} events of {}, {lost} lost", file.display(), source.name());
    Ok(Failure::of_scan(source.scan_report().as_ref())?)
}

/// An error that ended a recording, with what is in it and what is missing.
fn cut(error: &anyhow::Error, at: &Path, whole: u64, source: &dyn Source) -> anyhow::Error {
    let missing = source.captured().saturating_sub(whole + source.losses().total());
    anyhow!("{error}; {whole} events are in {}, {missing} that were captured after them are not", at.display())
}

fn drain(source: &mut dyn Source, sink: &mut dyn Sink, duration: Option<u64>, stop: &Stop) -> Result<()> {
    let end = duration.map(|seconds| Instant::now() + Duration::from_secs(seconds));
    let bar = Bar::new("recording");
    loop {
        let round = source.round(sink, &mut |progress| bar.show(progress))?;
        let over = stop.is_asked() || end.is_some_and(|end| Instant::now() >= end);
        if over && round != Round::End && source.stop() {
            return rest(source, sink);
        }
        if round == Round::End || source.is_state() || over {
            return Ok(());
        }
    }
}

/// Records what a source that captures no more still holds.
fn rest(source: &mut dyn Source, sink: &mut dyn Sink) -> Result<()> {
    let begun = Instant::now();
    while source.in_flight() > 0 && begun.elapsed() < REST {
        source.round(sink, &mut |_| ())?;
    }
    Ok(())
}
