//! A running agent as its operator asks for it, and file systems of the kernel at other places.

mod support;

use std::os::unix::fs::symlink;

use support::run::Run;
use support::{agent, boardd, finish, with_daemon};

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
fn status_ends_with_what_the_document_says() {
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
