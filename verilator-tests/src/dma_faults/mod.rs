//! Every fault that the DMA, its wiring, its memory or its configuration can have, against the real driver: each has
//! its own error within its time, and then the driver recovers or refuses. Nothing that was accepted is lost, and
//! nothing counts twice.

mod cases;
mod rig;

pub use cases::{Case, Expected, all};

use rig::Rig;

/// What became of a case.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Name of the fault.
    pub name: &'static str,
    /// Everything was as expected.
    pub ok: bool,
    /// What the driver said; where the case failed, what was wrong.
    pub error: String,
    /// Refused, recovered, or carried on.
    pub ended: &'static str,
    /// Simulated microseconds from the fault to the error.
    pub within_us: u64,
}

/// Runs one case.
pub fn run(case: &Case) -> Outcome {
    let done = match case.expected {
        Expected::Refused => rig::refused(case),
        Expected::Recovered | Expected::HardReset => Rig::open(case).and_then(|mut rig| rig.recovered(case)),
        Expected::CarriedOn => Rig::open(case).and_then(|mut rig| rig.carried_on(case)),
    };
    let ended = case.expected.name();
    match done {
        Ok((error, within_us)) => Outcome { name: case.name, ok: true, error, ended, within_us },
        Err(error) => Outcome { name: case.name, ok: false, error, ended, within_us: 0 },
    }
}
