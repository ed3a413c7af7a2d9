//! `cargo xtask board dist`: what a board boots, in one folder: BOOT.BIN, the bitstream in both forms, the overlay, and
//! what else was given, with checksums and a manifest.

pub mod check;
pub mod first_stage;
mod inputs;

use super::device_tree;
use super::vivado_check::Tree;
use super::vivado_check::board_data::Board;
use crate::cargo::target_folder;
use crate::columns::columns;
use crate::setup::{BOOTGEN, DTC, MKIMAGE, SHA256SUM, require};
use anyhow::{Context, Result, ensure};
use first_stage::FirstStage;
use inputs::{Application, Inputs};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Options of the task.
#[derive(clap::Args, Clone, Default)]
pub struct Arguments {
    /// Board: a folder of boards/zynq7020
    #[arg(long, required_unless_present = "check")]
    pub board: Option<String>,
    /// Bitstream that vivado/build.tcl made: a .bit
    #[arg(long, value_name = "FILE", required_unless_present = "check")]
    pub bitstream: Option<PathBuf>,
    /// First stage of the boot as an ELF: an FSBL, or U-Boot's spl/u-boot-spl
    #[arg(long, value_name = "FILE")]
    pub first_stage: Option<PathBuf>,
    /// What the first stage starts: an ELF (U-Boot, or the firmware) for an FSBL, u-boot.img for SPL
    #[arg(long, value_name = "FILE")]
    pub application: Option<PathBuf>,
    /// Device tree of the board for Linux, compiled with `dtc -@`
    #[arg(long, value_name = "FILE", requires = "kernel")]
    pub device_tree: Option<PathBuf>,
    /// Linux kernel: a zImage
    #[arg(long, value_name = "FILE", requires = "device_tree")]
    pub kernel: Option<PathBuf>,
    /// Add the overlay of the fingerprint block; only for a bitstream that was built with -fingerprint
    #[arg(long)]
    pub fingerprint: bool,
    /// Folder for the result; by default target/dist/BOARD. Other files in it are left alone
    #[arg(long, value_name = "FOLDER")]
    pub output: Option<PathBuf>,
    /// Assemble synthetic inputs and demand the refusals instead
    #[arg(long, conflicts_with_all = ["board", "bitstream", "first_stage", "application", "device_tree", "kernel",
        "fingerprint", "output"])]
    pub check: bool,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// Names of the files that a card needs at its root.
pub const BOOT: &str = "BOOT.BIN";
/// The bitstream for the boot loader and for JTAG.
pub const BIT: &str = "deltascope.bit";
/// The bitstream for the FPGA manager of Linux.
pub const BIT_BIN: &str = "deltascope.bit.bin";
/// Checksums in the form of `sha256sum -c`.
pub const SUMS: &str = "SHA256SUMS";
/// What is in the folder and what it was made of.
pub const MANIFEST: &str = "manifest.json";
/// Overlay of the fingerprint block, without its extension.
const FINGERPRINT: &str = "deltascope-fingerprint";
/// Overlays in the order in which they are applied.
const OVERLAYS: [&str; 2] = ["deltascope.dtbo", "deltascope-fingerprint.dtbo"];
/// Everything that a result may have; what a new one has not is removed.
const RESULT: [&str; 11] =
    [BOOT, BIT, BIT_BIN, "u-boot.img", OVERLAYS[0], OVERLAYS[1], "system.dtb", "zImage", "boot.scr", SUMS, MANIFEST];

/// Default folder of a board.
pub fn folder(board: &str) -> PathBuf {
    target_folder().join("dist").join(board)
}

/// Assembles the folder, or checks the assembly on synthetic inputs.
pub fn run(arguments: &Arguments) -> Result<()> {
    let report = if arguments.check { check::run()? } else { assemble(arguments)? };
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else if arguments.check {
        println!("accepted {}, refused {}", report["accepted"], report["refused"]);
    } else {
        let rows = report["files"].as_array().into_iter().flatten().map(|file| {
            let text = |key: &str| file[key].as_str().unwrap_or_default().to_owned();
            vec![file["bytes"].to_string(), text("name"), text("about")]
        });
        print!("{}", columns(rows, &[0]));
        println!("in {}; write it with `cargo xtask board flash`", report["folder"].as_str().unwrap_or_default());
    }
    Ok(())
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("reading {}", path.display()))
}

/// Assembles the folder and returns its manifest.
pub fn assemble(arguments: &Arguments) -> Result<Value> {
    require(&[BOOTGEN, DTC, SHA256SUM])?;
    let name = arguments.board.as_deref().context("expected --board, found none")?;
    let board = Board::load(&Tree::checkout(), name)?;
    // Everything is read and checked before the folder is touched: an input may be a file of its last result.
    let inputs = Inputs::read(arguments, name)?;
    let bitstream = inputs.bitstream(&board)?;
    let first = &inputs.first;
    let target = arguments.output.clone().unwrap_or_else(|| folder(name));
    fs::create_dir_all(&target).with_context(|| format!("creating {}", target.display()))?;
    let target = target.canonicalize()?;
    let work = target_folder().join("dist-work").join(name);
    let _ = fs::remove_dir_all(&work);
    fs::create_dir_all(&work).with_context(|| format!("creating {}", work.display()))?;
    let overlays: &[&str] = if arguments.fingerprint { &["deltascope", FINGERPRINT] } else { &["deltascope"] };
    for overlay in overlays {
        device_tree::overlay(overlay, &work.join(format!("{overlay}.dtbo")))?;
    }
    if let Some(linux) = &inputs.linux {
        fs::write(work.join("system.dtb"), &linux.tree)?;
        device_tree::apply(&work, "system.dtb", overlays)
            .context("device tree: expected one compiled with `dtc -@` that takes our overlays, found none")?;
    }
    for name in RESULT {
        let _ = fs::remove_file(target.join(name));
    }

    let mut files: Vec<(&str, &str)> = Vec::new();
    fs::write(target.join(BIT), &inputs.bit)?;
    fs::write(work.join(BIT), &inputs.bit)?;
    fs::write(work.join("first_stage.elf"), &inputs.stage)?;
    let mut parts = vec!["[bootloader] first_stage.elf"];
    // A bootloader and a bitstream are one partition each.
    let mut expected = 2;
    match &inputs.application {
        // SPL starts u-boot.img from the card, and U-Boot loads the bitstream.
        Some(Application::Image(image)) => {
            fs::write(target.join("u-boot.img"), image)?;
            expected = 1;
            files.push(("u-boot.img", "U-Boot, which SPL starts"));
        }
        Some(Application::Elf(elf)) => {
            fs::write(work.join("application.elf"), elf)?;
            parts.extend([BIT, "application.elf"]);
            expected += first_stage::segments(elf)?;
        }
        None => parts.push(BIT),
    }
    files.insert(0, (BOOT, "first stage and what it loads; the boot ROM reads it"));
    files.push((BIT, "bitstream, for JTAG and for U-Boot's `fpga loadb`"));
    files.push((BIT_BIN, "bitstream, for the FPGA manager of Linux"));
    bif(&work, "boot", &parts)?;
    bootgen(&work, &["-image", "boot.bif", "-arch", "zynq", "-o", BOOT, "-w", "on"])?;
    fs::copy(work.join(BOOT), target.join(BOOT)).context("expected BOOT.BIN from bootgen, found none")?;
    bif(&work, "bitstream", &[BIT])?;
    bootgen(&work, &["-image", "bitstream.bif", "-arch", "zynq", "-process_bitstream", "bin", "-w", "on"])?;
    fs::copy(work.join(BIT_BIN), target.join(BIT_BIN)).context("expected the .bit.bin from bootgen, found none")?;
    swapped(&read(&target.join(BIT_BIN))?, bitstream.data)?;
    let partitions = read_back(&target.join(BOOT), first, expected)?;

    for (overlay, file) in overlays.iter().zip(OVERLAYS) {
        fs::copy(work.join(file), target.join(file)).with_context(|| format!("copying {file}"))?;
        files.push((
            file,
            if *overlay == FINGERPRINT {
                "overlay of the fingerprint block"
            } else {
                "overlay for the board's device tree"
            },
        ));
    }
    if let Some(linux) = &inputs.linux {
        fs::write(target.join("system.dtb"), &linux.tree)?;
        fs::write(target.join("zImage"), &linux.kernel)?;
        boot_script(&work, &target, !parts.contains(&BIT), &OVERLAYS[..overlays.len()])?;
        files.push(("system.dtb", "device tree of the board"));
        files.push(("zImage", "Linux"));
        files.push(("boot.scr", "commands of U-Boot"));
    }
    fs::remove_dir_all(&work)?;

    let mut listed = Vec::new();
    let mut sums = String::new();
    for (file, about) in &files {
        let sum = sha256(&target, file)?;
        sums.push_str(&format!("{sum}  {file}\n"));
        let bytes = fs::metadata(target.join(file))?.len();
        listed.push(json!({"name": file, "bytes": bytes, "sha256": sum, "about": about}));
    }
    fs::write(target.join(SUMS), sums)?;
    let manifest = json!({
        "board": name,
        "part": board.part,
        "folder": target,
        "files": listed,
        "bitstream": {"design": bitstream.design, "made": bitstream.made},
        "first_stage": {"entry": first.entry, "from": first.range.0, "to": first.range.1},
        "boot_bin_partitions": partitions,
        "state": "assembled and read back; nothing of it has run on hardware",
    });
    fs::write(target.join(MANIFEST), serde_json::to_string_pretty(&manifest)? + "\n")?;
    Ok(manifest)
}

/// Writes an input of bootgen.
fn bif(work: &Path, name: &str, parts: &[&str]) -> Result<()> {
    let text = format!("all:\n{{\n{}}}\n", parts.iter().map(|part| format!("\t{part}\n")).collect::<String>());
    fs::write(work.join(format!("{name}.bif")), text).with_context(|| format!("writing {name}.bif"))
}

/// Runs bootgen and returns what it prints. It ends with 0 after some errors, but names them.
fn bootgen(work: &Path, arguments: &[&str]) -> Result<String> {
    let output = Command::new("bootgen").current_dir(work).args(arguments).output().context("starting bootgen")?;
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    let wrong = text.lines().any(|line| line.contains("[ERROR]"));
    ensure!(output.status.success() && !wrong, "bootgen {}: {}", arguments.join(" "), text.trim());
    Ok(text.into_owned())
}

/// Checks that the `.bit.bin` is the data of the `.bit` with the bytes of each word swapped.
fn swapped(bin: &[u8], data: &[u8]) -> Result<()> {
    let same = data.chunks(4).zip(bin.chunks(4)).all(|(word, swapped)| word.iter().rev().eq(swapped));
    ensure!(
        bin.len() >= data.len() && same,
        "{BIT_BIN}: expected the data of the bitstream with swapped bytes, found other bytes; use xilinx-bootgen 2022.2"
    );
    Ok(())
}

/// Reads BOOT.BIN back, by bootgen and by its header, and returns the number of partitions.
fn read_back(path: &Path, first: &FirstStage, parts: usize) -> Result<usize> {
    let image = read(path)?;
    let word = |at: usize| image.get(at..at + 4).map_or(0, |w| u32::from_le_bytes([w[0], w[1], w[2], w[3]]));
    // UG585 v1.13, table 6-5: width detection, identification, length, load and execution address of the first stage.
    ensure!(
        word(0x20) == 0xAA99_5566 && &image[0x24..0x28] == b"XNLX",
        "{BOOT}: expected the marks of a boot header at 0x20, found {:#x} and {:?}",
        word(0x20),
        &image[0x24..0x28]
    );
    let (length, load, entry) = (word(0x34), word(0x38), word(0x3C));
    ensure!(
        (load, entry) == (first.range.0, first.entry) && length <= first_stage::OCM_BYTES,
        "{BOOT}: expected the first stage at {:#x} with the entry {:#x}, found {length} bytes at {load:#x} with {entry:#x}",
        first.range.0,
        first.entry
    );
    let folder = path.parent().unwrap_or(path);
    let text = bootgen(folder, &["-arch", "zynq", "-read", BOOT])?;
    let partitions = text.lines().filter(|line| line.contains("PARTITION HEADER TABLE")).count();
    ensure!(partitions == parts, "{BOOT}: expected {parts} partitions, found {partitions} in what bootgen reads");
    Ok(partitions)
}

/// Writes the commands with which U-Boot starts Linux, and their image.
fn boot_script(work: &Path, target: &Path, load_bitstream: bool, overlays: &[&str]) -> Result<()> {
    require(&[MKIMAGE])?;
    let mut script = String::new();
    if load_bitstream {
        script.push_str(&format!("load mmc 0 ${{loadaddr}} {BIT}\nfpga loadb 0 ${{loadaddr}} ${{filesize}}\n"));
    }
    script.push_str("load mmc 0 ${fdt_addr_r} system.dtb\nfdt addr ${fdt_addr_r}\nfdt resize 8192\n");
    for overlay in overlays {
        script.push_str(&format!("load mmc 0 ${{loadaddr}} {overlay}\nfdt apply ${{loadaddr}}\n"));
    }
    script.push_str(
        "load mmc 0 ${kernel_addr_r} zImage\n\
         setenv bootargs ${bootargs} uio_pdrv_genirq.of_id=generic-uio\n\
         bootz ${kernel_addr_r} - ${fdt_addr_r}\n",
    );
    fs::write(work.join("boot.cmd"), script)?;
    let mut mkimage = Command::new("mkimage");
    mkimage.args(["-A", "arm", "-T", "script", "-C", "none", "-n", "Deltascope", "-d"]);
    let output =
        mkimage.arg(work.join("boot.cmd")).arg(target.join("boot.scr")).output().context("starting mkimage")?;
    ensure!(output.status.success(), "mkimage: {}", String::from_utf8_lossy(&output.stderr).trim());
    Ok(())
}

fn sha256(folder: &Path, file: &str) -> Result<String> {
    let output = Command::new("sha256sum").current_dir(folder).arg(file).output().context("starting sha256sum")?;
    let text = String::from_utf8_lossy(&output.stdout);
    let sum = text.split_whitespace().next().unwrap_or_default();
    ensure!(sum.len() == 64, "sha256sum {file}: expected a sum, found {text:?}");
    Ok(sum.to_owned())
}
