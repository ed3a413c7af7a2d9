//! `cargo xtask kmod-test`: the capture module in a real kernel, counted by a board server on the host.
//!
//! A guest in QEMU (TCG: no acceleration, so no time in it means anything) loads the module, does work whose copies
//! and sends are known in two cgroups, and streams with the real agent to a real board server on the host's loopback
//! interface. Every number is compared with the truth that the workload itself counted.

mod checks;
pub mod cost;
mod guest;
pub mod initrd;
mod packages;
mod programs;

use anyhow::{Result, bail};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::time::Duration;

use self::checks::{Check, Console};
use self::guest::{BoardServer, Guest};
use self::initrd::Initrd;
use self::packages::{Kernel, Unpacked};
use crate::cargo::root;
use crate::demo::Engine;

/// What the guests do, each in this order. There are three at once, because most of a guest's time is waiting.
const GUESTS: [(&str, &[&str]); 3] = [
    ("counts", &["exact", "overflow", "pending_full", "budget", "kill", "sampling", "pressure"]),
    ("abuse", &["other_hook", "blocked", "bad_input"]),
    ("churn", &["churn"]),
];
/// Of that, what the engine sees: with the Verilated one there is no processor to spare for the rest.
const ENGINE_GUESTS: [(&str, &[&str]); 1] = [("counts", &["exact", "overflow"])];
const LIMIT: Duration = Duration::from_secs(300);

/// A guest's file system: busybox, the kernel's own modules, ours, the test programs and `init`.
fn file_system(kernel: &Unpacked, files: &[(&str, PathBuf)], init: &Path) -> Result<Vec<u8>> {
    let mut initrd = Initrd::default();
    for folder in ["bin", "modules", "dev"] {
        initrd.folder(folder);
    }
    initrd.file("bin/busybox", &kernel.busybox)?;
    initrd.file("bin/sh", &kernel.busybox)?;
    for module in &kernel.modules {
        let name = module.file_name().unwrap_or_default().to_string_lossy();
        initrd.file(&format!("modules/{name}"), module)?;
    }
    for (name, path) in files {
        initrd.file(name, path)?;
    }
    initrd.file("init", init)?;
    Ok(initrd.finish())
}

/// The task. `engine` is that of the board server.
pub fn run(kernel: &str, engine: Engine, json: bool) -> Result<()> {
    let version = Kernel::parse(kernel)?;
    packages::require_emulator()?;
    let unpacked = packages::unpack(version)?;
    let folder = packages::cache().join(format!("run-{}", version.name()));
    std::fs::create_dir_all(&folder)?;
    let module = programs::module(&unpacked, &folder.join("module"), "")?;
    let hookless = programs::hookless_module(&unpacked, &folder.join("hookless"))?;
    let (workload, rings) = (folder.join("workload"), folder.join("rings"));
    programs::workload(&workload)?;
    programs::rings(&rings)?;
    let files = [
        ("deltascope.ko", module),
        ("deltascope-hookless.ko", hookless),
        ("bin/workload", workload),
        ("bin/rings", rings),
        ("bin/deltascope", programs::agent()?),
    ];
    let daemon = programs::board_server(engine)?;
    let initrd = folder.join("initrd");
    std::fs::write(&initrd, file_system(&unpacked, &files, &root().join("kmod/test/init.sh"))?)?;
    let server = BoardServer::start(&daemon, engine.name())?;
    let boot = &|name: &str, phases: &[&str]| {
        let guest = Guest {
            image: &unpacked.image,
            initrd: &initrd,
            console: &folder.join(format!("{name}.log")),
            environment: &[
                ("BOARDD_PORT", server.address.port().to_string()),
                ("HOOK", version.page_hook().to_owned()),
                ("PHASES", phases.join(",")),
            ],
            counted: false,
            limit: LIMIT,
        };
        guest.run()
    };
    let consoles = std::thread::scope(|scope| {
        let plan = if engine == Engine::Model { &GUESTS[..] } else { &ENGINE_GUESTS };
        let guests: Vec<_> = plan.iter().map(|(name, phases)| scope.spawn(move || boot(name, phases))).collect();
        let joined = guests.into_iter().map(|guest| guest.join());
        joined.map(|end| end.unwrap_or_else(|_| bail!("the thread of a guest panicked"))).collect::<Vec<_>>()
    });
    let mut text = String::new();
    for console in consoles {
        text.push_str(&console?);
    }
    report(version, engine, &Console::parse(&text)?, json)
}

fn report(version: Kernel, engine: Engine, console: &Console, as_json: bool) -> Result<()> {
    let checks = console.checks();
    let failed: Vec<&Check> = checks.iter().filter(|check| !check.ok()).collect();
    let account = console.account("overflow").unwrap_or_default();
    if as_json {
        let report = json!({
            "kernel": version.name(),
            "engine": engine.name(),
            "checks_passed": checks.len() - failed.len(),
            "checks_failed": failed.len(),
            "captured": account.captured,
            "counted": account.counted,
            "lost": account.lost,
            "checks": checks.iter().map(Check::json).collect::<Vec<_>>(),
        });
        println!("{report}");
    } else {
        for (phase, seconds) in &console.phases {
            println!("{phase:>14}: {seconds:6.1} s of the guest's clock");
        }
        println!("Linux {}: {} checks, {} failed", version.name(), checks.len(), failed.len());
    }
    if let Some(first) = failed.first() {
        for check in &failed {
            eprintln!("{}: expected {}, found {}", check.name, check.expected, check.found);
        }
        bail!("Linux {}: {} of {} checks failed, {} first", version.name(), failed.len(), checks.len(), first.name);
    }
    Ok(())
}
