//! SIGINT and SIGTERM end each command within 2 s whatever it waits for, and the second one at once.
//! `stopping.rs` has each subcommand and what it can wait for, `src/signals.rs` the time on a simulated clock,
//! `scan_cases/hung.rs` a process that hangs.

mod support;

use std::fs;
use std::net::TcpListener;
use std::process::Command;
use std::time::{Duration, Instant};

use support::board::Board;
use support::run::{Run, ends_within, wait_until_taken};
use support::{AGENT, LIMIT};

/// Longest time from the signal to the end.
const PROMISED: Duration = Duration::from_secs(2);

/// Starts the agent. A shell may have had SIGINT ignored in what it started in the background, this test among it.
fn start_with_defaults(arguments: &[&str]) -> Run {
    let mut command = Command::new("env");
    command.args(["--default-signal=INT,TERM", AGENT]).args(arguments);
    Run::of(command)
}

#[test]
fn signal_ends_each_command_that_works_without_end() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("recording");
    let board = Board::start("127.0.0.1:0", &[]);
    let address = board.address.to_string();
    let endless = ["--source", "synth", "--events", "0"];
    for signal in ["INT", "TERM"] {
        let outcome = ends_within(PROMISED, signal, || {
            let mut run = Run::start(
                &[&["run", "--json-lines", "--connect", &address, "--interval", "0.1"][..], &endless].concat(),
            );
            run.line();
            run
        });
        assert_eq!(outcome.code, Some(0), "{outcome:?}");
        let outcome = ends_within(PROMISED, signal, || {
            _ = fs::remove_file(&file);
            let run = Run::start(&[&["record", file.to_str().expect("a plain path")][..], &endless].concat());
            let deadline = Instant::now() + LIMIT;
            while fs::metadata(&file).map_or(0, |file| file.len()) == 0 {
                assert!(Instant::now() < deadline, "nothing is recorded");
                std::thread::sleep(Duration::from_millis(5));
            }
            run
        });
        assert_eq!(outcome.code, Some(0), "{outcome:?}");
    }
}

#[test]
fn second_signal_ends_a_run_at_once() {
    let mut board = Board::start("127.0.0.1:0", &[]);
    let address = board.address.to_string();
    for signal in ["INT", "TERM"] {
        let deadline = Instant::now() + LIMIT;
        loop {
            let mut run =
                Run::start(&["run", "--json-lines", "--source", "synth", "--events", "0", "--connect", &address]);
            run.line();
            board.kill();
            run.errors.until("trying again");
            // The first one gives the server 1.5 s to answer.
            run.signal(signal);
            wait_until_taken(run.child.id());
            let begun = Instant::now();
            run.signal(signal);
            let outcome = run.end();
            board.restart();
            if outcome.code == Some(130) && begun.elapsed() < Duration::from_secs(1) {
                break;
            }
            assert!(Instant::now() < deadline, "{outcome:?} after {:?}", begun.elapsed());
        }
    }
}

#[test]
fn signal_at_any_moment_of_a_start_ends_it() {
    let closed = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a free port").to_string();
    // A start takes some milliseconds; the signal comes a little later each time.
    for number in 0..100 {
        let run = start_with_defaults(&["run", "--source", "synth", "--connect", &closed]);
        std::thread::sleep(Duration::from_micros(50 * number));
        run.signal("TERM");
        // Without the signal it ends after 60 s.
        let outcome = run.end();
        assert!(!outcome.err.contains("longest outage"), "start {number}: {outcome:?}");
    }
}
