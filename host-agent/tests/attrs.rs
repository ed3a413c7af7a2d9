//! `deltascope attrs`: the peer's attributes by name, printed and as files.

mod support;

use std::collections::BTreeMap;
use std::fs;

use serde_json::Value;
use support::run::Run;
use support::{agent, boardd, finish};

/// The 27 names, as the peer's documents list them.
const NAMES: [&str; 27] = [
    "version",
    "backend",
    "ops_total",
    "ops_load",
    "ops_accum",
    "ops_read",
    "ops_swap",
    "fp_checks_total",
    "fp_checks_unchanged",
    "fp_hit_rate",
    "fp_bytes_saved",
    "license_status",
    "cow_enabled",
    "cow_faults_total",
    "cow_copies_performed",
    "cow_bytes_copied",
    "cow_copies_redundant",
    "cow_bytes_saved",
    "cow_redundancy_rate",
    "cow_top",
    "net_enabled",
    "net_sends_total",
    "net_sends_redundant",
    "net_bytes_total",
    "net_bytes_redundant",
    "net_redundancy_rate",
    "cgroup_top",
];
const SYNTH: &[&str] = &["--source", "synth", "--seed", "3", "--containers", "4", "--events"];

fn with_daemon(arguments: &[&str]) -> support::Outcome {
    let mut command = agent(arguments);
    command.arg("--boardd").arg(boardd());
    finish(command).ok()
}

fn attrs(more: &[&str]) -> BTreeMap<String, Value> {
    let outcome = with_daemon(&[&["attrs", "--json"], more].concat());
    serde_json::from_str(&outcome.out).expect("an object by name")
}

#[test]
fn values_are_those_of_a_run_or_reasons() {
    let found = attrs(&[SYNTH, &["30000"]].concat());
    let names: Vec<&str> = found.keys().map(String::as_str).collect();
    let mut expected = NAMES.to_vec();
    expected.sort_unstable();
    assert_eq!(names, expected);
    for (name, entry) in &found {
        assert!(entry["value"].is_null() == entry["reason"].is_string(), "{name}: {entry}");
    }
    // The same events, as another command reports them.
    let run = with_daemon(&[&["run", "--json-lines"], SYNTH, &["30000"]].concat());
    let line: Value = serde_json::from_str(run.out.lines().last().expect("a line")).expect("JSON");
    let sum = |key: &str| -> u64 {
        let containers = line["containers"].as_array().expect("containers");
        containers.iter().map(|one| one[key].as_u64().expect("a number")).sum()
    };
    let number = |name: &str| found[name]["value"].as_u64().unwrap_or_else(|| panic!("{name}: {}", found[name]));
    assert_eq!(number("cow_copies_performed"), sum("cow_copies"));
    assert_eq!(number("cow_copies_redundant"), sum("cow_redundant"));
    assert_eq!(number("net_sends_total"), sum("net_sends"));
    assert_eq!(number("net_sends_redundant"), sum("net_redundant"));
    assert_eq!(number("net_bytes_redundant"), sum("net_bytes_redundant"));
    // One record an event: PAIR for a page, SEND, which is a SWAP, for a send.
    assert_eq!(number("ops_total"), 30_000);
    assert_eq!(number("ops_swap"), sum("net_sends"));
    let judged = sum("cow_copies") - sum("cow_unjudged");
    assert_eq!(number("fp_checks_total"), judged + sum("net_sends"));
    let rate = found["cow_redundancy_rate"]["value"].as_f64().expect("a share");
    assert!((rate - sum("cow_redundant") as f64 / judged as f64).abs() < 1e-9);
    let top = found["cow_top"]["value"].as_array().expect("owners");
    let bytes: Vec<u64> = top.iter().map(|owner| owner["bytes_redundant"].as_u64().expect("bytes")).collect();
    assert_eq!(bytes.iter().sum::<u64>(), sum("cow_bytes_redundant"));
    assert!(bytes.is_sorted_by(|a, b| a >= b), "{top:?}");
    // Nothing is saved, and no number reports it.
    for name in ["fp_bytes_saved", "cow_bytes_saved", "license_status", "cow_faults_total"] {
        assert!(found[name]["reason"].is_string(), "{name}");
    }
}

#[test]
fn scan_has_no_sends_for_a_reason() {
    let found = attrs(&["--source", "scan", "--pid", &std::process::id().to_string()]);
    assert_eq!((&found["cow_enabled"]["value"], &found["net_enabled"]["value"]), (&1.into(), &0.into()));
    for name in ["net_sends_total", "net_sends_redundant", "net_bytes_total", "net_bytes_redundant"] {
        assert!(found[name]["reason"].as_str().is_some_and(|reason| reason.contains("--source bpf")), "{name}");
    }
    assert!(found["cow_copies_performed"]["value"].is_u64());
}

#[test]
fn files_hold_what_is_printed_and_are_never_half_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let kept = folder.path().join("attrs");
    let path = kept.to_str().expect("a plain path");
    let arguments = [&["attrs", "--folder", path, "--interval", "0.05"], SYNTH, &["0"]].concat();
    let mut command = agent(&arguments);
    command.arg("--boardd").arg(boardd());
    let run = Run::of(command);
    let read = |name: &str| fs::read_to_string(kept.join(name));
    let deadline = std::time::Instant::now() + support::LIMIT;
    let (mut last, mut changes) = (0u64, 0);
    while changes < 20 {
        assert!(std::time::Instant::now() < deadline, "no change: {:?}", run.errors.waiting());
        // Once it is there it is always whole, and never less than before.
        let Ok(text) = read("ops_total") else { continue };
        let number: u64 = text.strip_suffix('\n').expect("a whole line").parse().expect("a number");
        assert!(number >= last, "{last} before {number}");
        changes += u32::from(number > last);
        last = number;
    }
    run.signal("TERM");
    assert_eq!(run.end().code, Some(0));
    for name in NAMES {
        let (value, reason) = (kept.join(name), kept.join(format!("{name}.none")));
        assert!(value.exists() != reason.exists(), "{name}");
    }
    assert!(read("updated").expect("a time").trim().parse::<u64>().is_ok_and(|time| time > 1_600_000_000));
    assert!(read("cow_top").expect("owners").lines().all(|line| line.split_once(' ').is_some()), "bytes and a name");
    let other = folder.path().join("file");
    fs::write(&other, "").expect("a file");
    let other = other.to_str().expect("a plain path");
    finish(agent(&["attrs", "--folder", other])).fails(&["cannot keep attributes", "name a folder"]);
}
