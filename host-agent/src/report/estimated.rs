//! Estimates of what sampling has left out. Their names end in `_estimated`, and none of them is in a counter.

use std::fmt::Write;

use serde::Serialize;

use super::escape::escape;
use super::names::Names;
use crate::event::Owners;
use crate::sampling::{CONFIDENCE, Estimate, Estimates};

/// One quantity of the whole machine.
#[derive(Clone, Debug, Serialize)]
pub struct QuantityJson {
    /// Events or bytes since the agent began, exact: those counted and those left out.
    pub total: f64,
    /// Of the total, left out; exact.
    pub left_out: f64,
    /// Of the total, redundant.
    pub redundant_estimated: f64,
    /// How far that may be off to either side; null: there is no bound.
    pub plus_minus: Option<f64>,
}

impl From<&Estimate> for QuantityJson {
    fn from(estimate: &Estimate) -> QuantityJson {
        QuantityJson {
            total: estimate.total,
            left_out: estimate.left_out,
            redundant_estimated: estimate.redundant,
            plus_minus: estimate.half_width(),
        }
    }
}

/// A redundant share.
#[derive(Clone, Debug, Serialize)]
pub struct ShareJson {
    /// From 0 to 1.
    pub redundant_share_estimated: f64,
    /// How far that may be off to either side; null: there is no bound.
    pub plus_minus: Option<f64>,
}

fn share(estimate: &Estimate) -> Option<ShareJson> {
    let (redundant_share_estimated, plus_minus) = estimate.share()?;
    Some(ShareJson { redundant_share_estimated, plus_minus })
}

/// Shares of one container.
#[derive(Clone, Debug, Serialize)]
pub struct ContainerSharesJson {
    /// As among the counters.
    pub name: String,
    /// Of its copied pages.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cow: Option<ShareJson>,
    /// Of its sends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub net: Option<ShareJson>,
}

/// Everything that is estimated.
#[derive(Clone, Debug, Serialize)]
pub struct EstimatedJson {
    /// How often the intervals hold the reference.
    pub confidence: f64,
    /// The share of units that is kept now.
    pub p: f64,
    /// Times with one p so far, this one included.
    pub periods: u64,
    /// Copied pages.
    pub cow_copies: QuantityJson,
    /// Sends.
    pub net_sends: QuantityJson,
    /// Bytes of the sends.
    pub net_bytes: QuantityJson,
    /// By container.
    pub containers: Vec<ContainerSharesJson>,
}

impl EstimatedJson {
    /// From a source's estimates.
    pub(super) fn new(estimates: &Estimates, owners: &Owners, names: &Names<'_>) -> EstimatedJson {
        let containers = estimates.owners.iter().filter_map(|(&id, shares)| {
            let (cow, net) = (share(&shares.pages), share(&shares.sends));
            Some(ContainerSharesJson { name: escape(&names.get(&owners.get(id)?.name)), cow, net })
        });
        EstimatedJson {
            confidence: CONFIDENCE,
            p: 0.5f64.powi(estimates.shift as i32),
            periods: estimates.periods,
            cow_copies: (&estimates.pages).into(),
            net_sends: (&estimates.sends).into(),
            net_bytes: (&estimates.send_bytes).into(),
            containers: containers.collect(),
        }
    }
}

/// The same as text, without the containers.
pub fn estimate_lines(estimates: &Estimates) -> String {
    let mut text = String::new();
    for (name, estimate) in
        [("copies", &estimates.pages), ("sends", &estimates.sends), ("bytes sent", &estimates.send_bytes)]
    {
        if estimate.left_out == 0.0 {
            continue;
        }
        let bound = match estimate.half_width() {
            Some(half) => format!("+- {half:.0} at {:.0} %", 100.0 * CONFIDENCE),
            None => "no bound".to_owned(),
        };
        let Estimate { total, left_out, redundant, .. } = estimate;
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "{name}: {total:.0}, of them {left_out:.0} left out by sampling; redundant, estimated: {redundant:.0} ({bound})"
        );
    }
    text
}
