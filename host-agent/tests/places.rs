//! How many agents one board server with its defaults serves, and what becomes of the places of those that are killed.

mod support;

use std::io::{BufRead, BufReader};
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
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

/// User and group `nobody` of Debian.
const NOBODY: u32 = 65_534;

fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|about| about.uid() == 0)
}

/// Starts a scan three times, one after the other, and demands that all three had one place. `start` makes the command of
/// the first arguments, and `target` is a process that the scan may read.
fn scan_keeps_its_place(target: &Child, start: impl Fn(&[&str]) -> Command) {
    let (mut board, address) = board();
    for _ in 0..3 {
        let pid = target.id().to_string();
        let report = ["run", "--json-lines", "--interval", "0.05", "--timeout", "60", "--connect", &address];
        let command = start(&[&report[..], &["--source", "scan", "--pid", &pid]].concat());
        let report = Program::start(command).report();
        assert_eq!(report["conserved"], true, "{report}");
    }
    signal(&board.child, "USR1");
    let status = board.report();
    assert_eq!((&status["sessions"], &status["connections_total"]), (&1.into(), &3.into()), "{status}");
}

/// Without --state-dir the identity is where systemd, the user or the home states; an ordinary user has no other folder.
#[test]
fn restarted_scan_of_a_user_has_its_place_from_each_default_folder() {
    const VARIABLES: [&str; 3] = ["STATE_DIRECTORY", "XDG_STATE_HOME", "HOME"];
    let as_user = |command: &mut Command| {
        if is_root() {
            command.uid(NOBODY).gid(NOBODY);
        }
    };
    for (variable, list, below) in [
        ("STATE_DIRECTORY", "", "scan"),
        ("STATE_DIRECTORY", ":/nonexistent", "scan"),
        ("XDG_STATE_HOME", "", "deltascope/scan"),
        ("HOME", "", ".local/state/deltascope/scan"),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        if is_root() {
            std::os::unix::fs::chown(folder.path(), Some(NOBODY), Some(NOBODY)).expect("the user's folder");
        }
        let mut sleep = Command::new("sleep");
        as_user(sleep.arg("600"));
        let sleep = Killed(sleep.spawn().expect("sleep"));
        scan_keeps_its_place(&sleep.0, |arguments| {
            let mut command = agent(arguments);
            as_user(&mut command);
            for other in VARIABLES {
                command.env_remove(other);
            }
            command.env(variable, format!("{}{list}", folder.path().display()));
            command
        });
        assert!(folder.path().join(below).join("agent.id").is_file(), "{variable}");
    }
}

/// As root the identity is in the folder of the system's services, before that of the home.
#[test]
fn restarted_scan_of_root_has_its_place_from_the_folder_of_services() {
    // A view of the mounts in which /var/lib is a folder of the test.
    let unshare = |arguments: &[&str]| {
        let mut command = Command::new("unshare");
        command.arg("--mount").args((!is_root()).then_some("--map-root-user")).args(arguments);
        command
    };
    if !unshare(&["true"]).stderr(Stdio::null()).status().is_ok_and(|status| status.success()) {
        eprintln!("not shown: this user may have no mounts of its own");
        return;
    }
    let (folder, home) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a home"));
    let sleep = Killed(Command::new("sleep").arg("600").spawn().expect("sleep"));
    scan_keeps_its_place(&sleep.0, |arguments| {
        let plain = agent(arguments);
        let script = "mount --bind \"$0\" /var/lib && exec \"$@\"";
        let mut command = unshare(&["sh", "-c", script]);
        command.arg(folder.path()).arg(plain.get_program()).args(plain.get_args());
        command.env_remove("STATE_DIRECTORY").env("XDG_STATE_HOME", home.path()).env("HOME", home.path());
        command
    });
    assert!(folder.path().join("deltascope/scan/agent.id").is_file());
    assert_eq!(std::fs::read_dir(home.path()).expect("a folder").count(), 0, "the home has nothing");
}

/// A process that is killed at the end.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        _ = self.0.kill();
        _ = self.0.wait();
    }
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
