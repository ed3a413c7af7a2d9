//! `cargo xtask bench`: the throughput harness, and at full length the criterion benches as well.

use crate::cargo;
use anyhow::Result;

/// Times each part of the path; `quick` makes every measurement short and leaves criterion out.
pub fn run(quick: bool) -> Result<()> {
    let mut harness = cargo::cargo(&["run", "--quiet", "--release", "--locked", "-p", "deltascope-bench", "--"]);
    cargo::run(harness.args(quick.then_some("--quick")))?;
    if !quick {
        cargo::run(&mut cargo::cargo(&["bench", "--locked", "-p", "deltascope-model"]))?;
    }
    Ok(())
}
