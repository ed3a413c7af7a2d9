//! The scan from end to end: list, sort into families, look, count.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use super::cut::{self, Hidden};
use super::family::{Family, families};
use super::frame_flags::FrameFlags;
use super::frames::Rule;
use super::live::{LiveFamily, comparable, unread_counts};
use super::overlap::overlap;
use super::round::{Charges, Round, RoundCounts};
use super::{
    BATCH_BYTES, Capability, Coverage, Doubt, FrameAccess, NotSeen, Privileges, Probe, ProcessCounts, Progress,
    ScanConfig, ScanError, ScanRecord, ScanSummary, ScanTarget, Scope, Skips, Unbounded, Unread,
};
use crate::attribution::{Attribution, AttributionLimits};
use crate::procfs::{PAGE_SIZE, ProcFs, ProcessStat, sys};

/// How long, and how often, a process that shows no layout is waited for.
const ENDING: Duration = Duration::from_millis(1);
const ENDING_LOOKS: usize = 20;

/// What a scan is going to look at.
struct Listing {
    families: Vec<Family>,
    coverage: Coverage,
    not_seen: Vec<(u32, NotSeen)>,
}

/// Scans as often as it is asked to and remembers the containers that it has met.
#[derive(Debug)]
pub struct Scanner {
    config: ScanConfig,
    proc: ProcFs,
    attribution: Attribution,
}

impl Scanner {
    /// A scanner of this machine's `/proc`. Nothing is looked at yet.
    pub fn new(config: ScanConfig) -> Self {
        let proc = ProcFs::default();
        Self { config, attribution: Attribution::new(proc.clone(), AttributionLimits::default()), proc }
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
        let rule = Rule::new(&self.prepare()?);
        let privileges = Privileges::probe(&self.proc, !comparable(&self.proc));
        let mut processes = ProcessCounts::default();
        let listing = self.families(&privileges, &mut processes)?;
        let Listing { families, mut coverage, mut not_seen } = listing;
        let weights: Vec<u64> = families.iter().map(|family| self.weight(family)).collect();
        let mut state = Progress {
            families_total: families.len() as u64,
            bytes_total: weights.iter().sum(),
            ..Progress::default()
        };
        progress(state);
        let mut sum = RoundCounts::default();
        for (family, weight) in families.iter().zip(weights) {
            let base = state;
            let mut tell = |counts: &RoundCounts, share: f64| {
                state.bytes_done = base.bytes_done + (weight as f64 * share.min(1.0)) as u64;
                state.copies = base.copies + counts.copies;
                progress(state);
            };
            let counts = self.family(rule, family, &mut processes, &mut coverage, emit, &mut tell);
            not_seen.extend(self.wanted(family).filter_map(|pid| Some((pid, NotSeen::Family(counts.unseen?)))));
            add(&mut sum, &counts);
            state.families_done += 1;
            state.bytes_done = base.bytes_done + weight;
            state.copies = sum.copies;
            progress(state);
        }
        let given_up = sum.unread.total();
        let vanished = sum.unread.get(Unread::Vanished);
        processes.vanished += vanished;
        processes.unreadable += given_up - vanished;
        processes.scanned -= given_up;
        coverage.unread += sum.unread;
        coverage.doubts += sum.doubts;
        coverage.members_read = coverage.members_read.saturating_sub(given_up);
        not_seen.sort_unstable_by_key(|(pid, _)| *pid);
        Ok(ScanSummary {
            access: rule.access(),
            copies: sum.copies,
            judged: sum.judged,
            redundant: sum.redundant,
            moved: sum.moved,
            unreadable: sum.unreadable,
            mergeable: sum.mergeable,
            fingerprint_collisions: sum.collisions,
            families: families.len() as u64,
            processes,
            skips: sum.skips,
            coverage,
            privileges,
            not_seen,
            bytes_read: sum.bytes_read,
            duration: begun.elapsed(),
        })
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

    /// The families of the target with two or more members, and what is not among them.
    fn families(&self, privileges: &Privileges, counts: &mut ProcessCounts) -> Result<Listing, ScanError> {
        let mut listed = Vec::new();
        let (mut vanished, mut unreadable, mut without_memory) = (0, 0, HashMap::new());
        let pids = self.proc.pids()?;
        for &pid in &pids {
            match self.proc.process(pid) {
                Ok(stat) if stat.has_memory() => match self.settled(stat, privileges) {
                    Some(stat) => listed.push(stat),
                    None => vanished += 1,
                },
                Ok(stat) => {
                    without_memory.insert(pid, stat.kernel_thread);
                }
                Err(error) if error.is_vanished() => vanished += 1,
                Err(_) => unreadable += 1,
            }
        }
        let found = families(&listed, &mut |process| self.proc.exec_nonce(process.task()).ok());
        let hidden = Hidden::find(&self.proc, &found.families);
        let mut families = found.families;
        counts.rejoined = found.rejoined;
        let mut coverage = Coverage::new(match (&self.config.target, privileges.pid_namespace) {
            (ScanTarget::Pids(_), _) => Scope::Pids,
            (ScanTarget::Machine, false) => Scope::Machine,
            (ScanTarget::Machine, true) => Scope::PidNamespace,
        });
        // Process 1 is there as long as its PID namespace.
        if unreadable > 0 || pids.first().is_some_and(|&first| first != 1) {
            coverage.unbounded = Some(Unbounded::HiddenProcesses);
        }
        if coverage.scope == Scope::PidNamespace {
            coverage.unbounded = Some(Unbounded::PidNamespace);
        }
        let mut not_seen = Vec::new();
        match &self.config.target {
            ScanTarget::Machine => {
                counts.without_memory = without_memory.len() as u64;
                counts.vanished = vanished;
                counts.unreadable = unreadable;
                counts.listed = listed.len() as u64 + counts.without_memory + vanished + unreadable;
            }
            ScanTarget::Pids(pids) => {
                let mut wanted: HashSet<u32> = pids.iter().copied().collect();
                families.retain(|family| family.members.iter().any(|m| wanted.contains(&m.pid)));
                for member in families.iter().flat_map(|family| &family.members) {
                    wanted.remove(&member.pid);
                    counts.listed += 1;
                }
                not_seen.extend(wanted.into_iter().map(|pid| (pid, self.not_seen(pid, without_memory.get(&pid)))));
                counts.listed += not_seen.len() as u64;
                for (_, why) in &not_seen {
                    match why {
                        NotSeen::KernelThread | NotSeen::Ended => counts.without_memory += 1,
                        _ => counts.vanished += 1,
                    }
                }
            }
        }
        cut::note(&self.proc, &hidden, &families, &mut coverage);
        let all = families.len();
        families.retain(|family| family.members.len() > 1);
        counts.alone += (all - families.len()) as u64;
        Ok(Listing { families, coverage, not_seen })
    }

    /// A process as it is listed, unless it has ended meanwhile. One that is about to end shows no layout, like one that
    /// hides it; with the privilege to see it, it is given a moment.
    fn settled(&self, stat: ProcessStat, privileges: &Privileges) -> Option<ProcessStat> {
        let mut now = stat;
        for _ in 0..ENDING_LOOKS {
            if now.layout.is_some() || !privileges.has(Capability::SysPtrace) {
                break;
            }
            std::thread::sleep(ENDING);
            now = self.proc.process(stat.pid).ok().filter(ProcessStat::has_memory)?;
        }
        Some(now)
    }

    /// Why a number that was asked for is none of a process with memory; `kernel_thread` if it was listed.
    fn not_seen(&self, pid: u32, kernel_thread: Option<&bool>) -> NotSeen {
        match (kernel_thread, self.proc.thread_of(pid)) {
            (Some(true), _) => NotSeen::KernelThread,
            (Some(false), _) => NotSeen::Ended,
            (None, Some(process)) => NotSeen::Thread(process),
            (None, None) => NotSeen::NoProcess,
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

    /// Anonymous memory of a family, bytes.
    fn weight(&self, family: &Family) -> u64 {
        family.members.iter().filter_map(|member| self.proc.status(member.pid).ok()?.resident_anonymous).sum()
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
        let proc = self.proc.clone();
        let flags = FrameFlags::open(&proc);
        let mut live = LiveFamily::open(&proc, &flags, rule.access(), family, processes);
        let mappings = live.take_mappings();
        coverage.members_seen += family.members.len() as u64;
        coverage.members_read += (mappings.len() - live.in_motion().len()) as u64;
        coverage.unread += unread_counts(live.lost());
        coverage.unread.add(Unread::InMotion, live.in_motion().len() as u64);
        coverage.doubts.add(Doubt::UnreadMembers, missed(&live));
        if mappings.len() < 2 {
            let unseen = live.lost().first().filter(|_| mappings.is_empty()).map(|lost| lost.reason);
            return RoundCounts { unseen, ..RoundCounts::default() };
        }
        let charges = self.charges(family, &live);
        let mut skips = Skips::default();
        let overlap = overlap(&mappings, &mut skips);
        let swap = mappings.iter().flatten().any(|mapping| mapping.swapped != Some(0));
        drop(mappings);
        let pages: u64 = overlap.spans.iter().map(|span| span.pages()).sum();
        let total = (pages * PAGE_SIZE as u64).max(1) as f64;
        let mut done = 0;
        let mut round = Round::new(&mut live, rule, &charges, self.config.batch_bytes, swap, emit);
        round.skip(&skips);
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
        Charges { members, root, pages: live.pages(), regions }
    }
}

/// Pages of the members that were not read, or not whole, of which each is one copy at most. Where nobody was read, the
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

/// Adds what was found in one family to the sum.
fn add(sum: &mut RoundCounts, more: &RoundCounts) {
    sum.copies += more.copies;
    sum.judged += more.judged;
    sum.redundant += more.redundant;
    sum.moved += more.moved;
    sum.unreadable += more.unreadable;
    sum.mergeable += more.mergeable;
    sum.collisions += more.collisions;
    sum.bytes_read += more.bytes_read;
    sum.unread += more.unread;
    sum.doubts += more.doubts;
    let (sum, more) = (&mut sum.skips, &more.skips);
    sum.absent += more.absent;
    sum.swapped += more.swapped;
    sum.file_or_shared += more.file_or_shared;
    sum.zero_frame += more.zero_frame;
    sum.hugetlb += more.hugetlb;
    sum.device_memory += more.device_memory;
}
