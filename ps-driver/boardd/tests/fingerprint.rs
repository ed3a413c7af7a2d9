//! `selftest --fingerprint`: the program proves the Verilated block, and refuses an engine without one.
#![allow(clippy::unwrap_used, reason = "tests stop at the first surprise")]

use std::process::{Command, Output};

fn selftest(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_deltascope-boardd"));
    command.args(arguments).args(["selftest", "--fingerprint", "--packets", "200", "--json"]).output().unwrap()
}

#[test]
fn model_has_no_fingerprint_block() {
    let output = selftest(&["--engine", "model"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains("--fingerprint: expected --engine uio"), "{said}");
}

#[test]
fn board_without_the_overlay_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join("sys/class/uio")).unwrap();
    let output = selftest(&["--engine", "uio", "--root", folder.path().to_str().unwrap()]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains("deltascope-fingerprint"), "{said}");
}

#[cfg(feature = "rtl")]
#[test]
fn verilated_block_is_proved() {
    let output = selftest(&["--engine", "rtl"]);
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(output.status.success(), "{report}");
    assert_eq!((&report["packets"], &report["differences"]), (&200.into(), &0.into()), "{report}");
}
