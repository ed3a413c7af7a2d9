//! Files of packets from the command line to the report, against what the programs on both ends know that they sent.

mod support;

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use support::board::Board;
use support::run::Run;
use support::{agent, finish, report, with_daemon};

fn text(path: &Path) -> &str {
    path.to_str().expect("a plain path")
}

/// Traffic of a network namespace of its own, and what must be counted of it.
fn traffic(folder: &Path) -> (PathBuf, Value) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pcap/traffic.py");
    let mut command = Command::new("unshare");
    command.args(["--map-root-user", "--net", "python3"]).arg(script).arg(folder);
    finish(command).ok();
    let expected = std::fs::read_to_string(folder.join("expected.json")).expect("the script wrote it");
    (folder.join("traffic.pcap"), serde_json::from_str(&expected).expect("JSON"))
}

/// Contexts, of a number with which no two bodies of this traffic have the same one.
const CONTEXTS: &str = "8009";
const NAMES: [&str; 6] =
    ["--map", "127.0.0.1:80=web", "--map", "127.0.0.1:6379=cache", "--map", "127.0.0.1:443=secret"];

fn check(found: &Value, expected: &Value, with_connections: bool) {
    assert_eq!((&found["captured"], &found["counted"]), (&expected["sends"], &expected["sends"]), "{found}");
    assert_eq!((&found["conserved"], &found["send_bytes"]["conserved"]), (&json!(true), &json!(true)), "{found}");
    assert_eq!(found["body_contexts"]["evicted"], 0, "the traffic is the same each time: {found}");
    let containers = found["containers"].as_array().expect("a list");
    assert_eq!(Some(containers.len()), expected["containers"].as_object().map(serde_json::Map::len), "{found}");
    for one in containers {
        let name = one["name"].as_str().expect("a name");
        let mut expected = expected["containers"][name].clone();
        if !with_connections {
            expected.as_object_mut().expect("numbers").remove("connection");
        }
        assert_eq!(one["sends_by_content"], expected, "{name}");
    }
}

#[test]
fn real_traffic_equals_what_the_programs_sent() {
    let folder = tempfile::tempdir().expect("a folder");
    let (file, expected) = traffic(folder.path());
    let run = ["run", "--json-lines", "--source", "pcap", "--pcap", text(&file), "--contexts", CONTEXTS];
    let found = report::last(&with_daemon(&[&run[..], &NAMES].concat()).ok().out);
    check(&found, &expected, false);
    assert_eq!(found["send_bytes"]["missing"], 0, "{found}");
    let web = &expected["containers"]["web"];
    let bytes = |scope: &str| web[scope]["bytes_redundant"].as_u64().expect("a number");
    assert!(bytes("peer") < bytes("container") && bytes("peer") > 0, "the scopes differ: {web}");
    // On request a third scope, and the others are the same.
    let scope = ["--scope", "connection"];
    let of_connections = report::last(&with_daemon(&[&run[..], &NAMES, &scope].concat()).ok().out);
    check(&of_connections, &expected, true);
    let repeated = |name: &str| expected["containers"][name]["connection"]["redundant"].as_u64().expect("a number");
    assert!(repeated("127.0.0.2") > 0 && repeated("cache") == 0, "both kinds of connections are there: {expected}");
    // A recording of it has the same counters.
    let recording = folder.path().join("sends.rec");
    let record = ["record", text(&recording), "--source", "pcap", "--pcap", text(&file)];
    finish(agent(&[&record[..], &NAMES].concat())).ok();
    let replayed = with_daemon(&["replay", text(&recording), "--json", "--contexts", CONTEXTS]).ok().json();
    assert_eq!(replayed["containers"], found["containers"]);
    let metrics = folder.path().join("metrics");
    let plain = ["run", "--source", "pcap", "--pcap", text(&file), "--metrics", text(&metrics)];
    let written = || std::fs::read_to_string(&metrics).expect("metrics");
    let table = with_daemon(&[&plain[..], &NAMES].concat()).ok().out;
    assert!(table.contains("again in container") && table.contains("bytes seen"), "{table}");
    assert!(!table.contains("connection") && !written().contains("scope=\"connection\""), "{table}");
    let table = with_daemon(&[&plain[..], &NAMES, &scope].concat()).ok().out;
    assert!(table.contains("again on connection") && written().contains("scope=\"connection\""), "{table}");
}

#[test]
fn an_agent_that_was_killed_resumes_in_the_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let (file, expected) = traffic(folder.path());
    let state = folder.path().join("state");
    let board = Board::start("127.0.0.1:0", &[]);
    let address = board.address.to_string();
    let run = ["run", "--json-lines", "--source", "pcap", "--pcap", text(&file), "--contexts", CONTEXTS];
    let more = ["--connect", &address, "--state-dir", text(&state)];
    let arguments = [&run[..], &more, &NAMES, &["--scope", "connection"]].concat();
    // Killed at any moment, also before its first record and after its last one.
    for _ in 0..3 {
        let mut run = Run::start(&arguments);
        std::thread::sleep(std::time::Duration::from_millis(20));
        _ = run.child.kill();
        run.end();
    }
    check(&Run::start(&arguments).last_line(), &expected, true);
}

#[test]
fn files_that_are_none_are_errors() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("text.pcap");
    std::fs::write(&file, "no packets").expect("ours");
    let run = |more: &[&str]| with_daemon(&[&["run", "--source", "pcap"], more].concat());
    run(&["--pcap", text(&file)]).fails(&["text.pcap", "pcap or pcapng"]);
    run(&["--pcap", text(&folder.path().join("none"))]).fails(&["none", "cannot read it"]);
    run(&[]).fails(&["--pcap"]);
    with_daemon(&["run", "--source", "synth", "--scope", "connection"])
        .fails(&["--scope connection", "capture or pcap"]);
    run(&["--pcap", text(&file), "--map", "web"]).fails(&["ADDRESS=NAME"]);
}
