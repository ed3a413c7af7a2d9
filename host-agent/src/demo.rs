//! The main job: from pages that real processes copied to counters in an engine and back.
//!
//! Two families whose result is known are started as children, the whole machine is scanned, every copy goes to
//! the engine, and what is shown is what the engine reports. The regions of the two families have groups of their
//! own, so a byte that is lost anywhere on the way shows in their numbers.

use std::time::{Duration, Instant};

use crate::accounting::Accounting;
use crate::accounting::AccountingError;
use crate::accounting::Conservation;
use crate::event::OwnerKind;
use crate::report::{DemoJson, Line, Report, ReportJson, ScanJson, WorkloadJson};
use crate::scan::{RegionTag, ScanConfig, ScanSummary};
use crate::sources::{Progress, Scan, Source, SourceError};
use crate::workload::{Reference, Workload, WorkloadError};

/// Rounds at most: a round in which the kernel moved a page of the workload is repeated.
const ROUNDS: u32 = 3;

/// Why the demonstration failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DemoError {
    /// The workload failed.
    #[error(transparent)]
    Workload(#[from] WorkloadError),
    /// The scan or the stream failed.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The session failed.
    #[error(transparent)]
    Accounting(#[from] AccountingError),
    /// An event is neither counted nor in flight nor lost.
    #[error(
        "conservation: expected captured == counted + in flight + lost, found {} != {} + {} + {}; an event was lost or repeated on the way to the engine",
        .0.captured, .0.counted, .0.in_flight, .0.lost.total()
    )]
    NotConserved(Conservation),
    /// The engine counted something else than the workload did.
    #[error(
        "{name}: expected {} copied and {} redundant pages, found {} and {} ({unjudged} unjudged); an event was lost or changed on the way, or the pages moved during {ROUNDS} scans",
        expected.copied, expected.redundant, found.copied, found.redundant
    )]
    NotExact {
        /// The region.
        name: String,
        /// What the workload did.
        expected: Reference,
        /// What the engine counted.
        found: WorkloadJson,
        /// Copies in the region that could not be judged.
        unjudged: u64,
    },
    /// The scan gave no summary.
    #[error("the scan ended without a summary; this is a fault of the agent")]
    NoSummary,
}

/// One region of the workload: what it did, and what the engine reports that it did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Phase {
    /// Name in reports.
    pub name: String,
    /// What the workload did.
    pub expected: Reference,
    /// What the engine counted.
    pub found: Line,
}

impl Phase {
    /// The engine's numbers.
    pub fn counted(&self) -> WorkloadJson {
        WorkloadJson { copied: self.found.pages.events, redundant: self.found.pages.redundant_events }
    }

    fn check(&self) -> Result<(), DemoError> {
        let (expected, found) = (self.expected, self.counted());
        if (found.copied, found.redundant) == (expected.copied, expected.redundant) {
            return Ok(());
        }
        Err(DemoError::NotExact { name: self.name.clone(), expected, found, unjudged: self.found.unjudged })
    }
}

/// What the demonstration found.
#[derive(Clone, Debug)]
pub struct Demo {
    /// Containers and regions, and the law.
    pub report: Report,
    /// The last scan.
    pub summary: ScanSummary,
    /// The regions, in the order of the phases.
    pub phases: Vec<Phase>,
    /// Scan rounds that were run. The conservation covers all of them, everything else the last one.
    pub rounds: u32,
    /// Measured time from the start of the workload to the last read-back.
    pub duration: Duration,
}

impl Demo {
    /// Runs the demonstration over a session that has admitted nothing yet.
    ///
    /// # Errors
    /// The workload, the scan or the session failed. Wrong numbers are no error here, see [`Demo::check`].
    pub fn run(accounting: &mut Accounting, progress: &mut dyn FnMut(Progress)) -> Result<Demo, DemoError> {
        let begun = Instant::now();
        let workload = Workload::start()?;
        let name = |index: usize| format!("workload/{}", workload.families()[index].pattern().name());
        let families = || workload.families().iter().enumerate();
        let regions = families().map(|(index, family)| family.tagged(RegionTag(index as u32))).collect();
        let names = families().map(|(index, _)| (RegionTag(index as u32), name(index)));
        let mut scan = Scan::new(ScanConfig { regions, ..ScanConfig::default() }, names);

        let (mut before, _) = accounting.read(&scan)?;
        let mut round = 1;
        let (report, summary, phases) = loop {
            scan.round(accounting, progress)?;
            let (after, conservation) = accounting.read(&scan)?;
            let summary = scan.summary().ok_or(DemoError::NoSummary)?.clone();
            let state = after.since(&before);
            let mut report = Report::new(accounting.granted().engine.name(), accounting.owners(), &state, conservation);
            report.lower_bound = summary.lower_bound();
            let phases: Vec<Phase> = families()
                .map(|(index, family)| Phase {
                    name: name(index),
                    expected: family.reference(),
                    found: report.line(OwnerKind::Region, &name(index)),
                })
                .collect();
            let moved = phases.iter().any(|phase| phase.found.unjudged > 0);
            if !moved || round == ROUNDS {
                break (report, summary, phases);
            }
            round += 1;
            before = after;
        };
        let duration = begun.elapsed();
        workload.stop()?;
        Ok(Demo { report, summary, phases, rounds: round, duration })
    }

    /// Whether the law holds and the engine counted exactly what the workload did.
    ///
    /// # Errors
    /// [`DemoError::NotConserved`] or [`DemoError::NotExact`].
    pub fn check(&self) -> Result<(), DemoError> {
        if !self.report.conservation.holds() {
            return Err(DemoError::NotConserved(self.report.conservation));
        }
        self.phases.iter().try_for_each(Phase::check)
    }

    /// The report for machines.
    pub fn json(&self) -> DemoJson {
        let counted =
            |index: usize| self.phases.get(index).map_or(WorkloadJson { copied: 0, redundant: 0 }, Phase::counted);
        DemoJson {
            report: ReportJson::from(&self.report),
            workload: counted(0),
            workload_parent_writes: counted(1),
            scan: ScanJson::from(&self.summary),
            rounds: self.rounds,
            total_seconds_measured: self.duration.as_secs_f64(),
        }
    }
}
