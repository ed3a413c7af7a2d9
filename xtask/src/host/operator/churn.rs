//! Many control groups that live for a moment: every send in them is counted once, the series go, and memory stays small.

use super::agent::{LIMIT, program};
use super::http::{Sample, named, samples, value};
use super::workload::{compile, remove_groups};
use crate::cargo::release_folder;
use anyhow::{Context, Result, ensure};
use deltascope_testkit::reports;
use serde_json::{Value, json};
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

/// Groups that are there at once.
const WINDOW: u64 = 500;
/// Bytes that each group sends.
const BYTES: u64 = 100;
/// Series of containers that the metrics may have.
const SERIES: usize = 50;
/// Most memory of the agent with 1,000 groups, and what each further one may add, bytes.
const MEMORY: f64 = 64e6;
const MEMORY_OF_GROUP: f64 = 8e3;

/// The agent with what makes the groups, in a network and a process namespace of their own, so that nothing else sends.
struct Churn {
    child: Child,
    group: String,
}

impl Drop for Churn {
    fn drop(&mut self) {
        // The end of its input ends it with the agent.
        drop(self.child.stdin.take());
        let _ = self.child.wait();
        remove_groups(&self.group);
    }
}

/// Makes `count` groups, in each of which a process sends, and checks metrics and reports of an agent that captures.
pub fn check(folder: &Path, groups: &Path, count: u64) -> Result<Value> {
    let churn = compile(folder, "churn", include_str!("churn.c"))?;
    let name = format!("/operator-{}.churn", std::process::id());
    let group = groups.join(name.trim_start_matches('/'));
    fs::create_dir(&group)?;
    let (settings, metrics) = (folder.join("churn.toml"), folder.join("churn.prom"));
    let boardd = release_folder()?.join("deltascope-boardd");
    let settings_with = |silence: u32| {
        let text = format!(
            "source = \"capture\"\ninterval = 0.5\nsilence = {silence}\njson-lines = true\nno-names = true\n\
             metrics-containers = {SERIES}\nmetrics = {metrics:?}\nboardd = {boardd:?}\n"
        );
        fs::write(&settings, text)
    };
    settings_with(3_600)?;
    let begun = Instant::now();
    let mut command = Command::new("unshare");
    command.args(["--net", "--pid", "--fork", "--kill-child", "--mount-proc"]).arg(&churn).arg(&group);
    command.args([count.to_string(), WINDOW.to_string(), BYTES.to_string()]).arg(&metrics);
    command.arg(program()?.get_program()).args(["run", "--config"]).arg(&settings);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let output = child.stdout.take().context("no output")?;
    let words = Words::of(child.stderr.take().context("no standard error")?);
    let mut churn = Churn { child, group: name.clone() };
    let mut rounds = Rounds { lines: BufReader::new(output).lines(), prefix: format!("{name}/") };
    // Each batch goes once all of its sends are in rows of their groups, so that none has to be unknown.
    let (mut last, mut batches, mut moved) = (Found::default(), 0, Instant::now());
    loop {
        let found = rounds.next()?;
        ensure!(found.sends <= count, "expected at most {count} sends, found {found:?}");
        let is_settled = found.sends == last.sends;
        let waits = words.waits.load(Ordering::Relaxed);
        if !is_settled {
            moved = Instant::now();
        }
        last = found;
        if waits > batches && last.has(waits * WINDOW, is_settled) {
            (batches, moved) = (waits, Instant::now());
            churn.child.stdin.as_mut().context("no standard input")?.write_all(b"\n")?;
        }
        if words.is_done.load(Ordering::Relaxed) && last.has(count, is_settled) {
            break;
        }
        ensure!(moved.elapsed() < LIMIT, "expected {count} sends, found {last:?} and no more");
    }
    ensure!(last.rows == last.sends && last.unknown == 0, "expected a row for each send, found {last:?}");
    let seconds = begun.elapsed().as_secs_f64();
    let before = read(&metrics)?;
    let shown = named(&before, "deltascope_container_send_bodies_total").len();
    ensure!(shown <= SERIES + 2, "expected at most {SERIES} series, other and expired, found {shown}");
    // From now on silent groups go.
    settings_with(1)?;
    hangup(&churn.child)?;
    let changed = Instant::now();
    let after = loop {
        ensure!(changed.elapsed() < LIMIT, "the series of the groups do not go");
        rounds.next()?;
        let found = read(&metrics)?;
        let own = |sample: &&Sample| sample.labels.get("cgroup").is_some_and(|path| path.starts_with(&rounds.prefix));
        if named(&found, "deltascope_container_send_bodies_total").iter().filter(|sample| own(sample)).count() == 0 {
            break found;
        }
    };
    let sum = |name: &str| named(&after, name).iter().map(|sample| sample.value as u64).sum::<u64>();
    let in_series = sum("deltascope_container_send_bodies_total") + sum("deltascope_container_send_unjudged_total");
    let counted = value(&after, "deltascope_counted_total")? as u64;
    ensure!(in_series == counted, "expected {counted} sends in the series, found {in_series}");
    ensure!(value(&after, "deltascope_conserved")? == 1.0, "the law of conservation is broken");
    let peak = value(&after, "deltascope_agent_peak_memory_bytes")?;
    let most = MEMORY + count.saturating_sub(1_000) as f64 * MEMORY_OF_GROUP;
    ensure!(peak < most, "the agent has used {peak} bytes, expected less than {most}");
    Ok(json!({"groups": count, "sends": last.sends, "not_captured": count - last.sends,
        "dropped_packets": last.dropped_packets, "named": last.rows, "unknown": last.unknown, "seconds_measured": seconds,
        "series_before": shown, "series_after": named(&after, "deltascope_container_send_bodies_total").len(),
        "in_series": in_series, "peak_memory_bytes": peak}))
}

/// Sends of the groups in one round.
#[derive(Debug, Default)]
struct Found {
    sends: u64,
    /// Groups with a row.
    rows: u64,
    unknown: u64,
    /// Packets that found no room in the ring: the agent had no processor for as long as that lasts.
    dropped_packets: u64,
}

impl Found {
    /// Whether all of these sends are there. Of a connection whose last packets were dropped nothing is seen, so that as many
    /// sends may be missing, once no more come.
    fn has(&self, sends: u64, is_settled: bool) -> bool {
        let missing = sends.saturating_sub(self.sends);
        missing == 0 || is_settled && missing <= self.dropped_packets
    }
}

/// The rounds that the agent prints.
struct Rounds {
    lines: std::io::Lines<BufReader<std::process::ChildStdout>>,
    prefix: String,
}

/// What the program that makes the groups has written between the messages of the agent.
#[derive(Debug, Default)]
struct Words {
    /// Times that it has waited for a byte.
    waits: AtomicU64,
    is_done: AtomicBool,
}

impl Words {
    /// Follows them in a thread of its own, and passes the messages on.
    fn of(errors: ChildStderr) -> Arc<Words> {
        let words: Arc<Words> = Arc::default();
        let found = words.clone();
        std::thread::spawn(move || {
            for line in BufReader::new(errors).lines().map_while(Result::ok) {
                match line.as_str() {
                    "ready" => {}
                    "batch" => _ = found.waits.fetch_add(1, Ordering::Relaxed),
                    "done" => found.is_done.store(true, Ordering::Relaxed),
                    _ => eprintln!("{line}"),
                }
            }
        });
        words
    }
}

impl Rounds {
    fn next(&mut self) -> Result<Found> {
        let mut lines = || self.lines.next()?.ok();
        let round = reports::next(&mut lines).context("expected another round, found the end")?;
        let round = round.map_err(anyhow::Error::msg)?;
        ensure!(round["conserved"] == true, "not conserved: {round}");
        let dropped_packets = round["status"]["dropped_packets"].as_u64().context("dropped_packets")?;
        let mut found = Found { dropped_packets, ..Found::default() };
        for container in round["containers"].as_array().into_iter().flatten() {
            let content = &container["sends_by_content"];
            let sends = content["bodies"].as_u64().unwrap_or(0) + content["unjudged"].as_u64().unwrap_or(0);
            if container["cgroup"].as_str().is_some_and(|path| path.starts_with(&self.prefix)) {
                (found.sends, found.rows) = (found.sends + sends, found.rows + 1);
            } else if container["name"] == "unknown" {
                (found.sends, found.unknown) = (found.sends + sends, found.unknown + sends);
            }
        }
        Ok(found)
    }
}

fn read(metrics: &Path) -> Result<Vec<Sample>> {
    samples(&fs::read_to_string(metrics)?)
}

/// Sends SIGHUP to the agent, a grandchild of the process that unshares.
fn hangup(unshare: &Child) -> Result<()> {
    let children = |pid: u32| -> Result<Vec<u32>> {
        let text = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"))?;
        Ok(text.split_whitespace().filter_map(|pid| pid.parse().ok()).collect())
    };
    for churn in children(unshare.id())? {
        for agent in children(churn)? {
            if fs::read_to_string(format!("/proc/{agent}/comm"))?.trim() == "deltascope" {
                let sent = Command::new("sh").args(["-c", "kill -s HUP \"$1\"", "sh", &agent.to_string()]).status()?;
                ensure!(sent.success(), "SIGHUP cannot be sent");
                return Ok(());
            }
        }
    }
    anyhow::bail!("the agent has ended")
}
