//! Planted faults: each breaks a copy of the Verilog, and its job has to fail.

use super::jobs::{JOBS, Job};
use super::solve::{self, Sources, Verdict};
use super::{in_parallel, work_folder};
use crate::setup::{YOSYS, Z3, require};
use anyhow::{Context, Result, anyhow, bail, ensure};
use deltascope_faults::{Row, proved_rows};
use serde_json::json;
use std::fs;

/// Plants the faults of one job, or all, and fails unless each is found.
///
/// # Errors
/// When a text is not in the Verilog exactly once, when a job still passes, or when it stops for another
/// reason than a property that fails.
pub fn run(json: bool, job: Option<&str>, at_once: usize) -> Result<()> {
    require(&[YOSYS, Z3])?;
    let chosen: Vec<_> = proved_rows().enumerate().filter(|(_, (of, _))| job.is_none_or(|name| name == *of)).collect();
    ensure!(!chosen.is_empty(), "no fault is planted for that job");
    let jobs = chosen.iter().map(|(_, (job, _))| job_of(job)).collect::<Result<Vec<_>>>()?;
    let sources = Sources::prepare(&jobs)?;
    let found = in_parallel(&chosen, at_once, |(number, (job, row))| {
        let verdict = try_one(*number, job, row, &sources).with_context(|| format!("fault `{}`", row.fault.what))?;
        if !json {
            println!(
                "{:<24} {:<8} {}\n{:>33} {}",
                job,
                verdict.status(),
                row.fault.what,
                "",
                verdict.failure().unwrap_or("no property fails")
            );
        }
        Ok((*job, *row, verdict))
    })?;
    if json {
        let plants: Vec<_> = found
            .iter()
            .map(|(job, row, v)| {
                let Row { block, fault, .. } = row;
                let file = format!("{block}.v");
                json!({"job": job, "file": file, "fault": fault.what, "status": v.status(), "by": v.failure()})
            })
            .collect();
        println!("{}", json!({ "plants": plants }));
    }
    let missed = found.iter().filter(|(.., v)| !matches!(v, Verdict::Failed(_)));
    let missed: Vec<_> = missed.map(|(_, row, _)| row.fault.what).collect();
    if !missed.is_empty() {
        bail!("{} of {} faults are not found: {}", missed.len(), found.len(), missed.join("; "));
    }
    if !json {
        println!("{} planted faults, each makes its job fail", found.len());
    }
    Ok(())
}

fn job_of(name: &str) -> Result<&'static Job> {
    JOBS.iter().find(|job| job.name == name).with_context(|| format!("no job `{name}`"))
}

fn try_one(number: usize, job: &str, row: &Row, sources: &Sources) -> Result<Verdict> {
    let name = format!("{}.v", row.block);
    let mut design = sources.of(job_of(job)?)?;
    let file = design.files.iter_mut().find(|path| path.ends_with(&name));
    let file = file.with_context(|| format!("the design of `{job}` has no file {name}"))?;
    let text = fs::read_to_string(&*file).with_context(|| format!("reading {}", file.display()))?;
    let misfit = |times| anyhow!("expected the line `{}` once in {name}, found it {times} times", row.place.line());
    let broken = row.place.replace(&text, row.fault.to).map_err(misfit)?;
    let folder = work_folder().join("planted").join(format!("{number:03}_{job}"));
    let path = folder.join("verilog").join(&name);
    fs::create_dir_all(folder.join("verilog")).with_context(|| format!("creating {}", folder.display()))?;
    fs::write(&path, broken).with_context(|| format!("writing {}", path.display()))?;
    *file = path;
    solve::prove(job_of(job)?, &design, &folder.join("job"))
}
