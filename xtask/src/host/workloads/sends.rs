//! Real servers and clients: what the agent counts in a file of their packets and live, and what a program without its code
//! puts together from the same file.

use super::programs::{Programs, agent, counted, json_of, script};
use crate::cargo::root;
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;

/// Where the server listens, which names it in a file of packets.
const SERVER: &str = "127.0.0.1:8080";
/// Contexts at the beginning; the agent asks for more where bodies evict each other.
const CONTEXTS: &str = "4096";
/// A ring that takes all packets, however long the agent waits for a processor.
const RING_BYTES: &str = "67108864";
const SCOPES: [&str; 3] = ["peer", "container", "connection"];

/// Runs a workload beside a live capture, reads its packets again, and compares.
pub fn run(name: &str, folder: &Path, programs: &Programs) -> Result<Value> {
    let path = |name: &str| folder.join(name).to_str().map(str::to_owned).context("a path");
    let (live, packets) = (path("live.rec")?, path("traffic.pcap")?);
    let mut command = programs.script_alone(&root().join("host-agent/tests/capture/beside.py"));
    command.arg(&live).arg(script("sends.py")).arg(name).arg(folder).arg("--").arg(agent()?);
    let output = command.args(["record", &live, "--source", "capture", "--ring-bytes", RING_BYTES]).output()?;
    ensure!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    let run: Value = serde_json::from_str(&fs::read_to_string(folder.join("run.json"))?)?;
    let reference = json_of(programs.script("sends_reference.py").arg(&packets))?;
    let file = ["run", "--json-lines", "--source", "pcap", "--pcap", &packets, "--scope", "connection"];
    let file = counted(&[&file[..], &["--contexts", CONTEXTS]].concat())?;
    let live = counted(&["replay", &live, "--json", "--contexts", CONTEXTS])?;
    let file = Found::of(&file)?;
    let equal = file.is_within(&reference)?;
    let live = Found::of(&live)?;
    let same_bytes = ["bodies", "body_bytes", "not_judged", "not_judged_bytes", "encrypted_bytes", "head_bytes"]
        .iter()
        .all(|key| live.sum(&format!("/{key}")) == file.sum(&format!("/{key}")));
    Ok(json!({
        "kind": "sends",
        "programs": run["programs"],
        "packets": run["packets"],
        "page_bytes": run["page_bytes"],
        "server": file.containers[SERVER],
        "server_reference": reference[SERVER],
        "containers": file.containers,
        "reference": reference,
        "evicted": file.evicted,
        "hidden": file.hidden(&reference),
        "live_bodies": live.sum("/bodies"),
        "live_body_bytes": live.sum("/body_bytes"),
        "live_equal": same_bytes,
        "equal": equal && same_bytes,
    }))
}

/// Sends by content of a report.
struct Found {
    /// By name of the container.
    containers: Value,
    /// Bodies that took the context of another one.
    evicted: u64,
}

impl Found {
    fn of(report: &Value) -> Result<Found> {
        ensure!(report["conserved"] == true, "the law of conservation is broken: {report}");
        let containers = report["containers"].as_array().context("a list of containers")?;
        let with_name = |one: &Value| Some((one["name"].as_str()?.to_owned(), one["sends_by_content"].clone()));
        let containers: serde_json::Map<String, Value> = containers.iter().filter_map(with_name).collect();
        let evicted = report["body_contexts"]["evicted"].as_u64().context("a number of evictions")?;
        Ok(Found { containers: containers.into(), evicted })
    }

    /// A number summed over all containers.
    fn sum(&self, pointer: &str) -> u64 {
        let containers = self.containers.as_object().into_iter().flatten();
        containers.filter_map(|(_, sends)| sends.pointer(pointer)?.as_u64()).sum()
    }

    /// Repeats that the reference has found and the agent has not, in all scopes and containers.
    fn hidden(&self, reference: &Value) -> i64 {
        let number = |sends: &Value, scope: &str| sends[scope]["redundant"].as_i64().unwrap_or_default();
        let containers = reference.as_object().into_iter().flatten();
        containers
            .flat_map(|(name, sends)| SCOPES.map(|scope| number(sends, scope) - number(&self.containers[name], scope)))
            .sum()
    }

    /// Whether the agent has found what the reference has: the same where no body evicted another one, and else at most one
    /// repeat less for each eviction and never one more.
    fn is_within(&self, reference: &Value) -> Result<bool> {
        if self.evicted == 0 {
            return Ok(self.containers == *reference);
        }
        let same_names =
            self.containers.as_object().map(serde_json::Map::len) == reference.as_object().map(|all| all.len());
        let mut within = same_names && self.hidden(reference) <= i64::try_from(self.evicted)?;
        for (name, expected) in reference.as_object().context("containers")? {
            let found = &self.containers[name];
            for (key, number) in expected.as_object().context("numbers")? {
                within &= match SCOPES.contains(&key.as_str()) {
                    false => found[key] == *number,
                    true => ["redundant", "bytes_redundant"]
                        .iter()
                        .all(|part| found[key][part].as_u64() <= number[part].as_u64() && found[key][part].is_u64()),
                };
            }
        }
        Ok(within)
    }
}
