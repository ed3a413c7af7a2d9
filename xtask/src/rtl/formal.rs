//! `cargo xtask rtl formal`: proves the properties in `rtl/formal` about the emitted Verilog.
//!
//! A job reads the Verilog of one block and its proof, turns both into SMT-LIB with yosys, and asks z3
//! through yosys-smtbmc: by induction (base case and step) or for traces that reach the cover
//! statements. An answer other than a proof or a trace (unknown, out of time, a signal that the proof
//! names and the Verilog does not drive) fails the job. `--faults` breaks copies of the Verilog and
//! demands that the job of the block fails.

pub mod document;
mod faults;
pub mod jobs;
pub mod solve;

use crate::cargo::target_folder;
use crate::setup::{YOSYS, Z3, require};
use anyhow::{Context, Result, bail, ensure};
use jobs::{JOBS, Job};
use serde_json::json;
use solve::{Sources, Verdict};
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Jobs at a time by default.
const AT_ONCE: usize = 2;

/// Options of the task.
#[derive(clap::Args)]
pub struct Arguments {
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    /// Run only this job
    #[arg(long)]
    job: Option<String>,
    /// Run only the jobs that take a few seconds
    #[arg(long, conflicts_with = "job")]
    quick: bool,
    /// Break copies of the Verilog and demand that the jobs fail
    #[arg(long, conflicts_with = "quick")]
    faults: bool,
    /// Jobs at a time
    #[arg(long, default_value_t = AT_ONCE)]
    at_once: usize,
}

/// One job's result.
struct Report {
    job: &'static Job,
    verdict: Verdict,
    took: Duration,
}

/// Runs the jobs, or with `--faults` the faults, and prints a line for each or one JSON object.
///
/// # Errors
/// When a job is not proved or covered, when no job has the name, or when a tool is missing; with `--faults`, when a
/// fault is not found by the job that is to find it.
pub fn run(arguments: &Arguments) -> Result<()> {
    let name = arguments.job.as_deref();
    if arguments.faults {
        return faults::run(arguments.json, name, arguments.at_once);
    }
    let quick = arguments.quick;
    let chosen = JOBS.iter().filter(|job| name.is_none_or(|n| n == job.name) && (!quick || job.quick));
    prove(&chosen.collect::<Vec<_>>(), arguments.json, arguments.at_once).map(drop)
}

/// Proves every job, and writes or compares the tables with the times of this run.
///
/// # Errors
/// As [`run`], and when a table is stale, times left out.
pub fn document_times(check: bool) -> Result<()> {
    let reports = prove(&JOBS.iter().collect::<Vec<_>>(), false, AT_ONCE)?;
    if check { document::names(true) } else { document::times(&reports) }
}

/// Runs the jobs that take a few seconds.
///
/// # Errors
/// As [`run`].
pub fn quick() -> Result<()> {
    run(&Arguments { json: false, job: None, quick: true, faults: false, at_once: AT_ONCE })
}

/// Folder for what a run makes: small configurations, SMT-LIB files, traces.
fn work_folder() -> PathBuf {
    target_folder().join("formal")
}

fn prove(jobs: &[&'static Job], json: bool, at_once: usize) -> Result<Vec<Report>> {
    if jobs.is_empty() {
        let known: Vec<_> = JOBS.iter().map(|job| job.name).collect();
        bail!("no such job; there are {}", known.join(", "));
    }
    require(&[YOSYS, Z3])?;
    let sources = Sources::prepare(jobs)?;
    let mut ordered = jobs.to_vec();
    // Those that take long first, so that no worker is left alone with one at the end.
    ordered.sort_by_key(|job| std::cmp::Reverse((job.limit, job.method.clocks())));
    let mut reports = in_parallel(&ordered, at_once, |job| {
        let start = Instant::now();
        let folder = work_folder().join(job.name);
        let verdict = sources.of(job).and_then(|files| solve::prove(job, &files, &folder));
        let report = verdict.map(|verdict| Report { job, verdict, took: start.elapsed() });
        if let (Ok(report), false) = (&report, json) {
            println!(
                "{:<28} {:<8} {:>7.1} s  {}",
                job.name,
                report.verdict.status(),
                report.took.as_secs_f64(),
                job.engine()
            );
        }
        report.with_context(|| format!("job `{}`", job.name))
    })?;
    reports.sort_by_key(|report| JOBS.iter().position(|job| job.name == report.job.name));
    if json {
        let jobs: Vec<_> = reports
            .iter()
            .map(|r| {
                let seconds = (r.took.as_secs_f64() * 10.0).round() / 10.0;
                json!({"name": r.job.name, "status": r.verdict.status(), "engine": r.job.engine(), "seconds": seconds})
            })
            .collect();
        println!("{}", json!({ "jobs": jobs }));
    }
    let bad: Vec<_> =
        reports.iter().filter_map(|r| Some(format!("{}: {}", r.job.name, r.verdict.failure()?))).collect();
    ensure!(bad.is_empty(), "{} of {} jobs are not proved:\n  {}", bad.len(), reports.len(), bad.join("\n  "));
    Ok(reports)
}

/// Works through `items`, `at_once` of them at a time, and returns the results or the first error.
fn in_parallel<T: Sync, R: Send>(items: &[T], at_once: usize, work: impl Fn(&T) -> Result<R> + Sync) -> Result<Vec<R>> {
    let next = Mutex::new(items.iter());
    let results = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..at_once.clamp(1, 64) {
            scope.spawn(|| {
                loop {
                    let item = next.lock().ok().and_then(|mut items| items.next());
                    let Some(item) = item else { break };
                    let result = work(item);
                    if let Ok(mut results) = results.lock() {
                        results.push(result);
                    }
                }
            });
        }
    });
    let results = results.into_inner().unwrap_or_default();
    ensure!(results.len() == items.len() || results.iter().any(Result::is_err), "a worker stopped early");
    results.into_iter().collect()
}
