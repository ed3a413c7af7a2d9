//! `deltascope top` on a pseudo-terminal that vt100 reads, and `--once`.

mod support;

use std::fs::File;
use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};
use support::{LIMIT, agent, boardd, finish};

/// Events of the recording, and of the generator.
const EVENTS: u64 = 20_000;
const SYNTH: &[&str] = &["--source", "synth", "--seed", "7", "--containers", "3", "--sockets", "8"];

/// A program on a terminal of 80 x 24.
struct Session {
    child: Child,
    keys: File,
    slave: OwnedFd,
    parser: Arc<Mutex<vt100::Parser>>,
}

/// A server that takes a connection and reports nothing.
fn silent() -> std::net::TcpListener {
    std::net::TcpListener::bind("127.0.0.1:0").expect("a free port")
}

fn lines(count: u16) -> NonZeroU16 {
    NonZeroU16::new(count).expect("a size")
}

impl Session {
    fn start(mut command: Command, variables: &[(&str, &str)]) -> Session {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a pseudo-terminal");
        grantpt(&master).expect("ours");
        unlockpt(&master).expect("unlocked");
        let name = ptsname(&master, Vec::new()).expect("a name").into_string().expect("a plain path");
        let slave: OwnedFd = File::options().read(true).write(true).open(name).expect("the other end").into();
        let size = Winsize { ws_row: 24, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&slave, size).expect("its size");
        let end = || Stdio::from(slave.try_clone().expect("a descriptor"));
        command.stdin(end()).stdout(end()).stderr(end());
        command.env("TERM", "xterm-256color").env("LANG", "C.UTF-8").env_remove("LC_ALL").env_remove("NO_COLOR");
        command.envs(variables.iter().copied());
        let child = command.spawn().expect("it starts");
        let parser = Arc::new(Mutex::new(vt100::Parser::new(lines(24), lines(80), 0)));
        let (mut output, shared) = (File::from(master.try_clone().expect("a descriptor")), parser.clone());
        std::thread::spawn(move || {
            let mut bytes = [0; 4_096];
            // The end of a pseudo-terminal is an error (EIO).
            while let Ok(count @ 1..) = output.read(&mut bytes) {
                shared.lock().expect("no panic").process(&bytes[..count]);
            }
        });
        Session { child, keys: File::from(master), slave, parser }
    }

    fn top(arguments: &[&str]) -> Session {
        Session::with(arguments, &[])
    }

    fn with(arguments: &[&str], variables: &[(&str, &str)]) -> Session {
        let mut command = agent(&[&["top"], arguments].concat());
        command.arg("--boardd").arg(boardd());
        Session::start(command, variables)
    }

    fn text(&self) -> String {
        self.parser.lock().expect("no panic").screen().contents()
    }

    /// Waits for a screen that is as asked for.
    fn until(&self, what: &str, is_so: impl Fn(&str) -> bool) -> String {
        let deadline = Instant::now() + LIMIT;
        loop {
            let text = self.text();
            if is_so(&text) {
                return text;
            }
            assert!(Instant::now() < deadline, "expected {what}, found\n{text}");
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
    }

    fn has(&self, part: &str) -> String {
        self.until(part, |text| text.contains(part))
    }

    fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).expect("a key");
    }

    fn signal(&self, name: &str) {
        support::run::signal(&self.child, name);
    }

    /// Whether the terminal is as it was before: lines are edited and echoed, and the first screen is shown.
    fn is_restored(&self) -> bool {
        let modes = tcgetattr(self.slave.as_fd()).expect("its modes").local_modes;
        let screen = self.parser.lock().expect("no panic").screen().clone();
        modes.contains(LocalModes::ECHO | LocalModes::ICANON) && !screen.alternate_screen() && !screen.hide_cursor()
    }

    fn end(&mut self) -> ExitStatus {
        let deadline = Instant::now() + LIMIT;
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("a child") {
                break status;
            }
            assert!(Instant::now() < deadline, "no end: {}", self.text());
            std::thread::sleep(std::time::Duration::from_millis(10));
        };
        self.until("the terminal as it was", |_| self.is_restored());
        status
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

/// Names in the first column of the table, in their order.
fn containers(text: &str) -> Vec<String> {
    let rows = text.lines().skip_while(|line| !line.starts_with("CONTAINER")).skip(1);
    rows.filter(|line| line.starts_with("synth")).filter_map(|line| Some(line.split(' ').next()?.to_owned())).collect()
}

fn recording(folder: &Path) -> String {
    let file = folder.join("recording").to_str().expect("a plain path").to_owned();
    finish(agent(&[&["record", &file, "--events", &EVENTS.to_string()], SYNTH].concat())).ok();
    file
}

#[test]
fn screen_shows_rounds_and_obeys_keys() {
    let mut top = Session::top(&[SYNTH, &["--events", "0", "--interval", "0.2"]].concat());
    let text = top.until("the second round", |text| text.contains("WASTED/s") && text.contains("law: conserved"));
    assert!(text.contains("source synth, engine model"), "{text}");
    assert!(text.contains("own cost: ") && text.contains("coverage: "), "{text}");
    assert_eq!(containers(&text).len(), 3, "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    assert!(!top.is_restored());
    // Filter, then all again.
    let name = containers(&text)[2].clone();
    top.press(&format!("/{name}\r"));
    let text = top.until("one container", |text| containers(text).len() == 1);
    assert_eq!(containers(&text).first(), Some(&name));
    top.press("\r");
    assert!(top.has("wasted ").contains(&format!("container  {name}")));
    top.press("\u{1b}");
    top.has("CONTAINER");
    top.press("\u{1b}");
    top.until("all of them", |text| containers(text).len() == 3);
    // A frozen screen stays, the round of it too.
    top.press("f");
    let frozen = top.has("FROZEN");
    let round = frozen.lines().next().expect("a title").to_owned();
    std::thread::sleep(std::time::Duration::from_millis(600));
    assert_eq!(top.text().lines().next(), Some(round.as_str()));
    top.press("f");
    top.until("another round", |text| text.lines().next() != Some(&round));
    top.press("ssss");
    let text = top.has("by name");
    let mut sorted = containers(&text);
    sorted.sort();
    assert_eq!(containers(&text), sorted);
    top.press("?");
    top.has("choose a container");
    top.press("q");
    top.end();
}

#[test]
fn no_colour_is_written_where_none_is_wanted() {
    for (value, coloured) in [("1", false), ("", true)] {
        let arguments = [SYNTH, &["--events", "0", "--interval", "0.2"]].concat();
        let mut top = Session::with(&arguments, &[("NO_COLOR", value)]);
        top.has("law: conserved");
        let screen = top.parser.lock().expect("no panic").screen().clone();
        let cells = (0..24).flat_map(|row| (0..80).map(move |column| (row, column)));
        let mut colours = cells.filter_map(|(row, column)| screen.cell(row, column)).map(vt100::Cell::fgcolor);
        assert_eq!(colours.any(|colour| colour != vt100::Color::Default), coloured, "NO_COLOR={value}");
        top.press("q");
        top.end();
    }
}

#[test]
fn recording_is_played_and_sought_in() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = recording(folder.path());
    let mut top = Session::top(&["--replay", &file]);
    top.has("event 0 of 20000 (0.0 %)");
    top.press("\u{1b}[C");
    let one = top.has("event 200 of 20000 (1.0 %)");
    assert!(one.contains("captured 200 == counted 200"), "{one}");
    top.press("5");
    let half = top.has("event 10000 of 20000 (50.0 %)");
    assert!(half.contains("captured 10000 == counted 10000"), "{half}");
    // Back: the numbers are those of before.
    top.press("1");
    let back = top.has("event 2000 of 20000 (10.0 %)");
    assert!(back.contains("captured 2000 == counted 2000"), "{back}");
    let table = |text: &str| text.lines().skip(6).map(str::to_owned).collect::<Vec<_>>();
    top.press("5");
    let again = top.has("event 10000 of 20000 (50.0 %)");
    let numbers = |text: &str| -> Vec<Vec<String>> {
        let rows = table(text).into_iter().filter(|line| line.starts_with("synth"));
        // The last column shows what came before.
        rows.map(|line| line.split_whitespace().take(6).map(str::to_owned).collect()).collect()
    };
    let by_name = |text: &str| {
        let mut rows = numbers(text);
        rows.sort();
        rows
    };
    assert_eq!(by_name(&again), by_name(&half));
    top.press(" ");
    top.has("event 20000 of 20000 (100.0 %)");
    top.press("q");
    top.end();
    // The same without a terminal, and the end as `replay` has it.
    let once = |at: &str| {
        let mut command = agent(&["top", "--replay", &file, "--at", at, "--once", "--json", "--boardd"]);
        command.arg(boardd());
        finish(command).ok().json()
    };
    assert_eq!(once("50")["captured"], 10_000);
    let mut command = agent(&["replay", &file, "--json", "--boardd"]);
    command.arg(boardd());
    let (end, reference) = (once("100"), finish(command).ok().json());
    assert_eq!(end["captured"], reference["captured"]);
    for container in reference["containers"].as_array().expect("containers") {
        let found =
            end["containers"].as_array().expect("containers").iter().find(|one| one["name"] == container["name"]);
        let found = found.unwrap_or_else(|| panic!("no {container}"));
        assert_eq!(found["copies"], container["cow_copies"]);
        assert_eq!(found["sends_redundant"], container["net_redundant"]);
    }
}

#[test]
fn key_q_is_a_success_while_a_round_takes_longer_than_an_end_may() {
    // The server takes the connection and never answers, and the agent waits for it.
    let server = silent();
    let address = server.local_addr().expect("an address").to_string();
    let mut top = Session::start(agent(&["top", "--connect", &address]), &[]);
    let connection = server.accept().expect("the agent connects");
    top.has("deltascope top");
    top.press("q");
    assert_eq!(top.end().code(), Some(0), "{}", top.text());
    drop(connection);
}

#[test]
fn terminal_is_given_back_after_signals_and_errors() {
    for signal in ["TERM", "INT"] {
        let mut top = Session::top(&[SYNTH, &["--events", "0", "--interval", "0.2"]].concat());
        top.has("law: conserved");
        assert!(!top.is_restored());
        top.signal(signal);
        top.end();
    }
    let mut top = Session::top(&["--replay", "/nonexistent/recording"]);
    assert_eq!(top.end().code(), Some(1));
    top.has("/nonexistent/recording");
}

/// Is not a test: what [`terminal_is_given_back_before_a_panic_is_printed`] starts on a terminal.
#[test]
#[ignore = "started by another test, on a terminal"]
fn panics_on_a_terminal() {
    let _screen = deltascope_agent::top::Screen::open().expect("a terminal");
    println!("the other screen");
    panic!("on purpose");
}

#[test]
fn terminal_is_given_back_before_a_panic_is_printed() {
    let mut command = Command::new(std::env::current_exe().expect("this test"));
    command.args(["panics_on_a_terminal", "--exact", "--ignored", "--nocapture"]);
    let mut session = Session::start(command, &[]);
    assert_eq!(session.end().code(), Some(101));
    let text = session.has("on purpose");
    assert!(!text.contains("the other screen"), "{text}");
}

#[test]
fn without_a_terminal_the_error_names_once() {
    let parts = ["expected a terminal", "deltascope top --once"];
    finish(agent(&["top", "--source", "synth"])).fails(&parts);
    let mut dumb = Session::with(&["--source", "synth"], &[("TERM", "dumb")]);
    assert_eq!(dumb.end().code(), Some(1));
    dumb.has("TERM=dumb");
    finish(agent(&["top", "--json"])).fails(&["--once"]);
}

#[test]
fn once_prints_what_a_scan_or_a_source_gives() {
    let run = |more: &[&str]| {
        let mut command = agent(&[&["top", "--once"], more].concat());
        command.arg("--boardd").arg(boardd());
        finish(command).ok()
    };
    let synth = [SYNTH, &["--events", "5000"]].concat();
    let json = run(&[&synth[..], &["--json"]].concat()).json();
    assert_eq!((&json["captured"], &json["conserved"]), (&5_000.into(), &true.into()), "{json}");
    assert_eq!(json["containers"].as_array().map(Vec::len), Some(3), "{json}");
    let filtered = run(&[&synth[..], &["--json", "--filter", "no such container"]].concat()).json();
    assert_eq!(filtered["containers"].as_array().map(Vec::len), Some(0));
    let text = run(&synth).out;
    assert!(text.starts_with("deltascope top: source synth") && text.contains("law: conserved"), "{text}");
    let pid = std::process::id().to_string();
    let scan = run(&["--json", "--source", "scan", "--pid", &pid]).json();
    assert_eq!(scan["source"], "scan", "{scan}");
    assert!(scan["coverage"]["members"]["seen"].is_u64(), "{scan}");
}
