//! The parts of the path, each beside a limit or a rival.

mod algebra;
pub(crate) mod engine;
mod fingerprint;
mod memory;
pub(crate) mod path;
mod peer;
mod ring;
mod scan;
mod sender;
mod step;
pub(crate) mod wire;

use crate::compare::Effort;
use anyhow::{Context, Result};
use std::path::Path;

pub use ring::FullRing;
pub use scan::{Family, Stall, scan, stall};
pub use step::{Step, Unit};

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
const STEPS: [(&str, Measure); 16] = [
    ("fingerprint", |effort, _| fingerprint::pages(effort)),
    ("fingerprint_table", |effort, _| fingerprint::table(effort)),
    ("fingerprint_and_memcmp", |effort, _| fingerprint::against_comparison(effort)),
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
    ("ring_to_engine", |effort, programs| ring::to_engine(effort, programs.boardd)),
    ("scan", |effort, _| scan::family(effort)),
    ("scan_and_smaps", |effort, _| scan::against_smaps(effort)),
];
const ENGINE_AND_PEER: &str = "engine_and_atomik_core";
const ALGEBRA_AND_PEER: &str = "algebra_and_atomik_core";
const NO_PYTHON: &str = "expected a Python with atomik-core, found none; give --python";

/// Names of all steps.
pub fn names() -> impl Iterator<Item = &'static str> {
    STEPS.iter().map(|(name, _)| *name)
}

/// Whether a step is compared with a package of Python.
pub fn needs_python(name: &str) -> bool {
    [ENGINE_AND_PEER, ALGEBRA_AND_PEER].contains(&name)
}

/// Measures the steps named in `only`, or every one that the programs allow; `done` hears of each.
///
/// # Errors
/// A step fails.
pub fn run(effort: Effort, programs: Programs<'_>, only: &[String], done: &mut dyn FnMut(&Step)) -> Result<Vec<Step>> {
    let wanted = |name: &str| match only.is_empty() {
        true => programs.python.is_some() || !needs_python(name),
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
