//! `cargo xtask kmod test`: the capture module in a real kernel, counted by a board server on the host.
//!
//! A guest in QEMU (TCG: no acceleration, so no time in it means anything) loads the module, does work whose copies
//! and sends are known in two cgroups, and streams with the real agent to a real board server on the host's loopback
//! interface. Every number is compared with the reference that the workload itself counted.

use anyhow::{Result, bail};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::checks::{self, Console};
use super::file_system;
use super::guest::{BoardServer, Guest};
use super::packages::{self, Kernel, Unpacked};
use super::programs;
use crate::cargo::root;
use crate::columns::columns;
use crate::demo::Engine;
use crate::{emulator, setup};

/// What the guests do, each in this order. There are several at once, because most of a guest's time is waiting.
const GUESTS: [(&str, &[&str]); 4] = [
    ("counts", &["exact", "content", "content_overflow", "content_resume", "overflow", "storm", "hotplug"]),
    (
        "limits",
        &[
            "other_reader",
            "switch",
            "blocked",
            "bad_input",
            "pending_full",
            "budget",
            "kill",
            "pressure",
            "resume",
            "reload",
            "v1",
        ],
    ),
    ("churn", &["churn", "sampling", "follow", "chaos"]),
    (
        "hostile",
        &[
            "blinded",
            "one_page",
            "discarded",
            "lock_held",
            "coverage",
            "default_limit",
            "filter",
            "secret",
            "off",
            "alive",
        ],
    ),
];
/// Of that, what the engine sees: with the Verilated one there is no processor to spare for the rest.
const ENGINE_PHASES: [&str; 2] = ["exact", "overflow"];
/// Functions of the kernel without which the module refuses to load; the last two are alternatives.
const HOOKS: [&[&str]; 4] =
    [&["exit_mmap"], &["tcp_sendmsg_locked"], &["ptep_clear_flush"], &["unmap_page_range", "__zap_vma_range"]];
/// A function that the kernel does not trace, under a name as long as that of a hook.
const UNTRACED: (&str, &str) = ("exit_mmap", "copy_page");
const LIMIT: Duration = Duration::from_secs(900);

/// What captures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Capture {
    /// The module
    Kmod,
    /// The BPF programs of the agent
    Bpf,
}

/// What is asked for.
#[derive(clap::Args, Clone, Debug)]
pub struct Arguments {
    /// Kernel: 6.1, 6.12, or the newest that the next release's backports have
    #[arg(long, value_name = "VERSION")]
    kernel: String,
    /// What captures: kmod, the module, or bpf
    #[arg(long, value_enum, default_value_t = Capture::Kmod)]
    source: Capture,
    /// Engine of the board server
    #[arg(long, value_enum, default_value_t = Engine::Model)]
    engine: Engine,
    /// Only these phases, separated by commas
    #[arg(long, value_name = "PHASES", value_delimiter = ',')]
    only: Vec<String>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

impl Arguments {
    /// All phases on a kernel.
    pub fn whole(kernel: &str) -> Arguments {
        Arguments {
            kernel: kernel.to_owned(),
            source: Capture::Kmod,
            engine: Engine::Model,
            only: Vec::new(),
            json: false,
        }
    }

    /// Guests with the phases that they run.
    fn plan(&self) -> Result<Vec<(&'static str, Vec<&'static str>)>> {
        let all = || GUESTS.iter().flat_map(|(_, phases)| phases.iter());
        if let Some(unknown) = self.only.iter().find(|name| !all().any(|phase| phase == name)) {
            let names: Vec<_> = all().copied().collect();
            bail!("--only: expected some of {}, found {unknown:?}", names.join(","));
        }
        let wanted = |phase: &&&str| match self.only.is_empty() {
            true => self.engine == Engine::Model || ENGINE_PHASES.contains(phase),
            false => self.only.iter().any(|name| name == **phase),
        };
        let plan =
            GUESTS.iter().map(|(name, phases)| (*name, phases.iter().filter(wanted).copied().collect::<Vec<_>>()));
        Ok(plan.filter(|(_, phases)| !phases.is_empty()).collect())
    }
}

/// Everything that goes into a guest beside the kernel's own.
fn programs(kernel: &Unpacked, folder: &Path) -> Result<Vec<(String, PathBuf)>> {
    let module = programs::module(kernel, &folder.join("module"))?;
    let (workload, rings) = (folder.join("workload"), folder.join("rings"));
    let (hostile, chaos) = (folder.join("hostile"), folder.join("chaos"));
    programs::workload(&workload)?;
    programs::rings(&rings)?;
    programs::hostile(&hostile)?;
    programs::chaos(&chaos)?;
    let mut files = vec![
        ("bin/workload".to_owned(), workload),
        ("bin/rings".to_owned(), rings),
        ("bin/hostile".to_owned(), hostile),
        ("bin/chaos".to_owned(), chaos),
        ("bin/deltascope".to_owned(), programs::agent(&[])?),
    ];
    for hook in HOOKS {
        let name = format!("deltascope-without-{}.ko", hook[0]);
        let output = folder.join(&name);
        let hidden: Vec<_> = hook.iter().map(|name| (*name, name.to_ascii_uppercase())).collect();
        programs::renamed(&module, hidden.iter().map(|(from, to)| (*from, to.as_str())), &output)?;
        files.push((name, output));
    }
    let untraced = folder.join("deltascope-untraced.ko");
    programs::renamed(&module, [UNTRACED], &untraced)?;
    files.push(("deltascope-untraced.ko".to_owned(), untraced));
    files.push(("deltascope.ko".to_owned(), module));
    for script in ["agent.sh", "phases.sh", "hostile.sh"] {
        files.push((script.to_owned(), root().join("kmod/test").join(script)));
    }
    Ok(files)
}

/// The task.
pub fn run(arguments: &Arguments) -> Result<()> {
    let version = Kernel::parse(&arguments.kernel)?;
    if arguments.source == Capture::Bpf {
        return super::bpf::run(version, arguments.engine, &arguments.only, arguments.json);
    }
    let plan = arguments.plan()?;
    setup::provide(setup::CAPTURE)?;
    emulator::provide(emulator::SYSTEM_X86)?;
    let unpacked = packages::unpack(version)?;
    let folder = packages::cache().join(format!("run-{}", version.name()));
    std::fs::create_dir_all(&folder)?;
    let files = programs(&unpacked, &folder)?;
    let daemon = programs::board_server(arguments.engine)?;
    let initrd = folder.join("initrd");
    std::fs::write(&initrd, file_system(&unpacked, &files, &root().join("kmod/test/init.sh"))?)?;
    let server = BoardServer::start(&daemon, arguments.engine.name())?;
    let boot = &|name: &str, phases: &[&str]| {
        let guest = Guest {
            image: &unpacked.image,
            initrd: &initrd,
            console: &folder.join(format!("{name}.log")),
            environment: &[("BOARDD_PORT", server.address.port().to_string()), ("PHASES", phases.join(","))],
            counted: false,
            limit: LIMIT,
        };
        guest.run()
    };
    let consoles = std::thread::scope(|scope| {
        let guests: Vec<_> = plan.iter().map(|(name, phases)| scope.spawn(move || boot(name, phases))).collect();
        let joined = guests.into_iter().map(|guest| guest.join());
        joined.map(|end| end.unwrap_or_else(|_| bail!("the thread of a guest panicked"))).collect::<Vec<_>>()
    });
    let mut text = String::new();
    for console in consoles {
        text.push_str(&console?);
    }
    let phases: Vec<_> = plan.iter().flat_map(|(_, phases)| phases.iter().copied()).collect();
    report(&unpacked.release()?, arguments, &Console::parse(&text)?, &phases)
}

fn report(release: &str, arguments: &Arguments, console: &Console, phases: &[&str]) -> Result<()> {
    let checks = console.checks(phases);
    let sides = console.sides("overflow").unwrap_or_default();
    if !arguments.json {
        let rows = console.phases.iter().map(|(phase, seconds)| vec![phase.clone(), format!("{seconds:.1} s")]);
        print!("time of each phase by the guest's clock\n{}", columns(rows, &[1]));
        println!("kill switch: {}", console.kill_switch.as_deref().unwrap_or("was not asked to fire"));
    }
    let more = json!({
        "kernel": release,
        "engine": arguments.engine.name(),
        "captured": sides.captured,
        "counted": sides.counted,
        "lost": sides.lost,
        "kill_switch": console.kill_switch,
    });
    checks::conclude(&format!("Linux {release}"), &checks, arguments.json, more)
}
