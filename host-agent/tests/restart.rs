//! An agent that is killed and started again resumes where it stopped: what the restarted one shows equals the reference of
//! the whole run.

mod support;

use std::path::Path;

use deltascope_agent::sources::SynthConfig;
use support::board::Board;
use support::held::{Held, Recorded};
use support::reference::{check, reference};
use support::run::Run;
use support::{agent, finish};

const EVENTS: u64 = 1_500_000;
const CONFIG: SynthConfig = SynthConfig {
    seed: 5,
    events: EVENTS,
    containers: 40,
    senders: 0,
    sockets: 300,
    sends_percent: 50,
    redundant_percent: 30,
};
/// Time between two reports: less than it takes to read what a test lets pass.
const INTERVAL: [&str; 2] = ["--interval", "0.001"];

/// An agent that replays `file`.
fn replay(file: &Path, board: &str, state: &Path) -> Run {
    let mut command = agent(&["run", "--json-lines", "--source", "replay", "--connect", board]);
    command.args(INTERVAL).arg("--file").arg(file).arg("--state-dir").arg(state);
    Run::of(command)
}

/// The daemon dies under an agent, which carries on.
fn restart_under(board: &mut Board, run: &mut Run, held: &Held, share: f64) {
    let before = run.line()["captured"].as_u64().expect("a number");
    board.restart();
    run.errors.until("resumed after");
    held.give(share);
    run.line_after(before);
}

/// Whatever dies in between: owners, events, bytes and redundant ones are those of a run that nothing happened to.
#[test]
fn kills_of_agent_and_daemon_change_no_total() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut recorded = Recorded::new(&CONFIG);
    let mut board = Board::start("127.0.0.1:0", &[]);
    let address = board.address.to_string();
    for share in [0.2, 0.4] {
        replay(recorded.held(share).path(), &address, folder.path()).kill();
    }
    let held = recorded.held(0.6);
    let mut run = replay(held.path(), &address, folder.path());
    restart_under(&mut board, &mut run, &held, 0.8);
    run.kill();
    let report = replay(Path::new(&recorded.file()), &address, folder.path()).last_line();
    check(&report, &reference(CONFIG), EVENTS);
    assert!(report["lost"].as_object().expect("reasons").values().all(|lost| lost == 0), "{report}");
}

/// Events that a generator makes again are those that it made before.
#[test]
fn killed_generator_resumes_at_its_next_event() {
    let folder = tempfile::tempdir().expect("a folder");
    let board = Board::start("127.0.0.1:0", &[]);
    let address = board.address.to_string();
    let synth = |events: u64| {
        let mut command = agent(&["run", "--json-lines", "--source", "synth", "--seed", "5", "--connect", &address]);
        command.args(["--containers", "40", "--sockets", "300"]).args(INTERVAL);
        command.arg("--events").arg(events.to_string()).arg("--state-dir").arg(folder.path());
        Run::of(command)
    };
    // Without an end, so that there is more to do when it is killed.
    let mut run = synth(0);
    run.line();
    run.child.kill().expect("a child");
    run.child.wait().expect("a child");
    let mut last = 0;
    while let Some(line) = support::report::next(|| run.lines.next()) {
        last = line["captured"].as_u64().expect("a number");
    }
    // Behind its last report it made what an interval and a round hold.
    let events = last + 2_000_000;
    check(&synth(events).last_line(), &reference(SynthConfig { events, ..CONFIG }), events);
}

/// Without the file in its folder it is not known what was counted before the daemon died, nor whose the groups were: that
/// is lost, and reported.
#[test]
fn what_nobody_kept_is_lost_by_agent_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut recorded = Recorded::new(&CONFIG);
    let mut board = Board::start("127.0.0.1:0", &[]);
    let address = board.address.to_string();
    let held = recorded.held(0.3);
    let mut run = replay(held.path(), &address, folder.path());
    let counted = run.line()["counted"].as_u64().expect("a number");
    restart_under(&mut board, &mut run, &held, 0.6);
    run.kill();
    for entry in std::fs::read_dir(folder.path()).expect("a folder").flatten() {
        if !entry.file_name().to_string_lossy().starts_with("agent.") {
            std::fs::remove_file(entry.path()).expect("what was kept");
        }
    }
    let report = replay(Path::new(&recorded.file()), &address, folder.path()).last_line();
    assert_eq!((&report["captured"], &report["conserved"]), (&EVENTS.into(), &true.into()), "{report}");
    assert_eq!(report["in_flight"], 0);
    assert!(report["lost"]["agent_restart"].as_u64() >= Some(counted), "{counted} of {report}");
}

#[test]
fn a_recording_resumes_at_its_index_and_another_one_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut one, two) = (Recorded::new(&CONFIG), Recorded::new(&SynthConfig { seed: 6, ..CONFIG }));
    let board = Board::start("127.0.0.1:0", &[]);
    let address = board.address.to_string();
    replay(one.held(0.5).path(), &address, folder.path()).kill();
    let other = replay(Path::new(&two.file()), &address, folder.path());
    other.end().fails(&["replay", "checksum of its first events", "--state-dir"]);
    check(&replay(Path::new(&one.file()), &address, folder.path()).last_line(), &reference(CONFIG), EVENTS);
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
    let other = endless(&["--agent-id", id.trim()]);
    let other: Vec<&str> = other.iter().map(String::as_str).collect();
    finish(agent(&other)).fails(&["--agent-id", "--state-dir", "--tls"]);
    assert_eq!(run.line()["conserved"], true);
    run.child.kill().expect("a child");
    run.child.wait().expect("a child");
    finish(agent(&["run", "--source", "scan", "--agent-id", id.trim()])).fails(&["--agent-id", "scan"]);
}
