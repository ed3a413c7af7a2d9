//! The page in a browser, and metrics in a real Prometheus.

use super::agent::LIMIT;
use super::http::{body, get};
use crate::cargo::root;
use crate::setup::{self, Tool};
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const PROMETHEUS: Tool = Tool { program: "prometheus", package: "prometheus" };
const CHROMIUM: Tool = Tool { program: "chromium", package: "chromium" };

/// A program that ends with this.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Lets a Prometheus scrape the agent and asks it which group wastes most.
pub fn prometheus(folder: &Path, agent: &str, worse: &str, better: &str) -> Result<Value> {
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
        if let (Some(worse), Some(better)) = (of(worse), of(better)) {
            break [worse, better];
        }
        ensure!(begun.elapsed() < LIMIT, "Prometheus has no series of both groups: {answer:?}");
        std::thread::sleep(Duration::from_millis(200));
    };
    let ratio = wasted[0] / wasted[1];
    ensure!((8.0..=10.5).contains(&ratio), "expected ten times the waste, found {ratio:.2} times");
    let query = |query: &str| -> Result<Value> {
        let found: Value = serde_json::from_str(&body(&address, &format!("/api/v1/query?query={query}"))?)?;
        Ok(found["data"]["result"].clone())
    };
    let first = query(&format!("topk(1,{metric})"))?;
    ensure!(first[0]["metric"]["cgroup"] == worse, "topk: expected {worse}, found {first}");
    for (metric, expected) in [("deltascope_conserved", "1"), ("up", "1"), ("deltascope_link_up", "1")] {
        let found = query(metric)?;
        ensure!(found[0]["value"][1] == expected, "{metric}: expected {expected}, found {found}");
    }
    let age = query("time()-deltascope_round_timestamp_seconds")?;
    let age = age[0]["value"][1].as_str().and_then(|age| age.parse::<f64>().ok()).context("no age of the round")?;
    ensure!((-1.0..60.0).contains(&age), "the round is {age} s old");
    Ok(json!({"ratio": ratio, "round_age_seconds": age}))
}

/// Opens the page in a browser, checks what a reader finds in it, and writes what it looks like to docs/img/page.png.
pub fn browser(folder: &Path, agent: &str) -> Result<Value> {
    setup::require(&[CHROMIUM])?;
    let profile = folder.join("profile");
    let chromium = |more: &[&str]| {
        let mut command = Command::new(CHROMIUM.program);
        command.args(["--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--timeout=8000"]);
        command.arg(format!("--user-data-dir={}", profile.display())).args(more);
        command.arg(format!("http://{agent}/")).stderr(Stdio::null());
        command
    };
    let picture = root().join("docs/img/page.png");
    let screenshot = format!("--screenshot={}", picture.display());
    ensure!(chromium(&[&screenshot, "--window-size=1200,1000"]).status()?.success(), "no picture of the page");
    let dom = chromium(&["--dump-dom"]).output()?;
    let dom = String::from_utf8_lossy(&dom.stdout);
    for part in ["docker/worse", "better.service", "every event is accounted for", "role=\"img\"", "scope=\"col\""] {
        ensure!(dom.contains(part), "the page does not show {part}: {dom}");
    }
    let table = dom.split("<tbody").nth(1).context("no table")?;
    let places = ["docker/worse", "better.service"].map(|name| table.find(name));
    ensure!(places[0] < places[1], "the page ranks the groups in the wrong order");
    Ok(json!({"picture": "docs/img/page.png", "bytes": fs::metadata(picture)?.len()}))
}
