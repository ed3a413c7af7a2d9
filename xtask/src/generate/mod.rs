//! Files that are made from the `abi` crate, and the check that the committed ones are fresh.

mod c_header;
mod device_tree;
mod emulated_tree;
mod proof_header;
mod registers_page;
mod tcl;

use crate::cargo::root;
use anyhow::{Context, Result, bail};
use std::fs;

/// Writes every generated file, or only compares.
pub fn run(check: bool) -> Result<()> {
    let files = [
        ("docs/registers.md", registers_page::text()),
        ("abi/include/deltascope_ring.h", c_header::text()),
        ("rtl/formal/generated/deltascope_abi.svh", proof_header::text()),
        ("vivado/generated/deltascope_abi.tcl", tcl::text()),
        ("boards/zynq7020/generated/engine.dtsi", device_tree::engine_node()),
        ("boards/zynq7020/generated/bitstream.dtsi", device_tree::bitstream_property()),
        ("boards/zynq7020/generated/buffers.dtsi", device_tree::buffers_node()),
        ("boards/zynq7020/generated/clock.dtsi", device_tree::clock_property()),
        ("boards/zynq7020/qemu/generated/mailbox.dtsi", emulated_tree::mailbox_node()),
        ("boards/zynq7020/qemu/generated/mailbox-memory.dtsi", emulated_tree::mailbox_memory()),
        ("boards/zynq7020/qemu/generated/ddr.dtsi", emulated_tree::ddr_node()),
    ];
    let mut stale = Vec::new();
    for (name, text) in &files {
        let path = root().join(name);
        if fs::read_to_string(&path).ok().as_ref() == Some(text) {
            continue;
        }
        if check {
            stale.push(*name);
        } else {
            fs::create_dir_all(path.parent().unwrap_or(&path))?;
            fs::write(&path, text).with_context(|| format!("writing {name}"))?;
            println!("wrote {name}");
        }
    }
    if !stale.is_empty() {
        bail!("not what the abi crate says: {}; run `cargo xtask gen` and commit the result", stale.join(", "));
    }
    println!("{} generated files are fresh", files.len());
    Ok(())
}
