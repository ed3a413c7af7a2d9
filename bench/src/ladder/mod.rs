//! The parts of the path, each beside a limit or a rival.

mod algebra;
mod engine;
mod fingerprint;
mod memory;
mod path;
mod peer;
mod ring;
mod scan;
mod sender;
mod wire;

use crate::compare::{Effort, Pair};
use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use std::path::Path;

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
    fn new(name: &str, what: &str, rival: &str, unit: Unit, pair: Pair, bar: Option<f64>) -> Step {
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

/// Programs that some steps need.
#[derive(Clone, Copy, Debug)]
pub struct Programs<'a> {
    /// The daemon.
    pub boardd: &'a Path,
    /// A Python with `atomik-core`; `None` leaves the steps out that compare with it.
    pub python: Option<&'a Path>,
}

/// Measures one step.
type Measure = fn(Effort, Programs<'_>) -> Result<Step>;

/// Every step, in the order of the path.
const STEPS: [(&str, Measure); 13] = [
    ("fingerprint", |effort, _| fingerprint::pages(effort)),
    ("fingerprint_table", |effort, _| fingerprint::table(effort)),
    ("xor_in_memory", |effort, _| memory::xor(effort)),
    ("ring_reader", |effort, _| ring::reader(effort)),
    ("agent_encode", |effort, _| path::encode(effort)),
    ("golden_engine", |effort, _| engine::golden(effort)),
    ("session_server_engine", |effort, _| path::whole(effort)),
    (ENGINE_AND_PEER, |effort, programs| engine::against_peer(effort, programs.python.context(NO_PYTHON)?)),
    (ALGEBRA_AND_PEER, |effort, programs| algebra::against_peer(effort, programs.python.context(NO_PYTHON)?)),
    ("loopback_plain", |effort, programs| wire::plain(effort, programs.boardd)),
    ("loopback_tls", |effort, programs| wire::tls(effort, programs.boardd)),
    ("loopback_and_event_by_event", |effort, programs| sender::event_by_event(effort, programs.boardd)),
    ("scan", |effort, _| scan::family(effort)),
];
const ENGINE_AND_PEER: &str = "engine_and_atomik_core";
const ALGEBRA_AND_PEER: &str = "algebra_and_atomik_core";
const NO_PYTHON: &str = "expected a Python with atomik-core, found none; give --python";

/// Names of all steps.
pub fn names() -> impl Iterator<Item = &'static str> {
    STEPS.iter().map(|(name, _)| *name)
}

/// Measures the steps named in `only`, or every one that the programs allow; `done` hears of each.
///
/// # Errors
/// A step fails.
pub fn run(
    effort: Effort,
    programs: Programs<'_>,
    only: &[String],
    done: &mut dyn FnMut(&Step),
) -> Result<Vec<Step>> {
    let wanted = |name: &str| match only.is_empty() {
        true => programs.python.is_some() || ![ENGINE_AND_PEER, ALGEBRA_AND_PEER].contains(&name),
        false => only.iter().any(|only| only == name),
    };
    let mut steps = Vec::new();
    for (name, measure) in STEPS.into_iter().filter(|(name, _)| wanted(name)) {
        let step = measure(effort, programs).with_context(|| format!("step {name}"))?;
        done(&step);
        steps.push(step);
    }
    Ok(steps)
}
