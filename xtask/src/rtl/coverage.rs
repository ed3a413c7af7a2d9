//! `cargo xtask rtl coverage`: line and toggle coverage of the smallest top, and its waveforms.

use super::mutate::{TOP, emit, smallest};
use crate::cargo::{root, run as execute, target_folder};
use crate::document::Table;
use crate::setup::VERILATOR;
use crate::verilated::program;
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::fmt::Write;
use std::path::PathBuf;
use std::process::Stdio;

/// Where the counts are written down.
const TABLE: Table = Table { page: "docs/verification.md", name: "coverage", tools: &[VERILATOR] };

/// Options of the task.
#[derive(clap::Args, Default)]
pub struct Arguments {
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// A fresh emission of the smallest top: its folder, and its settings as text.
fn emission(name: &str) -> Result<(PathBuf, String)> {
    let folder = target_folder().join(name);
    let settings = smallest(&emit(&["--list"])?)?;
    emit(&["--block", TOP, "--set", &settings, "--out", &folder.join("verilog").display().to_string()])?;
    Ok((folder, settings))
}

/// Counts coverage under lockstep traffic; gives the report, and whether every gap has a reason and every reason a gap.
fn count() -> Result<(Value, bool)> {
    let mut command = program("coverage")?;
    let (folder, settings) = emission("coverage")?;
    command.args(["--json", "--verilog"]).arg(folder.join("verilog")).arg("--work").arg(folder);
    let output = command.stderr(Stdio::inherit()).output().context("starting coverage")?;
    let said = String::from_utf8_lossy(&output.stdout);
    let mut report: Value = serde_json::from_str(&said).with_context(|| format!("{command:?} gave no result"))?;
    report["configuration"] = settings.into();
    Ok((report, output.status.success()))
}

/// Counts coverage under lockstep traffic and prints it.
///
/// # Errors
/// When a gap has no reason or a reason no gap, or when a tool is missing.
pub fn run(arguments: &Arguments) -> Result<()> {
    let (report, explained) = count()?;
    match arguments.json {
        true => println!("{report:#}"),
        false => println!("{}", table(&report)),
    }
    demand_reasons(explained)
}

/// Counts coverage, and writes or compares its table.
///
/// # Errors
/// As [`run`], and when the table is stale.
pub fn document(check: bool) -> Result<()> {
    let (report, explained) = count()?;
    demand_reasons(explained)?;
    TABLE.put(&table(&report), check)
}

fn demand_reasons(explained: bool) -> Result<()> {
    ensure!(explained, "a gap has no reason, or a reason no gap: see above, and coverage/reasons.rs");
    Ok(())
}

fn table(report: &Value) -> String {
    let share = |counts: &Value| {
        let count = |name: &str| counts[name].as_u64().unwrap_or(0);
        if count("points") == 0 { "-".to_owned() } else { format!("{} of {}", count("covered"), count("points")) }
    };
    let mut out = format!(
        "*Simulated*, on {}. {} points were not met; each has its \
         reason in `verilator-tests/src/coverage/reasons.rs`.\n\n| block | branches | bits that changed |\n|---|---|---|\n",
        report["configuration"].as_str().unwrap_or_default().replace(',', ", "),
        report["explained"]
    );
    // Writing to a String cannot fail.
    for (block, counts) in report["by_block"].as_object().into_iter().flatten() {
        let _ = writeln!(out, "| {block} | {} | {} |", share(&counts["line"]), share(&counts["toggle"]));
    }
    let _ = writeln!(out, "| **all** | {} | {} |", share(&report["line"]), share(&report["toggle"]));
    out
}

/// Draws the waveforms of `rtl/docs/waves`, or compares them.
///
/// # Errors
/// When a tool is missing, or a picture is not what the trace shows.
pub fn waves(check: bool) -> Result<()> {
    let mut command = program("waves")?;
    let (folder, _) = emission("waves")?;
    command.arg("--verilog").arg(folder.join("verilog")).arg("--work").arg(folder);
    command.arg("--out").arg(root().join("rtl/docs/waves")).args(check.then_some("--check"));
    execute(&mut command)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_table_has_a_row_for_each_block() {
        let counts = json!({"line": {"points": 4, "covered": 3}, "toggle": {"points": 0, "covered": 0}});
        let report = json!({"configuration": "A=1,B=2", "explained": 1, "by_block": {"x": counts},
                            "line": counts["line"], "toggle": counts["toggle"]});
        let text = table(&report);
        assert!(text.contains("A=1, B=2") && text.contains("| x | 3 of 4 | - |"), "{text}");
    }
}
