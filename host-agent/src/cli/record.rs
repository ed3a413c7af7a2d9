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
    eprintln!("{}: {}", file.display(), summary(events, source.as_ref()));
    Ok(Failure::of_scan(source.scan_report().as_ref())?)
}

/// What is in a recording, and what of its time is not: a source that cannot stop capturing holds some events at the end.
fn summary(events: u64, source: &dyn Source) -> String {
    let (lost, held) = (source.losses().total(), source.in_flight());
    let mut text = format!("{events} events of {}, {lost} lost", source.name());
    if held > 0 {
        text += &format!("; {held} more were captured and not judged or read when it ended");
    }
    text
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

#[cfg(test)]
mod tests {
    use super::{Round, Sink, Source, summary};
    use deltascope_abi::loss::Losses;
    use deltascope_agent::sources::{Progress, SourceError};

    /// A source that holds this many events.
    struct Holds(u64);

    impl Source for Holds {
        fn name(&self) -> &'static str {
            "kmod"
        }

        fn is_state(&self) -> bool {
            false
        }

        fn round(&mut self, _: &mut dyn Sink, _: &mut dyn FnMut(Progress)) -> Result<Round, SourceError> {
            Ok(Round::End)
        }

        fn captured(&self) -> u64 {
            10 + self.0
        }

        fn losses(&self) -> Losses {
            Losses::default()
        }

        fn in_flight(&self) -> u64 {
            self.0
        }
    }

    #[test]
    fn events_that_a_source_still_holds_are_named() {
        assert_eq!(summary(10, &Holds(0)), "10 events of kmod, 0 lost");
        let held = summary(10, &Holds(3));
        assert!(held.starts_with("10 events of kmod, 0 lost; 3 more were captured"), "{held}");
    }
}
