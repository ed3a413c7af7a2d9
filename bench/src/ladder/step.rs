//! What one step of the ladder found.

use crate::compare::Pair;
use serde::{Deserialize, Serialize};

/// What a rate counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Bytes.
    Bytes,
    /// Events, or records of 16 bytes.
    Events,
    /// Operations of the algebra.
    Operations,
}

/// One step of the ladder.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Step {
    /// Name, which stays the same from run to run.
    pub name: String,
    /// What is measured.
    pub what: String,
    /// What it is compared with, in the same run.
    pub rival: String,
    /// What the rates count.
    pub unit: Unit,
    /// Units a second, *measured*.
    pub rate: f64,
    /// Units a second of the rival, *measured*.
    pub rival_rate: f64,
    /// Rate as a multiple of the rival's: the median of the turns.
    pub ratio: f64,
    /// Distance between the quartiles of the ratios, as a share of the median.
    pub spread: f64,
    /// The least ratio that is good enough; null where there is no bar.
    pub bar: Option<f64>,
}

impl Step {
    pub(super) fn new(name: &str, what: &str, rival: &str, unit: Unit, pair: Pair, bar: Option<f64>) -> Step {
        Step {
            name: name.to_owned(),
            what: what.to_owned(),
            rival: rival.to_owned(),
            unit,
            rate: pair.rate,
            rival_rate: pair.rival,
            ratio: pair.ratio,
            spread: pair.spread,
            bar,
        }
    }

    /// Whether the ratio is at least the bar, if there is one.
    pub fn is_met(&self) -> bool {
        self.bar.is_none_or(|bar| self.ratio >= bar)
    }
}
