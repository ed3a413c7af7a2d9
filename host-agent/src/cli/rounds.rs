//! Sources of events as options, and the rounds of a run.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use clap::{Args, ValueEnum};
use deltascope_agent::accounting::Accounting;
use deltascope_agent::capture::AddressNames;
use deltascope_agent::report::round::{Round, Rounds};
use deltascope_agent::report::{Report, ScanJson};
use deltascope_agent::scan::{Budget, ScanConfig};
use deltascope_agent::signals;
use deltascope_agent::sink::Sink;
use deltascope_agent::sources::{
    Capture, CaptureOptions, Kmod, Pcap, Replay, Round as Given, Scan, Source, SourceError, auto, bpf,
};
use deltascope_agent::stop::Stop;

use super::bpf::BpfArguments;
use super::engine::{EngineArguments, check};
use super::exit::Failure;
use super::lines::Silence;
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
    /// The packets that this machine sends: every send by content
    Capture,
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
    /// capture: count the packets of this interface only, in every network namespace (may be given more than once)
    #[arg(long = "interface", value_name = "NAME")]
    interfaces: Vec<String>,
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
            SourceKind::Capture => {
                let interfaces = self.interfaces.clone();
                let options = CaptureOptions { interfaces, ring_bytes: self.bpf.ring_bytes() };
                let capture = Capture::open(&options).map_err(SourceError::from)?;
                if let Some(notice) = capture.notice() {
                    eprintln!("deltascope: {notice}");
                }
                Box::new(capture)
            }
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

/// Options of every command that makes rounds.
#[derive(Args, Debug)]
pub struct RoundArguments {
    #[command(flatten)]
    source: SourceArguments,
    /// Seconds from one output to the next
    #[arg(long, value_name = "SECONDS", default_value = "1", value_parser = seconds)]
    interval: Duration,
    /// Seconds until the end [default: until the source ends, or Ctrl-C]
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    duration: Option<Duration>,
    /// Seconds without an event after which a container leaves the output; what it has counted stays in the sums
    #[arg(long, value_name = "SECONDS", default_value = "600", value_parser = seconds)]
    pub silence: Duration,
    /// scan: processor time that the rounds may use, in percent of one core
    #[arg(long, value_name = "PERCENT", default_value = "2", value_parser = positive)]
    scan_cpu: f64,
    /// scan: bytes that the rounds may compare in a second, in GB
    #[arg(long, value_name = "GB", default_value = "1", value_parser = positive)]
    scan_rate: f64,
    #[command(flatten)]
    state: StateArguments,
    #[command(flatten)]
    engine: EngineArguments,
}

impl RoundArguments {
    /// The way to an engine.
    pub fn engine(&self) -> &EngineArguments {
        &self.engine
    }
}

/// Longest time for the rest of what is in flight after a stop.
pub(super) const REST: Duration = Duration::from_secs(10);

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

/// Makes rounds until the source ends, the time is over or a signal asks for the end, and gives each to `show`.
pub fn each(arguments: &RoundArguments, show: &mut dyn FnMut(Arc<Round>) -> Result<()>) -> Result<()> {
    each_until(arguments, &signals::catch()?, &mut |round| show(round).map(ControlFlow::Continue))
}

/// Makes rounds as [`each`] does, until `stop` asks for the end or `show` breaks: then the session is ended in order.
pub fn each_until(
    arguments: &RoundArguments,
    stop: &Stop,
    show: &mut dyn FnMut(Arc<Round>) -> Result<ControlFlow<()>>,
) -> Result<()> {
    let budget = Budget { core: arguments.scan_cpu / 100.0, bytes_per_second: arguments.scan_rate * 1e9 };
    let work = stop.with_end();
    let mut source = arguments.source.open(&work, Some(budget))?;
    let state = arguments.state.open(source.as_ref(), arguments.engine.is_remote(), arguments.engine.has_tls())?;
    let identity = arguments.state.identity(source.as_ref(), arguments.engine.is_remote());
    let (_daemon, mut accounting) = arguments.engine.open_as(state, identity, stop)?;
    accounting.resume(source.as_mut())?;
    let begun = Instant::now();
    let end = arguments.duration.map(|duration| begun + duration);
    // A round that ends its pauses for it is the last one.
    end.into_iter().for_each(|end| work.end_at(end));
    let mut due = begun + arguments.interval;
    let stopped = || stop.is_asked() || end.is_some_and(|end| Instant::now() >= end);
    let mut rounds = Rounds::new(arguments.interval);
    // Since when the rest of what is in flight is given; inside, nothing for a source that cannot stop capturing.
    let mut rest: Option<Option<Instant>> = None;
    let mut late = Late::default();
    let mut silence = Silence::new(arguments.silence);
    let mut unseen = Unseen::default();
    loop {
        let mut work_begun = Instant::now();
        let given = source.round(&mut accounting, &mut |_| ())?;
        let mut took = work_begun.elapsed();
        if source.is_state() {
            late.note(took, arguments.interval);
            wait(&mut accounting, due.min(end.unwrap_or(due)), stop)?;
        }
        if stopped() && rest.is_none() {
            rest = Some(source.stop().then(Instant::now));
        }
        let drained = |since: Instant| source.in_flight() == 0 || since.elapsed() > REST;
        let over = given == Given::End || rest.is_some_and(|since| since.is_none_or(drained));
        // Without a server there are no numbers to show; what a source of events gives meanwhile is kept.
        let shows = source.is_state() || accounting.is_online();
        if over || shows && Instant::now() >= due {
            work_begun = Instant::now();
            let read = accounting.read(source.as_ref())?;
            let conservation = read.1;
            took += work_begun.elapsed();
            let silence = |report: &mut Report| silence.apply(report, Instant::now());
            let round = Arc::new(rounds.next(&accounting, source.as_ref(), read, took, silence));
            unseen.note(round.scan.as_ref());
            let shown = show(round)?;
            check(&conservation)?;
            if shown.is_break() {
                break;
            }
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
