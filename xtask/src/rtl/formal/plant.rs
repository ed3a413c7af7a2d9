//! Planted faults: each breaks a copy of the Verilog, and its job has to fail.

use super::faults::{PLANTS, Plant};
use super::jobs::{JOBS, Job};
use super::solve::{self, Sources, Verdict};
use super::{in_parallel, work_folder};
use crate::setup::{YOSYS, Z3, require};
use anyhow::{Context, Result, bail, ensure};
use serde_json::json;
use std::fs;

/// Plants the faults of one job, or all, and fails unless each is found.
///
/// # Errors
/// When a text is not in the Verilog exactly once, when a job still passes, or when it stops for another
/// reason than a property that fails.
pub fn run(json: bool, job: Option<&str>, at_once: usize) -> Result<()> {
    require(&[YOSYS, Z3])?;
    let chosen: Vec<_> = PLANTS.iter().enumerate().filter(|(_, p)| job.is_none_or(|name| name == p.job)).collect();
    ensure!(!chosen.is_empty(), "no fault is planted for that job");
    let jobs = chosen.iter().map(|(_, plant)| job_of(plant)).collect::<Result<Vec<_>>>()?;
    let sources = Sources::prepare(&jobs)?;
    let found = in_parallel(&chosen, at_once, |(number, plant)| {
        let verdict = try_one(*number, plant, &sources).with_context(|| format!("fault `{}`", plant.what))?;
        if !json {
            println!(
                "{:<24} {:<8} {}\n{:>33} {}",
                plant.job,
                verdict.status(),
                plant.what,
                "",
                verdict.failure().unwrap_or("no property fails")
            );
        }
        Ok((*plant, verdict))
    })?;
    if json {
        let plants: Vec<_> = found
            .iter()
            .map(|(p, v)| json!({"job": p.job, "file": p.file, "fault": p.what, "status": v.status(), "by": v.failure()}))
            .collect();
        println!("{}", json!({ "plants": plants }));
    }
    let missed: Vec<_> = found.iter().filter(|(_, v)| !matches!(v, Verdict::Failed(_))).map(|(p, _)| p.what).collect();
    if !missed.is_empty() {
        bail!("{} of {} faults are not found: {}", missed.len(), found.len(), missed.join("; "));
    }
    if !json {
        println!("{} planted faults, each makes its job fail", found.len());
    }
    Ok(())
}

fn job_of(plant: &Plant) -> Result<&'static Job> {
    JOBS.iter().find(|job| job.name == plant.job).with_context(|| format!("no job `{}`", plant.job))
}

fn try_one(number: usize, plant: &Plant, sources: &Sources) -> Result<Verdict> {
    let job = job_of(plant)?;
    let mut design = sources.of(job)?;
    let file = design.files.iter_mut().find(|path| path.ends_with(plant.file));
    let file = file.with_context(|| format!("the design of `{}` has no file {}", plant.job, plant.file))?;
    let text = fs::read_to_string(&*file).with_context(|| format!("reading {}", file.display()))?;
    let times = text.matches(plant.find).count();
    ensure!(times == 1, "expected `{}` once in {}, found it {times} times", plant.find, plant.file);
    let folder = work_folder().join("planted").join(format!("{number:03}_{}", plant.job));
    let broken = folder.join("verilog").join(plant.file);
    fs::create_dir_all(folder.join("verilog")).with_context(|| format!("creating {}", folder.display()))?;
    fs::write(&broken, text.replace(plant.find, plant.replace))?;
    *file = broken;
    solve::prove(job, &design, &folder.join("job"))
}
