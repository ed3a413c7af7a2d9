//! Device tree overlays of the default board: compiled, applied to a Zynq, and compared with the abi crate.

use crate::cargo::{release_folder, root};
use crate::setup::{DTC, require};
use anyhow::{Context, Result, bail, ensure};
use deltascope_abi::board::{
    BITSTREAM, BUFFERS, FCLK, FCLK_HZ, FINGERPRINT_UIO_NAME, FINGERPRINT_WINDOWS, INTERRUPT_SPI, UDMABUF_BYTES,
    UDMABUF_NAME, UIO_COMPATIBLE, UIO_NAME, WINDOWS, Window,
};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The overlays, in the order in which they are applied: with reserved memory for the buffers, with u-dma-buf, and with the
/// fingerprint block.
const OVERLAYS: [&[&str]; 3] = [
    &["deltascope", "deltascope-bitstream"],
    &["deltascope-udmabuf", "deltascope-bitstream"],
    &["deltascope", "deltascope-bitstream", FINGERPRINT],
];
const FINGERPRINT: &str = "deltascope-fingerprint";

/// Compiles the overlays into `target/device-tree` and checks what they make of a Zynq.
pub fn run() -> Result<()> {
    require(&[DTC])?;
    let board = root().join("boards/zynq7020");
    let target = release_folder()?.join("../device-tree");
    fs::create_dir_all(&target).with_context(|| format!("creating {}", target.display()))?;
    let target = target.canonicalize()?;
    let base = compile(&board.join("test/zynq.dts"), &target.join("zynq.dtb"))?;
    for names in OVERLAYS {
        let merged = target.join(format!("{}-merged.dtb", names.join("+")));
        let mut apply = Command::new("fdtoverlay");
        apply.arg("-i").arg(&base).arg("-o").arg(&merged);
        for name in names {
            let overlay = compile(&board.join(format!("{name}.dtso")), &target.join(format!("{name}.dtbo")))?;
            println!("{}", overlay.display());
            apply.arg(overlay);
        }
        quiet(&mut apply)?;
        check(&merged, names == OVERLAYS[1], names.contains(&FINGERPRINT))?;
    }
    Ok(())
}

/// Compiles one overlay.
pub fn overlay(name: &str, output: &Path) -> Result<()> {
    compile(&root().join("boards/zynq7020").join(format!("{name}.dtso")), output).map(|_| ())
}

/// Applies overlays of `folder` to a compiled tree there, by name without extension, and drops the result.
pub fn apply(folder: &Path, tree: &str, overlays: &[&str]) -> Result<()> {
    let mut apply = Command::new("fdtoverlay");
    apply.current_dir(folder).args(["-i", tree, "-o", "merged.dtb"]);
    quiet(apply.args(overlays.iter().map(|overlay| format!("{overlay}.dtbo")))).map(|_| ())
}

/// Compiles one source of the board's folder with the labels that overlays need, or without.
pub fn compile_test_tree(output: &Path, labels: bool) -> Result<()> {
    let source = root().join("boards/zynq7020/test/zynq.dts");
    if labels {
        return compile(&source, output).map(|_| ());
    }
    quiet(Command::new("dtc").args(["-I", "dts", "-O", "dtb", "-o"]).arg(output).arg(source)).map(|_| ())
}

/// Compiles one source; a warning is a failure.
fn compile(source: &Path, output: &Path) -> Result<PathBuf> {
    let mut dtc = Command::new("dtc");
    // One check asks an overlay of the root to leave out the cell sizes that another check asks it to have.
    dtc.args(["-W", "no-avoid_unnecessary_addr_size", "-@", "-I", "dts", "-O", "dtb", "-o"]).arg(output).arg(source);
    quiet(&mut dtc)?;
    Ok(output.to_path_buf())
}

/// Runs a program that has nothing to say when all is well.
fn quiet(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("starting {:?}", command.get_program()))?;
    let said = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() || !said.trim().is_empty() {
        bail!("{command:?} ended with {} and printed: {said}", output.status);
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Compares the merged tree with the abi crate.
fn check(tree: &Path, has_udmabuf: bool, has_fingerprint: bool) -> Result<()> {
    let get = |kind: &str, node: &str, property: &str| {
        quiet(Command::new("fdtget").args(["-t", kind]).arg(tree).args([node, property]))
    };
    let expect = |kind: &str, node: &str, property: &str, expected: &str| {
        let found = get(kind, node, property)?;
        ensure!(found == expected, "{node} {property}: expected {expected}, found {found}");
        println!("{node} {property} = {found}");
        Ok(())
    };
    let engine = format!("/axi/{UIO_NAME}@{:x}", WINDOWS[0].base);
    let windows = if has_udmabuf { &WINDOWS[..2] } else { &WINDOWS };
    let maps = |node: &str, windows: &[Window]| {
        let reg: Vec<String> = windows.iter().map(|window| format!("{:x} {:x}", window.base, window.bytes)).collect();
        let names: Vec<&str> = windows.iter().map(|window| window.name).collect();
        expect("s", node, "compatible", UIO_COMPATIBLE)?;
        expect("x", node, "reg", &reg.join(" "))?;
        expect("s", node, "reg-names", &names.join(" "))
    };
    maps(&engine, windows)?;
    let fingerprint = format!("/axi/{FINGERPRINT_UIO_NAME}@{:x}", FINGERPRINT_WINDOWS[0].base);
    if has_fingerprint {
        maps(&fingerprint, &FINGERPRINT_WINDOWS)?;
    } else {
        // An access to logic that is not there stops the processor.
        ensure!(
            get("s", &fingerprint, "compatible").is_err(),
            "expected no {fingerprint} without its overlay, found it"
        );
    }
    expect("u", &engine, "interrupts", &format!("0 {INTERRUPT_SPI} 4"))?;
    expect("u", &engine, "clock-frequency", &FCLK_HZ.to_string())?;
    let controller = get("u", "/axi/interrupt-controller@f8f01000", "phandle")?;
    expect("u", &engine, "interrupt-parent", &controller)?;
    if has_udmabuf {
        let node = format!("/{UDMABUF_NAME}");
        expect("s", &node, "compatible", "ikwzm,u-dma-buf")?;
        expect("s", &node, "device-name", UDMABUF_NAME)?;
        expect("x", &node, "size", &format!("{UDMABUF_BYTES:x}"))?;
        ensure!(get("x", &node, "dma-coherent").is_err(), "{node}: expected no dma-coherent, found it");
    } else {
        let buffers = format!("/reserved-memory/{UIO_NAME}-buffers@{:x}", BUFFERS.base);
        expect("x", &buffers, "reg", &format!("{:x} {:x}", BUFFERS.base, BUFFERS.bytes))?;
        expect("x", &buffers, "no-map", "")?;
    }
    expect("u", "/axi/slcr@f8000000/clkc@100", "fclk-enable", &(1 << FCLK).to_string())?;
    expect("s", "/fpga-full", "firmware-name", BITSTREAM)
}
