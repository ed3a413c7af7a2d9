//! `cargo xtask bench`: the harness in `bench/`, and the criterion benches.

use crate::cargo;
use anyhow::Result;

/// Times the golden engine; `quick` makes every measurement short.
pub fn run(quick: bool) -> Result<()> {
    let mut command = cargo::cargo(&["bench", "--locked", "-p", "deltascope-model", "--"]);
    if quick {
        command.args(["--warm-up-time", "0.5", "--measurement-time", "1", "--sample-size", "10"]);
    }
    cargo::run(&mut command)
}
