//! The scan from end to end: list, sort into families, look, count.

use std::collections::HashSet;
use std::time::Instant;

use super::family::{Family, families};
use super::frames::Rule;
use super::live::LiveFamily;
use super::overlap::spans;
use super::round::{Charges, Round, RoundCounts};
use super::{
    BATCH_BYTES, FrameAccess, Probe, ProcessCounts, Progress, ScanConfig, ScanError, ScanRecord, ScanSummary,
    ScanTarget, Skips,
};
use crate::attribution::{Attribution, AttributionLimits};
use crate::procfs::{PAGE_SIZE, ProcFs, sys};

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
        let mut processes = ProcessCounts::default();
        let families = self.families(&mut processes)?;
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
            let counts = self.family(rule, family, &mut processes, emit, &mut tell);
            add(&mut sum, &counts);
            state.families_done += 1;
            state.bytes_done = base.bytes_done + weight;
            state.copies = sum.copies;
            progress(state);
        }
        processes.vanished += sum.vanished;
        processes.scanned -= sum.vanished;
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

    /// The families of the target with two or more members.
    fn families(&self, counts: &mut ProcessCounts) -> Result<Vec<Family>, ScanError> {
        let mut listed = Vec::new();
        let (mut vanished, mut unreadable, mut without_memory) = (0, 0, 0);
        for pid in self.proc.pids()? {
            match self.proc.stat(pid) {
                Ok(stat) if stat.has_memory() => listed.push(stat),
                Ok(_) => without_memory += 1,
                Err(error) if error.is_vanished() => vanished += 1,
                Err(_) => unreadable += 1,
            }
        }
        let found = families(&listed);
        let mut families = found.families;
        counts.rejoined = found.rejoined;
        match &self.config.target {
            ScanTarget::Machine => {
                counts.without_memory = without_memory;
                counts.vanished = vanished;
                counts.unreadable = unreadable;
                counts.listed = listed.len() as u64 + without_memory + vanished + unreadable;
            }
            ScanTarget::Pids(pids) => {
                let mut wanted: HashSet<u32> = pids.iter().copied().collect();
                families.retain(|family| family.members.iter().any(|m| wanted.contains(&m.pid)));
                for member in families.iter().flat_map(|family| &family.members) {
                    wanted.remove(&member.pid);
                    counts.listed += 1;
                }
                counts.vanished = wanted.len() as u64;
                counts.listed += counts.vanished;
            }
        }
        let all = families.len();
        families.retain(|family| family.members.len() > 1);
        counts.alone += (all - families.len()) as u64;
        Ok(families)
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
        emit: &mut dyn FnMut(ScanRecord),
        tell: &mut dyn FnMut(&RoundCounts, f64),
    ) -> RoundCounts {
        let mut live = LiveFamily::open(&self.proc, family, processes);
        let mappings = live.take_mappings();
        if mappings.len() < 2 {
            return RoundCounts::default();
        }
        let charges = self.charges(family, &live);
        let mut skips = Skips::default();
        let spans = spans(&mappings, &mut skips);
        let swap = mappings.iter().flatten().any(|mapping| mapping.swapped != Some(0));
        drop(mappings);
        let pages: u64 = spans.iter().map(|span| span.pages()).sum();
        let total = (pages * PAGE_SIZE as u64).max(1) as f64;
        let mut done = 0;
        let mut round = Round::new(&mut live, rule, &charges, self.config.batch_bytes, swap, emit);
        round.skip(&skips);
        for span in &spans {
            round.span(span, &mut |counts, bytes| {
                done += bytes;
                tell(counts, done as f64 / total);
            });
        }
        round.finish()
    }

    /// Who pays in a family, and which of its regions are tagged.
    fn charges(&mut self, family: &Family, live: &LiveFamily) -> Charges {
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
        Charges { members, root, regions }
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
    sum.vanished += more.vanished;
    let (sum, more) = (&mut sum.skips, &more.skips);
    sum.absent += more.absent;
    sum.swapped += more.swapped;
    sum.file_or_shared += more.file_or_shared;
    sum.zero_frame += more.zero_frame;
    sum.hugetlb += more.hugetlb;
    sum.device_memory += more.device_memory;
}
