//! What one round of `deltascope run` has found: made once, never changed, read by every surface.
//!
//! The table, the JSON lines and the metrics are made from it, and so is what other programs ask for over HTTP.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use super::names::Names;
use super::recent::Recent;
use super::{EstimatedJson, Line, Report, ScanJson, SendBytesJson};
use crate::accounting::state::StateStatus;
use crate::accounting::{Accounting, Conservation, Operations, Totals};
use crate::attribution::Groups;
use crate::event::{OwnerKind, Owners};
use crate::procfs::pressure::Pressures;
use crate::procfs::{OwnCost, lossless};
use crate::runtimes::{NameCache, NameCacheStatus};
use crate::sampling::Estimates;
use crate::scan::Budget;
use crate::sources::Source;
use crate::tuning::{Off, Tuning};
use crate::uplink::LinkStatus;

/// One round.
#[derive(Clone, Debug)]
pub struct Round {
    /// Number of the round in this run, from 1.
    pub number: u64,
    /// When it was read.
    pub at: SystemTime,
    /// Time since the run began.
    pub since_start: Duration,
    /// Time since the round before, or since the run began.
    pub since_last: Duration,
    /// Longest time from one round to the next that was asked for, without the time of the round itself.
    pub interval: Duration,
    /// Time without an event after which a container leaves the report.
    pub silence: Duration,
    /// The most that the rounds of a scan may cost; `None` of another source.
    pub budget: Option<Budget>,
    /// Why nothing is collected, if the source is switched off; of a scan there are no containers then.
    pub off: Option<Off>,
    /// Name of the source.
    pub source: &'static str,
    /// Whether the numbers are a state, which the next round replaces, and not counters.
    pub is_state: bool,
    /// What the source reports of itself, by name.
    pub source_status: Vec<(&'static str, u64)>,
    /// Owners with their counters, and the law of conservation.
    pub report: Report,
    /// What the scan of this round, or the one that was recorded, reported beside its events.
    pub scan: Option<ScanJson>,
    /// What sampling has left out, estimated.
    pub estimates: Option<Estimates>,
    /// The same with the names of the containers.
    pub estimated: Option<EstimatedJson>,
    /// How names are found; `None` where no runtime is asked.
    pub names: Option<NameCacheStatus>,
    /// Containers that the report leaves out because they have had no event for a while.
    pub silent: usize,
    /// What was written to the state folder; `None` without one.
    pub state: Option<StateStatus>,
    /// The board server.
    pub link: LinkStatus,
    /// Records that were given to the engine, by operation.
    pub operations: Operations,
    /// What the agent's process has used.
    pub own: OwnCost,
    /// Time that this round took, without the wait before it.
    pub took: Duration,
    /// The longest time that a round of this run has taken.
    pub longest_round: Duration,
}

/// Returns seconds since 1970.
pub fn unix_seconds(time: SystemTime) -> f64 {
    time.duration_since(SystemTime::UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}

/// Lines of which the pressure is read in a round, those that waste the most.
const MOST_PRESSURES: usize = 256;

/// Adds to each line the pressure of its control group, below `groups`.
fn add_pressure(report: &mut Report, groups: &Path) {
    for line in report.lines.iter_mut().take(MOST_PRESSURES) {
        let cgroup = line.details.as_ref().map(|details| details.cgroup.trim_start_matches('/'));
        // A path with `..` is outside of the groups that this process sees.
        let inside = cgroup.filter(|path| !path.is_empty() && path.split('/').all(|part| part != ".."));
        line.pressure = inside.and_then(|path| {
            let name = lossless::name(path);
            Pressures::read(&groups.join(OsStr::from_bytes(&name)))
        });
    }
}

/// Makes rounds of one run, and remembers what rates need.
#[derive(Debug)]
pub struct Rounds {
    begun: Instant,
    last: Instant,
    tuning: Tuning,
    number: u64,
    longest: Duration,
    base: Totals,
    /// Where the version 2 hierarchy of control groups is, if there is one.
    groups: Option<PathBuf>,
    /// What runtimes call their containers.
    cache: Option<NameCache>,
}

impl Rounds {
    /// Begins a run.
    pub fn new(tuning: Tuning) -> Rounds {
        let now = Instant::now();
        Rounds {
            begun: now,
            last: now,
            tuning,
            number: 0,
            longest: Duration::ZERO,
            base: Totals::default(),
            groups: Groups::of_host().folder.clone(),
            cache: None,
        }
    }

    /// Names containers as runtimes do, as far as `cache` knows it when a round is made.
    #[must_use]
    pub fn named_by(self, cache: Option<NameCache>) -> Rounds {
        Rounds { cache, ..self }
    }

    /// Sets what has changed since the round before.
    pub fn tune(&mut self, tuning: &Tuning) {
        self.tuning = tuning.clone();
    }

    /// Makes the next round of what `totals` and `conservation` say. `took` is the time of the work for it. `silence`
    /// takes silent lines out of the report of a source with counters and returns how many those were.
    pub fn next(
        &mut self,
        accounting: &Accounting,
        source: &dyn Source,
        (totals, conservation): (Totals, Conservation),
        took: Duration,
        silence: impl FnOnce(&mut Report) -> usize,
    ) -> Round {
        let (now, at, is_state) = (Instant::now(), SystemTime::now(), source.is_state());
        let since = totals.since(&self.base);
        let (off, nothing) = (self.tuning.off.clone(), Totals::default());
        let shown = match (&off, is_state) {
            (_, false) => &totals,
            (None, true) => &since,
            // Of a scan that was cut by the switch nothing is shown.
            (Some(_), true) => &nothing,
        };
        let owners = accounting.owners();
        let engine = accounting.granted().engine.name();
        let names = Names::of(owners, self.cache.as_ref());
        let mut report = Report::from_source(engine, (owners, &names), shown, conservation, source);
        if let Some(cache) = &self.cache {
            report.add_names(cache);
        }
        report.body_contexts = accounting.body_contexts();
        // A round of a state names what there is now.
        let silent = if is_state { 0 } else { silence(&mut report) };
        // Before the first round nothing is known: what was counted earlier came at an unknown time.
        if !is_state && self.number > 0 {
            add_recent(&mut report, (owners, &names), &since);
        }
        if let Some(groups) = &self.groups {
            add_pressure(&mut report, groups);
        }
        let estimates = source.estimates();
        let since_last = now.duration_since(self.last);
        self.longest = self.longest.max(took);
        self.base = totals;
        self.last = now;
        self.number += 1;
        Round {
            number: self.number,
            at,
            since_start: now.duration_since(self.begun),
            since_last,
            interval: self.tuning.interval,
            silence: self.tuning.silence,
            budget: is_state.then_some(self.tuning.budget),
            source: source.name(),
            is_state,
            source_status: source.status(),
            report,
            scan: source.scan_report().filter(|_| off.is_none()),
            off,
            estimated: estimates.as_ref().map(|estimates| EstimatedJson::new(estimates, owners, &names)),
            estimates,
            names: self.cache.as_ref().map(NameCache::status),
            silent,
            state: accounting.state_status(),
            link: accounting.link(),
            operations: accounting.operations(),
            own: OwnCost::now(),
            took,
            longest_round: self.longest,
        }
    }
}

fn of_line(line: &Line) -> Recent {
    let bodies = line.by_content.map(|sends| sends.peer).unwrap_or_default();
    Recent { pages: line.pages, sends: line.sends, bodies }
}

/// Adds to each line what was counted for it since the round before.
fn add_recent(report: &mut Report, (owners, names): (&Owners, &Names<'_>), since: &Totals) {
    let recent = Report::named(report.engine, owners, since, report.conservation, names);
    let known: HashMap<(OwnerKind, &str), Recent> =
        recent.lines.iter().map(|line| ((line.kind, line.key.as_str()), of_line(line))).collect();
    for line in &mut report.lines {
        line.recent = Some(known.get(&(line.kind, line.key.as_str())).copied().unwrap_or_default());
    }
}

impl Round {
    /// Returns how long the scan of this round has paused to keep its budget; `None` of another source.
    pub fn paused(&self) -> Option<Duration> {
        let seconds = self.scan.as_ref()?.cost.paused_seconds;
        Duration::try_from_secs_f64(seconds).ok()
    }

    /// Returns the time from a copy to its judgement, of a source that has one.
    pub fn judge_after(&self) -> Option<Duration> {
        let (_, millis) = self.source_status.iter().find(|(name, _)| *name == "judge_after_ms")?;
        Some(Duration::from_millis(*millis))
    }

    /// Whether the round has looked at anything. A source that is switched off has not, a scan that could read nothing has
    /// not, and neither has a source that captures no kind of event, or none of whose hooks has seen the copies or sends
    /// that the agent makes to test them.
    pub fn collects(&self) -> bool {
        let dead = |names: [&str; 2]| {
            let alive = self.source_status.iter().filter(|(name, _)| names.contains(name)).map(|(_, alive)| *alive);
            alive.max() == Some(0)
        };
        self.off.is_none()
            && !self.report.nothing_seen
            && !dead(["copies_alive", "sends_alive"])
            && !dead(["capture_pages", "capture_sends"])
            && !dead(["capturing_pages", "capturing_sends"])
    }
}

impl Report {
    /// A report of a source that is not named by runtimes, as [`Rounds`] make it.
    pub fn of_replay(
        engine: &'static str,
        owners: &Owners,
        totals: &Totals,
        conservation: Conservation,
        source: &dyn Source,
    ) -> Report {
        Report::from_source(engine, (owners, &Names::of(owners, None)), totals, conservation, source)
    }

    /// Adds to each line what its runtime calls it.
    fn add_names(&mut self, cache: &NameCache) {
        for line in &mut self.lines {
            line.names = line.details.as_ref().and_then(|details| cache.of_path(&details.cgroup));
        }
    }

    /// A report of what `source` has given, with what it reports of containers and of its own limits.
    fn from_source(
        engine: &'static str,
        (owners, names): (&Owners, &Names<'_>),
        totals: &Totals,
        conservation: Conservation,
        source: &dyn Source,
    ) -> Report {
        let mut report = Report::named(engine, owners, totals, conservation, names);
        let scan = source.scan_report();
        report.lower_bound = source.is_lower_bound();
        report.nothing_seen = source.nothing_seen();
        report.send_bytes = source.payload().map(|payload| SendBytesJson::new(&payload, owners, totals));
        report.describe(|name| source.details(name));
        if scan.is_some_and(|scan| scan.origins.is_none()) {
            report.without_origins();
        }
        report
    }
}
