//! Running cargo and the programs that it builds, from the workspace's root.

use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Root of the workspace.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_path_buf).unwrap_or_default()
}

/// Folder of everything that is built.
pub fn target_folder() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |f| root().join(f))
}

/// Folder of release programs, next to this one.
pub fn release_folder() -> Result<PathBuf> {
    let own = std::env::current_exe().context("finding the path of this program")?;
    Ok(own.parent().map(Path::to_path_buf).unwrap_or_default())
}

/// A cargo command in the workspace's root.
pub fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root()).args(arguments);
    command
}

/// Runs a command and fails unless it succeeds.
pub fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("starting {:?}", command.get_program()))?;
    if !status.success() {
        bail!("{command:?} failed with {status}");
    }
    Ok(())
}

/// Builds programs in release mode and says so only when something goes wrong or on a terminal.
pub fn build(arguments: &[&str]) -> Result<()> {
    run(cargo(&["build", "--release", "--locked"]).args(arguments))
}
