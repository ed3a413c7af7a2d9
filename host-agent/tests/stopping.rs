//! Every subcommand that can wait is ended by SIGINT and SIGTERM within 2 s, and by the second one at once. The subcommands
//! are those that the help of the program lists: a new one has to be added here.

mod support;

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use support::run::{Run, ends_within, wait_until_taken};
use support::{AGENT, LIMIT, agent, finish};

/// Longest time from the first signal to the end.
const PROMISED: Duration = Duration::from_secs(2);
/// Longest time from the second signal to the end: less than the work under way is given after the first one.
const AT_ONCE: Duration = Duration::from_secs(1);

/// What a command waits for. The value lives until the command has ended.
enum Wait {
    /// The welcome of a server that takes the connection and reports nothing.
    Silent(#[allow(dead_code, reason = "it stays open")] TcpStream),
    /// A server that does not listen, or an address.
    Absent,
    /// The other end of a pipe that it reads, or that does not read what it writes.
    Pipe(#[allow(dead_code, reason = "it stays open")] File),
}

/// A folder with a recording, a named pipe for each command, and keys.
struct World {
    folder: tempfile::TempDir,
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a plain path")
}

impl World {
    fn new() -> World {
        let folder = tempfile::tempdir().expect("a folder");
        let recording = folder.path().join("recording");
        finish(agent(&["record", text(&recording), "--source", "synth", "--events", "1000"])).ok();
        World { folder }
    }

    fn recording(&self) -> PathBuf {
        self.folder.path().join("recording")
    }

    /// A new named pipe.
    fn pipe(&self, name: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        _ = fs::remove_file(&path);
        assert!(Command::new("mkfifo").arg(&path).status().expect("mkfifo").success());
        path
    }
}

/// Starts the agent. A shell may have had SIGINT ignored in what it started in the background, this test among it.
fn start(arguments: &[&str]) -> Run {
    let mut command = Command::new("env");
    command.args(["--default-signal=INT,TERM", AGENT]).args(arguments);
    Run::of(command)
}

/// Starts a command that gets the address of a server that takes the connection and reports nothing.
fn silent(arguments: &[&str]) -> (Run, Wait) {
    let silent = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = silent.local_addr().expect("an address").to_string();
    let run = start(&[arguments, &[&address]].concat());
    let (connection, _) = silent.accept().expect("the agent connects");
    (run, Wait::Silent(connection))
}

/// Starts a command that gets an address where no server listens, and waits until it is about to try again.
fn absent(arguments: &[&str]) -> (Run, Wait) {
    let closed = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a free port").to_string();
    let run = start(&[arguments, &[&closed]].concat());
    run.errors.until("trying again");
    (run, Wait::Absent)
}

/// Starts a command that reads a pipe, which is its last argument, and waits until it does.
fn reads(pipe: &Path, arguments: &[&str]) -> (Run, Wait) {
    let run = start(&[arguments, &[text(pipe)]].concat());
    (run, Wait::Pipe(File::options().write(true).open(pipe).expect("the pipe opens with its reader")))
}

/// Starts a command whose standard output is a pipe without a reader at work, and waits until that is full.
fn unread(pipe: &Path, arguments: &[&str]) -> (Run, Wait) {
    let mut command = Command::new("env");
    let script = "exec \"$@\" >\"$0\"";
    command.args(["--default-signal=INT,TERM", "sh", "-c", script, text(pipe), AGENT]).args(arguments);
    let run = Run::of(command);
    let reader = File::open(pipe).expect("the pipe opens with its writer");
    let deadline = Instant::now() + LIMIT;
    let waits = || {
        let waits_in = fs::read_to_string(format!("/proc/{}/syscall", run.child.id())).unwrap_or_default();
        // write(2), to a copy of standard output.
        waits_in.starts_with("1 0x")
    };
    let (mut since, mut last) = (Instant::now(), false);
    while !last || since.elapsed() < Duration::from_millis(200) {
        let now = waits();
        if now != last {
            (since, last) = (Instant::now(), now);
        }
        assert!(Instant::now() < deadline, "it does not wait for its reader");
        std::thread::sleep(Duration::from_millis(5));
    }
    (run, Wait::Pipe(reader))
}

/// Starts a run whose own address to listen on is not there.
fn listens_later() -> (Run, Wait) {
    let run = start(&["run", "--source", "synth", "--listen", "[fe80::1%none0]:9770"]);
    run.errors.until("waiting for at most");
    (run, Wait::Absent)
}

/// A way to wait, started again for each signal.
type Start<'a> = Box<dyn Fn() -> (Run, Wait) + Send + Sync + 'a>;

/// Every subcommand with each thing that it can wait for.
fn waits(world: &World) -> Vec<(&'static str, Vec<Start<'_>>)> {
    let recording = || text(&world.recording()).to_owned();
    vec![
        ("scan", vec![Box::new(|| silent(&["scan", "--connect"])), Box::new(|| absent(&["scan", "--connect"]))]),
        (
            "run",
            vec![
                Box::new(|| silent(&["run", "--connect"])),
                Box::new(|| silent(&["run", "--source", "synth", "--connect"])),
                Box::new(|| absent(&["run", "--source", "synth", "--connect"])),
                Box::new(|| reads(&world.pipe("run"), &["run", "--source", "replay", "--file"])),
                Box::new(listens_later),
            ],
        ),
        (
            "replay",
            vec![
                Box::new(move || silent(&["replay", &recording(), "--connect"])),
                Box::new(move || absent(&["replay", &recording(), "--connect"])),
                Box::new(|| reads(&world.pipe("replay"), &["replay"])),
            ],
        ),
        (
            "record",
            vec![
                Box::new(|| reads(&world.pipe("record"), &["record", "-", "--source", "replay", "--file"])),
                Box::new(|| unread(&world.pipe("record-to"), &["record", "-", "--source", "synth", "--events", "0"])),
            ],
        ),
        ("demo", vec![Box::new(|| silent(&["demo", "--connect"])), Box::new(|| absent(&["demo", "--connect"]))]),
        (
            "top",
            vec![
                Box::new(|| silent(&["top", "--once", "--connect"])),
                Box::new(|| absent(&["top", "--once", "--source", "synth", "--connect"])),
                Box::new(move || silent(&["top", "--once", "--replay", &recording(), "--connect"])),
            ],
        ),
        (
            "attrs",
            vec![
                Box::new(|| silent(&["attrs", "--connect"])),
                Box::new(|| absent(&["attrs", "--source", "synth", "--connect"])),
                Box::new(|| reads(&world.pipe("attrs"), &["attrs", "--source", "replay", "--file"])),
            ],
        ),
        ("status", vec![Box::new(|| silent(&["status"]))]),
        ("doctor", vec![Box::new(|| silent(&["doctor", "--connect"])), Box::new(|| absent(&["doctor", "--connect"]))]),
    ]
}

/// The subcommands that wait for nothing: they read and write files, and refuse a pipe.
const WAIT_FOR_NOTHING: [&str; 5] = ["keys init", "keys agent", "keys server", "config check", "generate"];

/// The subcommands below one, as its help lists them; itself if there are none.
fn leaves(command: &str) -> Vec<String> {
    let arguments: Vec<&str> = command.split_whitespace().chain(["--help"]).collect();
    let help = finish(agent(&arguments)).ok().out;
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let names: Vec<&str> = listed
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .collect();
    if names.is_empty() {
        return vec![command.trim().to_owned()];
    }
    names.into_iter().flat_map(|name| leaves(format!("{command} {name}").trim())).collect()
}

#[test]
fn every_subcommand_is_here() {
    let world = World::new();
    let here = waits(&world).into_iter().map(|(name, _)| name).chain(WAIT_FOR_NOTHING);
    let here: BTreeSet<String> = here.map(str::to_owned).collect();
    let known: BTreeSet<String> = leaves("").into_iter().collect();
    assert_eq!(here, known, "each subcommand, with what it can wait for");
}

/// Does something with each start of each subcommand, with a name of it for messages; the subcommands at the same time.
fn with_each_start(act: impl Fn(&str, &Start<'_>) + Sync) {
    let world = World::new();
    let all = waits(&world);
    std::thread::scope(|scope| {
        for (name, starts) in &all {
            let act = &act;
            scope.spawn(move || {
                starts.iter().enumerate().for_each(|(number, start)| act(&format!("{name}, wait {number}"), start));
            });
        }
    });
}

#[test]
fn first_signal_ends_each_subcommand_whatever_it_waits_for() {
    with_each_start(|what, start| {
        for signal in ["INT", "TERM"] {
            let waits = std::cell::RefCell::new(Vec::new());
            let outcome = ends_within(PROMISED, signal, || {
                let (run, wait) = start();
                waits.borrow_mut().push(wait);
                run
            });
            assert_ne!(outcome.code, Some(0), "{what}: {outcome:?}");
        }
    });
}

#[test]
fn second_signal_ends_each_subcommand_at_once() {
    with_each_start(|what, start| {
        let deadline = Instant::now() + LIMIT;
        loop {
            let (run, _wait) = start();
            run.signal("TERM");
            wait_until_taken(run.child.id());
            let begun = Instant::now();
            run.signal("TERM");
            let outcome = run.end();
            // A busy machine makes it end late, but not each time.
            if begun.elapsed() < AT_ONCE {
                break;
            }
            assert!(Instant::now() < deadline, "{what}: {outcome:?}");
        }
    });
}

#[test]
fn subcommands_that_wait_for_nothing_refuse_pipes() {
    let world = World::new();
    let folder = world.folder.path();
    finish(agent(&["generate", text(&folder.join("generated"))])).ok();
    let config = world.pipe("agent.toml");
    for command in [&["config", "check"][..], &["run", "--config"], &["top", "--once", "--config"]] {
        finish(agent(&[command, &[text(&config)]].concat())).fails(&["agent.toml", "expected a file"]);
    }
    let keys = folder.join("keys");
    let made = finish(agent(&["keys", "init", text(&keys)])).ok().out;
    let file = |part: &str| made.lines().find(|line| line.contains(part)).expect(part).to_owned();
    let (own, authority) = (file("/agents/"), file("/ca.pem"));
    let pipe = text(&world.pipe("key.pem")).to_owned();
    let connect = ["scan", "--outage", "1", "--connect", "localhost:1"];
    for tls in [["--tls", &pipe, "--authority", &authority], ["--tls", &own, "--authority", &pipe]] {
        finish(agent(&[&connect[..], &tls].concat())).fails(&["key.pem", "expected a file"]);
    }
    let listen = ["run", "--source", "synth", "--events", "1", "--listen", "127.0.0.1:0"];
    let tls = ["--listen-tls", &pipe, "--listen-authority", &authority];
    finish(agent(&[&listen[..], &tls].concat())).fails(&["key.pem", "expected a file"]);
    fs::remove_file(&authority).expect("ours");
    fs::rename(&pipe, &authority).expect("ours");
    for command in [&["keys", "agent", text(&keys), "web"], &["keys", "server", text(&keys), "board"]] {
        finish(agent(command)).fails(&["ca.pem", "expected a file"]);
    }
    let inside = ["keys", "init", "/proc/none"];
    finish(agent(&inside)).fails(&["/proc/none"]);
}
