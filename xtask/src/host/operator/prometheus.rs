//! Metrics in a real Prometheus.

use super::agent::LIMIT;
use super::http::{body, get};
use super::workload::Family;
use crate::setup::{self, Tool};
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const PROMETHEUS: Tool = Tool { program: "prometheus", package: "prometheus" };

/// A program that ends with this.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Lets a Prometheus scrape the agent and asks it which of two containers wastes most, by the names of their pods.
pub fn check(folder: &Path, agent: &str, [worse, better]: [&Family; 2]) -> Result<Value> {
    setup::require(&[PROMETHEUS])?;
    let file = folder.join("prometheus.yml");
    let job = format!(
        "scrape_configs:\n- job_name: deltascope\n  scrape_interval: 1s\n  static_configs:\n  - targets: ['{agent}']\n"
    );
    fs::write(&file, job)?;
    // A port that was free a moment ago.
    let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string();
    let mut command = Command::new(PROMETHEUS.program);
    command.arg(format!("--config.file={}", file.display()));
    command.arg(format!("--storage.tsdb.path={}", folder.join("tsdb").display()));
    command.arg(format!("--web.listen-address={address}")).stdout(Stdio::null()).stderr(Stdio::null());
    let _prometheus = Running(command.spawn().context("starting prometheus")?);
    let metric = "deltascope_container_cow_redundant_bytes";
    let begun = Instant::now();
    let wasted = loop {
        let answer = get(&address, &format!("/api/v1/query?query={metric}")).ok().filter(|answer| answer.status == 200);
        let answer: Option<Value> = answer.and_then(|answer| serde_json::from_str(&answer.body).ok());
        let of = |cgroup: &str| {
            let results = answer.as_ref()?["data"]["result"].as_array()?;
            let result = results.iter().find(|result| result["metric"]["cgroup"] == cgroup)?;
            result["value"][1].as_str()?.parse::<f64>().ok()
        };
        if let (Some(worse), Some(better)) = (of(&worse.cgroup), of(&better.cgroup)) {
            break [worse, better];
        }
        ensure!(begun.elapsed() < LIMIT, "Prometheus has no series of both groups: {answer:?}");
        std::thread::sleep(Duration::from_millis(200));
    };
    let ratio = wasted[0] / wasted[1];
    ensure!((8.0..=10.5).contains(&ratio), "expected ten times the waste, found {ratio:.2} times");
    let query = |query: &str| -> Result<Value> {
        let found: Value =
            serde_json::from_str(&body(&address, &format!("/api/v1/query?query={}", query.replace(' ', "%20")))?)?;
        Ok(found["data"]["result"].clone())
    };
    let first = query(&format!("topk(1,{metric})"))?;
    ensure!(first[0]["metric"]["cgroup"] == worse.cgroup.as_str(), "topk: expected {worse:?}, found {first}");
    ensure!(first[0]["metric"]["container"] == worse.name.as_str(), "topk: expected {worse:?}, found {first}");
    let joined =
        query(&format!("{metric} * on(container, cgroup) group_left(namespace, pod, name) deltascope_container_info"))?;
    let results = joined.as_array().context("a list")?;
    for family in [worse, better] {
        let found = results.iter().find(|one| one["metric"]["cgroup"] == family.cgroup.as_str());
        let labels = ["namespace", "pod", "name"]
            .map(|label| found.map_or("", |one| one["metric"][label].as_str().unwrap_or("")));
        ensure!(labels.join("/") == family.name, "expected the labels of {}, found {joined}", family.name);
    }
    for (metric, expected) in [("deltascope_conserved", "1"), ("up", "1"), ("deltascope_link_up", "1")] {
        let found = query(metric)?;
        ensure!(found[0]["value"][1] == expected, "{metric}: expected {expected}, found {found}");
    }
    let age = query("time()-deltascope_round_timestamp_seconds")?;
    let age = age[0]["value"][1].as_str().and_then(|age| age.parse::<f64>().ok()).context("no age of the round")?;
    ensure!((-1.0..60.0).contains(&age), "the round is {age} s old");
    Ok(json!({"ratio": ratio, "round_age_seconds": age}))
}

/// Lets a node_exporter read the file of the agent, as another user where this one is root.
pub fn node_exporter(folder: &Path, families: [&Family; 2]) -> Result<Value> {
    let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string();
    let mut command = Command::new("setpriv");
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups", "prometheus-node-exporter"]);
    command.args(["--collector.disable-defaults", "--collector.textfile"]);
    command.arg(format!("--collector.textfile.directory={}", folder.display()));
    command.arg(format!("--web.listen-address={address}")).stdout(Stdio::null()).stderr(Stdio::null());
    let _exporter = Running(command.spawn().context("starting prometheus-node-exporter")?);
    let begun = Instant::now();
    loop {
        let text = get(&address, "/metrics").ok().filter(|answer| answer.status == 200).map(|answer| answer.body);
        let text = text.unwrap_or_default();
        let all = families.iter().all(|family| text.contains(&format!("container=\"{}\"", family.name)));
        if all && text.contains("node_textfile_scrape_error 0") {
            return Ok(json!({"scrape_errors": 0}));
        }
        ensure!(begun.elapsed() < LIMIT, "node_exporter does not show the file of the agent: {text}");
        std::thread::sleep(Duration::from_millis(200));
    }
}
