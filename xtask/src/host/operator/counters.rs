//! Sums of a source with counters, and the memory that many containers and contexts take.

use super::agent::program;
use super::http::{named, samples, value};
use crate::cargo::release_folder;
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

/// Of a source with counters some containers have series of their own, and the sum of all series is what was counted.
pub fn of_series() -> Result<Value> {
    let events = 200_000u64;
    let synth = ["--source", "synth", "--seed", "3", "--events", "200000", "--containers", "60", "--interval", "0.2"];
    let folder = std::env::temp_dir().join(format!("deltascope-counters-{}", std::process::id()));
    fs::create_dir(&folder)?;
    let file = folder.join("synth.prom");
    let mut command = program()?;
    command.arg("run").args(synth).args(["--metrics-containers", "20", "--metrics"]).arg(&file);
    let output = command.output();
    let text = fs::read_to_string(&file);
    fs::remove_dir_all(&folder)?;
    let output = output?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metrics = samples(&text?)?;
    let sum = |name: &str| named(&metrics, name).iter().map(|sample| sample.value as u64).sum::<u64>();
    let series = named(&metrics, "deltascope_container_cow_copies_total").len();
    let sum = sum("deltascope_container_cow_copies_total") + sum("deltascope_container_net_sends_total");
    let counted = value(&metrics, "deltascope_counted_total")? as u64;
    ensure!(series == 22, "expected 20 containers, other and expired, found {series} series");
    ensure!(sum == counted && counted == events, "expected {events} events in the series, found {sum} of {counted}");
    Ok(json!({"events": events, "in_series": sum, "series": series}))
}

/// An agent with 10,000 contexts in use and 1,000 containers of which 200 send stays below 64 MiB, with fewer groups of the
/// engine than containers and fewer series than either.
pub fn memory() -> Result<Value> {
    const MOST: u64 = 64 << 20;
    const EVENTS: u64 = 300_000;
    let board = Board::start()?;
    let events = EVENTS.to_string();
    let synth = ["--source", "synth", "--events", &events, "--containers", "1000", "--senders", "200"];
    let grant = ["--sockets", "10000", "--contexts", "10000", "--groups", "256", "--connect", &board.address];
    let folder = std::env::temp_dir().join(format!("deltascope-memory-{}", std::process::id()));
    fs::create_dir(&folder)?;
    let file = folder.join("synth.prom");
    let mut command = program()?;
    command.arg("run").args(synth).args(grant).args(["--metrics-containers", "100", "--json-lines", "--metrics"]);
    let output = command.arg(&file).output();
    let text = fs::read_to_string(&file);
    fs::remove_dir_all(&folder)?;
    let output = output?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metrics = samples(&text?)?;
    let of = |name: &str| named(&metrics, name).iter().map(|sample| sample.value as u64).sum::<u64>();
    let (copies, sends) = (of("deltascope_container_cow_copies_total"), of("deltascope_container_net_sends_total"));
    let counted = value(&metrics, "deltascope_counted_total")? as u64;
    ensure!(
        copies + sends == counted && counted == EVENTS,
        "expected {EVENTS} events, found {copies} + {sends} of {counted}"
    );
    let series = named(&metrics, "deltascope_container_net_sends_total");
    let other =
        series.iter().find(|sample| sample.labels["container"] == "other").map_or(0, |sample| sample.value as u64);
    ensure!(
        series.len() == 102 && other > 0,
        "expected 100 containers, other and expired, found {} series",
        series.len()
    );
    let (containers, senders) = containers(&output.stdout)?;
    ensure!(
        (containers, senders) == (1_000, 200),
        "expected 1000 containers of which 200 send, found {containers}, {senders}"
    );
    let peak = value(&metrics, "deltascope_agent_peak_memory_bytes")? as u64;
    ensure!(peak < MOST, "the agent has used {peak} bytes, expected less than {MOST}");
    Ok(
        json!({"containers": containers, "senders": senders, "contexts": 10_000, "in_series": copies + sends, "in_other": other,
        "peak_memory_bytes": peak}),
    )
}

/// A board server all of whose contexts one session may have. It ends with this.
struct Board {
    child: Child,
    address: String,
}

impl Board {
    fn start() -> Result<Board> {
        let mut command = Command::new(release_folder()?.join("deltascope-boardd"));
        command.args(["--listen", "127.0.0.1:0", "--max-sessions", "1"]).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().context("starting deltascope-boardd")?;
        let output = child.stdout.take().context("no output")?;
        let mut board = Board { child, address: String::new() };
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        let address = line.trim().strip_prefix("listening on ");
        board.address = address.with_context(|| format!("expected an address, found {line:?}"))?.to_owned();
        Ok(board)
    }
}

impl Drop for Board {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Containers of the last round in JSON lines, and those of them that have sent.
fn containers(lines: &[u8]) -> Result<(usize, usize)> {
    let text = std::str::from_utf8(lines)?;
    let rounds = deltascope_testkit::reports::all(text).map_err(anyhow::Error::msg)?;
    let last = rounds.last().context("no round")?;
    let containers = last["containers"].as_array().context("a list")?;
    let senders = containers.iter().filter(|one| one["net_sends"].as_u64() > Some(0)).count();
    Ok((containers.len(), senders))
}
