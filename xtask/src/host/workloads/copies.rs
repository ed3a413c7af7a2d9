//! Families of real programs: what a scan finds, and what a program without the agent's code counts.

use super::programs::{Programs, agent};
use crate::cargo::release_folder;
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Stdio};

/// A workload that runs. It ends with this.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // The end of its input ends it, and it ends what it has started.
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

/// Runs a workload, stops its family and lets the agent and the reference count it.
pub fn run(name: &str, folder: &Path, programs: &Programs) -> Result<Value> {
    let mut command = programs.script("copies.py");
    command.arg(name).arg(folder).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut running = Running(command.spawn().context("starting python3")?);
    let mut line = String::new();
    BufReader::new(running.0.stdout.take().context("no output")?).read_line(&mut line)?;
    if line.is_empty() {
        let mut error = String::new();
        running.0.stderr.take().context("no standard error")?.read_to_string(&mut error)?;
        anyhow::bail!("{command:?} has ended: {error}");
    }
    let begun: Value = serde_json::from_str(&line).with_context(|| format!("expected JSON, found {line:?}"))?;
    let root = begun["root"].as_u64().context("a process number")?.to_string();
    let mut reference = programs.script("copies_reference.py");
    reference.arg(&root).arg(agent()?).args(["scan", "--json", "--pid", &root]);
    reference.arg("--boardd").arg(release_folder()?.join("deltascope-boardd"));
    let looked = super::programs::json_of(&mut reference)?;
    drop(running);
    ensure!(looked["status"] == 0, "the scan failed: {looked}");
    let found = looked["found"].as_str().context("a text")?;
    let found: Value = serde_json::from_str(found).with_context(|| format!("expected JSON, found {found}"))?;
    Ok(compared(&begun["programs"], &found, &looked))
}

/// One row: the numbers of the scan, those of the reference, and whether they are equal.
fn compared(programs: &Value, found: &Value, looked: &Value) -> Value {
    let origins = &found["origins"];
    let scan = json!({
        "copies": found["copies"]["at_least"],
        "redundant": found["redundant"]["at_least"],
        "equal_to_source": origins["equal_to_source"],
        "equal_to_sibling": origins["equal_to_sibling"],
        "born_after_fork": origins["born_after_fork"]["pages"],
        "born_equal": origins["born_after_fork"]["equal_to_another"],
        "origin_unknown": origins["origin_unknown"]["pages"],
    });
    let reference = &looked["before"];
    let same = |numbers: &serde_json::Map<String, Value>| numbers.iter().all(|(key, number)| reference[key] == *number);
    let equal = scan.as_object().is_some_and(same) && origins["inherited"] == scan["copies"];
    let mut row = scan;
    row["kind"] = json!("copies");
    row["programs"] = programs.clone();
    row["inherited"] = origins["inherited"].clone();
    row["mode"] = found["mode"].clone();
    row["reference"] = reference.clone();
    row["equal"] = json!(equal && looked["before"] == looked["after"] && found["conserved"] == true);
    row
}
