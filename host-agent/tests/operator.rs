//! A running agent as its operator asks for it, and file systems of the kernel at other places.

mod support;

use std::os::unix::fs::symlink;
use std::process::Command;

use deltascope_tls::certificate::now;
use deltascope_tls::{Authority, Role, Validity};
use support::run::Run;
use support::{AGENT, agent, boardd, finish, with_daemon};

/// Starts an agent that listens, and returns it with its address.
fn listening(options: &[&str]) -> (Run, String) {
    let boardd = boardd().to_str().expect("a plain path");
    let fixed =
        ["run", "--source", "synth", "--events", "0", "--json-lines", "--listen", "127.0.0.1:0", "--boardd", boardd];
    let run = Run::start(&[&fixed[..], options].concat());
    let line = run.errors.until("listening on http");
    let address = line.rsplit('/').next().expect("an address").to_owned();
    (run, address)
}

#[test]
fn status_ends_as_documented() {
    let (mut run, address) = listening(&["--interval", "0.1"]);
    run.line();
    // The round is published before its line is printed.
    let status = finish(agent(&["status", &address, "--json"])).ok().json();
    assert_eq!((&status["ready"], &status["round"]["conserved"]), (&true.into(), &true.into()), "{status}");
    assert!(status["round"]["captured"].as_u64() > Some(0), "{status}");
    let text = finish(agent(&["status", &address])).ok().out;
    assert!(text.contains("ready") && text.contains("source synth") && text.contains("lost 0"), "{text}");
    run.signal("INT");
    run.end();
    let gone = finish(agent(&["status", &address])).fails(&[&address, "--listen"]);
    assert_eq!(gone.code, Some(1));
    // Before its first round an agent is not ready.
    let (run, address) = listening(&["--interval", "3600"]);
    let early = finish(agent(&["status", &address])).fails(&["there has been no round yet"]);
    assert_eq!(early.code, Some(3));
    run.signal("INT");
    run.end();
}

#[test]
fn status_is_asked_for_with_tls() {
    let folder = tempfile::tempdir().expect("a folder");
    let keys = folder.path().join("keys");
    let keys = keys.to_str().expect("a plain path");
    let made = finish(agent(&["keys", "init", keys])).ok().out;
    let file = |part: &str| made.lines().find(|line| line.contains(part)).expect(part).to_owned();
    let (authority, server, own) = (file("/ca.pem"), file("/servers/"), file("/agents/"));
    let options = ["--interval", "0.1", "--listen-tls", &server, "--listen-authority", &authority];
    let (mut run, address) = listening(&options);
    run.line();
    let with = ["--tls", &own, "--authority", &authority];
    let status = finish(agent(&[&["status", &address, "--json"], &with[..]].concat())).ok().json();
    assert_eq!(status["ready"], true, "{status}");
    finish(agent(&["status", &address])).fails(&[&address, "--tls"]);
    let wrong = [&["status", &address, "--server-name", "elsewhere"], &with[..]].concat();
    finish(agent(&wrong)).fails(&[&address]);
    run.signal("INT");
    run.end();
}

#[test]
fn agent_does_not_listen_in_the_clear_for_others() {
    let options = ["run", "--source", "synth", "--events", "1", "--listen", "0.0.0.0:0"];
    with_daemon(&options).fails(&["0.0.0.0:0", "--listen-tls", "127.0.0.1"]);
    let outcome = finish(agent(&["run", "--listen-tls", "server.pem"]));
    assert_eq!(outcome.code, Some(2), "{outcome:?}");
}

#[test]
fn address_that_is_not_there_yet_is_waited_for_and_a_name_is_listened_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let hosts = folder.path().join("hosts");
    std::fs::write(&hosts, "127.0.0.1 localhost\n").expect("ours");
    let boardd = boardd().to_str().expect("a plain path");
    let mut command = Command::new("unshare");
    command.args(["--map-root-user", "--mount", "sh", "-c", "mount --bind \"$0\" /etc/hosts && exec \"$@\""]);
    command.arg(&hosts).arg(AGENT);
    command.args([
        "run",
        "--source",
        "synth",
        "--events",
        "0",
        "--json-lines",
        "--interval",
        "0.1",
        "--boardd",
        boardd,
    ]);
    command.args(["--listen", "observer.invalid:0", "--listen-wait", "3600"]);
    let mut run = Run::of(command);
    let waits = run.errors.until("waiting for at most 3600 s");
    assert!(waits.contains("--listen observer.invalid:0"), "{waits}");
    // The same file: the namespace has that one mounted.
    std::fs::write(&hosts, "127.0.0.1 localhost observer.invalid\n").expect("ours");
    let line = run.errors.until("listening on http://127.0.0.1:");
    let port = line.rsplit(':').next().expect("a port");
    run.line();
    let status = finish(agent(&["status", &format!("localhost:{port}"), "--json"])).ok().json();
    assert_eq!(status["ready"], true, "{status}");
    run.signal("TERM");
    assert_eq!(run.last_line()["conserved"], true);
    // An address that never comes is an error that reports it; one in use is an error at once.
    let keys = folder.path().join("keys");
    let made = finish(agent(&["keys", "init", keys.to_str().expect("a plain path")])).ok().out;
    let file = |part: &str| made.lines().find(|line| line.contains(part)).expect(part).to_owned();
    let (authority, server) = (file("/ca.pem"), file("/servers/"));
    let options = ["run", "--source", "synth", "--listen-tls", &server, "--listen-authority", &authority];
    let never = [&options[..], &["--listen-wait", "1", "--listen", "192.0.2.77:9770"]].concat();
    finish(agent(&never)).fails(&["--listen 192.0.2.77:9770", "waiting for at most 1 s", "give an address"]);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").and_then(|taken| taken.local_addr().map(|at| (taken, at)));
    let (_taken, address) = taken.expect("a port");
    let address = address.to_string();
    let at_once = [&options[..], &["--listen-wait", "86400", "--listen", &address]].concat();
    let outcome = finish(agent(&at_once)).fails(&[&address, "in use"]);
    assert!(!outcome.err.contains("waiting for"), "{outcome:?}");
}

#[test]
fn clock_behind_the_certificate_of_listen_is_waited_for() {
    let folder = tempfile::tempdir().expect("a folder");
    let authority = Authority::create(&folder.path().join("keys"), Validity::days(20)).expect("an authority");
    let soon = Validity { from: now() + 3, until: now() + 1_000_000 };
    let server = authority.issue(Role::Server, "localhost", &[], soon).expect("a certificate");
    let (server, authority) = (server.to_str().expect("a path").to_owned(), authority.certificate());
    let (mut run, _) = listening(&["--listen-tls", &server, "--listen-authority", authority.to_str().expect("a path")]);
    // It listens before its session begins.
    run.line();
    run.signal("TERM");
    let outcome = run.end();
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    let late = Validity { from: now() + 100_000, until: now() + 1_000_000 };
    let other = Authority::create(&folder.path().join("late"), Validity::days(20)).expect("an authority");
    let server = other.issue(Role::Server, "localhost", &[], late).expect("a certificate");
    let options = ["run", "--source", "synth", "--events", "1", "--listen", "127.0.0.1:0", "--listen-wait", "1"];
    let authority = other.certificate();
    let tls = ["--listen-tls", server.to_str().expect("a path"), "--listen-authority"];
    let all = [&options[..], &tls, &[authority.to_str().expect("a path")]].concat();
    finish(agent(&all)).fails(&["waiting for at most 1 s", "set the clock"]);
}

#[test]
fn file_systems_at_other_places_are_read_there() {
    let folder = tempfile::tempdir().expect("a folder");
    let proc = folder.path().join("proc");
    symlink("/proc", &proc).expect("a link");
    let (proc, nothing) = (proc.to_str().expect("a path"), folder.path().to_str().expect("a path"));
    let pid = std::process::id().to_string();
    let report = with_daemon(&["scan", "--json", "--pid", &pid, "--procfs", proc]).ok().json();
    assert_eq!(report["not_seen"], serde_json::json!([]), "{report}");
    with_daemon(&["--procfs", nothing, "scan", "--pid", &pid]).fails(&["--procfs", "`self`"]);
    with_daemon(&["scan", "--pid", &pid, "--cgroupfs", nothing]).fails(&["--cgroupfs", "cgroup2"]);
}

#[test]
fn peak_memory_is_what_the_agent_itself_has_used() {
    // Memory of the parent, which getrusage(2) counts for a child, because exec hands the number down.
    let of_the_parent = vec![1u8; 256 << 20];
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("metrics.prom");
    let metrics = file.to_str().expect("a plain path");
    with_daemon(&["run", "--source", "synth", "--events", "1000", "--metrics", metrics]).ok();
    let text = std::fs::read_to_string(&file).expect("metrics");
    let of = |name: &str| -> u64 {
        let line = text.lines().find_map(|line| line.strip_prefix(name)).expect(name);
        line.trim().parse().expect("a number of bytes")
    };
    let resident = of("deltascope_agent_resident_memory_bytes");
    let peak = of("deltascope_agent_peak_memory_bytes");
    assert!(resident > 0 && peak >= resident && peak < of_the_parent.len() as u64 / 2, "{resident} {peak}");
}
