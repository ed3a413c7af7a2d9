//! The first stage, and the image that it loads from BOOT.BIN in the flash of QEMU's board.
//!
//! QEMU runs the first stage as its kernel, since it has no boot ROM, and has no DDR controller: the table there is without the
//! waits for the memory. With the whole table the first stage has to report that the memory does not come up.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};

use super::counts::still_counts;
use super::image::Image;
use super::machine::{FLASH_BYTES, Machine, Plan};
use super::programs::{LIMIT, Programs};
use crate::board::bitstream::{OUR_IDCODE, PART, our_design, synthetic};
use crate::board::{dist, ps7};
use crate::setup;

/// The board of QEMU's console.
pub const BOARD: &str = "pynq-z2";
/// Words of the bitstream that is packed behind its head, and its bytes.
const BITSTREAM_WORDS: usize = 4096;
/// See [`BITSTREAM_WORDS`].
pub const BITSTREAM_BYTES: usize = 48 + 4 * BITSTREAM_WORDS;

/// Packs BOOT.BIN as `cargo xtask board dist` does, with a synthetic bitstream. Returns the file.
pub fn pack(folder: &Path, first_stage: &Path, application: &Path) -> Result<PathBuf> {
    setup::provide(&[setup::BOOTGEN, setup::DTC])?;
    let bitstream = folder.join("synthetic.bit");
    fs::write(&bitstream, synthetic(&our_design(), PART, OUR_IDCODE, BITSTREAM_WORDS))?;
    let output = folder.join("boot");
    dist::assemble(&dist::Arguments {
        board: Some(BOARD.to_owned()),
        bitstream: Some(bitstream),
        first_stage: Some(first_stage.to_owned()),
        application: Some(application.to_owned()),
        output: Some(output.clone()),
        ..dist::Arguments::default()
    })?;
    Ok(output.join(dist::BOOT))
}

/// Boots from flash and counts; and stops with a reason where there is no DDR controller.
pub fn boot_chain(programs: &Programs) -> Result<Value> {
    let stage = Image::first_stage(programs.compiler)?;
    let elf = programs.elf("boot-chain", &[])?;
    let whole = stage.with_table(&ps7::block(BOARD)?)?.write("first-stage.elf")?;
    let without_memory = stage.with_table(&ps7::without_memory(BOARD)?)?.write("first-stage-qemu.elf")?;
    let mut flash = fs::read(pack(&programs.folder, &without_memory, &elf)?)?;
    ensure!(flash.len() < FLASH_BYTES, "BOOT.BIN: expected less than the flash, found {} bytes", flash.len());
    flash.resize(FLASH_BYTES, 0xFF);
    let file = programs.folder.join("boot-chain.bin");
    fs::write(&file, flash).with_context(|| format!("writing {}", file.display()))?;
    let plan =
        |first_stage| Plan { first_stage: Some(first_stage), flash: Some(&file), ..programs.plan("first-stage", &elf) };

    let mut machine = Machine::start(&plan(&without_memory))?;
    let image = machine.wait_for("first stage: PLLs locked, DDR initialised", LIMIT)?;
    let program = machine.wait_for("first stage: program: ", LIMIT)?;
    let starts = machine.wait_for("first stage: starts", LIMIT)?;
    // The flash is the controller's again.
    let counted = machine.wait_for("BOOT COUNT 1, kept in flash", LIMIT)?;
    machine.wait_for_server(LIMIT)?;
    still_counts(programs, &machine)?;
    machine.finish()?;

    let mut machine = Machine::start(&plan(&whole))?;
    let stopped = machine.wait_for("first stage: STOPPED", LIMIT)?;
    machine.finish()?;
    ensure!(stopped.contains("DDR pins"), "a board without a DDR controller: found {stopped:?}");
    fs::remove_file(&file)?;
    Ok(json!({"start": "first stage", "seen": [image, program, starts, counted], "without_a_ddr_controller": stopped,
        "then": "counts as the model"}))
}
