//! Exit statuses and messages of `deltascope scan` for what can be asked for by number.

use std::process::{Command, Stdio};

use super::Test;
use super::family::Family;
use super::support::{AGENT, agent, boardd, finish, with_daemon};

/// The tests of this file.
pub const TESTS: &[Test] = &[
    ("exit_statuses_are_those_of_the_table", exit_statuses_are_those_of_the_table),
    ("one_target_that_is_missing_is_named", one_target_that_is_missing_is_named),
    ("every_command_names_a_target_that_is_missing", every_command_names_a_target_that_is_missing),
    ("few_descriptors_are_named", few_descriptors_are_named),
    ("few_threads_are_named", few_threads_are_named),
    ("every_key_is_documented", every_key_is_documented),
    ("borrowed_memory_is_no_member", borrowed_memory_is_no_member),
    ("a_recording_keeps_what_the_scan_reported", a_recording_keeps_what_the_scan_reported),
    ("each_round_of_a_run_reports_its_coverage", each_round_of_a_run_reports_its_coverage),
    ("metrics_have_what_the_scan_reports", metrics_have_what_the_scan_reports),
    ("rounds_keep_their_budget", rounds_keep_their_budget),
    ("rounds_compare_no_more_than_their_rate", rounds_compare_no_more_than_their_rate),
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

/// A process without memory of its own, or none at all, in every command that scans or shows a scan.
fn every_command_names_a_target_that_is_missing() {
    let folder = tempfile::tempdir().expect("a folder");
    let zombie = Family::start(&["zombie"]);
    for (pid, cause) in [("4194305".to_owned(), "found none"), (zombie.members[1].to_string(), "has ended")] {
        let file = folder.path().join(&pid);
        let file = file.to_str().expect("a plain name");
        let recorded = finish(agent(&["record", file, "--source", "scan", "--pid", &pid]));
        let commands: [&[&str]; 6] = [
            &["run", "--source", "scan", "--interval", "0.2", "--duration", "0.5", "--pid", &pid],
            &["run", "--source", "scan", "--interval", "0.2", "--duration", "0.5", "--json-lines", "--pid", &pid],
            &["replay", file],
            &["replay", "--json", file],
            &["run", "--source", "replay", "--file", file],
            &["scan", "--json", "--pid", &pid],
        ];
        let outcomes = commands.map(with_daemon);
        for outcome in std::iter::once(&recorded).chain(&outcomes) {
            assert_eq!(outcome.code, Some(3), "{outcome:?}");
            let named = format!("deltascope: nothing seen: process {pid}: ");
            assert!(outcome.err.contains(&named) && outcome.err.contains(cause), "{outcome:?}");
            assert!(!outcome.out.contains("exact"), "{outcome:?}");
        }
    }
    // A process that ends while it is watched.
    let family = Family::start(&["plain"]);
    let pid = family.root().to_string();
    let mut run = super::support::run::Run::start(&[
        "run",
        "--source",
        "scan",
        "--interval",
        "0.05",
        "--pid",
        &pid,
        "--json-lines",
        "--boardd",
        boardd().to_str().expect("a plain name"),
    ]);
    assert_eq!(run.line()["mode"], "exact");
    drop(family);
    run.errors.until(&format!("process {pid}: "));
    run.signal("TERM");
    assert_eq!(super::support::end(run.child).code, Some(3));
}

/// Whatever the limit of open files, a command succeeds or reports what it lacks.
fn few_descriptors_are_named() {
    let plain = Family::start(&["plain"]);
    let pid = plain.root().to_string();
    let mut failed = 0;
    for limit in 5..24 {
        let mut command = Command::new("prlimit");
        command.arg(format!("--nofile={limit}")).arg(AGENT).args(["scan", "--pid", &pid, "--timeout", "2"]);
        command.arg("--boardd").arg(boardd());
        let outcome = finish(command);
        if outcome.code != Some(0) {
            failed += 1;
            assert!(outcome.err.contains("descriptor"), "{limit}: {outcome:?}");
        }
    }
    assert!(failed > 0, "a limit of 5 is enough");
}

/// Whatever the limit of processes and threads of its user, a command succeeds or reports what it lacks.
fn few_threads_are_named() {
    // No other process is of this user. Without the capability it could not reach this program.
    let user = ["--reuid", "61016", "--regid", "61016", "--clear-groups"];
    let capability = ["--inh-caps=-all,+dac_override", "--ambient-caps=-all,+dac_override"];
    let mut failed = 0;
    for limit in 2..24 {
        let mut command = Command::new("prlimit");
        command.arg(format!("--nproc={limit}")).arg("setpriv").args(user).args(capability);
        command.arg("--bounding-set=-all,+dac_override").arg(AGENT).args(["scan", "--pid", "4194305"]);
        command.arg("--boardd").arg(boardd());
        let outcome = finish(command);
        if outcome.code != Some(3) {
            failed += 1;
            assert_eq!(outcome.code, Some(1), "{limit}: {outcome:?}");
            let is_named = ["thread", "Resource temporarily unavailable"].iter().any(|part| outcome.err.contains(part));
            assert!(is_named && !outcome.err.contains("panicked"), "{limit}: {outcome:?}");
        }
    }
    assert!(failed > 0, "a limit of 2 is enough");
}

/// The names of all fields of an object, at any depth.
fn keys(value: &serde_json::Value, into: &mut std::collections::BTreeSet<String>) {
    match value {
        serde_json::Value::Object(fields) => fields.iter().for_each(|(key, value)| {
            into.insert(key.clone());
            keys(value, into);
        }),
        serde_json::Value::Array(values) => values.iter().for_each(|value| keys(value, into)),
        _ => {}
    }
}

fn every_key_is_documented() {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/scan.md")).expect("the page");
    let folder = tempfile::tempdir().expect("a folder");
    let (state, metrics) = (folder.path().join("state"), folder.path().join("scan.prom"));
    let [state, metrics] = [&state, &metrics].map(|path| path.to_str().expect("a plain name"));
    let thread = Family::start(&["first-threads-ended"]);
    let other = second_thread(thread.root());
    let pid = thread.root().to_string();
    let scan = with_daemon(&["scan", "--json", "--pid", &pid, "--pid", &other, "--metrics", metrics]);
    let run = ["run", "--source", "scan", "--interval", "0.1", "--duration", "0.3", "--pid", &pid, "--json-lines"];
    let synth = ["run", "--source", "synth", "--events", "1000", "--json-lines", "--state-dir", state];
    let mut found = std::collections::BTreeSet::new();
    keys(&scan.json(), &mut found);
    for outcome in [with_daemon(&run).ok(), with_daemon(&synth)] {
        let lines = outcome.out.lines().map(|line| serde_json::from_str(line).expect("one object a line"));
        lines.for_each(|line: serde_json::Value| keys(&line, &mut found));
    }
    assert!(["seconds", "process", "ring", "by_family"].iter().all(|key| found.contains(*key)), "{found:?}");
    let text = std::fs::read_to_string(metrics).expect("metrics");
    let names = text.lines().filter_map(|line| line.strip_prefix("# TYPE deltascope_")?.split(' ').next());
    found.extend(names.filter(|name| name.starts_with("scan_")).map(str::to_owned));
    // As a name of its own, or as one of several in one field's description.
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let words: std::collections::BTreeSet<&str> =
        page.split('`').skip(1).step_by(2).flat_map(|code| code.split(|c| !is_word(c))).collect();
    let missing: Vec<&String> = found.iter().filter(|name| !words.contains(name.as_str())).collect();
    assert!(missing.is_empty(), "not in docs/scan.md: {missing:?}");
}

fn borrowed_memory_is_no_member() {
    let family = Family::start(&["borrower"]);
    let outcome = scan(&family.root().to_string()).ok();
    assert!(outcome.out.contains("exact: everything was read"), "{outcome:?}");
    assert!(outcome.out.contains("1 of 1 members read (1 more borrow the memory of one)"), "{outcome:?}");
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
        let fields =
            ["mode", "frames", "copies", "redundant", "origins", "coverage", "missing", "processes", "containers"];
        for field in fields {
            assert_eq!(replay[field], scan[field], "{kind:?} {field}");
        }
        let details = ["cgroup", "id", "pod"].map(|key| replay["containers"][0].get(key));
        assert!(details[0].is_some(), "what is known behind a name is in a recording: {replay}");
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
    assert!(text.contains("exact: everything was read") && text.contains("coverage of pids: 2 of 2 members"), "{text}");
}

fn metrics_have_what_the_scan_reports() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("scan.prom");
    let name = file.to_str().expect("a plain name");
    for kind in ["plain", "moved"] {
        let family = Family::start(&[kind]);
        let pid = family.root().to_string();
        let report = with_daemon(&["scan", "--json", "--pid", &pid, "--metrics", name]).ok().json();
        let text = std::fs::read_to_string(&file).expect("metrics");
        let mut expected = vec![
            format!("scan_mode{{mode={}}} 1", report["mode"]),
            format!("scan_copies{{end=\"at_least\"}} {}", report["copies"]["at_least"]),
            format!("scan_copies{{end=\"at_most\"}} {}", report["copies"]["at_most"]),
            format!("scan_redundant{{end=\"at_most\"}} {}", report["redundant"]["at_most"]),
            format!("scan_members_read {}", report["coverage"]["members"]["read"]),
            format!("scan_whole {}", u8::from(report["coverage"]["whole"] == true)),
            format!("captured_total {}", report["captured"]),
            format!("scan_scope{{scope={}}} 1", report["coverage"]["scope"]),
            format!("scan_contents_denied {}", report["coverage"]["contents_denied"]),
            format!("scan_families_maybe_cut {}", report["coverage"]["families_maybe_cut"]),
            format!("scan_hung {}", report["hung"].as_array().expect("a list").len()),
        ];
        for (samples, reasons) in [
            ("scan_members_unread", &report["coverage"]["members"]["unread"]),
            ("scan_pages_unjudged", &report["coverage"]["pages"]["unjudged"]),
            ("scan_pages_left_out", &report["skipped"]),
            ("scan_processes", &report["processes"]),
        ] {
            let reasons = reasons.as_object().expect("counts by reason");
            let label = if samples == "scan_processes" { "outcome" } else { "reason" };
            expected.extend(reasons.iter().map(|(name, count)| format!("{samples}{{{label}=\"{name}\"}} {count}")));
        }
        for line in expected {
            assert!(text.lines().any(|found| found == format!("deltascope_{line}")), "{kind}: {line}: {text}");
        }
        let copies = report["containers"][0]["cow_copies"].to_string();
        let of_container = |line: &&str| line.starts_with("deltascope_container_cow_copies{container=");
        assert!(text.lines().find(of_container).is_some_and(|line| line.ends_with(&copies)), "{text}");
    }
    let outcome = with_daemon(&["scan", "--pid", "4194305", "--pid", "4194306", "--metrics", name]);
    let text = std::fs::read_to_string(&file).expect("metrics");
    assert!(text.contains("deltascope_scan_not_seen{why=\"no_process\"} 2\n"), "{outcome:?} {text}");
    // Names that are longer than a folder are refused, with what to do.
    with_daemon(&["scan", "--metrics", "/nowhere/scan.prom"]).fails(&["/nowhere/scan.prom", "name a file"]);
}

fn rounds_keep_their_budget() {
    let family = Family::start(&["many", "20"]);
    let pid = family.root().to_string();
    // On a busy machine a round takes so much of a processor that it rests for seconds.
    let mut outcomes = ["4", "20", "100"].iter().map(|duration| {
        let source = ["run", "--source", "scan", "--pid", &pid, "--interval", "0.01", "--json-lines"];
        with_daemon(&[&source[..], &["--duration", duration]].concat()).ok()
    });
    let outcome = outcomes.find(|outcome| outcome.out.lines().count() > 1).expect("more than one round in 100 s");
    let lines: Vec<serde_json::Value> =
        outcome.out.lines().map(|line| serde_json::from_str(line).expect("one object a line")).collect();
    let number = |value: &serde_json::Value| value.as_f64().expect("a number");
    // The last round ends with the run and rests no more.
    let (rounds, _) = lines.split_at(lines.len() - 1);
    let mut cpu = 0.0;
    for line in rounds {
        // 2 % of a core. The end of a round is paid for in the next one.
        assert!(cpu <= 0.02 * number(&line["seconds"]), "{cpu} s of processors: {line}");
        cpu += number(&line["cost"]["cpu_seconds_measured"]);
        assert!(number(&line["cost"]["paused_seconds"]) > 0.0 && cpu > 0.0, "{line}");
        assert!(number(&line["cost"]["peak_memory_bytes"]) > 0.0, "{line}");
    }
    assert!(outcome.err.contains("expected at most the interval"), "{outcome:?}");
    // A scan has none.
    let scan = with_daemon(&["scan", "--json", "--pid", &pid]).ok().json();
    assert_eq!(scan["cost"]["paused_seconds"], 0.0, "{scan}");
}

fn rounds_compare_no_more_than_their_rate() {
    const PAGES: f64 = 1_024.0;
    let family = Family::start(&["all-copied", &PAGES.to_string()]);
    let pid = family.root().to_string();
    let source = ["run", "--source", "scan", "--pid", &pid, "--interval", "0.01", "--duration", "4", "--json-lines"];
    // 8 MB a second, and processors without a limit.
    let outcome = with_daemon(&[&source[..], &["--scan-rate", "0.008", "--scan-cpu", "1000000"]].concat()).ok();
    let lines: Vec<serde_json::Value> =
        outcome.out.lines().map(|line| serde_json::from_str(line).expect("one object a line")).collect();
    let number = |value: &serde_json::Value| value.as_f64().expect("a number");
    // The last round ends with the run and rests no more.
    let (rounds, _) = lines.split_at(lines.len() - 1);
    assert!(!rounds.is_empty(), "{outcome:?}");
    for (done, line) in (1..).zip(rounds) {
        // Every page was copied, and each round compares all of them again.
        assert!(number(&line["cost"]["paused_seconds"]) > 0.0, "{line}");
        let compared = PAGES * 4_096.0 * f64::from(done);
        assert!(compared <= 8e6 * number(&line["seconds"]), "{compared} bytes were compared: {line}");
    }
}

fn replay(file: &str) -> serde_json::Value {
    with_daemon(&["replay", "--json", file]).ok().json()
}

fn a_reader_that_goes_ends_the_program_quietly() {
    let plain = Family::start(&["plain"]);
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let (pid, boardd) = (plain.root().to_string(), boardd());
    for output in [&[][..], &["--json"]] {
        let mut command = Command::new(AGENT);
        command.args(["scan", "--pid", &pid, "--boardd"]).arg(boardd).args(output).stdin(Stdio::null());
        let ended = command.stdout(writer.try_clone().expect("the pipe")).output().expect("the agent");
        let words = String::from_utf8_lossy(&ended.stderr);
        assert_eq!((ended.status.code(), words.as_ref()), (Some(141), ""), "{output:?}");
    }
}
