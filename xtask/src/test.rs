//! `cargo xtask test`: every stage, in the order in which a fault is cheapest to find.

use crate::cargo::{build_whole, cargo, release_folder, root, run as execute};
use crate::demo::{self, Engine};
use crate::stages::Stages;
use crate::{board, busy, chroot, generate, host, kmod, net, publish, replay, rtl, setup, workspace};
use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

/// Options of the task.
#[derive(clap::Args)]
pub struct Arguments {
    /// After the bounded tier, every bar at full length
    #[arg(long)]
    full: bool,
    /// Instead: the tests of the workspace, `net sim` and `net chaos` beside four busy processes for each processor
    #[arg(long, conflicts_with_all = ["full", "in_debian"])]
    busy: bool,
    /// Run them in a fresh chroot of this Debian release, made by debootstrap (as root)
    #[arg(long, value_name = "CODENAME", conflicts_with = "full")]
    in_debian: Option<String>,
}

/// Runs the bounded tier, and the full one when it is asked for.
pub fn run(arguments: &Arguments) -> Result<()> {
    if let Some(release) = &arguments.in_debian {
        return chroot::run(release, &["test"]);
    }
    let mut stages = Stages::default();
    if arguments.busy {
        busy::run(&mut stages)?;
    } else {
        run_bounded(&mut stages)?;
    }
    if arguments.full {
        run_full(&mut stages)?;
    }
    stages.print();
    Ok(())
}

/// Every bar at full length.
fn run_full(stages: &mut Stages) -> Result<()> {
    for name in ["formal", "mutate", "synth", "coverage", "fed-rate"] {
        stages.run(&format!("gen --check --only {name}"), || generate::check(name))?;
    }
    stages.run("lint with a newer Verilator", || rtl::lint::run(&rtl::lint::Arguments { newer: true, json: true }))?;
    stages.run("both ends of the stream, full length", || net::sim::schedules(100_000))?;
    stages.run("both ends of the stream over real sockets, full length", net::chaos::full)?;
    stages.run("a session and agents during a flood of ClientHellos", net::flood::full)?;
    stages.run("fuzzing", || net::fuzz::run(&net::fuzz::Arguments { seconds: 60, json: true }))?;
    stages.run("what an operator sees, in Prometheus and a browser", || {
        host::operator::run(&host::operator::Arguments { json: true, full: true })
    })?;
    stages.run("real workloads", host::workloads::all)?;
    stages.run("cases of operators and hostile peers", || host::cases::run(&host::cases::Arguments::default()))?;
    busy::run(stages)?;
    stages.run("loopback", || net::loopback::run(&net::loopback::Arguments { json: true, seconds: 10 }))?;
    for kernel in ["6.1", "6.12", "newest"] {
        stages
            .run(&format!("capture module on {kernel}"), || kmod::test::run(&kmod::test::Arguments::whole(kernel)))?;
    }
    stages.run("daemon for armhf", || board::arm::run(&board::arm::Arguments::default()))?;
    stages.run("emulated Zynq", || board::zynq::run(&board::zynq::Arguments::default()))?;
    stages.run("co-simulation of the bare-metal image, lint and tests", board::firmware::cosim::check)?;
    stages.run("bare-metal image in QEMU and unicorn", || {
        board::firmware::test::run(&board::firmware::test::Arguments::default())
    })?;
    stages.run("one suite over every engine, the emulated Zynq's and the bare-metal image's too", || {
        board::engines::run(&board::engines::Arguments { json: true, ..Default::default() })
    })?;
    stages.run("lockstep, full length", || {
        rtl::lockstep::run(&rtl::lockstep::Arguments { json: true, long: true, ..Default::default() })
    })?;
    stages.run("packages build from what they hold", publish::verified_packages)?;
    stages.run("bounded tier on Debian 13", || chroot::run("trixie", &["test"]))
}

fn run_bounded(stages: &mut Stages) -> Result<()> {
    stages.run("setup", setup::run)?;
    stages.run("format", || execute(&mut cargo(&["fmt", "--all", "--check"])))?;
    stages.run("programs and tests, built", || build_whole(workspace::FEATURES))?;
    stages.run("generated files", || generate::run(&generate::Arguments { check: true, ..Default::default() }))?;
    stages.run("device tree overlays", board::device_tree::run)?;
    stages.run("boot files from synthetic inputs", || {
        board::dist::run(&board::dist::Arguments { check: true, json: true, ..Default::default() })
    })?;
    stages.run("Tcl of the bitstream, without Vivado", || {
        board::vivado_check::run(&board::vivado_check::Arguments { json: true })
    })?;
    stages.run("fingerprint kernel for Vitis HLS, simulated in C", || {
        board::hls_csim::run(&board::hls_csim::Arguments { json: true, ..Default::default() })
    })?;
    stages.run("clippy", || {
        let mut command = cargo(&["clippy", "--release", "--locked", "--workspace", "--all-targets"]);
        execute(command.args(["--features", workspace::FEATURES, "--", "-D", "warnings"]))
    })?;
    stages.run("no_std crates", no_std_crates)?;
    stages.run("packages of the library crates", publish::packages)?;
    stages.run("documentation", || publish::documentation(workspace::FEATURES))?;
    stages.run("unit, property, integration, gate and block lockstep tests", workspace::test)?;
    stages.run("bare-metal image", || {
        for folder in ["firmware/image", "firmware/first-stage", "firmware/cosim"] {
            execute(cargo(&["fmt", "--check"]).current_dir(root().join(folder)))?;
        }
        board::firmware::run(&board::firmware::Arguments::default())
    })?;
    stages.run("lint", || rtl::lint::run(&rtl::lint::Arguments::default()))?;
    stages.run("proofs of the algebra", || rtl::prove::run(&rtl::prove::Arguments::default()))?;
    stages.run("proofs of the emitted Verilog that take seconds", rtl::formal::quick)?;
    stages.run("both ends of the stream, simulated", || net::sim::schedules(10_000))?;
    stages.run("both ends of the stream, killed over real sockets", net::chaos::quick)?;
    stages.run("lockstep", || rtl::lockstep::run(&rtl::lockstep::Arguments { json: true, ..Default::default() }))?;
    stages.run("4-state simulation in both languages", || rtl::icarus::run(&rtl::icarus::Arguments::default()))?;
    stages.run("demo, model", || demo_is_exact(Engine::Model))?;
    stages.run("demo, model, ordinary user", demo_is_exact_for_an_ordinary_user)?;
    stages.run("demo, Verilated RTL", || demo_is_exact(Engine::Rtl))?;
    stages
        .run("what an operator sees", || host::operator::run(&host::operator::Arguments { json: true, full: false }))?;
    stages.run("real workloads, two that take seconds", host::workloads::quick)?;
    stages.run("replay, model and Verilated RTL", replay::engines_agree)?;
    stages.run("one suite over every engine", || board::engines::execute(true, Vec::new()))?;
    stages.run("faults of the AXI DMA", || board::dma_faults::run(&board::dma_faults::Arguments { json: true }))?;
    stages.run("fed rate, what the bar is about", board::fed_rate::quick)?;
    Ok(())
}

/// Builds the crates that firmware uses without the standard library, on the host's own target.
fn no_std_crates() -> Result<()> {
    let packages = [
        "deltascope-abi",
        "deltascope-model",
        "deltascope-protocol",
        "deltascope-driver",
        "deltascope-mailbox",
        "deltascope-firmware-core",
        "deltascope-ps7",
    ];
    for package in packages {
        execute(&mut cargo(&["check", "--quiet", "--release", "--locked", "--no-default-features", "-p", package]))?;
    }
    Ok(())
}

/// Runs the demo of `engine` as the user who runs the tests.
fn demo_is_exact(engine: Engine) -> Result<()> {
    check_demo(engine, &mut demo::command(engine, true)?)
}

/// Runs the demo as an ordinary user, when the tests run as root; otherwise the stage before did.
fn demo_is_exact_for_an_ordinary_user() -> Result<()> {
    if !setup::is_root() {
        println!("not root: the demo above ran as an ordinary user");
        return Ok(());
    }
    Engine::Model.build_programs()?;
    // An ordinary user may not reach the folder that root built in.
    let folder = std::env::temp_dir().join(format!("deltascope-demo-{}", std::process::id()));
    fs::create_dir(&folder)?;
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755))?;
    for name in ["deltascope", "deltascope-boardd"] {
        fs::copy(release_folder()?.join(name), folder.join(name)).with_context(|| format!("copying {name}"))?;
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all", "--bounding-set=-all"]);
    command.current_dir(&folder).arg(folder.join("deltascope"));
    command.args(["demo", "--engine", "model", "--json", "--boardd"]).arg(folder.join("deltascope-boardd"));
    let outcome = check_demo(Engine::Model, &mut command);
    fs::remove_dir_all(&folder)?;
    outcome
}

/// Runs a demo and checks its numbers and its conservation law.
fn check_demo(engine: Engine, command: &mut Command) -> Result<()> {
    let output = command.output().context("running the demo")?;
    let text = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        bail!("the demo failed with {}: {}{text}", output.status, String::from_utf8_lossy(&output.stderr));
    }
    let report: Value =
        serde_json::from_str(&text).with_context(|| format!("expected one JSON object, found {text}"))?;
    let reference = serde_json::json!({"copied": 128, "redundant": 64});
    ensure!(report["engine"] == engine.name(), "engine: expected {}, found {}", engine.name(), report["engine"]);
    for key in ["workload", "workload_parent_writes"] {
        ensure!(report[key] == reference, "{key}: expected {reference}, found {}", report[key]);
    }
    let number = |key: &str| report[key].as_u64().with_context(|| format!("expected a number in {key}, found {text}"));
    let lost = report["lost"].as_object().context("expected an object in lost")?;
    let lost: u64 = lost.values().filter_map(Value::as_u64).sum();
    let (captured, counted, in_flight) = (number("captured")?, number("counted")?, number("in_flight")?);
    ensure!(in_flight == 0, "in_flight: expected 0 after the drain, found {in_flight}");
    ensure!(captured == counted + lost, "conservation: captured {captured}, counted {counted}, lost {lost}");
    ensure!(captured >= 256, "captured: expected at least the workload's 256 copies, found {captured}");
    println!("captured {captured} == counted {counted} + lost {lost}; workload exact with engine {}", engine.name());
    Ok(())
}
