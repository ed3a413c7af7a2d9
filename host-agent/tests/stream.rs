//! Sources through a daemon and back: what the engine counted is what the events say.

mod support;

use std::net::SocketAddr;

use deltascope_agent::daemon::Daemon;
use deltascope_agent::sources::SynthConfig;
use deltascope_testkit::frame_faults::{FrameFault, relay};
use deltascope_testkit::reference::containers;
use serde_json::Value;
use support::reference::{check, reference};
use support::report;
use support::run::Run;
use support::{Outcome, agent, boardd, finish, with_daemon};

fn last_line(outcome: &Outcome) -> Value {
    report::last(&outcome.out)
}

fn synth(events: &str, more: &[&str]) -> Vec<String> {
    let fixed = ["run", "--json-lines", "--source", "synth", "--seed", "5", "--events", events];
    fixed.iter().chain(more).map(|&text| text.to_owned()).collect()
}

fn strings(texts: &[String]) -> Vec<&str> {
    texts.iter().map(String::as_str).collect()
}

#[test]
fn every_event_is_counted_where_it_belongs() {
    let outcome = with_daemon(&strings(&synth("300000", &[]))).ok();
    let config = SynthConfig { seed: 5, events: 300_000, ..SynthConfig::default() };
    check(&last_line(&outcome), &reference(config), 300_000);
}

#[test]
fn more_containers_than_groups_are_folded_without_loss() {
    let arguments = synth("60000", &["--containers", "100", "--groups", "40"]);
    let outcome = with_daemon(&strings(&arguments)).ok();
    let config = SynthConfig { seed: 5, events: 60_000, containers: 100, ..SynthConfig::default() };
    check(&last_line(&outcome), &reference(config), 60_000);
}

#[test]
fn sockets_that_share_contexts_hide_waste_and_invent_none() {
    let arguments = synth("50000", &["--sockets", "500", "--contexts", "50"]);
    let report = last_line(&with_daemon(&strings(&arguments)).ok());
    let reference = reference(SynthConfig { seed: 5, events: 50_000, sockets: 500, ..SynthConfig::default() });
    let mut hidden = 0;
    for (name, found) in containers(&report).expect("a report") {
        let expected = &reference.containers[&name];
        assert_eq!((found.net_sends, found.cow_redundant), (expected.net_sends, expected.cow_redundant));
        assert!(found.net_redundant <= expected.net_redundant, "{found:?} against {expected:?}");
        hidden += expected.net_redundant - found.net_redundant;
    }
    assert!(hidden > 0, "so few contexts must hide something");
}

#[test]
fn a_recording_counts_like_the_source_it_came_from() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("synth.rec");
    let file = file.to_str().expect("a path");
    finish(agent(&["record", file, "--source", "synth", "--seed", "9", "--events", "70000"])).ok();
    let report = with_daemon(&["replay", file, "--json"]).ok().json();
    check(&report, &reference(SynthConfig { seed: 9, events: 70_000, ..SynthConfig::default() }), 70_000);
    let again = with_daemon(&["run", "--json-lines", "--source", "replay", "--file", file]).ok();
    assert_eq!(last_line(&again)["containers"], report["containers"]);
    let copy = folder.path().join("copy.rec");
    finish(agent(&["record", copy.to_str().expect("a path"), "--source", "replay", "--file", file])).ok();
    assert_eq!(std::fs::read(copy).expect("a copy"), std::fs::read(file).expect("the recording"));
}

#[test]
fn a_connection_that_breaks_is_made_again_and_nothing_is_lost_or_repeated() {
    let expected = reference(SynthConfig { seed: 5, events: 200_000, ..SynthConfig::default() });
    use FrameFault::{Cut, DropByte, DropFrame, FlipBit, RepeatFrame};
    for fault in [Cut, DropByte, FlipBit, RepeatFrame, DropFrame] {
        let daemon = Daemon::start(boardd(), "model").expect("a daemon");
        let relay = relay(daemon.address(), fault);
        let arguments = synth("200000", &["--timeout", "5", "--connect", &relay.address().to_string()]);
        let outcome = finish(agent(&strings(&arguments)));
        assert_eq!(outcome.code, Some(0), "{fault:?}: {outcome:?}");
        check(&last_line(&outcome), &expected, 200_000);
    }
}

#[test]
fn one_command_meets_nothing_of_another() {
    let daemon = Daemon::start(boardd(), "model").expect("a daemon");
    let address = daemon.address().to_string();
    let expected = reference(SynthConfig { seed: 5, events: 20_000, ..SynthConfig::default() });
    for _ in 0..3 {
        let outcome = finish(agent(&strings(&synth("20000", &["--connect", &address])))).ok();
        check(&last_line(&outcome), &expected, 20_000);
    }
}

#[test]
fn a_scan_is_a_state_and_its_rounds_are_not_added() {
    let pid = std::process::id().to_string();
    let boardd = boardd().to_str().expect("a plain path");
    let arguments = ["run", "--pid", &pid, "--json-lines", "--interval", "0.1", "--boardd", boardd];
    let mut run = Run::start(&arguments);
    let lines: Vec<Value> = std::iter::repeat_with(|| run.line()).take(3).collect();
    run.signal("INT");
    run.end();
    let mut counted = 0;
    for line in &lines {
        assert_eq!(line["gauges"], true);
        let keys = ["cow_copies", "born_after_fork", "origin_unknown"];
        let containers = line["containers"].as_array().expect("an array").iter();
        counted += containers.flat_map(|one| keys.map(|key| one[key].as_u64().expect("a number"))).sum::<u64>();
        assert_eq!(line["counted"].as_u64(), Some(counted), "the session holds all rounds, a line only its own");
    }
}

#[test]
fn ctrl_c_ends_a_run_with_its_numbers_and_without_its_daemon() {
    let boardd = boardd().to_str().expect("a plain path");
    let mut run = Run::start(&strings(&synth("0", &["--interval", "0.05", "--boardd", boardd])));
    let first = run.line();
    let id = run.child.id();
    let children = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children")).expect("its children");
    let daemon = children.split_whitespace().next().expect("its daemon").to_owned();
    run.signal("INT");
    let report = run.last_line();
    assert_eq!(report["conserved"], true);
    assert!(report["captured"].as_u64() >= first["captured"].as_u64(), "{report}");
    assert!(!std::path::Path::new(&format!("/proc/{daemon}")).exists(), "the daemon is gone");
}

#[test]
fn the_address_of_a_daemon_is_one_that_answers() {
    let daemon = Daemon::start(boardd(), "model").expect("a daemon");
    let address: SocketAddr = daemon.address();
    assert!(address.ip().is_loopback() && address.port() != 0);
    std::net::TcpStream::connect(address).expect("it answers");
    drop(daemon);
    assert!(std::net::TcpStream::connect(address).is_err(), "it ended with its handle");
}

#[test]
fn lines_stay_within_the_limit_of_a_log() {
    let outcome = with_daemon(&strings(&synth("20000", &["--containers", "200", "--interval", "100"]))).ok();
    let expected = reference(SynthConfig { seed: 5, events: 20_000, containers: 200, ..SynthConfig::default() });
    // As journald and Docker take them.
    assert!(outcome.out.lines().all(|line| line.len() <= 16_000), "{:?}", outcome.out.lines().map(str::len).max());
    let lines: Vec<Value> = outcome.out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let last = lines.iter().rposition(|line| line.get("captured").is_some()).expect("a first part");
    let mut whole = lines[last].clone();
    for part in &lines[last + 1..] {
        let more = part["containers"].as_array().expect("a list").clone();
        whole["containers"].as_array_mut().expect("a list").extend(more);
    }
    assert!(lines.len() > last + 1 && lines[last]["parts"] == lines.len() - last);
    check(&whole, &expected, 20_000);
}
