//! `cargo xtask mutate`: faults in the emitted Verilog, each killed by lockstep or by a proof, proved harmless, or
//! explained.
//!
//! The program `mutate` of `verilator-tests` makes the faults and runs the trials; what no trial sees is handed to
//! the induction proof of its block, which must hold without the fault and fail with it.

use crate::cargo::{cargo, root, run as execute};
use crate::formal::jobs::{JOBS, Job, Method};
use crate::formal::solve::{self, Design, Verdict};
use crate::setup::{CPP, VERILATOR, YOSYS, Z3, require};
use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Instant;

pub(crate) const TOP: &str = "deltascope_top";
/// Fewer faults prove too little.
const LEAST: u64 = 150;

/// Makes the faults, tries them, and prints a table or one JSON object.
///
/// # Errors
/// When a tool is missing, when a fault survives without a reason, or when there are fewer than 150.
pub fn run(json: bool) -> Result<()> {
    require(&[VERILATOR, CPP, YOSYS, Z3])?;
    let begin = Instant::now();
    let work = work_folder();
    let verilog = work.join("verilog");
    let settings = smallest(&emit(&["--list"])?)?;
    if verilog.exists() {
        fs::remove_dir_all(&verilog).with_context(|| format!("emptying {}", verilog.display()))?;
    }
    emit(&["--block", TOP, "--set", &settings, "--out", &verilog.display().to_string()])?;
    let mut result = trials(&verilog, &work)?;
    prove_survivors(&mut result, &verilog, &work)?;
    result["configuration"] = json!(settings);
    result["seconds"] = json!((begin.elapsed().as_secs_f64() * 10.0).round() / 10.0);
    if json {
        println!("{result:#}");
    } else {
        print(&result);
    }
    let survivors = result["survivors"].as_array().map_or(0, Vec::len);
    ensure!(survivors == 0, "{survivors} faults survive; strengthen a trial, a proof, or write down why they are none");
    let mutants = result["mutants"].as_u64().unwrap_or(0);
    ensure!(mutants >= LEAST, "{mutants} faults, expected at least {LEAST}");
    Ok(())
}

fn work_folder() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |f| root().join(f));
    target.join("mutation")
}

/// Runs the program `emit` and gives what it printed.
pub(crate) fn emit(arguments: &[&str]) -> Result<String> {
    let mut command =
        cargo(&["run", "--quiet", "--release", "--locked", "-p", "deltascope-rtl", "--bin", "emit", "--"]);
    let output = command.args(arguments).stderr(Stdio::inherit()).output().context("starting emit")?;
    ensure!(output.status.success(), "{command:?} failed with {}", output.status);
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The settings of the smallest top that `emit --list` names: the fewest contexts, then with a journal if one has a
/// journal, then the fewest of everything else. Small tables are cleared in a few clocks.
pub(crate) fn smallest(list: &str) -> Result<String> {
    let number = |settings: &BTreeMap<&str, u64>, name: &str| settings.get(name).copied().unwrap_or(0);
    let mut found: Vec<((u64, bool, u64), String)> = Vec::new();
    for line in list.lines().filter_map(|line| line.strip_prefix(TOP)) {
        let text = line.trim().trim_start_matches("default").trim().replace(' ', "");
        let pairs = text.split(',').filter_map(|pair| pair.split_once('='));
        let settings: BTreeMap<&str, u64> = pairs.filter_map(|(n, v)| Some((n, v.parse().ok()?))).collect();
        let rest = settings.values().sum();
        let journal = number(&settings, "LANES") > 0;
        found.push(((number(&settings, "CONTEXT_BITS"), !journal, rest), text));
    }
    let smallest = found.into_iter().min().map(|(_, text)| text);
    smallest.with_context(|| format!("`emit --list` names no configuration of {TOP}"))
}

/// Runs the program `mutate` and gives its result, whether or not faults survive.
fn trials(verilog: &Path, work: &Path) -> Result<Value> {
    let package = ["-p", "deltascope-verilator-tests", "--features", "verilate", "--bin", "mutate"];
    execute(cargo(&["build", "--quiet", "--release", "--locked"]).args(package))?;
    let mut command = cargo(&["run", "--quiet", "--release", "--locked"]);
    command.args(package).args(["--", "--json", "--verilog"]).arg(verilog).arg("--work").arg(work);
    let output = command.stderr(Stdio::inherit()).output().context("starting mutate")?;
    let said = String::from_utf8_lossy(&output.stdout);
    serde_json::from_str(&said).with_context(|| format!("{command:?} gave no result, {}", output.status))
}

/// Hands each survivor to the proof of its block, and counts it as killed when the proof fails because of it.
fn prove_survivors(result: &mut Value, verilog: &Path, work: &Path) -> Result<()> {
    let survivors = result["survivors"].as_array().cloned().unwrap_or_default();
    let (mut left, mut killed) = (Vec::new(), Vec::new());
    let mut holds = BTreeMap::new();
    for survivor in survivors {
        let text = |name: &str| survivor[name].as_str().unwrap_or_default().to_owned();
        let (block, fault) = (text("block"), text("fault"));
        let proof = |job: &&Job| job.proof == block && matches!(job.method, Method::Induction { .. });
        let Some(job) = JOBS.iter().find(proof) else {
            left.push(survivor);
            continue;
        };
        eprintln!("asking the proof of {block}: {fault}");
        let folder = work.join("proofs");
        let good = text("without_fault");
        if !holds.contains_key(&good) {
            let design = design(&block, Path::new(&good), verilog)?;
            let verdict = solve::prove(job, &design, &folder.join(format!("{block}-good")))?;
            holds.insert(good.clone(), verdict == Verdict::Proved);
        }
        // A proof that fails without the fault says nothing about the fault.
        ensure!(
            holds[&good],
            "the proof of {block} fails in the configuration of the faults; see {}",
            folder.display()
        );
        let design = design(&block, Path::new(&text("verilog")), verilog)?;
        match solve::prove(job, &design, &folder.join(format!("{block}-{}", killed.len() + left.len())))? {
            Verdict::Failed(by) => {
                add(&mut result["killed"]);
                add(&mut result["by_block"][&block]["killed"]);
                let counts = &mut result["by_block"][&block]["survivors"];
                *counts = json!(counts.as_u64().unwrap_or(1) - 1);
                killed.push(json!({"block": block, "fault": fault, "by": by}));
            }
            _ => left.push(survivor),
        }
    }
    result["survivors"] = json!(left);
    result["killed_by_proof"] = json!(killed);
    Ok(())
}

fn add(count: &mut Value) {
    *count = json!(count.as_u64().unwrap_or(0) + 1);
}

/// A block in the configuration of the faults, with its own Verilog from `changed`.
fn design(block: &str, changed: &Path, verilog: &Path) -> Result<Design> {
    let mut design = Design::read(verilog, TOP)?;
    let own = format!("{block}.v");
    let file = design.files.iter_mut().find(|file| file.ends_with(&own));
    *file.with_context(|| format!("the emission has no {own}"))? = changed.join(&own);
    // The manifest names the settings of the top; those of a block inside follow from them.
    let known: BTreeMap<String, u64> = design.settings.iter().cloned().collect();
    let top = |name: &str| known.get(name).copied();
    for (name, value) in Design::read(&root().join("rtl/verilog"), block)?.settings {
        let value = match name.as_str() {
            "ROW_BITS" => top("GROUP_BITS").map(|bits| bits + 2),
            "DEPTH_BITS" if block == "reply_fifo" => top("QUEUE_BITS"),
            "LANES" if block == "journal_bank" => top("LANES").map(|lanes| lanes.min(16)),
            "WORD_BITS" => Some(value),
            other => top(other),
        };
        let Some(value) = value else {
            bail!(
                "{block} has a setting {name} that does not follow from those of {TOP}; say how in xtask/src/mutate.rs"
            );
        };
        design.settings.retain(|(n, _)| *n != name);
        design.settings.push((name, value));
    }
    Ok(design)
}

fn print(result: &Value) {
    if let Some(blocks) = result["by_block"].as_object() {
        println!("{:<22} {:>8} {:>8} {:>11} {:>9}", "block", "faults", "killed", "equivalent", "survive");
        for (block, c) in blocks {
            let count = |name: &str| c[name].as_u64().unwrap_or(0);
            let (all, killed) = (count("mutants"), count("killed"));
            println!("{block:<22} {all:>8} {killed:>8} {:>11} {:>9}", count("equivalent"), count("survivors"));
        }
    }
    let list = |name: &str| result[name].as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    for kill in list("killed_by_proof") {
        println!("killed by proof: {}: {}", text(&kill["block"]), text(&kill["fault"]));
    }
    for fault in list("equivalents") {
        println!("equivalent: {}: {}: {}", text(&fault["block"]), text(&fault["fault"]), text(&fault["why"]));
    }
    for fault in list("survivors") {
        println!("SURVIVES: {}: {}", text(&fault["block"]), text(&fault["fault"]));
    }
    for name in ["mutants", "killed", "equivalent", "seconds"] {
        println!("{name:<12} {}", result[name]);
    }
}

#[cfg(test)]
mod tests {
    use super::smallest;

    #[test]
    fn the_smallest_top_with_a_journal_is_chosen() {
        let list = "delta_engine           CONTEXT_BITS=2\n\
                    deltascope_top         default  CONTEXT_BITS=14, LANES=64, DEPTH_BITS=5\n\
                    deltascope_top                  CONTEXT_BITS=4, LANES=0, DEPTH_BITS=0\n\
                    deltascope_top                  CONTEXT_BITS=4, LANES=16, DEPTH_BITS=3\n\
                    deltascope_top                  CONTEXT_BITS=4, LANES=4, DEPTH_BITS=3\n";
        assert_eq!(smallest(list).unwrap(), "CONTEXT_BITS=4,LANES=4,DEPTH_BITS=3");
        assert!(smallest("delta_engine CONTEXT_BITS=2").is_err());
    }
}
