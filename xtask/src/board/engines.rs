//! `cargo xtask board engines`: one suite of records over every engine; snapshots and replies must be the same.
//!
//! An engine here is whatever replays a file of bare records and prints the report (`Runner`): a program on this
//! machine, or one in an emulated board. The golden model's reports are the reference.

mod cases;

use super::runner::Runner;
use super::{dma, firmware};
use crate::demo::Engine;
use crate::replay;
use anyhow::{Context, Result, ensure};
use cases::Case;
use serde_json::{Value, json};
use std::fs;
use std::path::Path;

/// The engines of this machine: the model, and the Verilated top behind the DMA driver in both modes.
pub fn local() -> Result<Vec<Runner>> {
    Engine::Rtl.build_programs()?;
    dma::build()?;
    Ok(vec![
        model(),
        Runner::new("rtl, scatter-gather", |raw| replay::report(raw, Engine::Rtl)),
        Runner::new("rtl, direct", |raw| dma::replay("direct", raw)),
    ])
}

/// Options of the task.
#[derive(clap::Args, Default)]
pub struct Arguments {
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
    /// Compare the bare-metal image with the model only, in QEMU and in unicorn
    #[arg(long)]
    pub only_firmware: bool,
}

/// Runs the suite over the engines of this machine, the emulated Zynq's and the bare-metal image's.
pub fn run(arguments: &Arguments) -> Result<()> {
    let firmware = [firmware::engine::runner()?, firmware::cosim::Cosim::build(None)?.runner()?];
    if arguments.only_firmware {
        let runners: Vec<Runner> = [model()].into_iter().chain(firmware).collect();
        return compare_and_print(arguments.json, &runners);
    }
    let mut more = super::zynq::runners()?;
    more.extend(firmware);
    execute(arguments.json, more)
}

/// The reference.
fn model() -> Runner {
    Runner::new("model", |raw| replay::report(raw, Engine::Model))
}

/// Runs the suite over the engines of this machine and those of `more`.
pub fn execute(as_json: bool, more: Vec<Runner>) -> Result<()> {
    let mut runners = local()?;
    runners.extend(more);
    compare_and_print(as_json, &runners)
}

/// Runs the suite over an engine and the model; the rows of both. A difference is an error.
pub fn compare_with_model(engine: Runner) -> Result<Vec<Value>> {
    let rows = rows(&[model(), engine])?;
    ensure!(rows.iter().all(|row| row["ok"] == true), "engines: expected the same reports, found {rows:?}");
    Ok(rows)
}

fn rows(runners: &[Runner]) -> Result<Vec<Value>> {
    let folder = std::env::temp_dir().join(format!("deltascope-engines-{}", std::process::id()));
    fs::create_dir(&folder).with_context(|| format!("making {}", folder.display()))?;
    let outcome = compare_all(runners, &folder);
    fs::remove_dir_all(&folder)?;
    outcome
}

fn compare_and_print(as_json: bool, runners: &[Runner]) -> Result<()> {
    let rows = rows(runners)?;
    let wrong: Vec<&Value> = rows.iter().filter(|row| row["ok"] != true).collect();
    if as_json {
        println!("{}", json!({"engines": rows}));
    } else {
        rows.iter().for_each(|row| println!("{row}"));
    }
    ensure!(wrong.is_empty(), "engines: expected the same reports, found {wrong:?}");
    Ok(())
}

/// Every runner against the first one; one row for each.
fn compare_all(runners: &[Runner], folder: &Path) -> Result<Vec<Value>> {
    let probe = folder.join("probe.raw");
    fs::write(&probe, cases::journal_probe())?;
    let mut cases = Vec::new();
    for case in cases::all() {
        let path = folder.join(format!("{}.raw", case.name));
        fs::write(&path, &case.records)?;
        cases.push((case, path));
    }
    let mut reference: Option<(bool, Vec<Vec<u8>>)> = None;
    let mut rows = Vec::new();
    for runner in runners {
        let journal = has_journal(runner, &probe)?;
        let mut reports = Vec::new();
        for (case, path) in &cases {
            let report = (runner.replay)(path).with_context(|| format!("{}: {}", runner.name, case.name))?;
            reports.push(report);
        }
        let (true_journal, expected) = reference.get_or_insert_with(|| (journal, reports.clone()));
        let names: Vec<&Case> = cases.iter().map(|(case, _)| case).collect();
        rows.push(compare(runner.name, &names, expected, &reports, journal == *true_journal)?);
    }
    Ok(rows)
}

/// Whether the engine answers QUERY.
fn has_journal(runner: &Runner, probe: &Path) -> Result<bool> {
    let report: Value = serde_json::from_slice(&(runner.replay)(probe)?)?;
    Ok(report["rejected"] == 0)
}

/// The row of one engine: what it replayed and where it differs. Cases with QUERY count only among engines that both
/// have a journal or both have none.
fn compare(name: &str, cases: &[&Case], expected: &[Vec<u8>], found: &[Vec<u8>], same_journal: bool) -> Result<Value> {
    let (mut differences, mut skipped) = (Vec::new(), Vec::new());
    let (mut accepted, mut replies) = (0, 0);
    for ((case, expected), found) in cases.iter().zip(expected).zip(found) {
        if case.journal && !same_journal {
            skipped.push(case.name);
            continue;
        }
        let report: Value = serde_json::from_slice(found)?;
        ensure!(report["accepted"] == case.count(), "{name}, {}: expected {} accepted", case.name, case.count());
        accepted += case.count();
        replies += report["replies"].as_array().map_or(0, Vec::len);
        if expected != found {
            let at = expected.iter().zip(found).position(|(a, b)| a != b).unwrap_or(expected.len().min(found.len()));
            differences.push(json!({"case": case.name, "byte": at}));
        }
    }
    let ok = differences.is_empty();
    let cases = cases.len() - skipped.len();
    Ok(json!({
        "engine": name, "ok": ok, "cases": cases, "records": accepted, "replies": replies,
        "differences": differences, "skipped_without_journal": skipped,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A runner whose report counts the records of its file, and adds one to them in the case `wrong`.
    fn pretend(name: &'static str, wrong: &'static str) -> Runner {
        Runner::new(name, move |raw| {
            let records = fs::read(raw)?.len() / 16;
            let extra = i32::from(!wrong.is_empty() && raw.to_string_lossy().contains(wrong));
            Ok(json!({"accepted": records, "rejected": 0, "extra": extra, "replies": []}).to_string().into_bytes())
        })
    }

    #[test]
    fn a_difference_names_engine_and_case() -> Result<()> {
        let folder = std::env::temp_dir().join(format!("deltascope-engines-test-{}", std::process::id()));
        fs::create_dir(&folder)?;
        let rows = compare_all(&[pretend("one", ""), pretend("two", ""), pretend("three", "boundaries")], &folder);
        fs::remove_dir_all(&folder)?;
        let rows = rows?;
        let oks: Vec<_> = rows.iter().map(|row| row["ok"].clone()).collect();
        assert_eq!(oks, [true, true, false]);
        assert_eq!(rows[2]["engine"], "three");
        assert_eq!(rows[2]["differences"].as_array().map(Vec::len), Some(1));
        assert_eq!(rows[2]["differences"][0]["case"], "boundaries");
        Ok(())
    }
}
