//! An agent that is killed and started again resumes where it stopped: what the restarted one shows equals the reference of
//! the whole run.

mod support;

use std::path::Path;

use deltascope_agent::sources::SynthConfig;
use support::board::Board;
use support::reference::{check, reference};
use support::run::Run;
use support::{agent, finish};

const EVENTS: u64 = 3_000_000;
const CONFIG: SynthConfig =
    SynthConfig { seed: 5, events: EVENTS, containers: 40, sockets: 300, sends_percent: 50, redundant_percent: 30 };

fn arguments<'a>(board: &'a str, state: &'a [&'a str]) -> Vec<&'a str> {
    let run = ["run", "--json-lines", "--interval", "0.03", "--source", "synth", "--seed", "5", "--events", "3000000"];
    let more = ["--containers", "40", "--sockets", "300", "--connect", board];
    run.into_iter().chain(more).chain(state.iter().copied()).collect()
}

/// Whatever dies in between: owners, events, bytes and redundant ones are those of a run that nothing happened to.
#[test]
fn kills_of_agent_and_daemon_change_no_total() {
    let folder = tempfile::tempdir().expect("a folder");
    let state = ["--state-dir", folder.path().to_str().expect("a plain path")];
    let mut board = Board::start("127.0.0.1:0", &[]);
    let address = board.address.to_string();
    let arguments = arguments(&address, &state);
    Run::start(&arguments).kill(EVENTS);
    Run::start(&arguments).kill(EVENTS);
    // The daemon dies under an agent, which carries on; then that one dies too.
    let mut run = Run::start(&arguments);
    run.line();
    board.restart();
    run.line();
    run.kill(EVENTS);
    let report = Run::start(&arguments).last_line();
    check(&report, &reference(CONFIG), EVENTS);
    assert!(report["lost"].as_object().expect("reasons").values().all(|lost| lost == 0), "{report}");
}

/// Without the file in its folder it is not known what was counted before the daemon died, nor whose the groups were: that
/// is lost, and reported.
#[test]
fn what_nobody_kept_is_lost_by_agent_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let state = ["--state-dir", folder.path().to_str().expect("a plain path")];
    let mut board = Board::start("127.0.0.1:0", &[]);
    let address = board.address.to_string();
    let arguments = arguments(&address, &state);
    let mut run = Run::start(&arguments);
    let counted = run.line()["counted"].as_u64().expect("a number");
    board.restart();
    run.line();
    run.kill(EVENTS);
    for entry in std::fs::read_dir(folder.path()).expect("a folder").flatten() {
        if !entry.file_name().to_string_lossy().starts_with("agent.") {
            std::fs::remove_file(entry.path()).expect("what was kept");
        }
    }
    let report = Run::start(&arguments).last_line();
    assert_eq!((&report["captured"], &report["conserved"]), (&EVENTS.into(), &true.into()), "{report}");
    assert_eq!(report["in_flight"], 0);
    assert!(report["lost"]["agent_restart"].as_u64() >= Some(counted), "{counted} of {report}");
}

#[test]
fn a_recording_resumes_at_its_index_and_another_one_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).to_str().expect("a plain path").to_owned();
    let (file, other, state) = (path("one.rec"), path("two.rec"), path("state"));
    for (file, seed) in [(&file, "5"), (&other, "6")] {
        let made = ["record", file, "--source", "synth", "--seed", seed, "--events", "2000000"];
        finish(agent(&made)).ok();
    }
    let board = Board::start("127.0.0.1:0", &[]);
    let address = board.address.to_string();
    let replay = |file| {
        let run = ["run", "--json-lines", "--interval", "0.03", "--source", "replay", "--file", file];
        [&run[..], &["--connect", &address, "--state-dir", &state]].concat()
    };
    Run::start(&replay(&file)).kill(2_000_000);
    finish(agent(&replay(&other))).fails(&["replay", "checksum of its first events", "--state-dir"]);
    let report = Run::start(&replay(&file)).last_line();
    check(&report, &reference(SynthConfig { seed: 5, events: 2_000_000, ..SynthConfig::default() }), 2_000_000);
}

#[test]
fn two_agents_with_one_id_at_once_are_refused_by_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let state = ["--state-dir", folder.path().to_str().expect("a plain path")];
    let board = Board::start("127.0.0.1:0", &[]);
    let address = board.address.to_string();
    let endless = |state: &[&str]| {
        let run = ["run", "--json-lines", "--interval", "0.03", "--source", "synth", "--events", "0"];
        let more = ["--timeout", "60", "--outage", "5", "--connect", &address];
        [&run[..], &more, state].concat().into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    let first = endless(&state);
    let first: Vec<&str> = first.iter().map(String::as_str).collect();
    let mut run = Run::start(&first);
    run.line();
    finish(agent(&first)).fails(&["agent.id", "expected no other agent with this id"]);
    // On another host the lock is not seen; the board server sees both.
    let id = std::fs::read_to_string(Path::new(state[1]).join("agent.id")).expect("an id");
    let copy = tempfile::tempdir().expect("a folder");
    for file in ["agent.id", "agent.secret"] {
        std::fs::copy(Path::new(state[1]).join(file), copy.path().join(file)).expect("a copy");
    }
    let twin = endless(&["--state-dir", copy.path().to_str().expect("a plain path")]);
    let twin: Vec<&str> = twin.iter().map(String::as_str).collect();
    finish(agent(&twin)).fails(&["agent id", id.trim(), "expected one agent at a time"]);
    // A peer that knows the id alone is another agent, and an id alone is refused before it is sent.
    let stranger = endless(&["--agent-id", id.trim()]);
    let stranger: Vec<&str> = stranger.iter().map(String::as_str).collect();
    finish(agent(&stranger)).fails(&["--agent-id", "--state-dir", "--tls"]);
    assert_eq!(run.line()["conserved"], true);
    run.child.kill().expect("a child");
    run.child.wait().expect("a child");
    finish(agent(&["run", "--source", "scan", "--agent-id", id.trim()])).fails(&["--agent-id", "scan"]);
}
