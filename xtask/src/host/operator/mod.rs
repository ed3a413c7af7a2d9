//! `cargo xtask host operator`: what an operator sees of a running agent, checked against processes whose waste is known.

mod agent;
mod full;
mod http;
mod workload;

use crate::demo::Engine;
use agent::{Agent, program};
use anyhow::{Context, Result, ensure};
use http::{body, first_event, get, named, samples, value};
use serde_json::{Value, json};
use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;
use workload::Wasteful;

/// Pages that the one family wastes, and the other.
const PAGES: [u64; 2] = [2_000, 200];

/// Options of the task.
#[derive(clap::Args, Default)]
pub struct Arguments {
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
    /// Also with a real Prometheus and a browser; writes docs/img/page.png
    #[arg(long)]
    pub full: bool,
}

/// Runs the checks and prints what was found.
pub fn run(arguments: &Arguments) -> Result<()> {
    Engine::Model.build_programs()?;
    let begun = Instant::now();
    let folder = std::env::temp_dir().join(format!("deltascope-operator-{}", std::process::id()));
    fs::create_dir(&folder)?;
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755))?;
    let outcome = checked(&folder, arguments.full);
    fs::remove_dir_all(&folder)?;
    let mut found = outcome?;
    found["seconds_measured"] = json!(begun.elapsed().as_secs_f64());
    if arguments.json {
        println!("{found}");
    } else {
        println!("{found:#}");
    }
    Ok(())
}

fn checked(folder: &Path, full: bool) -> Result<Value> {
    let mut found = json!({});
    match workload::groups()? {
        Some(groups) => scanned(folder, &groups, full, &mut found)?,
        None => found["scan"] = json!("not run: needs root and a mounted cgroup2 hierarchy"),
    }
    found["counters"] = counters()?;
    Ok(found)
}

/// An agent that scans two families of known waste.
fn scanned(folder: &Path, groups: &Path, full: bool, found: &mut Value) -> Result<()> {
    let programs = workload::build(folder)?;
    let mark = std::process::id();
    // The one that wastes less is first in every other order: by name, by path, by process.
    let id = format!("{mark:064x}");
    let [worse, better] =
        [format!("/operator-{mark}.slice/docker-{id}.scope"), format!("/operator-{mark}.slice/better.service")];
    let better = Wasteful::start(&programs, groups, ("better.service", &better), PAGES[1])?;
    let worse = Wasteful::start(&programs, groups, ("docker/worse", &worse), PAGES[0])?;
    let host = docker_state(folder, &id, "worse")?;
    found["wasted_pages"] = json!({worse.name: worse.pages, better.name: better.pages});
    let file = folder.join("deltascope.prom");
    let text_file = file.to_str().context("a path")?;
    let pids = [better.pid.to_string(), worse.pid.to_string()];
    let of_families = ["--source", "scan", "--host-root", &host, "--pid", &pids[0], "--pid", &pids[1]];
    let mut agent = Agent::start(&[&of_families[..], &["--interval", "1", "--metrics", text_file]].concat())?;
    agent.ready()?;
    until_named(&agent.address, worse.name)?;
    found["top"] = top(&of_families, &[&worse, &better])?;
    found["private_namespace"] = private_namespace(groups, &of_families, &[&worse, &better])?;
    found["scan"] = shown(&agent.address, &[&worse, &better])?;
    found["textfile"] = textfile(&file)?;
    found["scrapes_at_once"] = json!(concurrent(&agent.address)?);
    found["status"] = status(&agent.address)?;
    ensure!(get(&agent.address, "/nothing")?.status == 404, "an unknown path has an answer");
    if full {
        found["prometheus"] = full::prometheus(folder, &agent.address, &worse.cgroup, &better.cgroup)?;
        found["browser"] = full::browser(folder, &agent.address)?;
    }
    Ok(())
}

/// Makes the state folder of Docker for a container below a root folder of its own, and returns that.
fn docker_state(folder: &Path, id: &str, name: &str) -> Result<String> {
    let host = folder.join("host");
    let container = host.join("var/lib/docker/containers").join(id);
    fs::create_dir_all(&container)?;
    fs::write(container.join("config.v2.json"), json!({"ID": id, "Name": format!("/{name}")}).to_string())?;
    Ok(host.to_str().context("a path")?.to_owned())
}

/// Waits until a round has the name that a runtime has for a container: rounds do not wait for names.
fn until_named(address: &str, name: &str) -> Result<()> {
    let begun = Instant::now();
    loop {
        let metrics = body(address, "/metrics")?;
        if metrics.contains(&format!("container=\"{name}\"")) {
            ensure!(metrics.contains("deltascope_names{state=\"named\"} 1"), "the name is not counted: {metrics}");
            return Ok(());
        }
        ensure!(begun.elapsed() < agent::LIMIT, "no round has the name {name}: {metrics}");
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
}

/// `top --once --json` ranks and quantifies the families as the other surfaces do.
fn top(options: &[&str], families: &[&Wasteful; 2]) -> Result<Value> {
    let boardd = crate::cargo::release_folder()?.join("deltascope-boardd");
    let mut command = program()?;
    command.args(["top", "--once", "--json", "--interval", "1"]).args(options).arg("--boardd").arg(boardd);
    let output = command.output()?;
    ensure!(output.status.success(), "top: {}", String::from_utf8_lossy(&output.stderr));
    let found: Value = serde_json::from_slice(&output.stdout)?;
    ensure!(found["conserved"] == true && found["collects"] == true, "top: {found}");
    for (at, family) in families.iter().enumerate() {
        let row = &found["containers"][at];
        let bytes = row["bytes_redundant"].as_u64().unwrap_or_default();
        ensure!(row["name"] == family.name && row["cgroup"] == family.cgroup.as_str(), "top: place {at}: {found}");
        ensure!(family.wasted().contains(&bytes), "top: {}: {bytes} bytes: {found}", family.name);
    }
    Ok(json!({"sorted_by": found["sorted_by"], "first": found["containers"][0]["name"]}))
}

/// An agent in a control group namespace of its own names the families by the host's paths, as any other agent does.
fn private_namespace(groups: &Path, options: &[&str], families: &[&Wasteful; 2]) -> Result<Value> {
    let group = groups.join(format!("operator-{}.agent", std::process::id()));
    fs::create_dir_all(&group)?;
    // The shell moves itself, so that the namespace begins at its group.
    let script = "echo $$ >\"$1/cgroup.procs\" && shift && exec unshare --cgroup \"$@\"";
    let mut command = Command::new("sh");
    command.args(["-c", script, "sh"]).arg(&group).arg(program()?.get_program());
    let options = options.iter().filter(|option| !matches!(**option, "--source" | "scan"));
    command.args(["scan", "--json"]).args(options).arg("--boardd");
    command.arg(crate::cargo::release_folder()?.join("deltascope-boardd"));
    let output = command.output();
    // Its last process has ended, and the kernel may take a moment to see that.
    let removed = (0..200).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(10));
        fs::remove_dir(&group).is_ok()
    });
    let output = output?;
    ensure!(removed, "{}: the group is still in use", group.display());
    ensure!(output.status.success(), "scan: {}", String::from_utf8_lossy(&output.stderr));
    let found: Value = serde_json::from_slice(&output.stdout)?;
    for (at, family) in families.iter().enumerate() {
        let container = &found["containers"][at];
        ensure!(container["name"] == family.name && container["cgroup"] == family.cgroup.as_str(), "{found}");
    }
    Ok(json!({"cgroups": families.map(|family| family.cgroup.as_str())}))
}

/// The families are named, ranked and quantified by the metrics, by the JSON of the page and by its events.
fn shown(address: &str, families: &[&Wasteful; 2]) -> Result<Value> {
    let metrics = samples(&body(address, "/metrics")?)?;
    ensure!(value(&metrics, "deltascope_conserved")? == 1.0, "the law of conservation is broken");
    ensure!(value(&metrics, "deltascope_source_up")? == 1.0, "the source sees nothing");
    let wasted = named(&metrics, "deltascope_container_cow_redundant_bytes");
    let order: Vec<&str> = wasted.iter().filter_map(|sample| Some(sample.labels.get("cgroup")?.as_str())).collect();
    let expected: Vec<&str> = families.iter().map(|family| family.cgroup.as_str()).collect();
    ensure!(order == expected, "metrics: expected {expected:?} in this order, found {order:?}");
    let round: Value = serde_json::from_str(&body(address, "/round")?)?;
    let event: Value = serde_json::from_str(&first_event(address, "/events")?)?;
    let mut numbers = Vec::new();
    for (at, family) in families.iter().enumerate() {
        let name = family.name;
        let range = family.wasted();
        let of_metrics = wasted[at].value as u64;
        ensure!(wasted[at].labels["container"] == name, "expected the name {name}, found {:?}", wasted[at].labels);
        ensure!(range.contains(&of_metrics), "{name}: expected {range:?} bytes, found {of_metrics} in the metrics");
        for (kind, whole) in [("/round", &round), ("/events", &event)] {
            let container = &whole["containers"][at];
            // The first of the events is that of a round before the runtime was asked.
            let named = kind == "/events" || container["name"] == name;
            ensure!(named && container["cgroup"] == family.cgroup.as_str(), "{kind}: {container}");
            let bytes = container["cow_bytes_redundant"].as_u64().context("a number of bytes")?;
            ensure!(range.contains(&bytes), "{kind}: {name}: expected {range:?} bytes, found {bytes}");
        }
        numbers.push(json!({"container": name, "wasted_bytes": of_metrics, "expected_at_least": range.start()}));
    }
    let page = get(address, "/")?;
    ensure!(page.status == 200 && page.head.contains("text/html"), "no page: {}", page.head);
    ensure!(page.head.to_lowercase().contains("content-security-policy"), "the page has no policy: {}", page.head);
    for outside in ["http://", "https://", "src=", "@import"] {
        let without_svg = page.body.replace("http://www.w3.org/2000/svg", "");
        ensure!(!without_svg.contains(outside), "the page is not whole in itself: {outside}");
    }
    check_with_promtool(&body(address, "/metrics")?)?;
    Ok(json!(numbers))
}

/// The file is one that node_exporter can read, as another user, and has what `/metrics` has.
fn textfile(file: &Path) -> Result<Value> {
    let text = fs::read_to_string(file)?;
    let mode = fs::metadata(file)?.permissions().mode() & 0o777;
    ensure!(mode == 0o644, "{}: expected mode 644, found {mode:o}", file.display());
    let names = samples(&text)?.iter().map(|sample| sample.name.clone()).collect::<std::collections::BTreeSet<_>>();
    check_with_promtool(&text)?;
    Ok(json!({"metrics": names.len()}))
}

/// Scrapes at once get whole answers, each of one round.
fn concurrent(address: &str) -> Result<usize> {
    const SCRAPES: usize = 16;
    let threads: Vec<_> = (0..SCRAPES)
        .map(|_| {
            let address = address.to_owned();
            std::thread::spawn(move || body(&address, "/metrics"))
        })
        .collect();
    for thread in threads {
        let text = thread.join().map_err(|_| anyhow::anyhow!("a scrape has failed"))??;
        ensure!(value(&samples(&text)?, "deltascope_conserved")? == 1.0, "a scrape is not whole");
    }
    Ok(SCRAPES)
}

/// The command `status` ends with 0 for an agent that is ready, and with 1 where there is none.
fn status(address: &str) -> Result<Value> {
    let output = program()?.args(["status", address, "--json"]).output()?;
    ensure!(output.status.code() == Some(0), "status ended with {}: {output:?}", output.status);
    let status: Value = serde_json::from_slice(&output.stdout)?;
    ensure!(status["ready"] == true && status["round"]["conserved"] == true, "{status}");
    let none = program()?.args(["status", "127.0.0.1:9"]).output()?;
    ensure!(none.status.code() == Some(1), "expected 1 without an agent, found {}", none.status);
    Ok(
        json!({"round": status["round"]["number"], "source": status["round"]["source"], "exit": 0, "exit_without_agent": 1}),
    )
}

/// Of a source with counters some containers have series of their own, and the sum of all series is what was counted.
fn counters() -> Result<Value> {
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

/// `promtool check metrics`, where there is one.
fn check_with_promtool(text: &str) -> Result<()> {
    let promtool =
        Command::new("promtool").args(["check", "metrics"]).stdin(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut promtool = match promtool {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        promtool => promtool?,
    };
    promtool.stdin.take().context("no standard input")?.write_all(text.as_bytes())?;
    let output = promtool.wait_with_output()?;
    let found = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success() && found.is_empty(), "promtool check metrics: {found}");
    Ok(())
}
