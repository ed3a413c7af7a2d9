//! The image in unicorn against the Verilated logic (`firmware/cosim`): true accesses to registers and true interrupts.
//!
//! unicorn is GPL-2.0 and builds C code: the crate is in a workspace of its own, and only this task builds it.

use anyhow::{Context, Result, ensure};
use deltascope_ps7::boot_image::BITSTREAM;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::boot_chain;
use super::image::{self, Image};
use crate::board::arm::cross::Compiler;
use crate::board::ps7;
use crate::board::runner::Runner;
use crate::cargo::{root, run, target_folder};
use crate::setup;

/// Settings of an image that owns its logic. The board has no flash.
const LOGIC: [&str; 2] = ["engine=logic", "boot_count=none"];

/// Cases of logic that is off or faulty, and the settings that they need.
const CASES: [(&str, &[&str]); 12] = [
    ("not-configured", &[]),
    ("no-clock", &[]),
    ("in-reset", &[]),
    ("no-shifters", &[]),
    ("other-design", &[]),
    ("bitstream", &["bitstream=0x7200000+4096", "fclk_mhz=150"]),
    ("wrong-bitstream", &["bitstream=0x7200000+4096"]),
    ("dma-error", &[]),
    ("no-divider", &[]),
    ("no-feedback", &[]),
    ("hang", &["test=hang"]),
    ("full-retention", &[]),
];

/// What the first stage waits for, as the co-simulation names it.
const MISSING: [&str; 5] = ["arm-pll", "ddr-pll", "io-pll", "calibration", "memory"];

/// A task of cargo in the workspace of the crate.
fn cargo(task: &str) -> Command {
    let mut command = deltascope_testkit::cargo::cargo();
    command.current_dir(root().join("firmware/cosim")).args([task, "--release", "--locked", "--target-dir"]);
    command.arg(target_folder());
    command
}

fn provide() -> Result<()> {
    setup::provide(setup::UNICORN)?;
    setup::require(&[setup::VERILATOR, setup::CPP])
}

/// Lints and tests the crate.
pub fn check() -> Result<()> {
    provide()?;
    run(cargo("clippy").args(["--all-targets", "--", "-D", "warnings"]))?;
    run(&mut cargo("test"))
}

/// The program, and the image that it runs.
#[derive(Clone)]
pub struct Cosim {
    program: PathBuf,
    /// The image.
    pub image: Image,
    folder: PathBuf,
}

impl Cosim {
    /// Builds both.
    pub fn build(compiler: Option<Compiler>) -> Result<Cosim> {
        Cosim::of(Image::build(compiler)?)
    }

    /// Builds the program for an image.
    pub fn of(image: Image) -> Result<Cosim> {
        provide()?;
        run(&mut cargo("build"))?;
        let folder = image::folder().join("cosim");
        std::fs::create_dir_all(&folder).with_context(|| format!("creating {}", folder.display()))?;
        Ok(Cosim { program: target_folder().join("release/deltascope-firmware-cosim"), image, folder })
    }

    /// Writes the image with these settings besides those of a board with logic.
    fn elf(&self, name: &str, settings: &[&str]) -> Result<PathBuf> {
        let settings: Vec<&str> = LOGIC.iter().chain(settings).copied().collect();
        self.image.with_settings(&settings)?.write(&format!("cosim-{name}.elf"))
    }

    fn output(&self, elf: &Path, arguments: &[&Path]) -> Result<Vec<u8>> {
        let mut command = Command::new(&self.program);
        let output = command.arg(elf).args(arguments).stderr(Stdio::piped()).output();
        let output = output.with_context(|| format!("starting {}", self.program.display()))?;
        let errors = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{} failed with {}: {errors}", self.program.display(), output.status);
        Ok(output.stdout)
    }

    /// Streams records as an agent, compared with the golden model. Returns the report, and the file of instructions by
    /// block.
    pub fn stream(&self, events: u64) -> Result<(Value, PathBuf)> {
        let elf = self.elf("stream", &[])?;
        let profile = self.folder.join(format!("profile-{events}"));
        let number = events.to_string();
        let words = ["stream", "--events", &number, "--profile"].map(Path::new);
        let text = self.output(&elf, &[&words[..], &[&profile]].concat())?;
        let report = serde_json::from_slice(&text).context("expected one JSON object of the co-simulation")?;
        Ok((report, profile))
    }

    /// Runs every case of logic that is off or faulty, and checks what the image does.
    pub fn cases(&self) -> Result<Vec<Value>> {
        let one = |&(case, settings): &(&str, &[&str])| -> Result<Value> {
            let elf = self.elf(case, settings)?;
            let text = self.output(&elf, &[Path::new("case"), Path::new(case)]).with_context(|| case.to_owned())?;
            let found: Value =
                serde_json::from_slice(&text).context("expected one JSON object of the co-simulation")?;
            Ok(json!({"case": case, "in_unicorn": found}))
        };
        CASES.iter().map(one).collect()
    }

    /// Boots from power-on by the first stage of a BOOT.BIN, and streams; then with each thing missing that the first stage waits for.
    pub fn boot(&self, compiler: Option<Compiler>, events: u64) -> Result<Value> {
        let bitstream = format!("bitstream={BITSTREAM:#x}+{}", boot_chain::BITSTREAM_BYTES);
        let elf = self.elf("boot", &[&bitstream, "fclk_mhz=150"])?;
        let stage = Image::first_stage(compiler)?.with_table(&ps7::block(boot_chain::BOARD)?)?;
        let flash = boot_chain::pack(&self.folder, &stage.write("first-stage.elf")?, &elf)?;
        let run = |arguments: &[&str]| -> Result<Value> {
            let arguments: Vec<&Path> =
                ["boot".as_ref(), flash.as_path()].into_iter().chain(arguments.iter().map(Path::new)).collect();
            let text = self.output(&elf, &arguments).with_context(|| format!("{arguments:?}"))?;
            serde_json::from_slice(&text).context("expected one JSON object of the co-simulation")
        };
        let streamed = run(&["--events", &events.to_string()])?;
        let missing = MISSING.iter().map(|missing| run(&["--missing", missing])).collect::<Result<Vec<_>>>()?;
        Ok(json!({"from_power_on": streamed, "missing": missing}))
    }

    /// Returns it as an engine of the suite. Each replay boots the image.
    pub fn runner(self) -> Result<Runner> {
        let elf = self.elf("engine", &["test=engine"])?;
        Ok(Runner::new("firmware in unicorn, scatter-gather", move |records| {
            self.output(&elf, &[Path::new("replay"), records])
        }))
    }
}
