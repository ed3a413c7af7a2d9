//! The main job from end to end, as root and as an ordinary user, and with a fault planted on the way.

mod support;

use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::process::Command;

use deltascope_agent::daemon::Daemon;
use deltascope_testkit::frame_faults::{FrameFault, relay};
use deltascope_testkit::programs::copy_program;
use serde_json::{Value, json};
use support::{AGENT, Outcome, agent, boardd, finish, with_daemon};

/// `nobody`.
const NOBODY: u32 = 65_534;

fn check(report: &Value) {
    assert_eq!(report["engine"], "model");
    assert_eq!(report["workload"], json!({"copied": 128, "redundant": 64}));
    assert_eq!(report["workload_parent_writes"], json!({"copied": 128, "redundant": 64}));
    let number = |key: &str| report[key].as_u64().unwrap_or_else(|| panic!("{key} in {report}"));
    let lost = report["lost"].as_object().expect("an object");
    assert_eq!(lost.len(), 7, "every reason is there");
    let lost: u64 = lost.values().map(|count| count.as_u64().expect("a number")).sum();
    assert_eq!(number("in_flight"), 0);
    assert_eq!(number("captured"), number("counted") + lost);
    assert!(number("captured") >= 256 && number("unjudged") <= number("counted"));
    let containers = report["containers"].as_array().expect("an array");
    let pages = ["cow_copies", "born_after_fork", "origin_unknown"];
    let pages = containers.iter().flat_map(|one| pages.map(|key| one[key].as_u64().expect("a number")));
    assert_eq!(pages.sum::<u64>() + 256, number("counted"), "containers and regions are everything");
    assert!(containers.iter().all(|one| one["name"].is_string() && one["cow_bytes_redundant"].is_u64()));
}

#[test]
fn the_engine_counts_exactly_what_the_workload_did() {
    check(&with_daemon(&["demo", "--json"]).ok().json());
}

#[test]
fn the_table_names_the_regions_and_the_law() {
    let text = with_daemon(&["demo"]).ok().out;
    assert!(text.contains("[workload/worker-writes]") && text.contains("[workload/parent-writes]"), "{text}");
    assert!(text.contains("engine model: captured ") && text.contains(" == counted "), "{text}");
}

/// A copy of both programs that any user can reach.
#[test]
fn an_ordinary_user_sees_the_same_numbers() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).expect("my folder");
    for (from, name) in [(std::path::Path::new(AGENT), "deltascope"), (boardd(), "deltascope-boardd")] {
        copy_program(from, &folder.path().join(name));
    }
    // The daemon is found beside the agent.
    let mut command = Command::new(folder.path().join("deltascope"));
    command.args(["demo", "--json"]).current_dir("/");
    let root = std::fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0);
    if root {
        command.uid(NOBODY).gid(NOBODY);
    }
    let report = finish(command).ok().json();
    check(&report);
    if root {
        assert_eq!(report["frames"], "exclusive_bit", "no frame numbers without CAP_SYS_ADMIN");
        assert_ne!(report["mode"], "exact");
    }
}

fn with_fault(fault: FrameFault) -> Outcome {
    let daemon = Daemon::start(boardd(), "model").expect("a daemon");
    let relay = relay(daemon.address(), fault);
    // Where nothing is passed on any more the agent connects again after this time; elsewhere it does not matter.
    let timeout = if fault == FrameFault::Hold { "2" } else { "60" };
    finish(agent(&["demo", "--json", "--timeout", timeout, "--connect", &relay.address().to_string()]))
}

#[test]
fn the_relay_alone_changes_nothing() {
    check(&with_fault(FrameFault::Nothing).ok().json());
}

#[test]
fn a_frame_that_comes_twice_counts_once() {
    check(&with_fault(FrameFault::RepeatFrame).ok().json());
}

#[test]
fn a_record_that_is_lost_is_no_number() {
    // The server counts one event less than the records that it has taken make.
    let outcome = with_fault(FrameFault::LoseRecord).fails(&["new events in Snapshot", "expected", "found"]);
    assert!(outcome.out.is_empty(), "{outcome:?}");
}

#[test]
fn a_changed_byte_shows_in_the_numbers_of_the_workload() {
    let outcome =
        with_fault(FrameFault::ChangeRecords).fails(&["workload/", "expected 128 copied and 64 redundant", "63"]);
    let report = outcome.json();
    assert_eq!(report["conserved"], true, "the records still count");
    assert_eq!(report["workload"], json!({"copied": 128, "redundant": 63}));
    assert_eq!(report["workload_parent_writes"], json!({"copied": 128, "redundant": 63}));
}

#[test]
fn damaged_stream_is_made_again_and_changes_no_number() {
    for fault in [FrameFault::DropByte, FrameFault::FlipBit, FrameFault::DropFrame, FrameFault::Cut, FrameFault::Hold] {
        println!("{fault:?}");
        let outcome = with_fault(fault).ok();
        assert!(outcome.err.contains("trying again"), "{fault:?}: {outcome:?}");
        check(&outcome.json());
    }
}
