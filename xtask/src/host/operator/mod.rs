//! `cargo xtask host operator`: what an operator sees of a running agent, checked against processes whose waste is known.

mod agent;
mod churn;
mod containerd;
mod counters;
mod devtools;
mod http;
mod image;
mod page;
mod podman;
mod prometheus;
mod terminal;
mod workload;

use crate::demo::Engine;
use crate::setup::{self, Tool};
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
use workload::{Family, Wasteful};

/// Pages that the one family wastes, and the other.
const PAGES: [u64; 2] = [2_000, 200];
/// A group that a unit delegates: a row of its own.
const DELEGATED: &str = "htcondor/slot1_2@host";
/// Groups that come and go, in the bounded check and in the full one.
const CHURN: [u64; 2] = [1_000, 10_000];
/// What the full check uses beside the programs of this repository.
const TOOLS: &[Tool] = &[
    Tool { program: "containerd", package: "containerd" },
    Tool { program: "ctr", package: "containerd" },
    Tool { program: "runc", package: "runc" },
    Tool { program: "podman", package: "podman" },
    Tool { program: "conmon", package: "conmon" },
    Tool { program: "prometheus", package: "prometheus" },
    Tool { program: "promtool", package: "prometheus" },
    Tool { program: "prometheus-node-exporter", package: "prometheus-node-exporter" },
    Tool { program: "chromium", package: "chromium" },
    Tool { program: "script", package: "bsdutils" },
];

/// Options of the task.
#[derive(clap::Args, Default)]
pub struct Arguments {
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
    /// With ten times as many short-lived groups, and also with pods of a real containerd, a real Podman, a real Prometheus, a
    /// browser and a terminal; installs them as root, and writes the pictures docs/img/page.png and docs/img/top.svg
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
    let outcome = if arguments.full { setup::provide(TOOLS) } else { Ok(()) };
    let outcome = outcome.and_then(|()| checked(&folder, arguments.full));
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

/// Runs each part of the check, and notes the time of each, so that a slow run reports where it waited.
fn checked(folder: &Path, full: bool) -> Result<Value> {
    let (mut found, mut seconds) = (json!({}), json!({}));
    let mut timed = |part: &str, check: &mut dyn FnMut() -> Result<()>| {
        let begun = Instant::now();
        check()?;
        seconds[part] = json!(begun.elapsed().as_secs_f64());
        anyhow::Ok(())
    };
    match workload::groups()? {
        Some(groups) => {
            let waste = workload::build(folder)?;
            timed("scan", &mut || scanned(folder, &groups, &waste, &mut found))?;
            timed("churn", &mut || {
                found["churn"] = churn::check(folder, &groups, CHURN[usize::from(full)])?;
                Ok(())
            })?;
            if full {
                timed("pods", &mut || pods(folder, &waste, &mut found))?;
            }
        }
        None => found["scan"] = json!("not run: needs root and a mounted cgroup2 hierarchy"),
    }
    timed("counters", &mut || {
        found["counters"] = counters::of_series()?;
        Ok(())
    })?;
    timed("memory", &mut || {
        found["memory"] = counters::memory()?;
        Ok(())
    })?;
    found["seconds_measured_by_part"] = seconds;
    Ok(found)
}

/// An agent that scans two families of known waste.
fn scanned(folder: &Path, groups: &Path, waste: &Path, found: &mut Value) -> Result<()> {
    let mark = std::process::id();
    // The one that wastes less is first in every other order: by name, by path, by process.
    let id = format!("{mark:064x}");
    let [worse, better] = [
        format!("/operator-{mark}.slice/docker-{id}.scope"),
        format!("/operator-{mark}.slice/condor.service/{DELEGATED}"),
    ];
    let better = Wasteful::start(waste, groups, (&format!("condor.service/{DELEGATED}"), &better), PAGES[1])?;
    let worse = Wasteful::start(waste, groups, ("docker/worse", &worse), PAGES[0])?;
    let (better, worse) = (&better.family, &worse.family);
    let host = docker_state(folder, &id, "worse")?;
    found["wasted_pages"] = json!({&worse.name: worse.pages, &better.name: better.pages});
    let file = folder.join("deltascope.prom");
    let text_file = file.to_str().context("a path")?;
    let pids = [better.pid.to_string(), worse.pid.to_string()];
    let of_families = ["--source", "scan", "--host-root", &host, "--pid", &pids[0], "--pid", &pids[1]];
    let mut agent = Agent::start(&[&of_families[..], &["--interval", "1", "--metrics", text_file]].concat())?;
    agent.ready()?;
    until_named(&agent.address, &[worse])?;
    found["top"] = top(&of_families, &[worse, better])?;
    found["private_namespace"] = private_namespace(groups, &of_families, &[worse, better])?;
    found["scan"] = shown(&agent.address, &[worse, better])?;
    found["textfile"] = textfile(&file)?;
    found["scrapes_at_once"] = json!(concurrent(&agent.address)?);
    found["status"] = status(&agent.address)?;
    ensure!(get(&agent.address, "/nothing")?.status == 404, "an unknown path has an answer");
    Ok(())
}

/// An agent that scans two pods of a real containerd, whose socket it finds by itself, in every surface.
fn pods(folder: &Path, waste: &Path, found: &mut Value) -> Result<()> {
    let folder = folder.join("pods");
    fs::create_dir(&folder)?;
    let pause = workload::compile(&folder, "pause", include_str!("pause.c"))?;
    let image = image::archive(&folder, containerd::IMAGE, &[waste, &pause])?;
    found["podman"] = podman::check(&folder, &folder.join("image/layer.tar"), PAGES[1])?;
    let containerd = containerd::Containerd::start(&folder, &image)?;
    let better = containerd.pod("cart-0", 1, PAGES[1])?;
    let worse = containerd.pod("checkout-0", 2, PAGES[0])?;
    let (worse, better) = (&worse.family, &better.family);
    let host = containerd.host.to_str().context("a path")?;
    found["doctor"] = doctor(host)?;
    let pids = [better.pid.to_string(), worse.pid.to_string()];
    let of_pods = ["--source", "scan", "--host-root", host, "--pid", &pids[0], "--pid", &pids[1]];
    let textfiles = folder.join("textfiles");
    fs::create_dir(&textfiles)?;
    let file = textfiles.join("deltascope.prom");
    let file = file.to_str().context("a path")?;
    let mut agent = Agent::start(&[&of_pods[..], &["--interval", "1", "--metrics", file]].concat())?;
    agent.ready()?;
    until_named(&agent.address, &[worse, better])?;
    found["containerd"] = json!({
        "top": top(&of_pods, &[worse, better])?,
        "scan": shown(&agent.address, &[worse, better])?,
        "prometheus": prometheus::check(&folder, &agent.address, [worse, better])?,
        "node_exporter": prometheus::node_exporter(&textfiles, [worse, better])?,
        "page": page::check(&folder, &agent.address, [worse, better])?,
        "terminal": terminal::check(&of_pods, [worse, better])?,
    });
    Ok(())
}

/// What `doctor` finds of the runtime below a root folder.
fn doctor(host: &str) -> Result<Value> {
    let output = program()?.args(["doctor", "--json", "--root", host]).output()?;
    let found: Value = serde_json::from_slice(&output.stdout)?;
    let checks = found["checks"].as_array().context("checks")?;
    let check = checks.iter().find(|check| check["name"] == "names_cri").context("no check names_cri")?;
    ensure!(
        check["state"] == "ok" && check["found"].as_str().is_some_and(|text| text.contains("containers: 2")),
        "{check}"
    );
    Ok(check["found"].clone())
}

/// Makes the state folder of Docker for a container below a root folder of its own, and returns that.
fn docker_state(folder: &Path, id: &str, name: &str) -> Result<String> {
    let host = folder.join("host");
    let container = host.join("var/lib/docker/containers").join(id);
    fs::create_dir_all(&container)?;
    fs::write(container.join("config.v2.json"), json!({"ID": id, "Name": format!("/{name}")}).to_string())?;
    Ok(host.to_str().context("a path")?.to_owned())
}

/// Waits until a round has the names that a runtime has for containers: rounds do not wait for names.
fn until_named(address: &str, families: &[&Family]) -> Result<()> {
    let begun = Instant::now();
    loop {
        let metrics = body(address, "/metrics")?;
        if families.iter().all(|family| metrics.contains(&format!("container=\"{}\"", family.name))) {
            let counted = format!("deltascope_names{{state=\"named\"}} {}", families.len());
            ensure!(metrics.contains(&counted), "the names are not counted: {metrics}");
            return Ok(());
        }
        ensure!(begun.elapsed() < agent::LIMIT, "no round has the names of {families:?}: {metrics}");
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
}

/// `top --once --json` ranks and quantifies the families as the other surfaces do.
fn top(options: &[&str], families: &[&Family; 2]) -> Result<Value> {
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
        ensure!(
            row["name"] == family.name.as_str() && row["cgroup"] == family.cgroup.as_str(),
            "top: place {at}: {found}"
        );
        ensure!(family.wasted().contains(&bytes), "top: {}: {bytes} bytes: {found}", family.name);
    }
    Ok(json!({"sorted_by": found["sorted_by"], "first": found["containers"][0]["name"]}))
}

/// An agent in a control group namespace of its own names the families by the host's paths, as any other agent does.
fn private_namespace(groups: &Path, options: &[&str], families: &[&Family; 2]) -> Result<Value> {
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
        ensure!(container["name"] == family.name.as_str() && container["cgroup"] == family.cgroup.as_str(), "{found}");
    }
    Ok(json!({"cgroups": families.map(|family| family.cgroup.as_str())}))
}

/// The families are named, ranked and quantified by the metrics, by the JSON of the page and by its events.
fn shown(address: &str, families: &[&Family; 2]) -> Result<Value> {
    let metrics = samples(&body(address, "/metrics")?)?;
    ensure!(value(&metrics, "deltascope_conserved")? == 1.0, "the law of conservation is broken");
    ensure!(value(&metrics, "deltascope_source_up")? == 1.0, "the source sees nothing");
    ensure!(value(&metrics, "deltascope_budget_cpu_ratio")? == 0.02, "the budget is not the usual one");
    let wasted = named(&metrics, "deltascope_container_cow_redundant_bytes");
    let order: Vec<&str> = wasted.iter().filter_map(|sample| Some(sample.labels.get("cgroup")?.as_str())).collect();
    let expected: Vec<&str> = families.iter().map(|family| family.cgroup.as_str()).collect();
    ensure!(order == expected, "metrics: expected {expected:?} in this order, found {order:?}");
    let round: Value = serde_json::from_str(&body(address, "/round")?)?;
    let event: Value = serde_json::from_str(&first_event(address, "/events")?)?;
    let mut numbers = Vec::new();
    for (at, family) in families.iter().enumerate() {
        let name = family.name.as_str();
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
