//! The tests of the workspace, as a stage of every tier.

use crate::cargo::{cargo, release_folder, run};
use anyhow::Result;

/// What the tests of the whole workspace are built with: Verilator's and yosys' tests among them.
pub const FEATURES: &str =
    "deltascope-boardd/rtl,deltascope-rtl/tools,deltascope-sim/verilate,deltascope-verilator-tests/verilate";

/// Runs the tests of the workspace, with the programs that are built.
pub fn test() -> Result<()> {
    let mut command = cargo(&["test", "--release", "--locked", "--workspace", "--features", FEATURES]);
    // The agent's tests take the daemon that is built here, and leave the one with the Verilated engine in place.
    run(command.env("DELTASCOPE_BOARDD", release_folder()?.join("deltascope-boardd")))
}
