//! `cargo xtask kmod test --source bpf`: the source `bpf` in a real kernel, counted by a board server on the host.
//!
//! The same work, the same reference and the same comparisons as those of the module; only what captures is another.

use anyhow::{Result, bail};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::checks::{self, Console};
use super::file_system;
use super::guest::{BoardServer, Guest};
use super::packages::{self, Kernel};
use super::programs;
use crate::cargo::root;
use crate::demo::Engine;
use crate::{emulator, setup};

/// What the guests do, each in this order.
const GUESTS: [(&str, &[&str]); 3] = [
    ("bpf-counts", &["exact", "content", "content_overflow", "overflow", "storm", "hotplug"]),
    (
        "bpf-limits",
        &["refused", "switch", "default_limit", "pending_full", "budget", "filter", "blocked", "ftrace_off", "follow"],
    ),
    ("bpf-hostile", &["blinded", "one_page", "discarded", "coverage"]),
];
const LIMIT: Duration = Duration::from_secs(900);

/// Everything that goes into a guest beside the kernel's own.
fn files(folder: &Path) -> Result<Vec<(String, PathBuf)>> {
    let (workload, hostile) = (folder.join("workload"), folder.join("hostile"));
    programs::workload(&workload)?;
    programs::hostile(&hostile)?;
    let agent = programs::agent(&["bpf"])?;
    Ok([("bin/workload", workload), ("bin/hostile", hostile), ("bin/deltascope", agent)]
        .into_iter()
        .chain([("agent.sh", root().join("kmod/test/agent.sh"))])
        .map(|(name, path)| (name.to_owned(), path))
        .collect())
}

fn plan(only: &[String]) -> Result<Vec<(&'static str, Vec<&'static str>)>> {
    let all = || GUESTS.iter().flat_map(|(_, phases)| phases.iter());
    if let Some(unknown) = only.iter().find(|name| !all().any(|phase| phase == name)) {
        let names: Vec<_> = all().copied().collect();
        bail!("--only with --source bpf: expected some of {}, found {unknown:?}", names.join(","));
    }
    let wanted = |phase: &&&str| only.is_empty() || only.iter().any(|name| name == **phase);
    let plan = GUESTS.iter().map(|(name, phases)| (*name, phases.iter().filter(wanted).copied().collect::<Vec<_>>()));
    Ok(plan.filter(|(_, phases)| !phases.is_empty()).collect())
}

/// The task.
pub fn run(version: Kernel, engine: Engine, only: &[String], as_json: bool) -> Result<()> {
    let plan = plan(only)?;
    setup::provide(&[setup::CAPTURE, setup::BPF].concat())?;
    emulator::provide(emulator::SYSTEM_X86)?;
    let unpacked = packages::unpack(version)?;
    let folder = packages::cache().join(format!("run-bpf-{}", version.name()));
    std::fs::create_dir_all(&folder)?;
    let files = files(&folder)?;
    let daemon = programs::board_server(engine)?;
    let initrd = folder.join("initrd");
    std::fs::write(&initrd, file_system(&unpacked, &files, &root().join("kmod/test/init-bpf.sh"))?)?;
    let server = BoardServer::start(&daemon, engine.name())?;
    let mut text = String::new();
    for (name, phases) in &plan {
        let guest = Guest {
            image: &unpacked.image,
            initrd: &initrd,
            console: &folder.join(format!("{name}.log")),
            environment: &[("BOARDD_PORT", server.address.port().to_string()), ("PHASES", phases.join(","))],
            counted: false,
            limit: LIMIT,
        };
        text.push_str(&guest.run()?);
    }
    let phases: Vec<_> = plan.iter().flat_map(|(_, phases)| phases.iter().copied()).collect();
    let (console, release) = (Console::parse(&text)?, unpacked.release()?);
    let sides = console.sides("exact").unwrap_or_default();
    let more = json!({
        "kernel": release,
        "source": "bpf",
        "engine": engine.name(),
        "captured": sides.captured,
        "counted": sides.counted,
        "lost": sides.lost,
    });
    checks::conclude(&format!("Linux {release}, source bpf"), &console.checks(&phases), as_json, more)
}

#[cfg(test)]
mod tests {
    use super::plan;

    #[test]
    fn a_phase_that_there_is_not_is_named() {
        assert_eq!(plan(&["exact".to_owned()]).expect("a phase"), [("bpf-counts", vec!["exact"])]);
        assert!(plan(&["kill".to_owned()]).expect_err("no phase").to_string().contains("found \"kill\""));
    }
}
