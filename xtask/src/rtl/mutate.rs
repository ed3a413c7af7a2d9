//! `cargo xtask rtl mutate`: faults in the emitted Verilog, each killed by lockstep or by a proof, proved harmless, or
//! explained.
//!
//! The program `mutate` of `verilator-tests` makes the faults and runs the trials; what no trial sees is handed to
//! the induction proof of its block (`proofs.rs`), which must hold without the fault and fail with it. A reason that
//! is written down counts only when that proof holds with the fault.

mod proofs;

use crate::cargo::target_folder;
use crate::columns::columns;
use crate::document::Table;
use crate::setup::{CPP, VERILATOR, YOSYS, Z3, require};
use crate::verilated::program;
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Instant;

pub(crate) const TOP: &str = "deltascope_top";
/// Fewer faults prove too little.
const LEAST: u64 = 150;

/// Where the results are written down.
const TABLE: Table = Table { page: "docs/verification.md", name: "mutate", tools: &[VERILATOR, YOSYS, Z3] };

/// Options of the task.
#[derive(clap::Args, Default)]
pub struct Arguments {
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// Makes the faults and tries them.
fn trial_all() -> Result<Value> {
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
    proofs::judge(&mut result, &verilog, &work);
    result["configuration"] = json!(settings);
    result["seconds"] = json!((begin.elapsed().as_secs_f64() * 10.0).round() / 10.0);
    Ok(result)
}

/// Makes the faults, tries them, and prints a table or one JSON object.
///
/// # Errors
/// When a tool is missing, when a fault survives without a reason, or when there are fewer than 150.
pub fn run(arguments: &Arguments) -> Result<()> {
    let result = trial_all()?;
    match arguments.json {
        true => println!("{result:#}"),
        false => print(&result),
    }
    judge(&result)
}

/// Makes the faults, tries them, and writes or compares the table.
///
/// # Errors
/// As [`run`], and when the table is stale.
pub fn document(check: bool) -> Result<()> {
    let result = trial_all()?;
    judge(&result).inspect_err(|_| print(&result))?;
    TABLE.put(&table(&result), check)
}

/// Fails unless every fault is killed or explained, and every explanation is needed.
fn judge(result: &Value) -> Result<()> {
    let unused = result["unused_reasons"].as_array().map_or(0, Vec::len);
    ensure!(unused == 0, "{unused} reasons of reasons.rs are about no fault of this run: {}", result["unused_reasons"]);
    let survivors = result["survivors"].as_array().map_or(0, Vec::len);
    ensure!(survivors == 0, "{survivors} faults survive; strengthen a trial, a proof, or write down why they are none");
    let mutants = result["mutants"].as_u64().unwrap_or(0);
    ensure!(mutants >= LEAST, "{mutants} faults, expected at least {LEAST}");
    Ok(())
}

fn work_folder() -> PathBuf {
    target_folder().join("mutation")
}

/// Runs the program `emit` and gives what it printed.
pub(crate) fn emit(arguments: &[&str]) -> Result<String> {
    let mut command = super::program("emit")?;
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
    let mut command = program("mutate")?;
    command.args(["--json", "--verilog"]).arg(verilog).arg("--work").arg(work);
    let output = command.stderr(Stdio::inherit()).output().context("starting mutate")?;
    let said = String::from_utf8_lossy(&output.stdout);
    serde_json::from_str(&said).with_context(|| format!("{command:?} gave no result, {}", output.status))
}

/// What the document describes of a run: everything but times.
fn table(result: &Value) -> String {
    let list = |name: &str| result[name].as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let by_proof = list("killed_by_proof");
    let mut out = format!(
        "*Simulated and proved*, on {}. {} faults, {} of them by hand; {} killed, {} of those by a proof and the rest in \
         simulation; {} change nothing.\n\n| block | faults | killed | by a proof | change nothing |\n|---|---|---|---|---|\n",
        text(&result["configuration"]).replace(',', ", "),
        result["mutants"],
        result["planted"],
        result["killed"],
        by_proof.len(),
        result["equivalent"],
    );
    // Writing to a String cannot fail.
    for (block, c) in result["by_block"].as_object().into_iter().flatten() {
        let proved = by_proof.iter().filter(|kill| kill["block"] == block.as_str()).count();
        let _ = writeln!(out, "| {block} | {} | {} | {proved} | {} |", c["mutants"], c["killed"], c["equivalent"]);
    }
    out.push_str("\nSeen by no run, killed by the proof of their block:\n\n| block | fault |\n|---|---|\n");
    for kill in &by_proof {
        let _ = writeln!(out, "| {} | {} |", text(&kill["block"]), text(&kill["fault"]));
    }
    let _ = writeln!(
        out,
        "\nEquivalent for a written reason, which the proof of the block confirmed by holding with the fault; the other \
         faults that change nothing were proved equal by yosys:\n\n| block | fault | why |\n|---|---|---|"
    );
    for fault in list("equivalents").iter().filter(|fault| !fault["proof"].is_null()) {
        let _ = writeln!(out, "| {} | {} | {} |", text(&fault["block"]), text(&fault["fault"]), text(&fault["why"]));
    }
    out
}

fn print(result: &Value) {
    if let Some(blocks) = result["by_block"].as_object() {
        let mut rows = vec![["block", "faults", "killed", "equivalent", "survive"].map(str::to_owned).to_vec()];
        rows.extend(blocks.iter().map(|(block, counts)| {
            let counts = ["mutants", "killed", "equivalent", "survivors"].map(|name| counts[name].to_string());
            [block.clone()].into_iter().chain(counts).collect()
        }));
        print!("{}", columns(rows, &[1, 2, 3, 4]));
    }
    let list = |name: &str| result[name].as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    for kill in list("killed_by_proof") {
        println!("killed by proof: {}: {}: {}", text(&kill["block"]), text(&kill["fault"]), text(&kill["by"]));
    }
    for fault in list("equivalents") {
        println!("equivalent: {}: {}: {}", text(&fault["block"]), text(&fault["fault"]), text(&fault["why"]));
    }
    for fault in list("survivors") {
        println!("SURVIVES: {}: {}: {}", text(&fault["block"]), text(&fault["fault"]), text(&fault["found"]));
    }
    let sums = ["mutants", "killed", "equivalent", "seconds"];
    print!("{}", columns(sums.map(|name| vec![name.to_owned(), result[name].to_string()]), &[1]));
}

#[cfg(test)]
mod tests {
    use super::{smallest, table};
    use serde_json::json;

    #[test]
    fn table_separates_kinds_of_kills_and_reasons() {
        let result = json!({
            "configuration": "A=1,B=2", "mutants": 4, "planted": 1, "killed": 2, "equivalent": 2,
            "by_block": {"x": {"mutants": 4, "killed": 2, "equivalent": 2}},
            "killed_by_proof": [{"block": "x", "fault": "seen by no run"}],
            "equivalents": [{"block": "x", "fault": "equal", "why": "yosys"},
                            {"block": "x", "fault": "same", "why": "because", "proof": "holds"}],
        });
        let text = table(&result);
        assert!(text.contains("A=1, B=2. 4 faults, 1 of them by hand; 2 killed, 1 of those by a proof"), "{text}");
        assert!(text.contains("| x | 4 | 2 | 1 | 2 |") && text.contains("| x | seen by no run |"), "{text}");
        assert!(text.contains("| x | same | because |") && !text.contains("yosys |"), "{text}");
    }

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
