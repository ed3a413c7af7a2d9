//! `cargo xtask board zynq`: a Zynq that boots Linux, without a board.
//!
//! QEMU runs the armhf daemon with engine `uio` on a real `/dev/uio0`; a process of this machine serves the programmable
//! logic: the Verilated top behind the AXI DMA model (`boards/zynq7020/qemu/README.md`). The agent on this machine streams
//! a recording into the guest, and what the guest counted is compared with what the golden model counts.

mod kernel;
pub mod machine;
mod raw;

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use std::cell::RefCell;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::rc::Rc;
use std::time::{Duration, Instant};

use self::kernel::Kernel;
use self::machine::{Machine, Mode, Plan};
use self::raw::Guest;
use super::arm::cross::{Cross, Target};
use super::runner::Runner;
use crate::cargo::{build, release_folder, root, run as run_command};
use crate::initrd::Initrd;
use crate::{emulator, setup};

/// Events of the recording.
const EVENTS: u32 = 200_000;
/// Bare records of which every reply is compared.
const RECORDS: u32 = 50_000;
/// Longest time from power-on to the first line of `init.sh`. As the next two it is there for a hang: each access through the
/// mailbox waits until both sides have run, and 60,000 of them took more than two minutes on a busy machine.
const BOOT: Duration = Duration::from_secs(600);
/// Longest time for 60,000 accesses through the mailbox, and for the daemon to listen.
const WORK: Duration = Duration::from_secs(1_800);
/// Seconds without progress that the agent allows.
const PATIENCE: &str = "600";

/// Everything that runs, built.
struct Programs {
    kernel: Kernel,
    /// Files of the guest.
    guest: Vec<(&'static str, PathBuf)>,
    logic: PathBuf,
    agent: PathBuf,
    daemon: PathBuf,
    folder: PathBuf,
    compiler: String,
}

impl Programs {
    /// Builds and fetches what is not there yet.
    fn build() -> Result<Programs> {
        emulator::provide(emulator::SYSTEM_ARM)?;
        setup::require(&[setup::VERILATOR, setup::CPP])?;
        let kernel = kernel::get()?;
        let cross = Cross::find(Target::Linux, None)?;
        let guest_daemon = cross.build("deltascope-boardd", "deltascope-boardd")?;
        let probe = cross.example("deltascope-mailbox", "mailbox_probe")?;
        let uio_probe = cross.example("deltascope-linux", "uio_probe")?;
        build(&["-p", "deltascope-agent", "-p", "deltascope-boardd"])?;
        build(&["-p", "deltascope-sim", "--features", "deltascope-sim/verilate"])?;
        let folder = kernel::cache().join("run");
        fs::create_dir_all(&folder)?;
        let guest = vec![
            ("bin/busybox", kernel.busybox.clone()),
            ("bin/sh", kernel.busybox.clone()),
            ("bin/mailbox-probe", probe),
            ("bin/uio-probe", uio_probe),
            ("bin/deltascope-boardd", guest_daemon),
            ("init", root().join("boards/zynq7020/qemu/init.sh")),
        ];
        let built = release_folder()?;
        Ok(Programs {
            kernel,
            guest,
            logic: built.join("zynq_pl"),
            agent: built.join("deltascope"),
            daemon: built.join("deltascope-boardd"),
            folder,
            compiler: cross.describe()?,
        })
    }

    /// Boots a guest for one job.
    fn start(&self, job: &str, mode: Mode) -> Result<Machine> {
        let mut files = Initrd::default();
        for name in ["bin", "dev", "proc", "sys"] {
            files.folder(name);
        }
        for (name, path) in &self.guest {
            files.file(name, path)?;
        }
        let initrd = self.folder.join(format!("{job}.initrd"));
        fs::write(&initrd, files.finish())?;
        let (kernel, initrd, logic, folder) = (&self.kernel, initrd.as_path(), self.logic.as_path(), &self.folder);
        let plan = Plan { kernel, initrd, logic, mode, job, folder };
        let mut machine = Machine::start(&plan)?;
        machine.wait_for("the guest to boot", BOOT, |line| line.starts_with("BOOTED"))?;
        Ok(machine)
    }

    /// What the agent reports of a replay of `recording` to the engine that `engine` names.
    fn replay(&self, recording: &Path, engine: &[&str]) -> Result<Value> {
        let mut command = Command::new(&self.agent);
        command.arg("replay").arg(recording).args(["--json", "--timeout", PATIENCE]).args(engine);
        let output = command.stderr(Stdio::inherit()).output().context("starting the agent")?;
        let text = String::from_utf8_lossy(&output.stdout);
        ensure!(output.status.success(), "{command:?} ended with {}: {text}", output.status);
        serde_json::from_str(&text).with_context(|| format!("expected one JSON object of the agent, found {text:?}"))
    }
}

/// The rest of the line that begins with `word`.
fn said<'a>(lines: &'a [String], word: &str) -> Option<&'a str> {
    lines.iter().find_map(|line| line.strip_prefix(word)).map(str::trim)
}

/// 60,000 accesses through the mailbox, from inside.
fn probe(programs: &Programs) -> Result<Value> {
    let mut machine = programs.start("probe", Mode::ScatterGather)?;
    let started = Instant::now();
    let line = machine.wait_for("the probe's report", WORK, |line| line.starts_with('{'))?;
    let seconds = started.elapsed().as_secs_f64();
    machine.wait_for("the probe's end", WORK, |line| line.starts_with("PROBE ENDED"))?;
    machine.wait_for("the end of the probe of the device", WORK, |line| line.starts_with("UIO ENDED"))?;
    let (logic, lines) = machine.finish()?;
    let status = said(&lines, "PROBE ENDED").unwrap_or_default();
    ensure!(status == "0", "the probe in the guest: expected status 0, found {status}; it printed {line}");
    let device = said(&lines, "PROBED").unwrap_or_default();
    let status = said(&lines, "UIO ENDED").unwrap_or_default();
    ensure!(status == "0", "the probe of the UIO device: expected status 0, found {status}; it printed {device}");
    let devices: Vec<&String> = lines.iter().filter(|line| line.starts_with("DEVICE")).collect();
    let mut report: Value = serde_json::from_str(&line).with_context(|| format!("the probe's report: {line:?}"))?;
    let served = logic["accesses"].as_u64();
    let expected = report["accesses"].as_u64().map(|count| count + 6);
    ensure!(served == expected, "accesses that the host served: expected {expected:?}, found {served:?}");
    report["measured_seconds"] = json!(seconds);
    report["refused_by_the_logic"] = logic["refused"].clone();
    report["devices"] = json!(devices);
    report["uio"] = serde_json::from_str(device).with_context(|| format!("the probe of the device: {device:?}"))?;
    Ok(report)
}

/// Counters and replies of bare records, byte for byte as the golden model's.
fn answers(programs: &Programs, mode: Mode) -> Result<Value> {
    let records = programs.folder.join("records.raw");
    let mut record = Command::new(&programs.agent);
    record.args(["record", "--force", "--raw", "--source", "synth", "--events", &RECORDS.to_string()]).arg(&records);
    run_command(record.stdout(Stdio::null()))?;
    let mut model = Command::new(&programs.daemon);
    let expected = model.args(["--engine", "model", "--raw"]).arg(&records).stderr(Stdio::inherit()).output()?;
    ensure!(expected.status.success(), "the model's replay of bare records ended with {}", expected.status);
    let mut guest = Guest::boot(programs, mode)?;
    let found = guest.replay(&records)?;
    guest.finish()?;
    let differs = expected.stdout.iter().zip(&found).position(|(a, b)| a != b);
    let same = expected.stdout == found;
    ensure!(
        same,
        "replies differ from the model's at byte {}",
        differs.unwrap_or(found.len().min(expected.stdout.len()))
    );
    let accepted = serde_json::from_slice::<Value>(&found)?["accepted"].clone();
    ensure!(accepted == RECORDS, "accepted: expected {RECORDS}, found {accepted}");
    Ok(json!({"dma": mode.name(), "accepted": accepted, "same_bytes": found.len()}))
}

/// The daemon's own test and its rates, in the guest. The rates are the emulator's and say that `bench` works.
fn selftest(programs: &Programs) -> Result<[Value; 2]> {
    let mut machine = programs.start("selftest", Mode::ScatterGather)?;
    let mut report = |word: &str| {
        let line = machine.wait_for("a report of the daemon", WORK, |line| line.starts_with(word))?;
        let Some(report) = line.strip_prefix(&format!("{word} 0 ")) else { bail!("it failed in the guest: {line}") };
        serde_json::from_str(report).with_context(|| format!("the report {line:?}"))
    };
    let reports = [report("SELFTEST")?, report("BENCH")?];
    machine.finish()?;
    Ok(reports)
}

/// A replay through the emulated board, beside the same through the golden model.
fn stream(programs: &Programs, recording: &Path, mode: Mode) -> Result<Value> {
    let expected =
        programs.replay(recording, &["--engine", "model", "--boardd", &programs.daemon.to_string_lossy()])?;
    let mut machine = programs.start("serve", mode)?;
    machine.wait_for("the daemon in the guest to listen", WORK, |line| line.starts_with("listening on"))?;
    let started = Instant::now();
    let found = programs.replay(recording, &["--connect", &format!("127.0.0.1:{}", machine.ports[0])])?;
    let seconds = started.elapsed().as_secs_f64();
    machine.send("stop")?;
    let (logic, lines) = machine.finish()?;
    let status = said(&lines, "DAEMON ENDED").unwrap_or_default();
    ensure!(status == "0", "the daemon in the guest: expected status 0, found {status}");
    for key in ["captured", "counted", "lost", "in_flight", "unjudged", "containers"] {
        ensure!(found[key] == expected[key], "{key}: expected {} as of the model, found {}", expected[key], found[key]);
    }
    let lost: u64 = found["lost"].as_object().into_iter().flatten().filter_map(|(_, count)| count.as_u64()).sum();
    let (captured, counted) = (found["captured"].as_u64(), found["counted"].as_u64());
    let balanced = captured.is_some() && captured == counted.map(|counted| counted + lost);
    ensure!(balanced, "captured {captured:?}: expected counted {counted:?} + lost {lost}");
    ensure!(captured == Some(EVENTS.into()), "captured: expected {EVENTS}, found {captured:?}");
    let guest_interrupts = said(&lines, "INTERRUPTS").and_then(|count| count.parse::<u64>().ok());
    ensure!(guest_interrupts > Some(0), "interrupts that the guest took: expected some, found {guest_interrupts:?}");
    // A line that is lowered too late is taken twice.
    let raised = logic["interrupts"].as_u64();
    ensure!(
        guest_interrupts <= raised,
        "interrupts: expected at most {raised:?} as raised, found {guest_interrupts:?}"
    );
    Ok(json!({
        "dma": mode.name(),
        "engine": found["engine"],
        "captured": found["captured"],
        "counted": found["counted"],
        "lost": found["lost"],
        "conserved": found["conserved"],
        "equal_to_model": true,
        "containers": found["containers"].as_array().map(Vec::len),
        "measured_seconds": seconds,
        "guest_interrupts": guest_interrupts,
        "logic": logic,
    }))
}

/// The emulated board as an engine, in both modes of its DMA, for the suite over every engine. The guests boot when they
/// are asked for the first time.
pub fn runners() -> Result<Vec<Runner>> {
    let programs = Rc::new(Programs::build()?);
    let runner = |name, mode| {
        let (programs, guest) = (Rc::clone(&programs), RefCell::new(None));
        Runner::new(name, move |records| {
            let mut guest = guest.borrow_mut();
            if guest.is_none() {
                *guest = Some(Guest::boot(&programs, mode)?);
            }
            guest.as_mut().context("expected a guest, found none")?.replay(records)
        })
    };
    Ok(vec![runner("uio, scatter-gather", Mode::ScatterGather), runner("uio, direct", Mode::Direct)])
}

/// Options of the task.
#[derive(clap::Args, Default)]
pub struct Arguments {
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// Boots the emulated Zynq for each job and compares what it counted with the model.
pub fn run(arguments: &Arguments) -> Result<()> {
    let programs = Programs::build()?;
    let started = Instant::now();
    let probed = probe(&programs)?;
    let [tested, measured] = selftest(&programs)?;
    let answered = answers(&programs, Mode::Direct)?;
    let recording = programs.folder.join("recording");
    let mut record = Command::new(&programs.agent);
    record.args(["record", "--force", "--source", "synth", "--events", &EVENTS.to_string()]).arg(&recording);
    run_command(record.stdout(Stdio::null()))?;
    let runs = [Mode::ScatterGather, Mode::Direct].map(|mode| stream(&programs, &recording, mode));
    let runs = runs.into_iter().collect::<Result<Vec<_>>>()?;
    let Some(first) = runs.first() else { bail!("expected a run, found none") };
    let report = json!({
        "compiler": programs.compiler,
        "captured": first["captured"],
        "counted": first["counted"],
        "lost": first["lost"],
        "equal_to_model": true,
        "mailbox": probed,
        "selftest": tested,
        "bench": measured,
        "replay_raw": answered,
        "runs": runs,
        "measured_seconds": started.elapsed().as_secs_f64(),
    });
    if arguments.json {
        println!("{report}");
        return Ok(());
    }
    println!("mailbox: {} accesses, {} wrong, refusals {}", probed["accesses"], probed["wrong"], probed["refused"]);
    for run in &runs {
        println!(
            "DMA {}: captured {} == counted {} + lost, as the model; {:.1} s (measured), {} interrupts",
            run["dma"],
            run["captured"],
            run["counted"],
            run["measured_seconds"].as_f64().unwrap_or_default(),
            run["guest_interrupts"],
        );
    }
    Ok(())
}
