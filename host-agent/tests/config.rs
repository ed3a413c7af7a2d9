//! Settings from a file: checked, read again at SIGHUP, and the switch that stops a scan.

mod support;

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use support::run::Run;
use support::{agent, boardd, finish};

/// A file of settings that is gone with this.
struct File(tempfile::TempDir);

impl File {
    fn new(text: &str) -> File {
        let file = File(tempfile::tempdir().expect("a folder"));
        file.write(text);
        file
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("agent.toml")
    }

    fn write(&self, text: &str) {
        let boardd = boardd().to_str().expect("a plain path");
        fs::write(self.path(), format!("boardd = {boardd:?}\n{text}")).expect("a file");
    }

    /// Starts an agent with it.
    fn run(&self, options: &[&str]) -> Run {
        Run::start(&[&["run", "--config", self.path().to_str().expect("a plain path")], options].concat())
    }
}

fn get(address: &str, path: &str) -> (String, String) {
    let mut stream = TcpStream::connect(address).expect("the agent listens");
    write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").expect("a request");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    let (head, body) = answer.split_once("\r\n\r\n").expect("head and body");
    (head.lines().next().unwrap_or_default().to_owned(), body.to_owned())
}

fn addressed(run: &Run) -> String {
    run.errors.until("listening on http://").rsplit('/').next().expect("an address").to_owned()
}

/// The first line for which `holds`.
fn line_until(run: &mut Run, holds: impl Fn(&Value) -> bool) -> Value {
    loop {
        let line = run.line();
        if holds(&line) {
            return line;
        }
    }
}

#[test]
fn checked_file_is_printed_with_origins() {
    let file = File::new("interval = 2\nsource = \"synth\"\n");
    let path = file.path();
    let path = path.to_str().expect("a plain path");
    let mut command = agent(&["config", "check", path, "--silence", "5"]);
    command.env("DELTASCOPE_SCAN_CPU", "3");
    let text = finish(command).ok().out;
    for (line, origin) in [
        ("interval = 2", format!("# {path}:2:1")),
        ("scan-cpu = 3", "# environment DELTASCOPE_SCAN_CPU".to_owned()),
        ("silence = 5", "# command line".to_owned()),
        ("scan-rate = 1", "# default".to_owned()),
    ] {
        let found = text.lines().find(|found| found.starts_with(line)).unwrap_or_else(|| panic!("{line}: {text}"));
        assert!(found.ends_with(&origin), "{found}");
    }
    let found = finish(agent(&["config", "check", path, "--json"])).ok().json();
    assert_eq!(found["interval"], json!({"value": ["2"], "origin": format!("{path}:2:1")}));
    file.write("interval = 2\n[scan]\n");
    let outcome = finish(agent(&["config", "check", path])).fails(&[&format!("{path}:3:1: scan: "), "found a table"]);
    assert_eq!(outcome.code, Some(2));
    let outcome = finish(agent(&["run", "--config", "/none.toml"])).fails(&["/none.toml", "No such file"]);
    assert_eq!(outcome.code, Some(2));
}

#[test]
fn hangup_changes_what_can_change_and_refuses_the_rest() {
    let begin = "source = \"synth\"\njson-lines = true\nlisten = \"127.0.0.1:0\"\n";
    let file = File::new(&format!("{begin}interval = 0.2\n"));
    let mut run = file.run(&["--events", "0"]);
    let address = addressed(&run);
    run.line();
    file.write(&format!("{begin}interval = 0.1\nsource = \"scan\"\n"));
    run.signal("HUP");
    run.errors.until("duplicate key");
    file.write("source = \"scan\"\njson-lines = true\nlisten = \"127.0.0.1:0\"\noff = true\ninterval = 0.1\n");
    run.signal("HUP");
    let line = run.errors.until("interval: 0.2 -> 0.1");
    assert!(line.contains("agent.toml:6:1"), "{line}");
    run.errors.until("off: false -> true");
    let line = run.errors.until("source: synth -> scan");
    assert!(line.contains("cannot change") && line.contains("it stays synth"), "{line}");
    // The new interval is in the next rounds.
    line_until(&mut run, |_| {
        let (_, round) = get(&address, "/round");
        let round: Value = serde_json::from_str(&round).expect("JSON");
        assert_eq!((&round["source"], round.get("off")), (&json!("synth"), None), "{round}");
        round["interval_seconds"] == json!(0.1)
    });
    file.write("intervall = 3\n");
    run.signal("HUP");
    let line = run.errors.until("intervall");
    assert!(line.contains("nearest one is \"interval\"") && line.contains("stay as they were"), "{line}");
    run.signal("TERM");
    run.end().ok();
}

#[test]
fn scan_switched_off_and_on_is_on_every_surface() {
    let folder = tempfile::tempdir().expect("a folder");
    let metrics = folder.path().join("metrics.prom");
    let file = File::new("");
    let pid = std::process::id().to_string();
    let text = |off: &str| {
        format!(
            "source = \"scan\"\ninterval = 0.1\nscan-cpu = 1000\njson-lines = true\nlisten = \"127.0.0.1:0\"\n\
             pid = [{pid}]\nmetrics = {metrics:?}\n{off}"
        )
    };
    file.write(&text(""));
    let mut run = file.run(&[]);
    let address = addressed(&run);
    let line = run.line();
    assert!(line.get("off").is_none() && line.get("coverage").is_some(), "{line}");
    assert!(get(&address, "/ready").0.contains("200"));
    for (setting, by, reason) in
        [("off = true\n", "off", "off = true"), ("scan-rate = 0\n", "scan_rate", "scan-rate = 0")]
    {
        file.write(&text(setting));
        run.signal("HUP");
        run.errors.until(&format!("the source is switched off: {reason} ("));
        let line = line_until(&mut run, |line| line.get("off").is_some());
        let said = line["off"].as_str().expect("a reason");
        assert!(said.starts_with(reason) && said.contains("agent.toml:"), "{said}");
        assert!(line.get("coverage").is_none() && line["conserved"] == json!(true), "{line}");
        assert_eq!(line["containers"], json!([]));
        let sample = format!("deltascope_source_off{{setting=\"{by}\"}} 1");
        for text in [get(&address, "/metrics").1, fs::read_to_string(&metrics).expect("metrics")] {
            assert!(text.contains(&sample) && text.contains("deltascope_source_up 0"), "{text}");
            assert!(!text.contains("deltascope_scan_copies"), "{text}");
        }
        let (code, body) = get(&address, "/ready");
        assert!(code.contains("503") && body.contains(reason) && body.contains("SWITCHED OFF"), "{code} {body}");
        let status = finish(agent(&["status", &address])).fails(&["SWITCHED OFF", reason]);
        assert!(status.code == Some(3) && status.out.contains(&format!("switched off: {reason}")), "{status:?}");
        // Rounds continue, so that the age of the last one reports that the agent is alive, and none of them scans.
        let before = run.line()["seconds"].as_f64();
        assert!(run.line()["seconds"].as_f64() > before);
        file.write(&text(""));
        run.signal("HUP");
        run.errors.until("the source is switched on");
        let line = line_until(&mut run, |line| line.get("off").is_none());
        assert!(line.get("coverage").is_some(), "{line}");
        assert!(get(&address, "/ready").0.contains("200"));
    }
    run.signal("INT");
    run.end().ok();
}

#[test]
fn source_that_captures_is_switched_off_and_on_and_its_counters_stay() {
    if !rustix::process::geteuid().is_root() {
        println!("not run: capturing needs root");
        return;
    }
    let text =
        |off: &str| format!("source = \"capture\"\ninterval = 0.1\njson-lines = true\nlisten = \"127.0.0.1:0\"\n{off}");
    let file = File::new(&text(""));
    let mut run = file.run(&[]);
    let address = addressed(&run);
    // What the agent and its board server send each other is captured, so that there is always something.
    let line = run.line_after(0);
    assert!(line.get("off").is_none(), "{line}");
    file.write(&text("off = true\n"));
    run.signal("HUP");
    run.errors.until("the source is switched off: off = true (");
    let off = line_until(&mut run, |line| line.get("off").is_some());
    assert!(off["containers"].as_array().is_some_and(|all| !all.is_empty()), "counters stay: {off}");
    for _ in 0..3 {
        let line = run.line();
        assert_eq!((&line["captured"], &line["conserved"]), (&off["captured"], &json!(true)), "{line}");
        assert_eq!(line["status"]["namespaces"], 0, "{line}");
    }
    let metrics = get(&address, "/metrics").1;
    for sample in ["deltascope_source_off{setting=\"off\"} 1", "deltascope_source_up 0", "deltascope_captured_total "] {
        assert!(metrics.contains(sample), "{sample}: {metrics}");
    }
    let (code, body) = get(&address, "/ready");
    assert!(code.contains("503") && body.contains("SWITCHED OFF"), "{code} {body}");
    let status = finish(agent(&["status", &address])).fails(&["SWITCHED OFF", "off = true"]);
    assert_eq!(status.code, Some(3), "{status:?}");
    // A budget of scans is none of its settings.
    file.write(&text("scan-cpu = 0\n"));
    run.signal("HUP");
    run.errors.until("the source is switched on");
    let on = run.line_after(off["captured"].as_u64().expect("a number"));
    assert!(on.get("off").is_none() && on["conserved"] == json!(true), "{on}");
    assert!(get(&address, "/ready").0.contains("200"));
    run.signal("TERM");
    run.end().ok();
    // From the start on, and in the other surfaces.
    let boardd = boardd().to_str().expect("a plain path");
    let off = ["--off", "--source", "capture", "--interval", "0.1", "--boardd", boardd];
    let top = finish(agent(&[&["top", "--once", "--json"], &off[..]].concat())).ok().json();
    assert_eq!((&top["collects"], &top["off"]), (&json!(false), &json!("off = true (command line)")));
    let attributes = finish(agent(&[&["attrs", "--json"], &off[..]].concat())).ok().json();
    assert_eq!(attributes["net_enabled"]["value"], json!(0), "{attributes}");
    assert!(attributes["net_sends_total"]["value"].is_u64(), "counters stay: {attributes}");
}

#[test]
fn switch_is_seen_by_table_top_and_attributes() {
    let boardd = boardd().to_str().expect("a plain path");
    let off = ["--off", "--interval", "0.1", "--boardd", boardd];
    let table = finish(agent(&[&["run", "--duration", "0.3"], &off[..]].concat())).ok().out;
    assert!(table.contains("SWITCHED OFF, nothing is collected: off = true (command line)"), "{table}");
    let top = finish(agent(&[&["top", "--once"], &off[..]].concat())).ok().out;
    assert!(top.contains("SWITCHED OFF") && top.contains("off = true (command line)"), "{top}");
    let top = finish(agent(&[&["top", "--once", "--json"], &off[..]].concat())).ok().json();
    assert_eq!((&top["collects"], &top["off"]), (&json!(false), &json!("off = true (command line)")));
    let attributes = finish(agent(&[&["attrs", "--json"], &off[..]].concat())).ok().json();
    assert_eq!(attributes["cow_enabled"]["value"], json!(0));
    let copies = &attributes["cow_copies_performed"];
    assert!(copies["value"].is_null() && copies["reason"].as_str().is_some_and(|why| why.contains("off")), "{copies}");
    // A source without a switch is refused: it would look as if it were off.
    let options = ["run", "--off", "--source", "synth", "--boardd", boardd];
    finish(agent(&options)).fails(&["off = true", "does not switch off", "synth"]);
}

#[test]
fn switch_ends_a_round_that_pauses_for_its_budget() {
    // A budget that makes each round pause for hours after its first piece of work.
    let text =
        |more: &str| format!("source = \"scan\"\ninterval = 0.1\njson-lines = true\nlisten = \"127.0.0.1:0\"\n{more}");
    let file = File::new(&text("scan-cpu = 0\n"));
    let mut without = file.run(&[]);
    without.line();
    let of_no_scan = reads(&without);
    without.signal("TERM");
    without.end().ok();
    file.write(&text("scan-cpu = 0.00001\n"));
    let mut run = file.run(&[]);
    addressed(&run);
    wait_until_scanning(&run, of_no_scan);
    file.write(&text("scan-cpu = 0\n"));
    run.signal("HUP");
    let line = run.line();
    assert!(line["off"].as_str().is_some_and(|why| why.starts_with("scan-cpu = 0")), "{line}");
    run.signal("TERM");
    run.end().ok();
}

/// System calls by which an agent has read something.
fn reads(run: &Run) -> u64 {
    let io = fs::read_to_string(Path::new("/proc").join(run.child.id().to_string()).join("io")).expect("a child");
    io.lines().find_map(|line| line.strip_prefix("syscr: ")?.parse().ok()).expect("proc(5)")
}

/// Waits until an agent is in a round: it has read more than one that scans nothing, by the files of a few processes. Of
/// these there are the test, the agent and its daemon at least.
fn wait_until_scanning(run: &Run, of_no_scan: u64) {
    let deadline = std::time::Instant::now() + support::LIMIT;
    while reads(run) < of_no_scan + 6 {
        assert!(std::time::Instant::now() < deadline, "the agent does not scan: {} reads, {of_no_scan}", reads(run));
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}
