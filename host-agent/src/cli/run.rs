//! `deltascope run`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use clap::{Args, ValueEnum};
use deltascope_agent::accounting::Accounting;
use deltascope_agent::accounting::Totals;
use deltascope_agent::accounting::state::StateStatus;
use deltascope_agent::capture::AddressNames;
use deltascope_agent::report::{
    EstimatedJson, Report, ReportJson, ScanJson, SendBytesJson, estimate_lines, scan_lines,
};
use deltascope_agent::scan::{Budget, ScanConfig};
use deltascope_agent::signals;
use deltascope_agent::sink::Sink;
use deltascope_agent::sources::{Kmod, Pcap, Replay, Round, Scan, Source, SourceError, auto, bpf};
use deltascope_agent::stop::Stop;
use serde::Serialize;

use super::bpf::BpfArguments;
use super::engine::{EngineArguments, check, text};
use super::exit::Failure;
use super::lines::{self, Silence};
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
    /// The sends in a file of packets, given with --pcap
    Pcap,
    /// The first of bpf, kmod and scan that this kernel permits; says which on standard error, and why
    Auto,
    /// BPF programs: every copy and every send, as they happen
    Bpf,
    /// The capture module: the same
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
    /// pcap: the file, made by tcpdump or dumpcap (pcap or pcapng)
    #[arg(long, value_name = "FILE", required_if_eq("source", "pcap"))]
    pcap: Option<PathBuf>,
    /// pcap: who sends from an address, or from one port of it (may be given more than once)
    #[arg(long = "map", value_name = "ADDRESS[:PORT]=NAME", value_parser = name)]
    names: Vec<String>,
    /// scan: only the families of these processes (may be given more than once)
    #[arg(long = "pid", value_name = "PID")]
    pids: Vec<u32>,
    /// bpf, kmod: never leave anything out; what the agent cannot keep up with is lost to full rings
    #[arg(long)]
    no_sampling: bool,
    #[command(flatten)]
    bpf: BpfArguments,
    #[command(flatten)]
    synth: SynthArguments,
}

impl SourceArguments {
    /// Files that the source reads.
    pub fn files(&self) -> Vec<&Path> {
        let file = match self.source {
            SourceKind::Replay => &self.file,
            SourceKind::Pcap => &self.pcap,
            _ => &None,
        };
        file.as_deref().into_iter().collect()
    }

    /// The source. Scans end early once `stop` is asked for; with a budget they keep within it and stall no process.
    pub fn open(&self, stop: &Stop, budget: Option<Budget>) -> Result<Box<dyn Source>> {
        let config = ScanConfig { may_stall: budget.is_none(), budget, ..super::scan::config(&self.pids) };
        Ok(match self.source {
            SourceKind::Scan => Box::new(Scan::new(config, []).ended_by(stop)),
            SourceKind::Synth => Box::new(self.synth.source()),
            SourceKind::Auto => {
                let sampling = !self.no_sampling;
                let choice = auto::open(&self.bpf.options(sampling), sampling, config, stop);
                eprintln!("deltascope: {choice}");
                choice.source
            }
            SourceKind::Bpf => bpf::open(&self.bpf.options(!self.no_sampling)).map_err(SourceError::from)?,
            SourceKind::Kmod => Box::new(Kmod::open(!self.no_sampling).map_err(SourceError::from)?),
            SourceKind::Pcap => match &self.pcap {
                Some(file) => {
                    let mut names = AddressNames::default();
                    for text in &self.names {
                        names.add(text)?;
                    }
                    Box::new(Pcap::open(file, names).map_err(SourceError::from)?)
                }
                None => bail!("--source pcap: expected --pcap with a file of packets, found none"),
            },
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
    /// Print one JSON object a line; one that would be longer than 16,000 bytes is several, numbered by `part` and `parts`
    #[arg(long)]
    json_lines: bool,
    /// Seconds without an event after which a container leaves the output; what it has counted stays in the sums
    #[arg(long, value_name = "SECONDS", default_value = "600", value_parser = seconds)]
    silence: Duration,
    /// scan: processor time that the rounds may use, in percent of one core
    #[arg(long, value_name = "PERCENT", default_value = "2", value_parser = positive)]
    scan_cpu: f64,
    /// scan: bytes that the rounds may compare in a second, in GB
    #[arg(long, value_name = "GB", default_value = "1", value_parser = positive)]
    scan_rate: f64,
    /// Replace this file with the numbers of each output, as metrics for the textfile collector of node_exporter
    #[arg(long, value_name = "FILE")]
    metrics: Option<PathBuf>,
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
    /// What the source reports beside its events, by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    status: BTreeMap<&'static str, u64>,
    /// What sampling has left out, estimated; not in any other number.
    #[serde(skip_serializing_if = "Option::is_none")]
    estimated: Option<EstimatedJson>,
    /// Containers that are left out because they have had no event for a while.
    #[serde(skip_serializing_if = "is_zero")]
    silent_containers: usize,
    /// What was written to the state folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<StateStatus>,
    #[serde(flatten)]
    report: ReportJson,
    /// What the scan of this round, or the one that was recorded, reported beside its events.
    #[serde(flatten)]
    scan: Option<ScanJson>,
}

fn is_zero(count: &usize) -> bool {
    *count == 0
}

/// Longest time for the rest of what is in flight after a stop.
const REST: Duration = Duration::from_secs(10);

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

/// A text that names who sends from an address.
fn name(text: &str) -> Result<String, String> {
    AddressNames::default().add(text).map(|()| text.to_owned()).map_err(|error| error.to_string())
}

/// A number above zero.
fn positive(text: &str) -> Result<f64, String> {
    let expected = "expected a number above 0 and at most 1000000";
    let value: f64 = text.parse().map_err(|_| format!("{expected}, found {text:?}"))?;
    if value > 0.0 && value <= 1e6 { Ok(value) } else { Err(format!("{expected}, found {text}")) }
}

/// Streams until the source ends, the time is over or a signal asks for the end.
pub fn run(arguments: &Arguments) -> Result<()> {
    let stop = signals::catch()?;
    let budget = Budget { core: arguments.scan_cpu / 100.0, bytes_per_second: arguments.scan_rate * 1e9 };
    let end = arguments.duration.map(|duration| Instant::now() + duration);
    let mut source = arguments.source.open(&stop.until(end), Some(budget))?;
    let state = arguments.state.open(source.as_ref(), arguments.engine.is_remote(), arguments.engine.has_tls())?;
    let identity = arguments.state.identity(source.as_ref(), arguments.engine.is_remote());
    let (_daemon, mut accounting) = arguments.engine.open_as(state, identity, &stop)?;
    accounting.resume(source.as_mut())?;
    let begun = Instant::now();
    // The source has its end from a little earlier, which only shortens its pauses.
    let end = arguments.duration.map(|duration| begun + duration);
    let mut due = begun + arguments.interval;
    let stopped = || stop.is_asked() || end.is_some_and(|end| Instant::now() >= end);
    let mut base = Totals::default();
    // Since when the rest of what is in flight is given; inside, nothing for a source that cannot stop capturing.
    let mut rest: Option<Option<Instant>> = None;
    let mut late = Late::default();
    let mut silence = Silence::new(arguments.silence);
    let mut unseen = Unseen::default();
    loop {
        let round_begun = Instant::now();
        let round = source.round(&mut accounting, &mut |_| ())?;
        if source.is_state() {
            late.note(round_begun.elapsed(), arguments.interval);
            wait(&mut accounting, due.min(end.unwrap_or(due)), &stop)?;
        }
        if stopped() && rest.is_none() {
            rest = Some(source.stop().then(Instant::now));
        }
        let drained = |since: Instant| source.in_flight() == 0 || since.elapsed() > REST;
        let over = round == Round::End || rest.is_some_and(|since| since.is_none_or(drained));
        // Without a server there are no numbers to show; what a source of events gives meanwhile is kept.
        let shows = source.is_state() || accounting.is_online();
        if over || shows && Instant::now() >= due {
            let (totals, conservation) = accounting.read(source.as_ref())?;
            let shown = if source.is_state() { totals.since(&base) } else { totals.clone() };
            base = totals;
            let engine = accounting.granted().engine.name();
            let mut report = Report::new(engine, accounting.owners(), &shown, conservation);
            report.lower_bound = source.is_lower_bound();
            report.body_contexts = accounting.body_contexts();
            report.send_bytes =
                source.payload().map(|payload| SendBytesJson::new(&payload, accounting.owners(), &shown));
            report.describe(|name| source.details(name));
            let scan = source.scan_report();
            unseen.note(scan.as_ref());
            report.nothing_seen = scan.as_ref().is_some_and(ScanJson::nothing_seen);
            if scan.as_ref().is_some_and(|scan| scan.origins.is_none()) {
                report.without_origins();
            }
            // A round of a state names what there is now.
            let silent = if source.is_state() { 0 } else { silence.apply(&mut report, Instant::now()) };
            show(arguments, &accounting, source.as_ref(), begun.elapsed(), &report, scan, silent)?;
            check(&conservation)?;
            // From now on, not from when it was due: after a pause of this process there is one round and no burst.
            due = Instant::now() + arguments.interval;
        }
        if over {
            break;
        }
    }
    if let Some(notice) = source.notice() {
        eprintln!("deltascope: {notice}");
    }
    accounting.finish()?;
    Ok(unseen.0?)
}

/// Why the last round did not see what was asked for, reported when it begins to be so and when the reason changes. A round
/// that was cut short by the end says nothing of it.
struct Unseen(Result<(), Failure>);

impl Default for Unseen {
    fn default() -> Self {
        Self(Ok(()))
    }
}

impl Unseen {
    fn note(&mut self, scan: Option<&ScanJson>) {
        if scan.is_some_and(|scan| scan.coverage.members.unread.get("not_reached").is_some_and(|&members| members > 0))
        {
            return;
        }
        let now = Failure::of_scan(scan);
        if let Err(failure) = &now
            && self.0.as_ref().err().map(ToString::to_string) != Some(failure.to_string())
        {
            eprintln!("deltascope: {failure}");
        }
        self.0 = now;
    }
}

/// Reports rounds that take longer than the interval, the first one and then each time that one takes twice as long
/// as the longest reported.
#[derive(Default)]
struct Late(Duration);

impl Late {
    fn note(&mut self, round: Duration, interval: Duration) {
        if round > interval && round >= 2 * self.0 {
            self.0 = round;
            eprintln!(
                "deltascope: a round took {:.1} s, expected at most the interval of {:.1} s; the next one begins after it \
                 (--scan-cpu and --scan-rate are what rounds may cost)",
                round.as_secs_f64(),
                interval.as_secs_f64()
            );
        }
    }
}

/// Waits until `due`, or until the process is asked to end, and keeps the session alive.
fn wait(accounting: &mut Accounting, due: Instant, stop: &Stop) -> Result<()> {
    while !stop.is_asked() {
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
    report: &Report,
    scan: Option<ScanJson>,
    silent: usize,
) -> Result<()> {
    let (seconds, estimated) = (elapsed.as_secs_f64(), source.estimates());
    if let Some(path) = &arguments.metrics {
        super::write_metrics(path, report, source.is_state(), scan.as_ref())?;
    }
    if arguments.json_lines {
        let json = Json {
            seconds,
            source: source.name(),
            gauges: source.is_state(),
            lower_bound: source.is_lower_bound(),
            status: source.status().into_iter().collect(),
            estimated: estimated.map(|estimates| EstimatedJson::new(&estimates, accounting.owners())),
            silent_containers: silent,
            state: accounting.state_status(),
            report: ReportJson::from(report),
            scan,
        };
        return super::print(&(lines::split(&json)?.join("\n") + "\n"));
    }
    let estimated = estimated.map(|estimates| estimate_lines(&estimates)).unwrap_or_default();
    let scan = scan.as_ref().map(scan_lines).unwrap_or_default();
    let left_out = match silent {
        0 => String::new(),
        _ => {
            format!("{silent} containers without an event for {:.0} s are not shown\n", arguments.silence.as_secs_f64())
        }
    };
    let status = status_line(source);
    super::print(&format!("after {seconds:.1} s\n{}{left_out}{estimated}{scan}{status}\n", text(report)))
}

/// Returns the source's state in one line, if it has any.
fn status_line(source: &dyn Source) -> String {
    let pairs: Vec<_> = source.status().into_iter().map(|(name, value)| format!("{name} {value}")).collect();
    if pairs.is_empty() { String::new() } else { format!("{}: {}\n", source.name(), pairs.join(", ")) }
}
