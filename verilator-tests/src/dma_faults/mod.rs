//! Every fault that the DMA, its wiring, its memory or its configuration can have, against the real driver: each has
//! its own error within its time, and then the driver recovers or refuses. Nothing that was accepted is lost, and
//! nothing counts twice. The whole table runs through both hosts of the driver.

mod boards;
mod cases;
mod rig;

use std::num::NonZero;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

pub use cases::{Case, Expected, all};

use boards::{Simulated, Uio};
use rig::Rig;

/// What is between the engine driver and the DMA.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostKind {
    /// The DMA driver over a memory of this process.
    Simulated,
    /// `UioHost` of the Linux binding, with the files of a board: its buffers and its checks before the first access.
    Uio,
}

impl HostKind {
    /// Both.
    pub const BOTH: [HostKind; 2] = [HostKind::Simulated, HostKind::Uio];

    /// Name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            HostKind::Simulated => "simulated",
            HostKind::Uio => "uio",
        }
    }
}

/// The result of a case.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Name of the fault.
    pub name: &'static str,
    /// The host that it met.
    pub host: HostKind,
    /// Everything was as expected.
    pub ok: bool,
    /// The error or notice of the driver; where the case failed, what was wrong.
    pub error: String,
    /// Refused, recovered, or carried on.
    pub ended: &'static str,
    /// Simulated time from the fault to the error.
    pub within: Duration,
}

/// Runs one case against one host.
pub fn run(case: &Case, host: HostKind) -> Outcome {
    let done = match host {
        HostKind::Simulated => Rig::<Simulated>::run(case),
        HostKind::Uio => Rig::<Uio>::run(case),
    };
    let (name, ended) = (case.name, case.expected.name());
    match done {
        Ok((error, within)) => Outcome { name, host, ok: true, error, ended, within },
        Err(error) => Outcome { name, host, ok: false, error, ended, within: Duration::ZERO },
    }
}

/// Runs every case against both hosts, on as many threads as there are processors. Each run has a simulation of its own.
/// `done` is called as each ends, in no order; the results are in the order of `cases`, with the hosts of a case together.
pub fn run_all(cases: &[Case], done: impl Fn(&Outcome) + Sync) -> Vec<Outcome> {
    let runs: Vec<_> = cases.iter().flat_map(|case| HostKind::BOTH.map(|host| (case, host))).collect();
    let next = AtomicUsize::new(0);
    let work = || {
        let mut outcomes = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some((case, host)) = runs.get(at) else { return outcomes };
            let outcome = run(case, *host);
            done(&outcome);
            outcomes.push((at, outcome));
        }
    };
    let threads = thread::available_parallelism().map_or(1, NonZero::get).min(runs.len());
    let mut outcomes: Vec<_> = thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let joined = workers.into_iter().map(|worker| worker.join().unwrap_or_else(|panic| resume_unwind(panic)));
        joined.flatten().collect()
    });
    outcomes.sort_unstable_by_key(|(at, _)| *at);
    outcomes.into_iter().map(|(_, outcome)| outcome).collect()
}
