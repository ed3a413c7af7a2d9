//! The rounds of a run, and their options.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use clap::Args;
use deltascope_agent::accounting::{Accounting, Options};
use deltascope_agent::report::round::{Round, Rounds};
use deltascope_agent::report::{Report, ScanJson};
use deltascope_agent::scan::Budget;
use deltascope_agent::sink::Sink;
use deltascope_agent::sources::{Round as Given, Source};
use deltascope_agent::stop::Stop;
use deltascope_agent::tuning::{Off, Switch, Tuner, Tuning};

use super::config::{Origin, Settings};
use super::engine::{EngineArguments, check};
use super::exit::Failure;
use super::lines::Silence;
use super::names::NameArguments;
use super::source::{MoreScope, SourceArguments};
use super::state::StateArguments;

/// Options of every command that makes rounds.
#[derive(Args, Debug)]
pub struct RoundArguments {
    #[command(flatten)]
    source: SourceArguments,
    /// bpf, kmod, capture, pcap: count sends by content in this scope too
    #[arg(long, value_enum, value_name = "SCOPE")]
    scope: Option<MoreScope>,
    /// Seconds from one output to the next
    #[arg(long, value_name = "SECONDS", default_value = "1", value_parser = seconds)]
    interval: Duration,
    /// Seconds until the end [default: until the source ends, or Ctrl-C]
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    duration: Option<Duration>,
    /// Seconds without an event after which a container leaves the output; what it has counted stays in the sums
    #[arg(long, value_name = "SECONDS", default_value = "600", value_parser = seconds)]
    silence: Duration,
    /// scan: processor time that the rounds may use, in percent of one core; 0 switches the scan off
    #[arg(long, value_name = "PERCENT", default_value = "2", value_parser = budget)]
    scan_cpu: f64,
    /// scan: bytes that the rounds may compare in a second, in GB; 0 switches the scan off
    #[arg(long, value_name = "GB", default_value = "1", value_parser = budget)]
    scan_rate: f64,
    /// scan, bpf, kmod, capture: begin switched off; every output reports it. SIGHUP reads the file of settings again, which can
    /// switch the source on
    #[arg(long)]
    off: bool,
    /// Read what neither options nor DELTASCOPE_* variables say from this file: toml, with long options as keys; again at
    /// each SIGHUP [default: $DELTASCOPE_CONFIG]
    #[arg(long, value_name = "SETTINGS")]
    config: Option<PathBuf>,
    #[command(flatten)]
    names: NameArguments,
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

    /// What may change while the run is under way; `origin` is where a setting comes from.
    pub fn tuning(&self, origin: &dyn Fn(&str) -> Origin) -> Tuning {
        let off = |setting, name, value: &str| {
            let reason = format!("{name} = {value} ({})", origin(name));
            Some(Off { setting, reason })
        };
        Tuning {
            interval: self.interval,
            silence: self.silence,
            budget: Budget { core: self.scan_cpu / 100.0, bytes_per_second: self.scan_rate * 1e9 },
            off: match (self.off, self.scan_cpu > 0.0, self.scan_rate > 0.0) {
                (true, ..) => off("off", "off", "true"),
                (_, false, _) => off("scan_cpu", "scan-cpu", "0"),
                (_, _, false) => off("scan_rate", "scan-rate", "0"),
                _ => None,
            },
        }
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

/// A budget, or 0 for none.
fn budget(text: &str) -> Result<f64, String> {
    let expected = "expected a number of 0 to 1000000";
    let value: f64 = text.parse().map_err(|_| format!("{expected}, found {text:?}"))?;
    if (0.0..=1e6).contains(&value) { Ok(value) } else { Err(format!("{expected}, found {text}")) }
}

/// Makes rounds until the source ends, the time is over, `stop` asks for the end or `show` breaks, and gives each to `show`;
/// then the session is ended in order.
pub fn each_until(
    arguments: &RoundArguments,
    settings: &Settings,
    stop: &Stop,
    show: &mut dyn FnMut(Arc<Round>) -> Result<ControlFlow<()>>,
) -> Result<()> {
    let tuner = Tuner::new(arguments.tuning(&|name| settings.origin(name)));
    settings.watch(&tuner)?;
    let connections = arguments.source.connections(arguments.scope)?;
    let work = stop.with_end();
    let mut source = arguments.source.open(&work, Some(&tuner))?;
    let switch = match (source.can_switch(), source.is_state()) {
        (false, _) => Switch::None,
        (true, false) => Switch::Off,
        (true, true) => Switch::OffOrBudget,
    };
    tuner.set_switch(switch);
    if let Some(off) = tuner.get().off.filter(|off| !switch.obeys(off)) {
        bail!("{}: this does not switch off --source {}; leave it out", off.reason, source.name());
    }
    let is_state = source.is_state();
    // Why the source does not capture now; of a scan the tuner knows.
    let mut switched_off = tuner.get().off.filter(|_| !is_state);
    if switched_off.is_some() {
        source.switch(false)?;
    }
    let state = arguments.state.open(source.as_ref(), arguments.engine.is_remote(), arguments.engine.has_tls())?;
    let identity = arguments.state.identity(source.as_ref(), arguments.engine.is_remote());
    let options = Options { state, identity, connections, ..Options::default() };
    let (_daemon, mut accounting) = arguments.engine.open(options, stop)?;
    accounting.resume(source.as_mut())?;
    let begun = Instant::now();
    let end = arguments.duration.map(|duration| begun + duration);
    // A round that ends its pauses for it is the last one.
    end.into_iter().for_each(|end| work.end_at(end));
    let mut last = begun;
    let stopped = || stop.is_asked() || end.is_some_and(|end| Instant::now() >= end);
    let mut rounds = Rounds::new(tuner.get()).named_by(arguments.names.cache()?);
    // Since when the rest of what is in flight is given; inside, nothing for a source that cannot stop capturing.
    let mut rest: Option<Option<Instant>> = None;
    let mut late = Late::default();
    let mut silence = Silence::default();
    let mut unseen = Unseen::default();
    loop {
        late.report();
        let mut work_begun = Instant::now();
        let off = is_state && tuner.is_off();
        if !is_state {
            obey(source.as_mut(), &tuner, &mut switched_off);
        }
        let given = if off { Given::More } else { source.round(&mut accounting, &mut |_| ())? };
        let mut took = work_begun.elapsed();
        let due = || last + tuner.get().interval;
        let switched = || is_state && tuner.is_off() != off;
        if is_state {
            late.note(took, tuner.get().interval);
            wait(&mut accounting, || switched() || stop.is_asked(), || due().min(end.unwrap_or_else(due)))?;
            if off && switched() {
                continue;
            }
        }
        if stopped() && rest.is_none() {
            rest = Some(source.stop().then(Instant::now));
        }
        let drained = |since: Instant| source.in_flight() == 0 || since.elapsed() > REST;
        let over = given == Given::End || rest.is_some_and(|since| since.is_none_or(drained));
        // Without a server there are no numbers to show; what a source of events gives meanwhile is kept.
        let shows = is_state || accounting.is_online();
        if over || shows && (switched() || Instant::now() >= due()) {
            work_begun = Instant::now();
            let read = accounting.read(source.as_ref())?;
            let conservation = read.1;
            took += work_begun.elapsed();
            let tuning = tuner.get();
            let silence = |report: &mut Report| silence.apply(report, tuning.silence, Instant::now());
            let off = if is_state { tuning.off.clone() } else { switched_off.clone() };
            rounds.tune(&Tuning { off, ..tuning.clone() });
            let round = Arc::new(rounds.next(&accounting, source.as_ref(), read, took, silence));
            unseen.note(round.scan.as_ref());
            let shown = show(round)?;
            check(&conservation)?;
            if shown.is_break() {
                break;
            }
            // From now on, not from when it was due: after a pause of this process there is one round and no burst.
            last = Instant::now();
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

/// Switches a source that captures as the settings say. What it refuses is printed, and the settings stay as they were.
fn obey(source: &mut dyn Source, tuner: &Tuner, switched_off: &mut Option<Off>) {
    let tuning = tuner.get();
    if tuning.off == *switched_off {
        return;
    }
    let changes = tuning.off.is_some() != switched_off.is_some();
    match source.switch(tuning.off.is_none()) {
        Err(error) if changes => {
            eprintln!(
                "deltascope: the source stays switched {}: {error}",
                if tuning.off.is_some() { "on" } else { "off" }
            );
            tuner.set(Tuning { off: switched_off.clone(), ..tuning });
        }
        _ => *switched_off = tuning.off,
    }
}

/// Why the last round did not see what was asked for, reported when it begins to be so and when the reason changes. A round
/// that was cut short by the end reports nothing of it.
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

/// Reports rounds that take longer than the interval once another one begins, the first of them and then each that takes
/// twice as long as the longest reported.
#[derive(Default)]
struct Late {
    longest: Duration,
    message: Option<String>,
}

impl Late {
    fn note(&mut self, round: Duration, interval: Duration) {
        if round > interval && round >= 2 * self.longest {
            self.longest = round;
            self.message = Some(format!(
                "deltascope: a round took {:.1} s, expected at most the interval of {:.1} s; the next one begins after it \
                 (--scan-cpu and --scan-rate are what rounds may cost)",
                round.as_secs_f64(),
                interval.as_secs_f64()
            ));
        }
    }

    fn report(&mut self) {
        if let Some(message) = self.message.take() {
            eprintln!("{message}");
        }
    }
}

/// Waits until `due`, which may change meanwhile, or until it is `over`, and keeps the session alive.
fn wait(accounting: &mut Accounting, over: impl Fn() -> bool, due: impl Fn() -> Instant) -> Result<()> {
    while !over() {
        let left = due().saturating_duration_since(Instant::now());
        if left.is_zero() {
            break;
        }
        accounting.idle()?;
        std::thread::sleep(left.min(Duration::from_millis(50)));
    }
    Ok(())
}
