//! How many agents one board server with its defaults serves, and what becomes of the places of those that are killed.

mod support;

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::Value;
use support::run::signal;
use support::{agent, boardd};

/// A program that is killed at the end, and the lines that it prints.
struct Program {
    child: Child,
    lines: BufReader<ChildStdout>,
}

impl Program {
    fn start(mut command: Command) -> Program {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
        let lines = BufReader::new(child.stdout.take().expect("standard output is piped"));
        Program { child, lines }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.lines.read_line(&mut line).expect("a pipe");
        line
    }

    /// The next report.
    fn report(&mut self) -> Value {
        let line = self.line();
        serde_json::from_str(&line).unwrap_or_else(|error| {
            let mut said = String::new();
            if let Some(mut stderr) = self.child.stderr.take() {
                _ = self.child.kill();
                _ = std::io::Read::read_to_string(&mut stderr, &mut said);
            }
            panic!("{error}: {line:?}; the agent said {said:?}")
        })
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

/// A daemon with its defaults, and its address.
fn board() -> (Program, String) {
    let mut command = Command::new(boardd());
    command.args(["--listen", "127.0.0.1:0"]);
    let mut board = Program::start(command);
    let line = board.line();
    let address = line.trim().strip_prefix("listening on ").unwrap_or_else(|| panic!("{line:?}")).to_owned();
    (board, address)
}

fn run(address: &str, more: &[&str]) -> Program {
    let fixed = ["run", "--json-lines", "--interval", "0.05", "--timeout", "60", "--connect", address];
    Program::start(agent(&[&fixed[..], more].concat()))
}

const SYNTH: [&str; 6] = ["--source", "synth", "--events", "0", "--containers", "20"];

#[test]
fn daemon_with_its_defaults_serves_32_agents() {
    let (_board, address) = board();
    let mut agents: Vec<_> = (0..32).map(|_| run(&address, &SYNTH)).collect();
    for agent in &mut agents {
        // Each has more containers than groups in its first grant.
        let report = agent.report();
        assert_eq!(report["conserved"], true, "{report}");
        assert!(report["captured"].as_u64() > Some(0), "{report}");
    }
}

/// The default source has an identity that survives a restart: the next process has the place of the one before.
#[test]
fn restarted_scan_has_the_place_of_the_process_before() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut board, address) = board();
    let own = std::process::id().to_string();
    let state = ["--state-dir", folder.path().to_str().expect("a plain path")];
    for _ in 0..5 {
        let scan = [&["--source", "scan", "--pid", &own][..], &state].concat();
        let report = run(&address, &scan).report();
        assert_eq!(report["conserved"], true, "{report}");
    }
    signal(&board.child, "USR1");
    let status = board.report();
    assert_eq!((&status["sessions"], &status["connections_total"]), (&1.into(), &5.into()), "{status}");
}

/// More agents are killed than there are sessions, within the time that a session waits for its agent.
#[test]
fn places_of_killed_agents_are_there_for_others() {
    let (_board, address) = board();
    for _ in 0..70 {
        assert_eq!(run(&address, &SYNTH).report()["conserved"], true);
    }
    let folder = tempfile::tempdir().expect("a folder");
    let state = ["--state-dir", folder.path().to_str().expect("a plain path")];
    assert_eq!(run(&address, &[&SYNTH[..], &state].concat()).report()["conserved"], true);
}
