//! The scan from end to end: list, sort into families, look, count.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::borrowed::comparable;
use super::family::Family;
use super::family_history::{FamilyHistory, largest};
use super::found::{Charges, RoundCounts};
use super::frame_flags::FrameFlags;
use super::frames::Rule;
use super::kinship::LiveKinship;
use super::listed_pages::ListedPages;
use super::listing::Listing;
use super::live::{LiveFamily, Reading, unread_counts};
use super::moved_whole::MovedWhole;
use super::overlap::overlap;
use super::pace::{Meter, Pace};
use super::round::Round;
use super::time_limit::TimeLimit;
use super::{
    BATCH_BYTES, Cost, Coverage, Doubt, FrameAccess, NotSeen, Privileges, Probe, ProcessCounts, Progress, ScanConfig,
    ScanError, ScanRecord, ScanSummary, ScanTarget, Skips, Unread,
};
use crate::attribution::{Attribution, AttributionLimits};
use crate::procfs::mapping_flags::MappingFlags;
use crate::procfs::{Mapping, OwnCost, PAGE_SIZE, ProcFs, sys};
use crate::stop::Stop;
use crate::tuning::Tuner;

/// Longest pause without a sign of life.
const NAP: Duration = Duration::from_millis(50);

/// Scans as often as it is asked to and remembers the containers that it has met.
#[derive(Debug)]
pub struct Scanner {
    config: ScanConfig,
    proc: ProcFs,
    attribution: Attribution,
    limit: TimeLimit,
    mapping_flags: Arc<MappingFlags>,
    /// A new one for each scan.
    frame_flags: Arc<FrameFlags>,
    pace: Pace,
    stop: Stop,
    tuner: Option<Tuner>,
    history: FamilyHistory,
}

impl Scanner {
    /// A scanner of this machine's `/proc`. Nothing is looked at yet.
    pub fn new(config: ScanConfig) -> Self {
        let proc = ProcFs::default();
        Self {
            config,
            frame_flags: Arc::new(FrameFlags::new(&proc)),
            attribution: Attribution::new(proc.clone(), AttributionLimits::default()),
            proc,
            limit: TimeLimit::default(),
            mapping_flags: Arc::default(),
            pace: Pace::new(sys::cpu_time()),
            stop: Stop::default(),
            tuner: None,
            history: FamilyHistory::default(),
        }
    }

    /// Ends scans early once `stop` is asked for: families whose turn has not come are counted as such.
    pub fn stop_with(&mut self, stop: Stop) {
        self.limit.stop_with(stop.clone());
        self.stop = stop;
    }

    /// Keeps scans within the budget of `tuner`, and ends them early once it switches them off.
    pub fn tune_with(&mut self, tuner: Tuner) {
        self.tuner = Some(tuner);
    }

    /// The containers that the handles in the records mean.
    pub fn attribution(&self) -> &Attribution {
        &self.attribution
    }

    /// What to scan, to be changed between two scans.
    pub fn config_mut(&mut self) -> &mut ScanConfig {
        &mut self.config
    }

    /// Scans once. `emit` gets one record for each copy, `progress` hears how far it is, at the
    /// start, after every few megabytes and at the end.
    ///
    /// Processes that vanish or may not be read are counted in the summary and end nothing.
    ///
    /// # Errors
    /// The configuration is wrong, or `/proc` or its pagemap cannot be used at all.
    pub fn scan(
        &mut self,
        emit: &mut dyn FnMut(ScanRecord),
        progress: &mut dyn FnMut(Progress),
    ) -> Result<ScanSummary, ScanError> {
        let begun = Instant::now();
        let whole = Meter::start();
        self.limit.begin();
        let rule = Rule::new(&self.prepare()?);
        let mut privileges = Privileges::probe(&self.proc, !comparable(&self.proc));
        if privileges.foreign_proc {
            self.mapping_flags = Arc::new(MappingFlags::none());
        } else if self.mapping_flags.failed() {
            // It may have been for lack of a descriptor.
            self.mapping_flags = Arc::default();
        }
        self.frame_flags = Arc::new(FrameFlags::new(&self.proc));
        let mut processes = ProcessCounts::default();
        let kinship = LiveKinship::new(&self.proc, &mut self.limit, rule.access(), self.frame_flags.clone());
        let listing = Listing::new(&self.proc, kinship, &self.config.target, &privileges, &mut processes)?;
        let Listing { families, mut coverage, mut not_seen } = listing;
        let weights: Vec<u64> =
            families.iter().map(|family| family.pages.iter().sum::<u64>() * PAGE_SIZE as u64).collect();
        let mut state = Progress {
            families_total: families.len() as u64,
            bytes_total: weights.iter().sum(),
            ..Progress::default()
        };
        progress(state);
        self.history.begin();
        let mut by_family = Vec::new();
        let mut sum = RoundCounts::default();
        let mut paused = self.rest(&whole, 0, &mut || progress(state));
        for (family, weight) in families.iter().zip(weights) {
            if self.stop.is_asked() || self.tuner.as_ref().is_some_and(Tuner::is_off) {
                self.not_reached(family, &mut processes, &mut coverage);
                self.history.note(&self.proc, family, None);
                not_seen.extend(self.wanted(family).map(|pid| (pid, NotSeen::Family(Unread::NotReached))));
                continue;
            }
            let base = state;
            let mut tell = |counts: &RoundCounts, share: f64| {
                state.bytes_done = base.bytes_done + (weight as f64 * share.min(1.0)) as u64;
                state.copies = base.copies + counts.origins.inherited.pages;
                progress(state);
            };
            let meter = Meter::start();
            let counts = self.family(rule, family, &mut processes, &mut coverage, emit, &mut tell);
            not_seen.extend(self.wanted(family).filter_map(|pid| Some((pid, NotSeen::Family(counts.unseen?)))));
            let seen = counts.unseen.is_none().then_some(counts.origins);
            by_family.extend(self.history.note(&self.proc, family, seen));
            sum += &counts;
            state.families_done += 1;
            state.bytes_done = base.bytes_done + weight;
            state.copies = sum.origins.inherited.pages;
            progress(state);
            paused += self.rest(&meter, counts.bytes_read, &mut || progress(state));
        }
        let given_up = sum.unread.total();
        let vanished = sum.unread.get(Unread::Vanished);
        processes.vanished += vanished;
        processes.unreadable += given_up - vanished;
        processes.scanned -= given_up;
        coverage.unread += sum.unread;
        coverage.doubts += sum.doubts;
        coverage.members_read = coverage.members_read.saturating_sub(given_up);
        privileges.frame_flags_refused = rule.access() == FrameAccess::Frames && !self.frame_flags.is_complete();
        privileges.mapping_flags_refused = self.mapping_flags.failed() && !privileges.foreign_proc;
        not_seen.sort_unstable_by_key(|(pid, _)| *pid);
        Ok(ScanSummary {
            access: rule.access(),
            origins: sum.origins,
            judged: sum.judged,
            moved: sum.moved,
            unreadable: sum.unreadable,
            mergeable: sum.mergeable,
            fingerprint_collisions: sum.collisions,
            families: families.len() as u64,
            by_family: largest(by_family),
            processes,
            skips: sum.skips,
            coverage,
            privileges,
            not_seen,
            hung: self.limit.hung().into_iter().map(|pid| (pid, self.proc.command(pid))).collect(),
            bytes_read: sum.bytes_read,
            duration: begun.elapsed(),
            cost: Cost { cpu: whole.cpu(), paused, peak_memory: OwnCost::memory().1 },
        })
    }

    /// Pauses after a piece of work as the budget asks for, and returns how long. The last round of a run is not to be late:
    /// it pauses no more once its time is over.
    fn rest(&mut self, meter: &Meter, bytes: u64, alive: &mut dyn FnMut()) -> Duration {
        let Some(tuner) = &self.tuner else {
            return Duration::ZERO;
        };
        let begun = Instant::now();
        let budget = tuner.get().budget;
        let pause = self.pace.charge(&budget, meter.begun(), begun, sys::cpu_time(), bytes);
        while let Some(left) = pause.checked_sub(begun.elapsed()).filter(|left| !left.is_zero()) {
            let tuning = tuner.get();
            if self.stop.is_due() || tuning.off.is_some() {
                break;
            }
            if tuning.budget != budget {
                // What was owed was owed by the other budget.
                self.pace.forgive();
                break;
            }
            alive();
            std::thread::sleep(left.min(NAP));
        }
        begun.elapsed()
    }

    /// Counts a family whose turn has not come before the end of the scan was asked for.
    fn not_reached(&self, family: &Family, processes: &mut ProcessCounts, coverage: &mut Coverage) {
        let members = family.members.len() as u64;
        processes.unreadable += members;
        coverage.members_seen += members;
        coverage.unread.add(Unread::NotReached, members);
        // The pages of the largest member are originals.
        let largest = family.pages.iter().max().copied().unwrap_or(0);
        let sum = family.pages.iter().fold(0, |sum: u64, &pages| sum.saturating_add(pages));
        coverage.doubts.add(Doubt::UnreadMembers, sum - largest);
    }

    /// Checks the configuration and the machine, and finds out how frames can be distinguished.
    fn prepare(&self) -> Result<Probe, ScanError> {
        let found = self.config.batch_bytes;
        if !BATCH_BYTES.contains(&found) {
            return Err(ScanError::BatchBytes { found });
        }
        let found = sys::page_size();
        if found != PAGE_SIZE as u64 {
            return Err(ScanError::PageSize { found });
        }
        sys::raise_open_files();
        let mut probe = Probe::new(&self.proc)?;
        match self.config.access {
            Some(FrameAccess::Frames) if probe.access != FrameAccess::Frames => Err(ScanError::NoFrames),
            Some(FrameAccess::ExclusiveBit) => {
                probe.access = FrameAccess::ExclusiveBit;
                probe.zero_frame = None;
                Ok(probe)
            }
            _ => Ok(probe),
        }
    }

    /// The members of a family that were asked for by number.
    fn wanted<'f>(&self, family: &'f Family) -> impl Iterator<Item = u32> + use<'f> {
        let wanted: HashSet<u32> = match &self.config.target {
            ScanTarget::Machine => HashSet::new(),
            ScanTarget::Pids(pids) => pids.iter().copied().collect(),
        };
        family.members.iter().map(|member| member.pid).filter(move |pid| wanted.contains(pid))
    }

    /// Looks at one family.
    fn family(
        &mut self,
        rule: Rule,
        family: &Family,
        processes: &mut ProcessCounts,
        coverage: &mut Coverage,
        emit: &mut dyn FnMut(ScanRecord),
        tell: &mut dyn FnMut(&RoundCounts, f64),
    ) -> RoundCounts {
        let mut limit = std::mem::take(&mut self.limit);
        let reading = Reading {
            proc: self.proc.clone(),
            flags: self.frame_flags.clone(),
            mapping_flags: self.mapping_flags.clone(),
            access: rule.access(),
            limit: &mut limit,
            may_stall: self.config.may_stall,
        };
        let mut live = LiveFamily::open(reading, family, processes);
        let counts = self.compare(rule, family, &mut live, coverage, emit, tell);
        drop(live);
        self.limit = limit;
        counts
    }

    /// Compares the members of a family that are open.
    fn compare(
        &mut self,
        rule: Rule,
        family: &Family,
        live: &mut LiveFamily<'_>,
        coverage: &mut Coverage,
        emit: &mut dyn FnMut(ScanRecord),
        tell: &mut dyn FnMut(&RoundCounts, f64),
    ) -> RoundCounts {
        let mappings = live.take_mappings();
        // Who borrows another one's memory has none of its own.
        coverage.members_seen += family.members.len() as u64 - live.borrowing();
        coverage.members_read += (mappings.len() - live.in_motion().len()) as u64;
        coverage.unread += unread_counts(live.lost());
        coverage.unread.add(Unread::InMotion, live.in_motion().len() as u64);
        coverage.doubts.add(Doubt::UnreadMembers, missed(live));
        if mappings.len() < 2 {
            let unseen = live.lost().first().filter(|_| mappings.is_empty()).map(|lost| lost.reason);
            return RoundCounts { unseen, ..RoundCounts::default() };
        }
        let charges = self.charges(family, live);
        let mut skips = Skips::default();
        let mut overlap = overlap(&mappings, &mut skips);
        let may_be_swapped = |mapping: &Mapping| !mapping.shared && !mapping.gate && mapping.swapped != Some(0);
        let swap = mappings.iter().flatten().any(may_be_swapped);
        let mut listed = ListedPages::new(&mappings, &overlap);
        // What these had is in the bracket whole.
        live.in_motion().iter().for_each(|&member| listed.forget(member));
        let moved = MovedWhole::new(&charges.lineage, &mappings);
        drop(mappings);
        let pages: u64 = overlap.spans.iter().map(|span| span.pages()).sum();
        let total = (pages * PAGE_SIZE as u64).max(1) as f64;
        let mut done = 0;
        let mut round = Round::new(live, rule, &charges, self.config.batch_bytes, swap, emit);
        round.skip(&skips);
        round.expect(listed, moved);
        round.learn_flags(&mut overlap.spans);
        for span in &overlap.spans {
            round.span(span, &mut |counts, bytes| {
                done += bytes;
                tell(counts, done as f64 / total);
            });
        }
        let counts = round.finish(&overlap);
        coverage.contents_denied += live.contents_denied();
        counts
    }

    /// Who pays in a family, and which of its regions are tagged.
    fn charges(&mut self, family: &Family, live: &LiveFamily<'_>) -> Charges {
        let now = Instant::now();
        let attribution = &mut self.attribution;
        let members: Vec<_> = live.pids().map(|pid| attribution.resolve_pid(pid, now)).collect();
        let root = family.members.first().map(|root| root.pid);
        let root = match (root, live.pids().next()) {
            (Some(root), Some(first)) if root != first => attribution.resolve_pid(root, now),
            _ => members.first().copied().unwrap_or(crate::attribution::ContainerId::UNKNOWN),
        };
        let regions = self
            .config
            .regions
            .iter()
            .filter(|region| family.members.iter().any(|member| member.pid == region.pid))
            .map(|region| (region.range.clone(), region.tag))
            .collect();
        Charges { members, root, pages: live.pages(), lineage: live.lineage(family), regions }
    }
}

/// Pages of the members that were not read, or not whole, of which each is one copy at most. Where no member was read, the
/// pages of the largest are originals.
fn missed(live: &LiveFamily<'_>) -> u64 {
    let pages = live.pages();
    let in_motion: u64 = live.in_motion().iter().map(|&member| pages[member]).sum();
    let lost: u64 = live.lost().iter().map(|lost| lost.pages).sum();
    let largest = live.lost().iter().map(|lost| lost.pages).max().unwrap_or(0);
    match pages.is_empty() {
        true => lost - largest,
        false => lost + in_motion,
    }
}
