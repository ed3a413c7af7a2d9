//! Processor time of a packet with a live capture beside the programs and without it, by turns in one run.

use super::programs::{Programs, agent, json_of, script};
use anyhow::{Context, Result};
use serde_json::{Value, json};
use std::path::Path;

/// Runs the turns and returns the median of each kind.
pub fn run(folder: &Path, programs: &Programs) -> Result<Value> {
    let mut command = programs.script_alone(&script("capture_cost.py"));
    // The last argument is the recording, which the script adds.
    command.arg(folder).arg(agent()?).args(["record", "--force", "--source", "capture"]);
    let run = json_of(&mut command)?;
    let median = |kind: &str, number: &str| -> Result<f64> {
        let turns = run[kind].as_array().with_context(|| format!("turns {kind}: {run}"))?;
        let mut times: Vec<f64> = turns.iter().filter_map(|turn| turn[number].as_f64()).collect();
        times.sort_by(f64::total_cmp);
        times.get(times.len() / 2).copied().with_context(|| format!("no times: {run}"))
    };
    let (without, with) = (median("without", "us_a_packet")?, median("with", "us_a_packet")?);
    Ok(json!({
        "kind": "capture-cost",
        "programs": run["programs"],
        "us_a_packet_without": without,
        "us_a_packet_with": with,
        "us_a_packet_of_agent": median("with", "of_agent")?,
        "ratio": with / without,
        "turns": run,
    }))
}
