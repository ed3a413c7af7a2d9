//! An agent that is killed and started again goes on where it stopped: what the restarted one shows equals the reference of
//! the whole run.

mod support;

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use deltascope_agent::sources::SynthConfig;
use serde_json::Value;
use support::reference::{check, reference};
use support::{agent, boardd, end, finish};

/// A daemon that can be killed and started again at one address.
struct Board {
    child: Child,
    address: SocketAddr,
}

impl Board {
    fn start(address: &str) -> Board {
        let mut command = Command::new(boardd());
        command.args(["--listen", address]).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("the daemon starts");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("standard output is piped");
        BufReader::new(stdout).read_line(&mut line).expect("the daemon says where it listens");
        let address = line.trim().strip_prefix("listening on ").and_then(|text| text.parse().ok());
        Board { child, address: address.expect("its address") }
    }

    /// kill -9, and another one in its place.
    fn restart(&mut self) {
        let address = self.address;
        self.kill();
        *self = Board::start(&address.to_string());
    }

    fn kill(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

impl Drop for Board {
    fn drop(&mut self) {
        self.kill();
    }
}

/// An agent under way, and the lines that it prints.
struct Run {
    child: Child,
    lines: BufReader<std::process::ChildStdout>,
}

impl Run {
    fn start(arguments: &[&str]) -> Run {
        let mut child = agent(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
        let lines = BufReader::new(child.stdout.take().expect("standard output is piped"));
        Run { child, lines }
    }

    fn line(&mut self) -> Value {
        let mut line = String::new();
        self.lines.read_line(&mut line).expect("a pipe");
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"))
    }

    /// kill -9 at a moment when it has more to do.
    fn kill(mut self, events: u64) {
        let line = self.line();
        assert!(line["captured"].as_u64() < Some(events), "too fast for this test: {line}");
        assert_eq!(line["conserved"], true, "{line}");
        self.child.kill().expect("a child");
        self.child.wait().expect("a child");
    }

    fn last_line(mut self) -> Value {
        let mut text = String::new();
        while self.lines.read_line(&mut text).expect("a pipe") > 0 {}
        end(self.child).ok();
        serde_json::from_str(text.lines().last().expect("a line")).expect("JSON")
    }
}

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
    let mut board = Board::start("127.0.0.1:0");
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

/// Without the file in its folder an agent does not know what was counted before the daemon died, nor whose the groups
/// were: that is lost, and reported.
#[test]
fn what_nobody_kept_is_lost_by_agent_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let state = ["--state-dir", folder.path().to_str().expect("a plain path")];
    let mut board = Board::start("127.0.0.1:0");
    let address = board.address.to_string();
    let arguments = arguments(&address, &state);
    let mut run = Run::start(&arguments);
    let counted = run.line()["counted"].as_u64().expect("a number");
    board.restart();
    run.line();
    run.kill(EVENTS);
    std::fs::remove_file(folder.path().join("session.json")).expect("what was kept");
    let report = Run::start(&arguments).last_line();
    assert_eq!((&report["captured"], &report["conserved"]), (&EVENTS.into(), &true.into()), "{report}");
    assert_eq!(report["in_flight"], 0);
    assert!(report["lost"]["agent_restart"].as_u64() >= Some(counted), "{counted} of {report}");
}

#[test]
fn a_recording_goes_on_at_its_index_and_another_one_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).to_str().expect("a plain path").to_owned();
    let (file, other, state) = (path("one.rec"), path("two.rec"), path("state"));
    for (file, seed) in [(&file, "5"), (&other, "6")] {
        let made = ["record", file, "--source", "synth", "--seed", seed, "--events", "2000000"];
        finish(agent(&made)).ok();
    }
    let board = Board::start("127.0.0.1:0");
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
    let board = Board::start("127.0.0.1:0");
    let address = board.address.to_string();
    let endless = |state: &[&str]| {
        let run = ["run", "--json-lines", "--interval", "0.03", "--source", "synth", "--events", "0"];
        let more = ["--timeout", "1", "--connect", &address];
        [&run[..], &more, state].concat().into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    let first = endless(&state);
    let first: Vec<&str> = first.iter().map(String::as_str).collect();
    let mut run = Run::start(&first);
    run.line();
    finish(agent(&first)).fails(&["agent.id", "expected no other agent with this id"]);
    // On another host nobody sees the lock; the board server sees both.
    let id = std::fs::read_to_string(Path::new(state[1]).join("agent.id")).expect("an id");
    let copy = tempfile::tempdir().expect("a folder");
    for file in ["agent.id", "agent.secret"] {
        std::fs::copy(Path::new(state[1]).join(file), copy.path().join(file)).expect("a copy");
    }
    let twin = endless(&["--state-dir", copy.path().to_str().expect("a plain path")]);
    let twin: Vec<&str> = twin.iter().map(String::as_str).collect();
    finish(agent(&twin)).fails(&["agent id", id.trim(), "expected one agent at a time"]);
    // Whoever knows the id alone is another agent, and an id alone is refused before it is sent.
    let stranger = endless(&["--agent-id", id.trim()]);
    let stranger: Vec<&str> = stranger.iter().map(String::as_str).collect();
    finish(agent(&stranger)).fails(&["--agent-id", "--state-dir", "--tls"]);
    assert_eq!(run.line()["conserved"], true);
    run.child.kill().expect("a child");
    run.child.wait().expect("a child");
    finish(agent(&["run", "--source", "scan", "--agent-id", id.trim()])).fails(&["--agent-id", "scan"]);
}
