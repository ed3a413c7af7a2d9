//! The program `dma` of `verilator-tests`: the AXI DMA driver against its model and the Verilated top.

use crate::cargo::release_folder;
use crate::verilated;
use anyhow::{Context, Result, ensure};
use std::path::Path;
use std::process::{Command, Stdio};

/// Builds the program.
pub fn build() -> Result<()> {
    verilated::program("dma").map(drop)
}

/// The program with arguments.
pub fn command(arguments: &[&str]) -> Result<Command> {
    let mut command = Command::new(release_folder()?.join("dma"));
    command.args(arguments);
    Ok(command)
}

/// What the program prints, when it succeeds.
pub fn output(arguments: &[&str]) -> Result<Vec<u8>> {
    let output = command(arguments)?.stderr(Stdio::inherit()).output().context("starting dma")?;
    let printed = String::from_utf8_lossy(&output.stdout);
    ensure!(output.status.success(), "dma {} failed with {}: {printed}", arguments.join(" "), output.status);
    Ok(output.stdout)
}

/// The report of a replay through the DMA in one of its modes.
pub fn replay(mode: &str, raw: &Path) -> Result<Vec<u8>> {
    let path = raw.to_str().with_context(|| format!("{}: expected a path in UTF-8", raw.display()))?;
    output(&["replay", mode, path])
}
