//! Many schedules on every processor, and one report.

use crate::Violation;
use crate::planted_fault::PlantedFault;
use crate::stats::Stats;
use crate::world::run_schedule;
use serde_json::{Value, json};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// Failing seeds that a report lists.
const LISTED: usize = 20;

/// What to run.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Schedules, with the seeds `seed`, `seed + 1` and so on.
    pub schedules: u64,
    /// First seed.
    pub seed: u64,
    /// A planted fault: the run ends with the first schedule that finds it.
    pub planted_fault: Option<PlantedFault>,
    /// Prints every step to standard error, on one thread.
    pub trace: bool,
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Schedules that ran.
    pub schedules: u64,
    /// Failing seeds, lowest first, with what did not hold.
    pub violations: Vec<(u64, Violation)>,
    /// Sums over all schedules.
    pub stats: Stats,
    /// How long it took.
    pub elapsed: Duration,
}

fn one(seed: u64, options: &Options) -> Result<Stats, Violation> {
    catch_unwind(AssertUnwindSafe(|| run_schedule(seed, options.planted_fault, options.trace))).unwrap_or_else(
        |cause| {
            let text = cause.downcast_ref::<String>().map(String::as_str);
            let text = text.or(cause.downcast_ref::<&str>().copied()).unwrap_or("no text");
            Err(Violation(format!("panic: {text}")))
        },
    )
}

/// Runs the schedules.
pub fn run(options: &Options) -> Outcome {
    let start = Instant::now();
    let (next, ran) = (AtomicU64::new(0), AtomicU64::new(0));
    let found = Mutex::new((Vec::new(), Stats::default()));
    let work = || {
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            if at >= options.schedules {
                return;
            }
            let seed = options.seed.wrapping_add(at);
            let result = one(seed, options);
            ran.fetch_add(1, Ordering::Relaxed);
            let mut found = found.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
            match result {
                Ok(stats) => found.1.add(&stats),
                Err(violation) => {
                    found.0.push((seed, violation));
                    if options.planted_fault.is_some() {
                        next.store(options.schedules, Ordering::Relaxed);
                    }
                }
            }
        }
    };
    let threads = if options.trace { 1 } else { thread::available_parallelism().map_or(1, usize::from) };
    thread::scope(|scope| (0..threads).for_each(|_| _ = scope.spawn(work)));
    let (mut violations, stats) = found.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner());
    violations.sort_by_key(|(seed, _): &(u64, Violation)| seed.wrapping_sub(options.seed));
    Outcome { schedules: ran.into_inner(), violations, stats, elapsed: start.elapsed() }
}

impl Outcome {
    /// The report: `seed` is the first failing seed, or the first seed when none failed.
    pub fn json(&self, options: &Options) -> Value {
        let stats = &self.stats;
        let seed = self.violations.first().map_or(options.seed, |(seed, _)| *seed);
        let text = |(seed, violation): &(u64, Violation)| json!({"seed": seed, "violation": violation.0});
        let planted_fault =
            options.planted_fault.and_then(|planted_fault| clap::ValueEnum::to_possible_value(&planted_fault));
        json!({
            "schedules": self.schedules,
            "violations": self.violations.len(),
            "seed": seed,
            "first_seed": options.seed,
            "plant": planted_fault.map(|planted_fault| planted_fault.get_name().to_owned()),
            "failing": self.violations.iter().take(LISTED).map(text).collect::<Vec<_>>(),
            "reconnects": stats.reconnects,
            "restarts": stats.server_restarts + stats.agent_restarts + stats.engine_failures,
            "server_restarts": stats.server_restarts,
            "agent_restarts": stats.agent_restarts,
            "engine_failures": stats.engine_failures,
            "regrants": stats.regrants,
            "inherited": stats.inherited,
            "grown": stats.grown,
            "taken_back": stats.taken_back,
            "displaced": stats.displaced,
            "replayed": stats.replayed,
            "dropped_as_known": stats.dropped_as_known,
            "cuts": stats.cuts,
            "flips": stats.flips,
            "late_hellos": stats.late_hellos,
            "acks": stats.acks,
            "replies": stats.replies,
            "snapshots": stats.snapshots,
            "states": stats.states,
            "states_too_old": stats.states_too_old,
            "scrapes": stats.scrapes,
            "captured": stats.captured,
            "counted": stats.counted,
            "lost": stats.lost,
            "errors": stats.errors,
            "steps": stats.steps,
            "seconds": self.elapsed.as_secs_f64(),
        })
    }
}
