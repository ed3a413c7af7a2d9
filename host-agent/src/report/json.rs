//! Reports as JSON.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Report;
use crate::accounting::Conservation;
use crate::event::OwnerKind;
use crate::scan::ScanSummary;

/// The sides of the conservation law.
#[derive(Clone, Debug, Serialize)]
pub struct ConservationJson {
    /// Events that passed the source's filter.
    pub captured: u64,
    /// Events in the engine's group counters.
    pub counted: u64,
    /// Events admitted and not yet covered by a snapshot.
    pub in_flight: u64,
    /// Events lost, every reason by name.
    pub lost: BTreeMap<&'static str, u64>,
    /// Whether `captured == counted + in_flight + sum(lost)`.
    pub conserved: bool,
}

impl From<&Conservation> for ConservationJson {
    fn from(conservation: &Conservation) -> ConservationJson {
        ConservationJson {
            captured: conservation.captured,
            counted: conservation.counted,
            in_flight: conservation.in_flight,
            lost: conservation.lost.iter().map(|(reason, count)| (reason.name(), count)).collect(),
            conserved: conservation.holds(),
        }
    }
}

/// One owner's counters.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContainerJson {
    /// Name of the container, or `other`.
    pub name: String,
    /// Copied pages, unjudged ones included.
    pub cow_copies: u64,
    /// Redundant copies.
    pub cow_redundant: u64,
    /// Bytes of the redundant copies.
    pub cow_bytes_redundant: u64,
    /// Copies that could not be judged.
    pub cow_unjudged: u64,
    /// Sends.
    pub net_sends: u64,
    /// Redundant sends.
    pub net_redundant: u64,
    /// Bytes of the redundant sends.
    pub net_bytes_redundant: u64,
}

/// What any command reports.
#[derive(Clone, Debug, Serialize)]
pub struct ReportJson {
    /// Which engine counted.
    pub engine: &'static str,
    /// The conservation law.
    #[serde(flatten)]
    pub conservation: ConservationJson,
    /// Of the counted events, those that could not be judged.
    pub unjudged: u64,
    /// Containers, without the regions of the workload.
    pub containers: Vec<ContainerJson>,
}

impl From<&Report> for ReportJson {
    fn from(report: &Report) -> ReportJson {
        let containers = report.lines.iter().filter(|line| line.kind != OwnerKind::Region).map(|line| ContainerJson {
            name: line.name.clone(),
            cow_copies: line.pages.events,
            cow_redundant: line.pages.redundant_events,
            cow_bytes_redundant: line.pages.redundant_bytes,
            cow_unjudged: line.unjudged,
            net_sends: line.sends.events,
            net_redundant: line.sends.redundant_events,
            net_bytes_redundant: line.sends.redundant_bytes,
        });
        ReportJson {
            engine: report.engine,
            conservation: ConservationJson::from(&report.conservation),
            unjudged: report.unjudged,
            containers: containers.collect(),
        }
    }
}

/// What a scan round says beside its events.
#[derive(Clone, Debug, Serialize)]
pub struct ScanJson {
    /// `exact` with frame numbers, `lower_bound` without.
    pub mode: &'static str,
    /// Pages left out, by reason.
    pub skipped: BTreeMap<&'static str, u64>,
    /// Processes, by outcome.
    pub processes: BTreeMap<&'static str, u64>,
    /// Families with two or more members.
    pub families: u64,
    /// Frames that merging equal contents would free.
    pub mergeable: u64,
    /// Pairs of different contents with the same CRC32C.
    pub fingerprint_collisions: u64,
    /// Bytes of contents read.
    pub bytes_read: u64,
    /// Measured time of the scan in seconds.
    pub scan_seconds_measured: f64,
}

impl From<&ScanSummary> for ScanJson {
    fn from(summary: &ScanSummary) -> ScanJson {
        ScanJson {
            mode: if summary.lower_bound() { "lower_bound" } else { "exact" },
            skipped: skipped(summary).into_iter().collect(),
            processes: processes(summary).into_iter().collect(),
            families: summary.families,
            mergeable: summary.mergeable,
            fingerprint_collisions: summary.fingerprint_collisions,
            bytes_read: summary.bytes_read,
            scan_seconds_measured: summary.duration.as_secs_f64(),
        }
    }
}

/// Pages left out, by reason.
pub(super) fn skipped(summary: &ScanSummary) -> [(&'static str, u64); 6] {
    let skips = &summary.skips;
    [
        ("absent", skips.absent),
        ("swapped", skips.swapped),
        ("file_or_shared", skips.file_or_shared),
        ("zero_frame", skips.zero_frame),
        ("hugetlb", skips.hugetlb),
        ("device_memory", skips.device_memory),
    ]
}

/// Processes, by outcome.
pub(super) fn processes(summary: &ScanSummary) -> [(&'static str, u64); 8] {
    let counts = &summary.processes;
    [
        ("listed", counts.listed),
        ("without_memory", counts.without_memory),
        ("alone", counts.alone),
        ("sharing_memory", counts.sharing_memory),
        ("scanned", counts.scanned),
        ("vanished", counts.vanished),
        ("unreadable", counts.unreadable),
        ("rejoined", counts.rejoined),
    ]
}

/// What the engine counted for one region of the workload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct WorkloadJson {
    /// Copied pages.
    pub copied: u64,
    /// Redundant ones among them.
    pub redundant: u64,
}

/// What the demonstration reports.
#[derive(Clone, Debug, Serialize)]
pub struct DemoJson {
    /// Engine, conservation and containers; the workload's regions are not in `containers`.
    #[serde(flatten)]
    pub report: ReportJson,
    /// Phase 1: one worker writes.
    pub workload: WorkloadJson,
    /// Phase 2: the parent of idle workers writes.
    pub workload_parent_writes: WorkloadJson,
    /// The scan round.
    #[serde(flatten)]
    pub scan: ScanJson,
    /// Scan rounds; above 1 when the kernel moved a page of the workload. `captured` to `lost` cover all of them.
    pub rounds: u32,
    /// Measured time of the whole command in seconds.
    pub total_seconds_measured: f64,
}
