//! Packets captured as they are sent, against a file of the same packets and what the programs on both ends know.

mod support;

use std::path::Path;
use std::process::Command;

use serde_json::Value;
use support::{AGENT, Outcome, agent, boardd, finish, report, with_daemon};

/// Contexts, of a number with which no two bodies of this traffic have the same one.
const CONTEXTS: &str = "8000";

/// A ring that takes all packets of this traffic, however long the agent waits for a processor.
const RING: [&str; 2] = ["--ring-bytes", "67108864"];

fn text(path: &Path) -> &str {
    path.to_str().expect("a plain path")
}

/// Rights of the agent.
#[derive(Clone, Copy, PartialEq)]
enum Rights {
    /// Those of root.
    Root,
    /// Those of root in a user namespace: it may load no BPF program.
    UserNamespace,
}

/// The rights that this test can give.
fn rights() -> Vec<Rights> {
    let root = rustix::process::geteuid().is_root().then_some(Rights::Root);
    root.into_iter().chain([Rights::UserNamespace]).collect()
}

/// A command in a network namespace of its own, which sees no other one of this machine: root sees no other processes, and
/// who is root in a user namespace may not look at them.
fn alone(rights: Rights) -> Command {
    let mut command = Command::new("unshare");
    command.args(match rights {
        Rights::Root => &["--net", "--pid", "--fork", "--kill-child", "--mount-proc"][..],
        Rights::UserNamespace => &["--map-root-user", "--net"],
    });
    command
}

/// Runs the agent beside a script, from when `file` is made.
fn beside(file: &Path, script: &[&str], arguments: &[&str], rights: Rights) -> Outcome {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let mut command = alone(rights);
    command.arg("python3").arg(folder.join("capture/beside.py")).arg(file).arg(folder.join(script[0]));
    command.args(&script[1..]).arg("--").arg(AGENT).args(arguments);
    finish(command)
}

/// Sends by content of all containers of a report.
fn sends(report: &Value) -> Vec<&Value> {
    let containers = report["containers"].as_array().expect("a list");
    containers.iter().map(|one| &one["sends_by_content"]).filter(|sends| !sends.is_null()).collect()
}

fn sum(sends: &[&Value], pointer: &str) -> u64 {
    sends.iter().map(|one| one.pointer(pointer).and_then(Value::as_u64).expect("a number")).sum()
}

/// The packets of a report: each is one of these.
fn packets_add_up(report: &Value) {
    let status = |name: &str| report["status"][name].as_u64().unwrap_or_else(|| panic!("{name}: {report}"));
    let parts = ["taken", "forwarded", "other_layer", "other", "dropped", "ring"];
    let sum: u64 = parts.iter().map(|part| status(&format!("{part}_packets"))).sum();
    assert_eq!(status("packets"), sum, "{report}");
}

#[test]
fn live_capture_equals_a_file_of_the_same_packets() {
    for rights in rights() {
        let folder = tempfile::tempdir().expect("a folder");
        let (live, file) = (folder.path().join("live.rec"), folder.path().join("traffic.pcap"));
        let script = ["pcap/traffic.py", text(folder.path()), "held"];
        let outcome =
            beside(&live, &script, &[&["record", text(&live), "--source", "capture"], &RING[..]].concat(), rights).ok();
        assert!(outcome.err.contains(" 0 lost"), "{outcome:?}");
        let expected = std::fs::read_to_string(folder.path().join("expected.json")).expect("the script wrote it");
        let expected: Value = serde_json::from_str(&expected).expect("JSON");
        // Which bodies have the same context depends on the name of the control group, which is the machine's.
        let numbers = [CONTEXTS, "7993", "7919", "7853", "7789"];
        let mut replays = numbers
            .iter()
            .map(|contexts| with_daemon(&["replay", text(&live), "--json", "--contexts", contexts]).ok().json());
        let live = replays.find(|report| report["body_contexts"]["evicted"] == 0).expect("a number without evictions");
        // In the file all addresses are one container, as all programs are in one control group.
        let mut read = vec!["run", "--json-lines", "--source", "pcap", "--pcap", text(&file), "--contexts", CONTEXTS];
        for name in ["127.0.0.1=all", "127.0.0.2=all", "127.0.0.3=all", "127.0.0.4=all"] {
            read.extend(["--map", name]);
        }
        let packets = report::last(&with_daemon(&read).ok().out);
        assert_eq!(sends(&live), sends(&packets), "{live}\n{packets}");
        assert_eq!(live["captured"], expected["sends"], "{live}");
        let all = sends(&live);
        assert!(
            sum(&all, "/peer/bytes_redundant") < sum(&all, "/container/bytes_redundant"),
            "the scopes differ: {live}"
        );
        let again = packets["send_bytes"]["sent_again"].as_u64();
        assert!(again >= expected["planted"]["bytes"].as_u64(), "{packets}");
    }
}

#[test]
fn every_round_of_a_run_adds_up_and_planted_repeats_are_sent_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let metrics = folder.path().join("metrics");
    let script = ["pcap/traffic.py", text(folder.path()), "held"];
    let run = ["run", "--json-lines", "--interval", "0.1", "--source", "capture", "--metrics", text(&metrics)];
    let more = ["--scope", "connection", "--contexts", CONTEXTS, "--boardd", text(boardd())];
    let outcome = beside(&metrics, &script, &[&run[..], &RING, &more].concat(), rights()[0]).ok();
    let expected = std::fs::read_to_string(folder.path().join("expected.json")).expect("the script wrote it");
    let expected: Value = serde_json::from_str(&expected).expect("JSON");
    let reports = deltascope_testkit::reports::all(&outcome.out).expect("reports");
    for report in &reports {
        assert_eq!(
            (&report["conserved"], &report["send_bytes"]["conserved"]),
            (&true.into(), &true.into()),
            "{report}"
        );
        packets_add_up(report);
    }
    let last = reports.last().expect("a report");
    assert_eq!((&last["status"]["ring_packets"], &last["send_bytes"]["in_flight"]), (&0.into(), &0.into()), "{last}");
    // The kernel may send some again by itself.
    let found = |name: &str| last["send_bytes"][name].as_u64().expect("a number");
    assert_eq!(last["status"]["other_packets"], 0, "what is not TCP stays in the kernel: {last}");
    assert!(found("sent_again") >= expected["planted"]["bytes"].as_u64().expect("a number"), "{last}");
    assert!(found("sent_again_segments") >= expected["planted"]["segments"].as_u64().expect("a number"), "{last}");
    // What the programs sent, and what agent and board server say to each other.
    assert!(last["captured"].as_u64() > expected["sends"].as_u64(), "{last}");
    let repeated = expected["containers"].as_object().expect("containers").values();
    let repeated: u64 = repeated.map(|one| one["connection"]["redundant"].as_u64().expect("a number")).sum();
    let hidden = last["body_contexts"]["evicted"].as_u64().expect("a number");
    assert!(sum(&sends(last), "/connection/redundant") + hidden >= repeated, "{repeated}: {last}");
    let names: Vec<_> = last["containers"].as_array().expect("a list").iter().map(|one| &one["name"]).collect();
    assert!(!names.contains(&&"unknown".into()), "every socket was there: {names:?}");
}

#[test]
fn forwarded_packets_count_where_they_were_sent() {
    for rights in rights() {
        let folder = tempfile::tempdir().expect("a folder");
        let live = folder.path().join("metrics");
        let script = ["capture/forward.py", text(folder.path())];
        let run = ["run", "--json-lines", "--source", "capture", "--metrics", text(&live), "--boardd", text(boardd())];
        let interfaces = ["--interface", "va0", "--interface", "va1", "--interface", "vb0", "--interface", "vb1"];
        let outcome = beside(&live, &script, &[&run[..], &RING, &interfaces].concat(), rights).ok();
        let expected = std::fs::read_to_string(folder.path().join("expected.json")).expect("the script wrote it");
        let expected: Value = serde_json::from_str(&expected).expect("JSON");
        let expected = |name: &str| expected[name].as_u64().expect("a number");
        let reports = deltascope_testkit::reports::all(&outcome.out).expect("reports");
        let most = reports.iter().map(|report| report["status"]["namespaces"].as_u64()).max();
        assert_eq!(most, Some(Some(3)), "{reports:?}");
        let last = reports.last().expect("a report");
        packets_add_up(last);
        assert_eq!(last["status"]["sees_ingress"], u64::from(rights == Rights::Root), "{last}");
        let payload = expected("turns") * (expected("question") + expected("answer"));
        let again = last["send_bytes"]["sent_again"].as_u64().expect("a number");
        assert_eq!(last["send_bytes"]["seen"].as_u64(), Some(payload + again), "each byte once: {last}");
        assert_eq!(sum(&sends(last), "/body_bytes"), payload, "{last}");
        let forwarded = last["status"]["forwarded_packets"].as_u64().expect("a number");
        assert!(forwarded > 0 && forwarded <= expected("forwarded_packets"), "{last}");
    }
}

#[test]
fn sends_are_charged_to_the_group_of_their_process() {
    for version in ["v2", "v1"] {
        let folder = tempfile::tempdir().expect("a folder");
        let live = folder.path().join("live.rec");
        let script = ["capture/groups.py", text(folder.path()), version];
        let record = ["record", text(&live), "--source", "capture", RING[0], RING[1]];
        let outcome = beside(&live, &script, &record, rights()[0]);
        if outcome.code == Some(77) {
            println!("no control group of version {version} can be made here");
            continue;
        }
        outcome.ok();
        let expected = std::fs::read_to_string(folder.path().join("expected.json")).expect("the script wrote it");
        let expected: Value = serde_json::from_str(&expected).expect("JSON");
        let report = with_daemon(&["replay", text(&live), "--json", "--contexts", CONTEXTS]).ok().json();
        let containers = report["containers"].as_array().expect("a list");
        for (path, expected) in expected.as_object().expect("an object") {
            let found = containers.iter().find(|one| one["cgroup"] == path.as_str());
            let sends = &found.unwrap_or_else(|| panic!("{path}: {report}"))["sends_by_content"];
            let pairs = [("bodies", "/bodies"), ("body_bytes", "/body_bytes"), ("redundant", "/container/redundant")];
            for (name, pointer) in pairs {
                assert_eq!(sends.pointer(pointer), expected.get(name), "{path} {name}: {report}");
            }
        }
    }
}

#[test]
fn what_cannot_be_captured_is_an_error_with_advice() {
    let mut command = alone(Rights::UserNamespace);
    let run = ["record", "/dev/null", "--force", "--source", "capture"];
    command.arg(AGENT).args(run).args(["--interface", "none0"]);
    finish(command).fails(&["--interface none0", "(lo)"]);
    let few = finish(agent(&[&run[..], &["--ring-bytes", "4096"]].concat())).fails(&["--ring-bytes", "1048576"]);
    assert!(!few.err.contains("CAP_NET_RAW"), "{few:?}");
    // Without any capability, in the network namespace of the machine.
    let mut command = Command::new("unshare");
    command.args(["--map-current-user", "--", "setpriv", "--bounding-set=-all", "--inh-caps=-all"]);
    command.arg(AGENT).args(run);
    finish(command).fails(&["expected a packet socket", "CAP_NET_RAW"]);
}
