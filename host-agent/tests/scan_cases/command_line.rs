//! Exit statuses and messages of `deltascope scan` for what can be asked for by number.

use std::process::{Command, Stdio};

use super::Test;
use super::family::Family;
use super::support::{AGENT, agent, boardd, finish, with_daemon};

/// The tests of this file.
pub const TESTS: &[Test] = &[
    ("exit_statuses_are_those_of_the_table", exit_statuses_are_those_of_the_table),
    ("one_target_that_is_missing_is_named", one_target_that_is_missing_is_named),
    ("a_recording_keeps_what_the_scan_reported", a_recording_keeps_what_the_scan_reported),
    ("each_round_of_a_run_reports_its_coverage", each_round_of_a_run_reports_its_coverage),
    ("a_reader_that_goes_ends_the_program_quietly", a_reader_that_goes_ends_the_program_quietly),
];

fn scan(pid: &str) -> super::support::Outcome {
    with_daemon(&["scan", "--pid", pid])
}

/// Waits until a process has a second thread and returns its number.
fn second_thread(process: u32) -> String {
    for _ in 0..6_000 {
        let threads = std::fs::read_dir(format!("/proc/{process}/task")).expect("its threads");
        let names = threads.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        if let Some(other) = names.into_iter().find(|name| *name != process.to_string()) {
            return other;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    panic!("no second thread within 60 s");
}

fn exit_statuses_are_those_of_the_table() {
    let plain = Family::start(&["plain"]);
    let outcome = scan(&plain.root().to_string());
    assert_eq!((outcome.code, outcome.out.contains("exact: everything was read")), (Some(0), true), "{outcome:?}");
    // A single process is no family, and that is an answer.
    let alone = Family::start(&["alone"]);
    let outcome = scan(&alone.root().to_string());
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    assert!(outcome.out.contains("alone 1"), "{outcome:?}");
    let zombie = Family::start(&["zombie"]);
    let thread = Family::start(&["first-threads-ended"]);
    let other = second_thread(thread.root());
    let mut cases = vec![
        ("4194305".to_owned(), 3, "found none"),
        (zombie.members[1].to_string(), 3, "has ended"),
        (other, 3, "a thread of process"),
        ("-1".to_owned(), 2, "-1"),
        ("abc".to_owned(), 2, "abc"),
        ("99999999999".to_owned(), 2, "99999999999"),
    ];
    // In a PID namespace there is no thread of the kernel.
    if std::fs::read_to_string("/proc/2/comm").is_ok_and(|name| name == "kthreadd\n") {
        cases.push(("2".to_owned(), 3, "a thread of the kernel"));
    }
    for (pid, status, part) in cases {
        let outcome = with_daemon(&["scan", &format!("--pid={pid}")]);
        assert_eq!(outcome.code, Some(status), "{pid}: {outcome:?}");
        assert!(outcome.err.contains(part), "{pid}: {outcome:?}");
        assert!(!outcome.out.contains("exact") && !outcome.out.contains("nothing was copied"), "{pid}: {outcome:?}");
    }
}

fn one_target_that_is_missing_is_named() {
    let plain = Family::start(&["plain"]);
    let outcome = with_daemon(&["scan", "--pid", &plain.root().to_string(), "--pid", "4194305", "--json"]);
    assert_eq!(outcome.code, Some(3), "{outcome:?}");
    assert!(outcome.err.contains("process 4194305"), "{outcome:?}");
    let report = outcome.json();
    assert_eq!(report["coverage"]["members"]["read"], 2, "the other one was scanned: {report}");
    assert_ne!(report["mode"], "exact");
}

fn a_recording_keeps_what_the_scan_reported() {
    let folder = tempfile::tempdir().expect("a folder");
    for kind in [&["plain"] as &[&str], &["moved"]] {
        let family = Family::start(kind);
        let pid = family.root().to_string();
        let file = folder.path().join(kind[0]);
        let file = file.to_str().expect("a plain name");
        finish(agent(&["record", file, "--source", "scan", "--pid", &pid])).ok();
        let (scan, replay) = (with_daemon(&["scan", "--json", "--pid", &pid]).ok().json(), replay(file));
        for field in ["mode", "frames", "copies", "redundant", "coverage", "missing", "processes", "containers"] {
            let mut expected = scan[field].clone();
            // The names are in a recording, what is known behind them is not.
            for container in expected.as_array_mut().into_iter().flatten().filter_map(|one| one.as_object_mut()) {
                ["cgroup", "runtime", "id", "pod"].iter().for_each(|detail| drop(container.remove(*detail)));
            }
            assert_eq!(replay[field], expected, "{kind:?} {field}");
        }
        let text = with_daemon(&["replay", file]).ok().out;
        assert_eq!(text.contains("exact: everything was read"), kind == ["plain"], "{text}");
    }
}

fn each_round_of_a_run_reports_its_coverage() {
    let family = Family::start(&["plain"]);
    let pid = family.root().to_string();
    let source = ["run", "--source", "scan", "--pid", &pid, "--interval", "0.2", "--duration", "0.5"];
    let lines = with_daemon(&[&source[..], &["--json-lines"]].concat()).ok().out;
    for line in lines.lines() {
        let report: serde_json::Value = serde_json::from_str(line).expect("one object a line");
        assert_eq!((&report["mode"], &report["coverage"]["members"]["read"]), (&"exact".into(), &2.into()), "{report}");
        assert_eq!(report["copies"]["at_least"], report["copies"]["at_most"]);
    }
    let text = with_daemon(&source).ok().out;
    assert!(text.contains("exact: everything was read") && text.contains("coverage: 2 of 2 members"), "{text}");
}

fn replay(file: &str) -> serde_json::Value {
    with_daemon(&["replay", "--json", file]).ok().json()
}

fn a_reader_that_goes_ends_the_program_quietly() {
    let plain = Family::start(&["plain"]);
    let line = format!("{AGENT} scan --pid {} --boardd {} 2>&1 | :", plain.root(), boardd().display());
    let script = format!("set -o pipefail; {line}; echo ${{PIPESTATUS[0]}} >&2");
    let output = Command::new("bash").args(["-c", &script]).stdin(Stdio::null()).output().expect("a shell with a pipe");
    let text = String::from_utf8_lossy(&output.stderr);
    // 0 where everything fitted into the pipe before the reader went.
    assert!(matches!(text.trim(), "141" | "0"), "{text}");
}
