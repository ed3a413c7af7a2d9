//! Running cargo and the programs that it builds, from the workspace's root.

use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether all programs of the workspace have been built at once.
static WHOLE: AtomicBool = AtomicBool::new(false);

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
    let mut command = deltascope_testkit::cargo::cargo();
    command.current_dir(root()).args(arguments);
    command
}

/// Runs a command and fails unless it succeeds.
pub fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("starting {:?}", command.get_program()))?;
    if !status.success() {
        let words: Vec<_> = std::iter::once(command.get_program()).chain(command.get_args()).collect();
        bail!("{words:?} failed with {status}");
    }
    Ok(())
}

/// Builds every program and test of the workspace with these features; after it [`build`] has nothing left to do.
///
/// Built package by package, the same dependencies have other features each time and are compiled again. So they are for
/// programs without the tests, whose own dependencies add features: the agent's library would be compiled twice.
pub fn build_whole(features: &str) -> Result<()> {
    let targets = ["--bins", "--tests", "--examples"];
    run(cargo(&["build", "--release", "--locked", "--workspace", "--features", features]).args(targets))?;
    WHOLE.store(true, Ordering::Relaxed);
    Ok(())
}

/// Builds programs in release mode, unless [`build_whole`] has.
pub fn build(arguments: &[&str]) -> Result<()> {
    match WHOLE.load(Ordering::Relaxed) {
        true => Ok(()),
        false => run(cargo(&["build", "--release", "--locked"]).args(arguments)),
    }
}

/// The command of a program of a package with these features, built. It runs in the workspace's root.
pub fn program(package: &str, features: &[&str], name: &str) -> Result<Command> {
    build(&["--quiet", "-p", package, "--features", &features.join(","), "--bin", name])?;
    let mut command = Command::new(release_folder()?.join(name));
    command.current_dir(root());
    Ok(command)
}
