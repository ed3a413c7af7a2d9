//! A round as JSON.

use std::collections::BTreeMap;

use serde::Serialize;

use super::round::Round;
use super::{EstimatedJson, ReportJson, ScanJson};
use crate::accounting::state::StateStatus;

/// One round, as `run --json-lines` prints it.
#[derive(Clone, Debug, Serialize)]
pub struct RoundJson<'a> {
    /// Measured seconds since the start.
    pub seconds: f64,
    /// Name of the source.
    pub source: &'static str,
    /// Gauges of one round, or counters since the start.
    pub gauges: bool,
    /// Copies are at least as many as this.
    pub lower_bound: bool,
    /// What the source reports beside its events, by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub status: BTreeMap<&'static str, u64>,
    /// What sampling has left out, estimated; not in any other number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub estimated: Option<&'a EstimatedJson>,
    /// Containers that are left out because they have had no event for a while.
    #[serde(skip_serializing_if = "is_zero")]
    pub silent_containers: usize,
    /// What was written to the state folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<StateStatus>,
    /// Engine, conservation and containers.
    #[serde(flatten)]
    pub report: ReportJson,
    /// What the scan of this round, or the one that was recorded, reported beside its events.
    #[serde(flatten)]
    pub scan: Option<&'a ScanJson>,
}

fn is_zero(count: &usize) -> bool {
    *count == 0
}

impl<'a> From<&'a Round> for RoundJson<'a> {
    fn from(round: &'a Round) -> RoundJson<'a> {
        RoundJson {
            seconds: round.since_start.as_secs_f64(),
            source: round.source,
            gauges: round.is_state,
            lower_bound: round.report.lower_bound,
            status: round.source_status.iter().copied().collect(),
            estimated: round.estimated.as_ref(),
            silent_containers: round.silent,
            state: round.state,
            report: ReportJson::from(&round.report),
            scan: round.scan.as_ref(),
        }
    }
}
