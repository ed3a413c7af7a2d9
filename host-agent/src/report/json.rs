//! Reports as JSON.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::escape::escape;
use super::{BodyContextsJson, ContentSendsJson, Line, LineOrigins, Report, ScanJson, SendBytesJson};
use crate::accounting::Conservation;
use crate::event::OwnerKind;

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
    /// Name of the container, or `other`; what a terminal would act on is escaped.
    pub name: String,
    /// The path of its control group, escaped like the name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cgroup: Option<String>,
    /// The engine that started it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runtime: Option<String>,
    /// Its whole id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Uid of its pod under Kubernetes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pod: Option<String>,
    /// Its namespace under Kubernetes, where its runtime reports it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// The name of its pod, where its runtime reports it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pod_name: Option<String>,
    /// The name that its runtime has for it, without the pod's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container_name: Option<String>,
    /// Copied pages, unjudged ones included; in a scan the inherited copies.
    pub cow_copies: u64,
    /// Redundant copies.
    pub cow_redundant: u64,
    /// Bytes of the redundant copies.
    pub cow_bytes_redundant: u64,
    /// Copies that could not be judged.
    pub cow_unjudged: u64,
    /// What a scan states of origins.
    #[serde(flatten)]
    pub origins: Option<ContainerOriginsJson>,
    /// Sends.
    pub net_sends: u64,
    /// Redundant sends.
    pub net_redundant: u64,
    /// Bytes of the redundant sends.
    pub net_bytes_redundant: u64,
    /// Sends by content, from a source that gives these.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sends_by_content: Option<ContentSendsJson>,
}

/// Pages of one owner by origin; none of these are added to the copies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContainerOriginsJson {
    /// Of the redundant copies, those that equal their source page.
    pub cow_equal_to_source: u64,
    /// Of the redundant copies, those that equal a sibling only.
    pub cow_equal_to_sibling: u64,
    /// Pages that were allocated after the fork.
    pub born_after_fork: u64,
    /// Of these, those that equal another.
    pub born_equal: u64,
    /// Bytes of those.
    pub born_bytes_equal: u64,
    /// Pages of unknown origin.
    pub origin_unknown: u64,
}

impl From<&LineOrigins> for ContainerOriginsJson {
    fn from(origins: &LineOrigins) -> Self {
        Self {
            cow_equal_to_source: origins.equal_to_source,
            cow_equal_to_sibling: origins.equal_to_sibling,
            born_after_fork: origins.born.events,
            born_equal: origins.born.redundant_events,
            born_bytes_equal: origins.born.redundant_bytes,
            origin_unknown: origins.unknown,
        }
    }
}

impl From<&Line> for ContainerJson {
    fn from(line: &Line) -> ContainerJson {
        let details = line.details.as_ref();
        let text = |text: &String| escape(text);
        let names = line.names.as_deref();
        ContainerJson {
            name: escape(&line.name),
            cgroup: details.map(|details| escape(&details.cgroup)),
            runtime: details.and_then(|details| details.runtime.as_ref()).map(text),
            id: details.and_then(|details| details.id.as_ref()).map(text),
            pod: details.and_then(|details| details.pod.as_ref()).map(text),
            namespace: names.and_then(|names| names.namespace.as_ref()).map(text),
            pod_name: names.and_then(|names| names.pod.as_ref()).map(text),
            container_name: names.and_then(|names| names.container.as_ref()).map(text),
            cow_copies: line.pages.events,
            cow_redundant: line.pages.redundant_events,
            cow_bytes_redundant: line.pages.redundant_bytes,
            cow_unjudged: line.unjudged,
            origins: line.origins.as_ref().map(ContainerOriginsJson::from),
            net_sends: line.sends.events,
            net_redundant: line.sends.redundant_events,
            net_bytes_redundant: line.sends.redundant_bytes,
            sends_by_content: line.by_content.as_ref().map(ContentSendsJson::from),
        }
    }
}

fn is_zero(count: &u64) -> bool {
    *count == 0
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
    /// Of the counted events, those that no container has: the state folder was lost that has what they were.
    #[serde(skip_serializing_if = "is_zero")]
    pub unknown_events: u64,
    /// How the contexts served as a table of bodies, if there were sends by content.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body_contexts: Option<BodyContextsJson>,
    /// Bytes of all sends, of a source that sees these on a network.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub send_bytes: Option<SendBytesJson>,
    /// Containers, without the regions of the workload.
    pub containers: Vec<ContainerJson>,
}

impl From<&Report> for ReportJson {
    fn from(report: &Report) -> ReportJson {
        let lines = report.lines.iter().filter(|line| line.kind != OwnerKind::Region);
        let containers = lines.map(ContainerJson::from);
        let (given, evicted) = report.body_contexts;
        ReportJson {
            engine: report.engine,
            conservation: ConservationJson::from(&report.conservation),
            unjudged: report.unjudged,
            unknown_events: report.unknown_events,
            send_bytes: report.send_bytes,
            body_contexts: (given > 0).then_some(BodyContextsJson { given, evicted }),
            containers: containers.collect(),
        }
    }
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
