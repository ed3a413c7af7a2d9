//! What was recorded until a signal, a kill or a full disk replays to its last whole chunk.

mod support;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use deltascope_agent::sources::SynthConfig;
use support::reference::{check, reference};
use support::run::Run;
use support::{AGENT, LIMIT, Outcome, agent, finish, with_daemon};

fn text(path: &Path) -> &str {
    path.to_str().expect("a plain path")
}

/// Starts an endless recording and waits until some of it is in the file.
fn recording(file: &Path, more: &[&str]) -> Run {
    let run =
        Run::start(&[&["record", text(file), "--source", "synth", "--seed", "5", "--events", "0"], more].concat());
    let begun = Instant::now();
    while fs::metadata(file).map_or(0, |file| file.len()) < 1 << 20 {
        assert!(begun.elapsed() < LIMIT, "nothing is recorded: {:?}", run.errors.waiting());
        std::thread::sleep(Duration::from_millis(5));
    }
    run
}

/// Replays a file and compares it with what its source makes of as many events.
fn replay(file: &Path) -> (u64, Outcome) {
    let outcome = with_daemon(&["replay", text(file), "--json"]).ok();
    let report = outcome.json();
    let events = report["captured"].as_u64().expect("a number");
    check(&report, &reference(SynthConfig { seed: 5, events, ..SynthConfig::default() }), events);
    (events, outcome)
}

#[test]
fn recording_that_a_signal_ended_is_whole() {
    let folder = tempfile::tempdir().expect("a folder");
    for signal in ["INT", "TERM"] {
        let file = folder.path().join(signal);
        let run = recording(&file, &[]);
        run.signal(signal);
        let outcome = run.end().ok();
        let (events, replayed) = replay(&file);
        assert!(outcome.err.contains(&format!("{events} events of synth")), "{outcome:?}");
        assert!(!replayed.err.contains("cut short"), "{replayed:?}");
    }
}

#[test]
fn recording_that_was_killed_replays_to_its_last_whole_chunk() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("killed");
    let run = recording(&file, &[]);
    run.signal("KILL");
    run.end();
    // As a machine that lost power leaves it: in the middle of a chunk.
    let bytes = fs::read(&file).expect("ours");
    fs::write(&file, &bytes[..bytes.len() - 7]).expect("ours");
    let (events, outcome) = replay(&file);
    assert!(events > 0 && outcome.err.contains("cut short at offset"), "{outcome:?}");
    assert!(outcome.err.contains(&format!("behind {events} events")), "{outcome:?}");
    // It can be recorded again as a whole one.
    let copy = folder.path().join("copy");
    finish(agent(&["record", text(&copy), "--source", "replay", "--file", text(&file)])).ok();
    let (copied, outcome) = replay(&copy);
    assert_eq!((copied, outcome.err.contains("cut short")), (events, false));
    // Of one that was cut before its first event nothing is known; its header is 24 bytes long.
    let bytes = fs::read(&copy).expect("ours");
    fs::write(&copy, &bytes[..24]).expect("ours");
    let outcome = with_daemon(&["replay", text(&copy)]).ok();
    assert!(outcome.out.contains("nothing could be looked at") && outcome.err.contains("cut short"), "{outcome:?}");
    let of_copy = ["--source", "replay", "--file", text(&copy)];
    let outcome = with_daemon(&[&["run"], &of_copy[..]].concat()).ok();
    assert!(outcome.out.contains("nothing could be looked at") && outcome.err.contains("cut short"), "{outcome:?}");
    for options in [&of_copy[..], &["--replay", text(&copy)]] {
        let outcome = with_daemon(&[&["top", "--once", "--json"], options].concat()).ok();
        assert_eq!(outcome.json()["collects"], false, "{outcome:?}");
    }
    // Of one that lost its end something is known.
    for options in [&["--source", "replay", "--file", text(&file)][..], &["--replay", text(&file)]] {
        let outcome = with_daemon(&[&["top", "--once", "--json"], options].concat()).ok();
        assert_eq!(outcome.json()["collects"], true, "{outcome:?}");
    }
}

#[test]
fn full_disk_keeps_what_was_recorded_and_counts_the_rest() {
    let folder = tempfile::tempdir().expect("a folder");
    let copy = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("full.rec");
    let script = "mount -t tmpfs -o size=1m none \"$0\" && \"$3\" record \"$1\" --source synth --seed 5 --events 100000; \
                  status=$?; cp \"$1\" \"$2\"; exit $status";
    let mut command = Command::new("unshare");
    command.args(["--map-root-user", "--mount", "sh", "-c", script, text(folder.path()), text(&file)]);
    command.arg(copy.path().join("copy.rec")).arg(AGENT);
    let outcome = finish(command).fails(&["No space left", "replays to its last whole chunk"]);
    let (events, _) = replay(&copy.path().join("copy.rec"));
    assert!(outcome.err.contains(&format!("{events} events are in ")), "{events}: {outcome:?}");
    let missing: u64 = outcome
        .err
        .split(", ")
        .find_map(|part| part.split_once(" that were captured after them"))
        .expect("a count")
        .0
        .parse()
        .expect("a number");
    assert!(events > 0 && missing > 0 && events + missing <= 100_000, "{outcome:?}");
}

#[test]
fn output_that_fails_reports_how_much_is_missing() {
    // A pipe whose reader takes N bytes and closes.
    let folder = tempfile::tempdir().expect("a folder");
    let taken = folder.path().join("taken");
    let reader = |bytes: u64| {
        let script = "\"$0\" \"$@\" 2>\"$errors\" | head -c $bytes >\"$taken\"; cat \"$errors\" >&2; exit 1";
        let mut command = Command::new("sh");
        command.args(["-c", script, AGENT]).env("bytes", bytes.to_string()).env("taken", &taken);
        command.env("errors", folder.path().join("errors"));
        command
    };
    let full = || {
        let mut command = Command::new("sh");
        command.args(["-c", "exec \"$0\" \"$@\" >/dev/full", AGENT]);
        command
    };
    let record = |mut command: Command, events: &str, more: &[&str]| {
        command.args(["record", "-", "--source", "synth", "--seed", "5", "--events", events]).args(more);
        finish(command).fails(&["standard output", "write to it"])
    };
    let numbers = |outcome: &Outcome| {
        let (before, behind) = outcome.err.split_once(" events are in standard output, ").expect("a count");
        let whole = before.rsplit(' ').next().expect("a number").parse::<u64>().expect("a number");
        let missing = behind.split_once(" that were captured after them").expect("a count").0;
        (whole, missing.parse::<u64>().expect("a number"))
    };
    // The beginning of a recording is written before an event is captured.
    let outcome = record(full(), "3000", &[]);
    assert!(outcome.err.contains("no event is in it, and all are missing"), "{outcome:?}");
    for events in ["100", "3000", "200000"] {
        let (whole, missing) = numbers(&record(full(), events, &["--raw"]));
        let events: u64 = events.parse().expect("a number");
        assert!(whole == 0 && missing > 0 && missing <= events, "{missing} of {events}");
    }
    // More than a pipe holds beside what its reader takes.
    let outcome = record(reader(300_000), "200000", &[]);
    let (whole, missing) = numbers(&outcome);
    assert!(whole > 0 && missing > 0 && whole + missing <= 200_000, "{outcome:?}");
    let (whole, missing) = numbers(&record(reader(320_008), "200000", &["--raw"]));
    // A synthetic event is a record of 16 bytes; what the pipe had taken is gone with its reader.
    assert!(whole >= 20_000 && missing > 0 && whole + missing <= 200_000, "{whole} and {missing}");
    // A file that is full at its end: all the events are one chunk.
    let script = "mount -t tmpfs -o size=4k none \"$0\" && \"$2\" record \"$1\" --source synth --seed 5 --events 1000";
    let file = folder.path().join("full.rec");
    let mut command = Command::new("unshare");
    command.args(["--map-root-user", "--mount", "sh", "-c", script, text(folder.path()), text(&file), AGENT]);
    let outcome = finish(command).fails(&["No space left", "0 events are in ", "1000 that were captured after them"]);
    assert!(outcome.err.contains(text(&file)), "{outcome:?}");
}

#[test]
fn standard_output_gets_records_and_nothing_else() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("file.rec");
    let arguments = ["--source", "synth", "--seed", "5", "--events", "3000"];
    finish(agent(&[&["record", text(&file)], &arguments[..]].concat())).ok();
    for (output, force) in [("-", &[] as &[&str]), ("/dev/stdout", &["--force"])] {
        let mut command = agent(&[&["record", output], force, &arguments].concat());
        let made = command.stdin(Stdio::null()).output().expect("it runs");
        assert!(made.status.success(), "{made:?}");
        assert_eq!(made.stdout, fs::read(&file).expect("ours"), "{output}");
        assert!(String::from_utf8_lossy(&made.stderr).contains("3000 events of synth"), "{made:?}");
    }
    let mut raw = agent(&[&["record", "-", "--raw"], &arguments[..]].concat());
    assert_eq!(raw.stdin(Stdio::null()).output().expect("it runs").stdout.len(), 16 * 3000);
    assert_eq!(replay(&file).0, 3000);
}

#[test]
fn replaced_recording_stays_until_the_new_one_is_whole() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("file.rec");
    let make = |events: &str, more: &[&str]| {
        let fixed = ["record", text(&file), "--source", "synth", "--seed", "5", "--events", events];
        agent(&[&fixed, more].concat())
    };
    finish(make("3000", &[])).ok();
    finish(make("10", &[])).fails(&["--force"]);
    let mut run = Run::of(make("0", &["--force"]));
    let beside = folder.path().join("file.rec.new");
    let begun = Instant::now();
    while fs::metadata(&beside).map_or(0, |file| file.len()) < 1 << 20 {
        assert!(begun.elapsed() < LIMIT, "nothing is recorded: {:?}", run.errors.waiting());
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(replay(&file).0, 3000);
    run.child.kill().expect("a child");
    run.child.wait().expect("a child");
    assert_eq!(replay(&file).0, 3000);
    finish(make("4000", &["--force"])).ok();
    assert_eq!((replay(&file).0, beside.exists()), (4000, false));
    let itself = ["record", text(&file), "--force", "--source", "replay", "--file", text(&file)];
    finish(agent(&itself)).fails(&["expected another file than the recording that is read"]);
    assert_eq!(replay(&file).0, 4000);
}
