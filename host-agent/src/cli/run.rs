//! `deltascope run`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow, bail};
use clap::{Args, ValueEnum};
use deltascope_agent::accounting::Accounting;
use deltascope_agent::accounting::Conservation;
use deltascope_agent::accounting::Totals;
use deltascope_agent::report::{EstimatedJson, Report, ReportJson, estimate_lines};
use deltascope_agent::sink::Sink;
use deltascope_agent::sources::{Kmod, Replay, Round, Scan, Source, SourceError};
use serde::Serialize;

use super::engine::{EngineArguments, check, text};
use super::state::StateArguments;
use super::synth::SynthArguments;

/// Where events come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SourceKind {
    /// Scans of this machine, one at every interval
    Scan,
    /// Events made up from a seed
    Synth,
    /// A recording, given with --file
    Replay,
    /// The capture module: every copy and every send, as they happen
    Kmod,
}

/// Options that name a source.
#[derive(Args, Debug)]
pub struct SourceArguments {
    /// Where events come from
    #[arg(long, value_enum, default_value_t = SourceKind::Scan)]
    source: SourceKind,
    /// replay: the recording
    #[arg(long, value_name = "FILE", required_if_eq("source", "replay"))]
    file: Option<PathBuf>,
    /// scan: only the families of these processes (may be given more than once)
    #[arg(long = "pid", value_name = "PID")]
    pids: Vec<u32>,
    /// kmod: never leave anything out; what the agent cannot keep up with is lost to full rings
    #[arg(long)]
    no_sampling: bool,
    #[command(flatten)]
    synth: SynthArguments,
}

impl SourceArguments {
    /// The source.
    pub fn open(&self) -> Result<Box<dyn Source>> {
        Ok(match self.source {
            SourceKind::Scan => Box::new(Scan::new(super::scan::config(&self.pids), [])),
            SourceKind::Synth => Box::new(self.synth.source()),
            SourceKind::Kmod => Box::new(Kmod::open(!self.no_sampling).map_err(SourceError::from)?),
            SourceKind::Replay => match &self.file {
                Some(file) => Box::new(Replay::open(file)?),
                None => bail!("--source replay: expected --file with a recording, found none"),
            },
        })
    }
}

/// Options of the command.
#[derive(Args, Debug)]
pub struct Arguments {
    #[command(flatten)]
    source: SourceArguments,
    /// Seconds from one output to the next
    #[arg(long, value_name = "SECONDS", default_value = "1", value_parser = seconds)]
    interval: Duration,
    /// Seconds until the end [default: until the source ends, or Ctrl-C]
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    duration: Option<Duration>,
    /// Print one JSON object a line
    #[arg(long)]
    json_lines: bool,
    #[command(flatten)]
    state: StateArguments,
    #[command(flatten)]
    engine: EngineArguments,
}

#[derive(Serialize)]
struct Json {
    /// Measured seconds since the start.
    seconds: f64,
    source: &'static str,
    /// Gauges of one round, or counters since the start.
    gauges: bool,
    /// Copies are at least as many as this.
    lower_bound: bool,
    /// What the source tells beside its events, by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    status: BTreeMap<&'static str, u64>,
    /// What sampling has left out, estimated; not in any other number.
    #[serde(skip_serializing_if = "Option::is_none")]
    estimated: Option<EstimatedJson>,
    #[serde(flatten)]
    report: ReportJson,
}

/// A time in seconds, a fraction allowed, above zero and at most ten years.
fn seconds(text: &str) -> Result<Duration, String> {
    let expected = "expected seconds above 0 and at most 315360000";
    let value: f64 = text.parse().map_err(|_| format!("{expected}, found {text:?}"))?;
    if value > 0.0 && value <= 315_360_000.0 {
        Ok(Duration::from_secs_f64(value))
    } else {
        Err(format!("{expected}, found {text}"))
    }
}

/// Streams until the source ends, the time is over or somebody stops it.
pub fn run(arguments: &Arguments) -> Result<()> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        // The second signal ends the program at once: the first has set the flag by then.
        signal_hook::flag::register_conditional_shutdown(signal, 130, stop.clone())
            .and_then(|_| signal_hook::flag::register(signal, stop.clone()))
            .map_err(|error| anyhow!("cannot catch signal {signal}: {error}"))?;
    }
    let mut source = arguments.source.open()?;
    let state = arguments.state.open(source.as_ref(), arguments.engine.is_remote(), arguments.engine.has_tls())?;
    let identity = arguments.state.identity(source.as_ref(), arguments.engine.is_remote());
    let (_daemon, mut accounting) = arguments.engine.open_as(true, state, identity)?;
    accounting.resume(source.as_mut())?;
    let begun = Instant::now();
    let end = arguments.duration.map(|duration| begun + duration);
    let mut due = begun + arguments.interval;
    let stopped = || stop.load(Ordering::Relaxed) || end.is_some_and(|end| Instant::now() >= end);
    let mut base = Totals::default();
    loop {
        let round = source.round(&mut accounting, &mut |_| ())?;
        if source.is_state() {
            wait(&mut accounting, due.min(end.unwrap_or(due)), &stop)?;
        }
        let over = round == Round::End || stopped();
        if over || Instant::now() >= due {
            due += arguments.interval;
            let (totals, conservation) = accounting.read(source.as_ref())?;
            let shown = if source.is_state() { totals.since(&base) } else { totals.clone() };
            base = totals;
            show(arguments, &accounting, source.as_ref(), begun.elapsed(), &shown, conservation)?;
            check(&conservation)?;
        }
        if over {
            break;
        }
    }
    Ok(accounting.finish()?)
}

/// Waits until `due`, or until somebody stops it, and keeps the session alive.
fn wait(accounting: &mut Accounting, due: Instant, stop: &AtomicBool) -> Result<()> {
    while !stop.load(Ordering::Relaxed) {
        let left = due.saturating_duration_since(Instant::now());
        if left.is_zero() {
            break;
        }
        accounting.idle()?;
        std::thread::sleep(left.min(Duration::from_millis(50)));
    }
    Ok(())
}

fn show(
    arguments: &Arguments,
    accounting: &Accounting,
    source: &dyn Source,
    elapsed: Duration,
    totals: &Totals,
    conservation: Conservation,
) -> Result<()> {
    let mut report = Report::new(accounting.granted().engine.name(), accounting.owners(), totals, conservation);
    report.lower_bound = source.is_lower_bound();
    let (seconds, estimated) = (elapsed.as_secs_f64(), source.estimates());
    if arguments.json_lines {
        let (gauges, lower_bound) = (source.is_state(), source.is_lower_bound());
        let report = ReportJson::from(&report);
        let status = source.status().into_iter().collect();
        let estimated = estimated.map(|estimates| EstimatedJson::new(&estimates, accounting.owners()));
        let name = source.name();
        let json = Json { seconds, source: name, gauges, lower_bound, status, estimated, report };
        return super::print_json(&json, true);
    }
    let estimated = estimated.map(|estimates| estimate_lines(&estimates)).unwrap_or_default();
    super::print(&format!("after {seconds:.1} s\n{}{estimated}\n", text(&report)))
}
