//! What is given to `cargo xtask board dist`: read whole and checked before anything is written.

use super::Arguments;
use super::first_stage::{FirstStage, arm_elf, is_elf};
use crate::board::bitstream::Bitstream;
use crate::board::vivado_check::board_data::Board;
use anyhow::{Context, Result, bail, ensure};
use std::fs;
use std::path::{Path, PathBuf};

/// First bytes of a U-Boot image (`image.h`, IH_MAGIC) and of a flattened tree (Devicetree Specification 0.4, 5.2).
const UIMAGE: [u8; 4] = [0x27, 0x05, 0x19, 0x56];
const TREE: [u8; 4] = [0xD0, 0x0D, 0xFE, 0xED];
/// Mark of a zImage and where it is: `LINUX_ARM_ZIMAGE_MAGIC` of U-Boot's `bootz`.
const ZIMAGE: (usize, [u8; 4]) = (0x24, 0x016F_2818_u32.to_le_bytes());

/// What the first stage starts.
pub enum Application {
    /// An ELF, for an FSBL.
    Elf(Vec<u8>),
    /// u-boot.img, for SPL.
    Image(Vec<u8>),
}

/// Linux and its device tree.
pub struct Linux {
    /// A flattened tree.
    pub tree: Vec<u8>,
    /// A zImage.
    pub kernel: Vec<u8>,
}

/// Every input.
pub struct Inputs {
    source: PathBuf,
    /// The bitstream with its header.
    pub bit: Vec<u8>,
    /// The ELF of the first stage.
    pub stage: Vec<u8>,
    /// Where that ELF lies.
    pub first: FirstStage,
    /// What it starts.
    pub application: Option<Application>,
    /// Linux, where it is given.
    pub linux: Option<Linux>,
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("reading {}", path.display()))
}

impl Inputs {
    /// Reads the inputs for the board `name`.
    ///
    /// # Errors
    /// A file is missing or is not what the option asks for.
    pub fn read(arguments: &Arguments, name: &str) -> Result<Inputs> {
        let source = arguments.bitstream.clone().context("expected --bitstream, found none")?;
        let bit = read(&source)?;
        let Some(path) = &arguments.first_stage else {
            bail!(
                "expected --first-stage FILE, an ELF in on-chip memory that sets up DDR and clocks of the {name}; found \
                 none. Ways to get one: (1) Vitis or the FSBL of embeddedsw with build/vivado/{name}/deltascope.xsa; \
                 (2) U-Boot's SPL (spl/u-boot-spl) with ps7_init_gpl.c from that .xsa; (3) the Rust FSBL of \
                 us-irs/zynq7000-rs for its board; (4) `cargo xtask board fw --set board={name}`, which starts the bare-metal \
                 image. docs/board.md has the commands"
            );
        };
        let stage = read(path)?;
        let first = FirstStage::read(&stage).with_context(|| format!("refusing {}", path.display()))?;
        let application = arguments.application.as_deref().map(application).transpose()?;
        let linux = match (&arguments.device_tree, &arguments.kernel) {
            (Some(tree), Some(kernel)) => Some(linux(tree, kernel)?),
            _ => None,
        };
        Ok(Inputs { source, bit, stage, first, application, linux })
    }

    /// The bitstream, refused where it is not ours or not for the board.
    ///
    /// # Errors
    /// See [`Bitstream::check`].
    pub fn bitstream(&self, board: &Board) -> Result<Bitstream<'_>> {
        let bitstream =
            Bitstream::read(&self.bit).and_then(|bitstream| bitstream.check(&board.part).map(|()| bitstream));
        bitstream.with_context(|| format!("refusing {}", self.source.display()))
    }
}

fn application(path: &Path) -> Result<Application> {
    let bytes = read(path)?;
    if is_elf(&bytes) {
        arm_elf(&bytes, "application").with_context(|| format!("refusing {}", path.display()))?;
        return Ok(Application::Elf(bytes));
    }
    ensure!(
        bytes.starts_with(&UIMAGE) || bytes.starts_with(&TREE),
        "application: expected an ELF for an FSBL or u-boot.img for SPL, found neither in {}",
        path.display()
    );
    Ok(Application::Image(bytes))
}

fn linux(tree: &Path, kernel: &Path) -> Result<Linux> {
    let linux = Linux { tree: read(tree)?, kernel: read(kernel)? };
    ensure!(
        linux.tree.starts_with(&TREE),
        "device tree: expected a compiled tree (.dtb), found another file at {}; compile it with `dtc -@`",
        tree.display()
    );
    let (at, mark) = ZIMAGE;
    ensure!(
        linux.kernel.get(at..at + 4) == Some(&mark),
        "kernel: expected a zImage with its mark at {at:#x}, found another file at {}; give arch/arm/boot/zImage",
        kernel.display()
    );
    Ok(linux)
}
