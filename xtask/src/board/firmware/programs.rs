//! The programs that the tests of the image run, and the image in QEMU with its settings.

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::image::{self, Image};
use super::machine::{Machine, Network, Plan};
use crate::board::arm::cross::Compiler;
use crate::cargo::{build, release_folder, run as run_command};
use crate::{emulator, setup};

/// Longest time for anything, on a machine that does much else.
pub(super) const LIMIT: Duration = Duration::from_secs(180);
/// Seconds without progress that the agent allows.
const PATIENCE: &str = "120";
/// The network of QEMU: the image's address, and the one that this machine has in it.
pub(super) const NETWORK: [&str; 4] =
    ["engine=mailbox", "address=10.0.2.15/24", "gateway=10.0.2.2", "peers=10.0.2.2/32"];

/// Everything that runs, built.
pub(super) struct Programs {
    pub(super) image: Image,
    pub(super) compiler: Option<Compiler>,
    pub(super) decoder: PathBuf,
    pub(super) logic: PathBuf,
    agent: PathBuf,
    daemon: PathBuf,
    pub(super) folder: PathBuf,
}

impl Programs {
    pub(super) fn build(compiler: Option<Compiler>) -> Result<Programs> {
        emulator::provide(emulator::SYSTEM_ARM)?;
        setup::require(&[setup::VERILATOR, setup::CPP])?;
        let image = Image::build(compiler)?;
        build(&["-p", "deltascope-agent", "-p", "deltascope-boardd", "-p", "deltascope-firmware-log"])?;
        build(&["-p", "deltascope-sim", "--features", "deltascope-sim/verilate"])?;
        let built = release_folder()?;
        let folder = image::folder().join("run");
        std::fs::create_dir_all(&folder)?;
        Ok(Programs {
            image,
            compiler,
            decoder: built.join("deltascope-firmware-log"),
            logic: built.join("zynq_pl"),
            agent: built.join("deltascope"),
            daemon: built.join("deltascope-boardd"),
            folder,
        })
    }

    /// Boots the image with `settings` besides those of the network.
    pub(super) fn boot(&self, name: &str, settings: &[&str]) -> Result<Machine> {
        self.start(name, settings, Network::Direct, false)
    }

    /// Boots the image; with `ends_at_reset` a reset of it ends QEMU.
    pub(super) fn start(
        &self,
        name: &str,
        settings: &[&str],
        network: Network,
        ends_at_reset: bool,
    ) -> Result<Machine> {
        let elf = self.elf(name, settings)?;
        let plan = self.plan(name, &elf);
        let logic = plan.logic.filter(|_| !settings.contains(&"engine=logic"));
        Machine::start(&Plan { network, ends_at_reset, logic, ..plan })
    }

    /// Writes the image with `settings` besides those of the network.
    pub(super) fn elf(&self, name: &str, settings: &[&str]) -> Result<PathBuf> {
        let settings: Vec<&str> = NETWORK.iter().chain(settings).copied().collect();
        self.image.with_settings(&settings)?.write(&format!("{name}.elf"))
    }

    /// An image with the logic, an erased flash and the network.
    pub(super) fn plan<'a>(&'a self, name: &'a str, elf: &'a Path) -> Plan<'a> {
        Plan {
            elf,
            first_stage: None,
            decoder: &self.decoder,
            logic: Some(&self.logic),
            name,
            folder: &self.folder,
            network: Network::Direct,
            flash: None,
            counts_instructions: false,
            ends_at_reset: false,
        }
    }

    pub(super) fn record(&self, events: u32) -> Result<PathBuf> {
        let path = self.folder.join(format!("recording-{events}"));
        let mut record = Command::new(&self.agent);
        record.args(["record", "--force", "--source", "synth", "--events", &events.to_string()]).arg(&path);
        run_command(record.stdout(Stdio::null()))?;
        Ok(path)
    }

    pub(super) fn start_replay(&self, recording: &Path, engine: &[&str]) -> Result<Child> {
        let mut command = Command::new(&self.agent);
        command.arg("replay").arg(recording).args(["--json", "--timeout", PATIENCE]).args(engine);
        command.stdout(Stdio::piped()).spawn().context("starting the agent")
    }

    /// What the golden model counts of a recording.
    pub(super) fn expected(&self, recording: &Path) -> Result<Value> {
        let daemon = self.daemon.to_string_lossy();
        finish(self.start_replay(recording, &["--engine", "model", "--boardd", &daemon])?)
    }
}

/// The report of an agent.
pub(super) fn finish(agent: Child) -> Result<Value> {
    let output = agent.wait_with_output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    ensure!(output.status.success(), "the agent ended with {}: {text}", output.status);
    serde_json::from_str(&text).with_context(|| format!("expected one JSON object of the agent, found {text:?}"))
}
