//! The state folder neither stops nor slows a run, whatever the disk does.

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use deltascope_agent::sources::SynthConfig;
use serde_json::Value;
use support::board::Board;
use support::reference::{check, reference};
use support::report;
use support::run::Run;
use support::{AGENT, agent, finish};

const CONFIG: SynthConfig = SynthConfig {
    seed: 5,
    events: 20_000,
    containers: 40,
    senders: 0,
    sockets: 300,
    sends_percent: 50,
    redundant_percent: 30,
};

fn synth<'a>(more: &[&'a str]) -> Vec<&'a str> {
    let run = ["run", "--json-lines", "--source", "synth", "--seed", "5", "--events", "20000", "--containers", "40"];
    [&run[..], &["--sockets", "300"], more].concat()
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a plain path")
}

#[test]
fn damaged_files_are_set_aside_and_every_event_is_counted() {
    let folder = tempfile::tempdir().expect("a folder");
    let board = Board::start("127.0.0.1:0", &[]);
    let address = board.address.to_string();
    let state = folder.path().join("state");
    let run = || finish(agent(&synth(&["--connect", &address, "--state-dir", text(&state)]))).ok();
    run();
    for (file, content) in [
        ("session.json", &b""[..]),
        ("session.json", b"{\"version\":2"),
        ("session.json", &[0; 500]),
        ("session.json", b"{\"version\":99}"),
        ("agent.id", b""),
        ("agent.id", &[0; 33]),
        ("changes.0", b"torn"),
    ] {
        fs::write(state.join(file), content).expect("ours");
        let outcome = run();
        let report: Value = report::last(&outcome.out);
        check(&report, &reference(CONFIG), 20_000);
        assert_eq!(outcome.err.contains(file), file == "session.json" || content == [0; 33], "{file}: {outcome:?}");
    }
}

/// Runs a script in a mount namespace of its own, where `$1` is a folder for a mount and `"$@"` behind it the agent.
fn with_mount(script: &str, folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("unshare");
    command.args(["--map-root-user", "--mount", "sh", "-c", &format!("at=\"$0\"; {script}")]);
    command.arg(folder).arg(AGENT).args(arguments);
    command
}

#[test]
fn full_and_read_only_disks_stop_no_run() {
    let folder = tempfile::tempdir().expect("a folder");
    let board = Board::start("127.0.0.1:0", &[]);
    let address = board.address.to_string();
    let state = folder.path().join("state");
    for (script, part) in [
        (
            "mount -t tmpfs -o size=16k none \"$at\" && head -c 1M /dev/zero >\"$at/fill\" 2>/dev/null; \"$@\"",
            "No space",
        ),
        ("mount -t tmpfs -o ro none \"$at\" && \"$@\"", "Read-only"),
    ] {
        let arguments = synth(&["--connect", &address, "--state-dir", text(&state)]);
        let outcome = finish(with_mount(script, folder.path(), &arguments)).ok();
        let report: Value = report::last(&outcome.out);
        check(&report, &reference(CONFIG), 20_000);
        assert!(outcome.err.contains(part) && outcome.err.contains("--state-dir"), "{outcome:?}");
    }
    let file = folder.path().join("file");
    fs::write(&file, "").expect("ours");
    let arguments = synth(&["--connect", &address, "--state-dir", text(&file)]);
    let outcome = finish(agent(&arguments)).ok();
    assert!(outcome.err.contains("begins at 0"), "{outcome:?}");
}

#[test]
fn what_is_no_file_or_has_any_length_is_set_aside() {
    let folder = tempfile::tempdir().expect("a folder");
    let board = Board::start("127.0.0.1:0", &[]);
    let address = board.address.to_string();
    let state = folder.path().join("state");
    let run = || finish(agent(&synth(&["--connect", &address, "--state-dir", text(&state)]))).ok();
    run();
    // Nothing of it is on the disk, and all of it would be read.
    let long = |path: &Path| fs::File::create(path).and_then(|file| file.set_len(64 << 30)).expect("a sparse file");
    let pipe = |path: &Path| assert!(Command::new("mkfifo").arg(path).status().expect("mkfifo").success());
    let folder = |path: &Path| fs::create_dir(path).expect("ours");
    for (round, make) in [&long as &dyn Fn(&Path), &pipe, &folder].into_iter().enumerate() {
        // Files of changes below those that were written are not read.
        for file in ["session.json", &format!("changes.{}", 10_000 * (round + 1))] {
            let path = state.join(file);
            _ = fs::remove_file(&path);
            make(&path);
            let outcome = run();
            check(&report::last(&outcome.out), &reference(CONFIG), 20_000);
            assert!(outcome.err.contains(file), "{file}: {outcome:?}");
        }
    }
}

#[test]
fn full_disk_of_the_metrics_stops_no_run() {
    let folder = tempfile::tempdir().expect("a folder");
    let board = Board::start("127.0.0.1:0", &[]);
    let address = board.address.to_string();
    let metrics = folder.path().join("run.prom");
    let more = ["--connect", &address, "--metrics", text(&metrics)];
    // From the start.
    let full = "mount -t tmpfs -o size=16k none \"$at\" && head -c 1M /dev/zero >\"$at/fill\" 2>/dev/null; \"$@\"";
    let outcome = finish(with_mount(full, folder.path(), &synth(&more))).ok();
    check(&report::last(&outcome.out), &reference(CONFIG), 20_000);
    assert!(outcome.err.contains("cannot write metrics: No space"), "{outcome:?}");
    // Later, and only until there is room again.
    let endless = ["run", "--json-lines", "--interval", "0.05", "--source", "synth", "--events", "0"];
    let script = "mount -t tmpfs -o size=64k none \"$at\" && exec \"$@\"";
    let mut run = Run::of(with_mount(script, folder.path(), &[&endless[..], &more].concat()));
    run.line();
    let fill = format!("/proc/{}/root{}", run.child.id(), text(&folder.path().join("fill")));
    fs::write(&fill, vec![0; 1 << 20]).expect_err("it is full");
    run.errors.until("the run continues");
    run.line();
    fs::remove_file(&fill).expect("ours");
    run.errors.until("written again");
    run.signal("TERM");
    assert_eq!(run.last_line()["conserved"], true);
    // A name that is wrong ends it.
    let wrong = folder.path().join("none/run.prom");
    let wrong = ["--connect", &address, "--metrics", text(&wrong)];
    finish(agent(&synth(&wrong))).fails(&["cannot write metrics", "name a file"]);
}

#[test]
fn disk_that_becomes_full_costs_a_restart_its_owners_and_no_event() {
    let folder = tempfile::tempdir().expect("a folder");
    let mount = folder.path().join("mount");
    fs::create_dir(&mount).expect("ours");
    let mut board = Board::start("127.0.0.1:0", &[]);
    let address = board.address.to_string();
    // More containers than groups, which do not grow, so that they change hands all the time; the disk is full at once.
    let state = mount.join("state");
    let endless = ["run", "--json-lines", "--interval", "0.05", "--source", "synth", "--events", "0"];
    let more = ["--containers", "500", "--groups", "64", "--connect", &address, "--state-dir", text(&state)];
    let script = "mount -t tmpfs -o size=64k none \"$at\" && exec \"$@\"";
    let mut run = Run::of(with_mount(script, &mount, &[&endless[..], &more].concat()));
    run.line();
    run.errors.until("the run continues");
    assert_eq!(run.line()["conserved"], true);
    // It is tried again each second, and no attempt leaves a file behind.
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(6) {
        run.line();
    }
    let inside = format!("/proc/{}/root{}", run.child.id(), text(&state));
    let names = fs::read_dir(inside).expect("the folder of the run").flatten().map(|entry| entry.file_name());
    let changes: Vec<_> = names.filter(|name| name.to_string_lossy().starts_with("changes.")).collect();
    assert!(changes.len() < 4, "{changes:?}");
    board.restart();
    run.errors.until("resumed after");
    for _ in 0..3 {
        assert_eq!(run.line()["conserved"], true);
    }
    // A stop would have 1.5 s for the server's answer, which a busy machine may need for something else.
    run.signal("KILL");
    run.end();
}

/// What a run has used so far: seconds of processor, events, bytes given to the disk.
struct Used {
    processor: f64,
    events: f64,
    disk: f64,
    report: Value,
}

impl Used {
    fn of(run: &Run, report: Value) -> Used {
        let file = |name: &str| fs::read_to_string(format!("/proc/{}/{name}", run.child.id())).expect("a child");
        let (stat, io) = (file("stat"), file("io"));
        // proc(5): utime and stime are the 12th and 13th fields behind the name.
        let ticks = stat.rsplit(") ").next().into_iter().flat_map(|rest| rest.split(' ').skip(11).take(2));
        let ticks: f64 = ticks.map(|field| field.parse::<f64>().expect("a number")).sum();
        let disk = io.lines().find_map(|line| line.strip_prefix("write_bytes: ")).expect("proc(5)");
        Used {
            // USER_HZ is 100 on every platform of Linux.
            processor: ticks / 100.0,
            events: report["captured"].as_f64().expect("a number"),
            disk: disk.parse().expect("a number"),
            report,
        }
    }

    fn number(&self, name: &str) -> f64 {
        self.report["state"][name].as_f64().expect("a number")
    }

    fn seconds(&self) -> f64 {
        self.report["seconds"].as_f64().expect("a number")
    }
}

#[test]
fn containers_that_change_hands_cost_little_time_and_little_disk() {
    /// Whole sessions, or seconds without a folder, before and at the end of what is measured.
    const FROM: f64 = 4.0;
    const TO: f64 = 10.0;
    /// Events a second for which the bar on the disk must hold, also where the kernel writes each change out at once.
    const RATE: f64 = 10_000.0;
    let folder = tempfile::tempdir().expect("a folder");
    fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o700)).expect("ours");
    let board = Board::start("127.0.0.1:0", &[]);
    let address = board.address.to_string();
    let state = ["--state-dir", text(folder.path())];
    let measure = |state: &[&str]| {
        let run = ["run", "--json-lines", "--interval", "0.05", "--source", "synth", "--events", "0"];
        let more = ["--containers", "2000", "--connect", &address];
        let mut run = Run::start(&[&run[..], &more, state].concat());
        let mut until = |limit: f64| loop {
            let line = run.line();
            let done = if state.is_empty() { &line["seconds"] } else { &line["state"]["written"] };
            // Until every container has had events and groups have changed hands thousands of times.
            if line["captured"].as_u64() >= Some(20_000) && done.as_f64() >= Some(limit) {
                assert_eq!(line["conserved"], true);
                break Used::of(&run, line);
            }
        };
        // At the start the two files of changes grow; after that they are written again from their beginnings.
        let used = (until(FROM), until(TO));
        run.signal("KILL");
        run.end();
        used
    };
    let per_event = |(from, to): &(Used, Used)| (to.processor - from.processor) / (to.events - from.events);
    // The output and the records are written too: what is more with a folder is the folder's.
    let plain = measure(&[]);
    let with_folder = measure(&state);
    let (from, to) = &with_folder;
    let seconds = to.seconds() - from.seconds();
    let on_disk = to.disk - from.disk;
    let [plain, with_folder] = [per_event(&plain), per_event(&with_folder)];
    let [written, appended, durable] =
        ["written", "appended_bytes", "durable_bytes"].map(|name| to.number(name) - from.number(name));
    println!(
        "measured: {:.2} us of processor an event without a folder, {:.2} with one; in {seconds:.1} s of {} events \
         {appended} bytes of changes, {written} whole sessions, {durable} bytes durable, {on_disk} bytes given to the disk",
        plain * 1e6,
        with_folder * 1e6,
        to.events - from.events,
    );
    assert!(with_folder <= 2.0 * plain, "{with_folder} s of processor an event, {plain} without a folder");
    // Rewritten at most once a second, and once at each of start and end of that time.
    assert!(written <= seconds + 2.0, "{written} whole sessions in {seconds} s");
    // However many groups change hands.
    assert!(durable <= 1e6 * seconds, "{durable} bytes durable in {seconds} s");
    // Changes wait in the page cache, where the kernel writes them when it likes, at most all of them; and nothing else is
    // written. The kernel counts whole pages.
    assert!(on_disk <= appended + durable + 1e6, "{on_disk} bytes, {appended} of changes, {durable} durable");
    let in_a_second = durable / seconds + RATE * appended / (to.events - from.events);
    assert!(in_a_second <= 1e6, "{in_a_second} bytes a second at {RATE} events");
}
