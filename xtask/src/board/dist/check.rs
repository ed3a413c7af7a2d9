//! The assembly and the flashing on synthetic inputs: one that is right, and each that must be refused.

use super::super::bitstream::{self, OUR_IDCODE, PART, our_design};
use super::super::{device_tree, flash};
use super::{Arguments, BIT, BOOT, MANIFEST, OVERLAYS, assemble, first_stage};
use crate::cargo::target_folder;
use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};

struct Files {
    folder: PathBuf,
}

impl Files {
    fn write(&self, name: &str, bytes: &[u8]) -> Result<PathBuf> {
        let path = self.folder.join(name);
        fs::write(&path, bytes).with_context(|| format!("writing {}", path.display()))?;
        Ok(path)
    }

    fn tree(&self, name: &str, labels: bool) -> Result<PathBuf> {
        let path = self.folder.join(name);
        device_tree::compile_test_tree(&path, labels)?;
        Ok(path)
    }
}

/// Assembles, reads back and refuses; returns the counts.
pub fn run() -> Result<Value> {
    let files = Files { folder: target_folder().join("dist-check") };
    let _ = fs::remove_dir_all(&files.folder);
    fs::create_dir_all(&files.folder).with_context(|| format!("creating {}", files.folder.display()))?;
    let ours = files.write("ours.bit", &bitstream::synthetic(&our_design(), PART, OUR_IDCODE, 4096))?;
    let stage = files.write("fsbl.elf", &first_stage::synthetic(0, 0x4000))?;
    let good = Arguments {
        board: Some("pynq-z2".into()),
        bitstream: Some(ours),
        first_stage: Some(stage),
        output: Some(files.folder.join("out")),
        ..Default::default()
    };
    let linux = Arguments {
        kernel: Some(files.write("kernel", &zimage())?),
        device_tree: Some(files.tree("tree", true)?),
        ..good.clone()
    };
    let uimage = [&[0x27, 0x05, 0x19, 0x56][..], &[0; 60]].concat();
    let elf = files.write("application.elf", &first_stage::synthetic(0x10_0000, 0x2000))?;
    let accepted = [
        ("FSBL and bitstream", good.clone()),
        ("FSBL, bitstream and an application", Arguments { application: Some(elf.clone()), ..good.clone() }),
        ("SPL and u-boot.img", Arguments { application: Some(files.write("u-boot.img", &uimage)?), ..good.clone() }),
        ("Linux", Arguments { application: Some(elf.clone()), fingerprint: true, ..linux.clone() }),
    ];
    for (name, arguments) in &accepted {
        let manifest = assemble(arguments).with_context(|| format!("assembling {name}"))?;
        whole(&files.folder.join("out"), &manifest).with_context(|| (*name).to_owned())?;
    }
    same_folder(&files, &Arguments { application: Some(elf), ..linux.clone() })?;
    let refused = refusals(&files, &good)? + linux_refusals(&files, &linux)?;
    Ok(json!({"accepted": accepted.len(), "refused": refused, "folder": files.folder}))
}

/// A file with the mark of a zImage.
fn zimage() -> Vec<u8> {
    let mut bytes = vec![0; 64];
    bytes[0x24..0x28].copy_from_slice(&0x016F_2818_u32.to_le_bytes());
    bytes
}

/// Assembles into a folder with other files from inputs that are its last result: both must still be there.
fn same_folder(files: &Files, linux: &Arguments) -> Result<()> {
    let out = files.folder.join("out");
    let other = files.write("out/notes.txt", b"not ours")?;
    assemble(linux)?;
    let again = Arguments {
        bitstream: Some(out.join(BIT)),
        kernel: Some(out.join("zImage")),
        device_tree: Some(out.join("system.dtb")),
        ..linux.clone()
    };
    let manifest = assemble(&again).context("assembling from the folder's own files")?;
    whole(&out, &manifest)?;
    ensure!(other.exists(), "{}: expected the file of somebody else left alone, found none", other.display());
    let overlay = out.join(OVERLAYS[1]);
    ensure!(!overlay.exists(), "expected no file of an earlier result, found {}", overlay.display());
    Ok(())
}

/// Puts every device tree and kernel that must be refused before the assembly; returns how many.
fn linux_refusals(files: &Files, linux: &Arguments) -> Result<usize> {
    let mut tree = linux.clone();
    for (name, path, message) in [
        ("a tree as text", files.write("text.dts", b"/dts-v1/; / {};")?, "expected a compiled tree"),
        ("a tree without labels", files.tree("bare", false)?, "compiled with `dtc -@`"),
    ] {
        tree.device_tree = Some(path);
        refuse(name, message, assemble(&tree))?;
    }
    let kernel = Some(files.write("uImage", &[0x27, 0x05, 0x19, 0x56])?);
    refuse("a uImage as kernel", "expected a zImage", assemble(&Arguments { kernel, ..linux.clone() }))?;
    let mut other = first_stage::synthetic(0x10_0000, 64);
    other[18] = 62;
    let application = Some(files.write("x86.elf", &other)?);
    refuse("an application for a PC", "ELF for ARM", assemble(&Arguments { application, ..linux.clone() }))?;
    Ok(4)
}

/// Checks that the folder has what its manifest reports.
fn whole(folder: &Path, manifest: &Value) -> Result<()> {
    for file in manifest["files"].as_array().into_iter().flatten() {
        let name = file["name"].as_str().unwrap_or_default();
        let bytes = fs::metadata(folder.join(name)).with_context(|| name.to_owned())?.len();
        ensure!(
            Some(bytes) == file["bytes"].as_u64() && bytes > 0,
            "{name}: expected {} bytes, found {bytes}",
            file["bytes"]
        );
    }
    ensure!(
        folder.join(BOOT).exists() && folder.join(MANIFEST).exists(),
        "expected {BOOT} and {MANIFEST}, found neither"
    );
    flash::verify(folder)?;
    let mut spoilt = fs::read(folder.join(BIT))?;
    let original = spoilt.clone();
    spoilt[100] ^= 1;
    fs::write(folder.join(BIT), &spoilt)?;
    let outcome = flash::verify(folder);
    fs::write(folder.join(BIT), original)?;
    ensure!(outcome.is_err(), "checksums: expected a spoilt file to be refused, found that it passes");
    Ok(())
}

/// Puts every input that must be refused before the assembly and before the flashing; returns how many.
fn refusals(files: &Files, good: &Arguments) -> Result<usize> {
    let bits = [
        ("another part", bitstream::synthetic(&our_design(), "7z010clg400", OUR_IDCODE, 64), "found 7z010clg400"),
        ("another package", bitstream::synthetic(&our_design(), "7z020clg484", OUR_IDCODE, 64), "found 7z020clg484"),
        ("data for another part", bitstream::synthetic(&our_design(), PART, 0x1372_2093, 64), "found 0x13722093"),
        (
            "another USERID",
            bitstream::synthetic("base_wrapper;UserID=0XFFFFFFFF;Version=2018.3", PART, OUR_IDCODE, 64),
            "found 0xFFFFFFFF",
        ),
        ("a .bin instead of a .bit", vec![0xFF; 4096], "give a .bit file"),
        ("an empty file", Vec::new(), "expected 2 bytes"),
    ];
    let mut count = 0;
    for (name, bytes, message) in &bits {
        let path = files.write("refused.bit", bytes)?;
        refuse(name, message, assemble(&Arguments { bitstream: Some(path.clone()), ..good.clone() }))?;
        let written = flash::run(&flash::Arguments {
            board: "pynq-z2".into(),
            bitstream: Some(path),
            dry_run: true,
            ..Default::default()
        });
        refuse(name, message, written)?;
        count += 2;
    }
    let stages = [
        ("a first stage in DDR", first_stage::synthetic(0x10_0000, 64), "found one at 0x100000"),
        ("a first stage larger than OCM", first_stage::synthetic(0, 0x3_0004), "to 0x30004"),
        ("a script as first stage", b"#!/bin/sh\n".to_vec(), "expected an ELF"),
    ];
    for (name, bytes, message) in &stages {
        let path = files.write("refused.elf", bytes)?;
        refuse(name, message, assemble(&Arguments { first_stage: Some(path), ..good.clone() }))?;
        count += 1;
    }
    refuse("no first stage", "Ways to get one", assemble(&Arguments { first_stage: None, ..good.clone() }))?;
    refuse(
        "an unknown board",
        "expected one of the boards",
        assemble(&Arguments { board: Some("other".into()), ..good.clone() }),
    )?;
    let text = files.write("application", b"text")?;
    refuse(
        "an application of no kind",
        "found neither",
        assemble(&Arguments { application: Some(text), ..good.clone() }),
    )?;
    Ok(count + 3)
}

fn refuse<T>(name: &str, message: &str, outcome: Result<T>) -> Result<()> {
    match outcome {
        Ok(_) => bail!("{name}: expected a refusal, found that it is accepted"),
        Err(error) => {
            let text = format!("{error:#}");
            ensure!(text.contains(message), "{name}: expected a refusal with {message:?}, found {text:?}");
            Ok(())
        }
    }
}
