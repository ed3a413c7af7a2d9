//! A run outlives its board server, the server's address and a pause of its own, exact to the event.

mod support;

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use deltascope_agent::sources::SynthConfig;
use deltascope_protocol::frame::ErrorCode;
use support::board::Board;
use support::held::Recorded;
use support::reference::{check, reference};
use support::refusing;
use support::run::Run;
use support::{AGENT, agent, finish};

const EVENTS: u64 = 3_000_000;
const CONFIG: SynthConfig = SynthConfig {
    seed: 5,
    events: EVENTS,
    containers: 40,
    senders: 0,
    sockets: 300,
    sends_percent: 50,
    redundant_percent: 30,
};

fn synth<'a>(more: &[&'a str]) -> Vec<&'a str> {
    let run = ["run", "--json-lines", "--interval", "0.03", "--source", "synth", "--seed", "5", "--events", "3000000"];
    [&run[..], &["--containers", "40", "--sockets", "300"], more].concat()
}

/// Arguments of an agent that replays a recording, with reports more often than a test lets it pass.
fn replay<'a>(file: &'a Path, more: &[&'a str]) -> Vec<&'a str> {
    let file = file.to_str().expect("a plain path");
    [&["run", "--json-lines", "--interval", "0.001", "--source", "replay", "--file", file], more].concat()
}

#[test]
fn outage_is_survived_exact_to_the_event_with_and_without_a_folder() {
    let folder = tempfile::tempdir().expect("a folder");
    let state = ["--state-dir", folder.path().to_str().expect("a plain path")];
    let mut recorded = Recorded::new(&CONFIG);
    for state in [&[] as &[&str], &state] {
        let mut board = Board::start("127.0.0.1:0", &[]);
        let address = board.address.to_string();
        let held = recorded.held(0.5);
        let mut run = Run::start(&replay(held.path(), &[&["--connect", &address], state].concat()));
        run.line();
        board.kill();
        run.errors.until("trying again");
        board.restart();
        run.errors.until("resumed after");
        held.give(1.0);
        check(&run.last_line(), &reference(CONFIG), EVENTS);
    }
}

#[test]
fn server_that_comes_later_is_waited_for() {
    let address = Board::start("127.0.0.1:0", &[]).address.to_string();
    let run = Run::start(&synth(&["--connect", &address]));
    run.errors.until("trying again");
    let _board = Board::start(&address, &[]);
    check(&run.last_line(), &reference(CONFIG), EVENTS);
}

#[test]
fn passing_refusals_are_waited_out() {
    for code in [ErrorCode::Limit, ErrorCode::NoCapacity, ErrorCode::Shutdown] {
        let board = Board::start("127.0.0.1:0", &[]);
        let proxy = refusing::start(board.address, code, 3).to_string();
        let run = Run::start(&synth(&["--connect", &proxy]));
        run.errors.until(&format!("{code:?}"));
        check(&run.last_line(), &reference(CONFIG), EVENTS);
    }
}

#[test]
fn server_that_welcomes_and_drops_is_an_outage() {
    let board = Board::start("127.0.0.1:0", &[]);
    let proxy = refusing::start_dropping(board.address).to_string();
    let endless = ["run", "--json-lines", "--source", "synth", "--events", "0"];
    let run = Run::start(&[&endless[..], &["--outage", "2", "--connect", &proxy]].concat());
    run.end().fails(&["trying again", "longest outage allowed"]);
}

/// Takes every connection and reports nothing.
fn silent_at(listener: TcpListener) {
    std::thread::spawn(move || {
        let taken: Vec<_> = listener.incoming().collect();
        drop(taken);
    });
}

#[test]
fn limit_of_an_outage_bounds_a_server_that_takes_the_connection_and_is_silent() {
    let silent = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = silent.local_addr().expect("an address").to_string();
    silent_at(silent);
    // No attempt ends by its own limit before the test does.
    let more = ["--timeout", "3600", "--outage", "2", "--connect", &address];
    for command in [&["scan"][..], &["run", "--source", "synth", "--events", "0"], &["run"]] {
        let outcome = finish(agent(&[command, &more].concat()));
        outcome.fails(&["waiting for its welcome", "no progress for 2 s", "--outage"]);
    }
    // A session that had a server.
    let mut board = Board::start("127.0.0.1:0", &[]);
    let address = board.address.to_string();
    let more = ["--timeout", "3600", "--outage", "5", "--connect", &address];
    let mut run = Run::start(&[&["run", "--json-lines", "--source", "synth", "--events", "0"][..], &more].concat());
    run.line();
    board.kill();
    let silent = loop {
        match TcpListener::bind(&address) {
            Ok(silent) => break silent,
            Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::AddrInUse, "{error}"),
        }
    };
    silent_at(silent);
    run.end().fails(&["trying again", "no progress for 5 s", "--outage"]);
}

/// The agent's command in a mount namespace of its own, where `hosts` is /etc/hosts.
fn with_hosts(hosts: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("unshare");
    command.args(["--map-root-user", "--mount", "sh", "-c"]);
    command.args(["mount --bind \"$0\" /etc/hosts && exec \"$@\"", hosts.to_str().expect("a plain path"), AGENT]);
    command.args(arguments);
    command
}

#[test]
fn every_address_of_a_name_is_tried() {
    let folder = tempfile::tempdir().expect("a folder");
    let hosts = folder.path().join("hosts");
    let board = Board::start("127.0.0.1:0", &[]);
    let name = format!("board:{}", board.address.port());
    for first in ["::1", "127.9.9.9"] {
        fs::write(&hosts, format!("{first} board\n127.0.0.1 board\n")).expect("ours");
        let report = Run::of(with_hosts(&hosts, &synth(&["--connect", &name]))).last_line();
        check(&report, &reference(CONFIG), EVENTS);
    }
    fs::write(&hosts, "127.9.9.9 board\n127.8.8.8 board\n").expect("ours");
    let outcome = support::finish(with_hosts(&hosts, &synth(&["--outage", "1", "--connect", &name])));
    outcome.fails(&["127.9.9.9:", "127.8.8.8:", "cannot connect to board:"]);
}

#[test]
fn name_is_resolved_again_for_each_attempt() {
    let folder = tempfile::tempdir().expect("a folder");
    let hosts = folder.path().join("hosts");
    fs::write(&hosts, "127.0.0.1 board\n").expect("ours");
    let mut board = Board::start("127.0.0.1:0", &[]);
    let port = board.address.port();
    let mut recorded = Recorded::new(&CONFIG);
    let held = recorded.held(0.5);
    let mut run = Run::of(with_hosts(&hosts, &replay(held.path(), &["--connect", &format!("board:{port}")])));
    run.line();
    board.kill();
    run.errors.until("trying again");
    // The same file: the namespace has that one mounted.
    fs::write(&hosts, "127.7.7.7 board\n").expect("ours");
    let _moved = Board::start(&format!("127.7.7.7:{port}"), &[]);
    held.give(1.0);
    check(&run.last_line(), &reference(CONFIG), EVENTS);
}

#[test]
fn name_that_becomes_one_of_another_machine_gets_nothing_in_the_clear() {
    let folder = tempfile::tempdir().expect("a folder");
    let hosts = folder.path().join("hosts");
    fs::write(&hosts, "127.0.0.1 board\n").expect("ours");
    let mut board = Board::start("127.0.0.1:0", &[]);
    let name = format!("board:{}", board.address.port());
    let mut recorded = Recorded::new(&CONFIG);
    let held = recorded.held(0.5);
    let mut run = Run::of(with_hosts(&hosts, &replay(held.path(), &["--connect", &name])));
    run.line();
    fs::write(&hosts, "192.0.2.1 board\n").expect("ours");
    board.kill();
    run.errors.until("trying again");
    fs::write(&hosts, "127.0.0.1 board\n").expect("ours");
    board.restart();
    held.give(1.0);
    check(&run.last_line(), &reference(CONFIG), EVENTS);
    fs::write(&hosts, "192.0.2.1 board\n").expect("ours");
    support::finish(with_hosts(&hosts, &synth(&["--connect", &name]))).fails(&[
        "192.0.2.1",
        "expected an address of this machine",
        "--insecure-peer",
    ]);
}

#[test]
fn paused_agent_resumes_with_one_line_and_no_burst() {
    let board = Board::start("127.0.0.1:0", &[]);
    let address = board.address.to_string();
    let own = std::process::id().to_string();
    for source in [&["--source", "synth", "--events", "0"] as &[&str], &["--pid", &own]] {
        let more = ["--interval", "0.5", "--timeout", "2", "--connect", &address];
        let mut run = Run::start(&[&["run", "--json-lines"], source, &more].concat());
        let before = run.line();
        run.signal("STOP");
        // Longer than the time after which a server that owes an answer is given up.
        std::thread::sleep(Duration::from_secs(6));
        run.lines.waiting();
        run.signal("CONT");
        let lines: Vec<f64> = (0..4).map(|_| run.line()["seconds"].as_f64().expect("a time")).collect();
        assert!(lines[0] >= before["seconds"].as_f64().expect("a time") + 5.0, "{lines:?}");
        // The first is the one that the pause held up; the next ones keep their distance.
        for pair in lines[1..].windows(2) {
            assert!(pair[1] - pair[0] >= 0.4, "a burst: {lines:?}");
        }
        run.signal("TERM");
        assert_eq!(run.last_line()["conserved"], true);
    }
}

#[test]
fn first_signal_ends_a_run_that_waits_for_its_server() {
    let address = Board::start("127.0.0.1:0", &[]).address.to_string();
    for arguments in [synth(&["--connect", &address]), vec!["run", "--connect", &address]] {
        for signal in ["INT", "TERM"] {
            let run = Run::start(&arguments);
            run.errors.until("trying again");
            run.signal(signal);
            run.end().fails(&["stopped while waiting for its welcome"]);
        }
    }
    // With a session that has more than the server took.
    let mut board = Board::start("127.0.0.1:0", &[]);
    let address = board.address.to_string();
    let mut run = Run::start(&["run", "--json-lines", "--source", "synth", "--events", "0", "--connect", &address]);
    run.line();
    board.kill();
    run.errors.until("trying again");
    run.signal("TERM");
    run.end().fails(&["stopped while", "not in the counters"]);
    finish(agent(&["--version"])).ok();
}

/// The bit of SIGTERM in the masks of /proc.
const SIGTERM: u64 = 1 << 14;

#[test]
fn signals_go_to_a_thread_that_never_waits_for_another_process() {
    let board = Board::start("127.0.0.1:0", &[]);
    let address = board.address.to_string();
    let mut run = Run::start(&["run", "--json-lines", "--source", "synth", "--events", "0", "--connect", &address]);
    run.line();
    let mut takers = Vec::new();
    for thread in fs::read_dir(format!("/proc/{}/task", run.child.id())).expect("its threads").flatten() {
        let status = fs::read_to_string(thread.path().join("status")).expect("a thread");
        let field =
            |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).expect("a field").trim().to_owned();
        if u64::from_str_radix(&field("SigBlk:"), 16).expect("a mask") & SIGTERM == 0 {
            takers.push(field("Name:"));
        }
    }
    assert_eq!(takers, ["signals"]);
    run.signal("TERM");
    assert_eq!(run.last_line()["conserved"], true);
}
