//! Verilator and yosys reject planted faults, and the lint reports which package is missing.
//!
//! Needs both: `cargo test -p deltascope-rtl --features tools`.
#![allow(clippy::unwrap_used, reason = "a test that cannot continue fails")]

use std::path::PathBuf;
use std::process::Command;

use deltascope_rtl::lint::{Finding, netlist, verilog};
use deltascope_rtl::paths::crate_folder;

fn fixture(name: &str) -> Vec<PathBuf> {
    vec![crate_folder().unwrap().join(format!("tests/fixtures/{name}.v"))]
}

fn rules(findings: &[Finding]) -> Vec<&str> {
    let mut rules: Vec<_> = findings.iter().map(|f| f.rule.as_str()).collect();
    rules.sort();
    rules.dedup();
    rules
}

#[test]
fn a_latch_is_rejected_by_both() {
    let by_verilator = verilog::lint("latch", &fixture("latch")).unwrap();
    assert_eq!(rules(&by_verilator), ["LATCH"]);
    assert!(by_verilator[0].place.starts_with("latch: latch.v:"), "{by_verilator:?}");
    let by_yosys = netlist::lint("latch", &fixture("latch")).unwrap();
    assert_eq!(rules(&by_yosys), ["latch"]);
    assert!(by_yosys[0].found.contains("held"), "{by_yosys:?}");
}

#[test]
fn a_loop_through_a_child_is_rejected_by_both() {
    let by_verilator = verilog::lint("loop_through_child", &fixture("loop_through_child")).unwrap();
    assert!(rules(&by_verilator).contains(&"UNOPTFLAT"), "{by_verilator:?}");
    let by_yosys = netlist::lint("loop_through_child", &fixture("loop_through_child")).unwrap();
    assert_eq!(rules(&by_yosys), ["loop"]);
}

#[test]
fn a_leaking_carry_is_rejected() {
    let findings = verilog::lint("width", &fixture("width")).unwrap();
    assert!(rules(&findings).iter().any(|r| r.starts_with("WIDTH")), "{findings:?}");
}

#[test]
fn two_drivers_and_none_are_rejected() {
    let findings = netlist::lint("drivers", &fixture("drivers")).unwrap();
    assert_eq!(rules(&findings), ["drivers", "no-driver"]);
}

#[test]
fn broken_verilog_is_a_finding_and_no_success() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("broken.v");
    std::fs::write(&path, "module broken (input wire a; endmodule\n").unwrap();
    assert!(!verilog::lint("broken", std::slice::from_ref(&path)).unwrap().is_empty());
    assert!(!netlist::lint("broken", &[path]).unwrap().is_empty());
}

#[test]
fn a_missing_tool_names_its_package() {
    let output = Command::new(env!("CARGO_BIN_EXE_lint")).env("PATH", "").output().unwrap();
    assert!(!output.status.success());
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(text.contains("apt-get install verilator"), "{text}");
    let output = Command::new(env!("CARGO_BIN_EXE_synth")).env("PATH", "").output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && text.contains("apt-get install yosys"), "{text}");
}
