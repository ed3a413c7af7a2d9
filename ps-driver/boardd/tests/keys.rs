//! Keys of the daemon: which it takes, renewal without a restart, quotas, and what it reports about itself.
#![allow(clippy::unwrap_used, reason = "tests stop at the first surprise")]

mod support;

use deltascope_abi::loss::Losses;
use deltascope_abi::record::{Class, Record};
use deltascope_protocol::agent::{Config, Endpoint, Identity};
use deltascope_protocol::frame::{ErrorCode, Secret};
use deltascope_tls::{Role, Validity, certificate};
use std::fs::{Permissions, set_permissions};
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;
use std::time::{Duration, Instant};
use support::{Keys, Peer, command, error, hello, is_welcome, send_signal};

#[test]
fn every_event_is_counted_through_tls() {
    const EVENTS: usize = 1_000_000;
    let keys = Keys::new();
    let mut daemon = keys.daemon(&[]);
    let mut peer = Peer::new(&daemon, keys.client(&keys.agent("web-1")));
    peer.handshake().unwrap();
    peer.stream.set_nonblocking(true).unwrap();
    let (session, agent, secret) = ([1; 16], [1; 16], Secret::NONE);
    let identity = Identity { session, agent, secret, resumes: true, nonce: 7, host: "host".into() };
    let mut session = Endpoint::new(Config { groups: 4, contexts: 4, ..Config::default() }, identity);
    let start = Instant::now();
    session.connected(0);
    let records = vec![Record::pair(3, Class::PageAfterT, 4096, 1, 1); 4096];
    let mut left = EVENTS;
    while !session.is_finished() {
        assert!(start.elapsed() < Duration::from_secs(300), "{:?}", session.progress());
        let now = start.elapsed().as_micros() as u64;
        left -= session.admit(&records[..left.min(4096)]);
        session.commit(&Losses::default(), &[], now);
        if left == 0 && session.granted().is_some() {
            session.finish();
        }
        let count = peer.channel.write(session.transmit()).unwrap();
        session.advance(count, now);
        if let Ok(count) = peer.stream.write(peer.channel.transmit()) {
            peer.channel.advance(count);
        }
        peer.read().unwrap();
        session.receive(&std::mem::take(&mut peer.plaintext), now).unwrap();
        session.poll(now).unwrap();
        while session.next_notification().is_some() {}
    }
    assert_eq!(session.totals()[12].events, EVENTS as u64);
    let status = daemon.status();
    assert_eq!(status["records_total"], EVENTS);
    assert_eq!(status["authenticated_total"], 1);
    daemon.signal(libc::SIGTERM);
    assert_eq!(daemon.line()["records_total"], EVENTS, "the status is said once more at the end");
    assert!(daemon.child.wait().unwrap().success());
}

#[test]
fn keys_that_others_can_read_are_refused() {
    let keys = Keys::new();
    let authority = keys.authority.certificate();
    for mode in [0o644, 0o604, 0o660] {
        set_permissions(&keys.server, Permissions::from_mode(mode)).unwrap();
        let arguments = [
            "--listen",
            "127.0.0.1:0",
            "--tls",
            keys.server.to_str().unwrap(),
            "--authority",
            authority.to_str().unwrap(),
        ];
        let output = command(&arguments).output().unwrap();
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && text.contains(&format!("{mode:04o}")), "{text}");
    }
}

#[test]
fn an_expired_certificate_does_not_start_a_server() {
    let mut keys = Keys::new();
    let now = certificate::now();
    let past = Validity { from: now - 200_000, until: now - 90_000 };
    keys.server = keys.authority.issue(Role::Server, "localhost", &[], past).unwrap();
    let authority = keys.authority.certificate();
    let arguments =
        ["--listen", "127.0.0.1:0", "--tls", keys.server.to_str().unwrap(), "--authority", authority.to_str().unwrap()];
    let output = command(&arguments).output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && text.contains("expired 1.0 days ago"), "{text}");
}

#[test]
fn certificates_are_renewed_without_a_restart() {
    let keys = Keys::new();
    let mut daemon = keys.daemon(&[]);
    let agent = keys.client(&keys.agent("web-1"));
    let mut before = Peer::new(&daemon, agent.clone());
    assert!(is_welcome(&before.send_hello(&hello(1, 4)).unwrap()));
    let old = before.channel.peer().unwrap().until;

    keys.authority.issue(Role::Server, "localhost", &[], Validity::days(9)).unwrap();
    daemon.signal(libc::SIGHUP);
    let status = daemon.status_when(|status| status["reloads_total"] == 1);
    assert!(status["certificate_days_left"].as_f64().unwrap() > 8.9, "{status}");
    let mut after = Peer::new(&daemon, agent.clone());
    assert!(is_welcome(&after.send_hello(&hello(2, 4)).unwrap()));
    assert!(after.channel.peer().unwrap().until > old + 7 * 86_400, "new handshakes see the new certificate");
    assert_eq!(daemon.status()["connections"], 2, "what was open stays open");

    // Keys that cannot be used change nothing.
    std::fs::write(&keys.server, "no keys\n").unwrap();
    daemon.signal(libc::SIGHUP);
    daemon.status_when(|status| status["reload_failures_total"] == 1);
    assert!(is_welcome(&Peer::new(&daemon, agent).send_hello(&hello(3, 4)).unwrap()));
}

#[test]
fn a_name_has_no_more_than_its_quota_and_keeps_it_when_it_is_renewed() {
    let keys = Keys::new();
    let list = keys.folder.path().join("names");
    std::fs::write(&list, "web-1 sessions=2 groups=10 contexts=100\n*\n").unwrap();
    let mut daemon = keys.daemon(&["--identities", list.to_str().unwrap()]);
    let first = keys.client(&keys.agent("web-1"));
    let renewed = keys.client(&keys.agent("web-1"));
    let mut one = Peer::new(&daemon, first.clone());
    assert!(is_welcome(&one.send_hello(&hello(1, 6)).unwrap()));
    let (code, text) = error(&Peer::new(&daemon, renewed.clone()).send_hello(&hello(2, 6)).unwrap());
    assert_eq!(code, ErrorCode::NoCapacity);
    assert!(text.contains("quota") && text.contains("10 groups"), "{text}");
    let mut two = Peer::new(&daemon, renewed.clone());
    assert!(is_welcome(&two.send_hello(&hello(2, 4)).unwrap()));
    let (code, text) = error(&Peer::new(&daemon, renewed).send_hello(&hello(3, 1)).unwrap());
    assert_eq!(code, ErrorCode::Limit);
    assert!(text.contains("quota") && text.contains("2 sessions"), "{text}");
    // The session of one name is not another name's.
    let thief = keys.client(&keys.agent("web-2"));
    let (code, _) = error(&Peer::new(&daemon, thief.clone()).send_hello(&hello(1, 6)).unwrap());
    assert_eq!(code, ErrorCode::Unauthorised);
    assert!(is_welcome(&Peer::new(&daemon, thief).send_hello(&hello(4, 100)).unwrap()), "others have their own");
    let status = daemon.status();
    let web = status["identities"].as_array().unwrap().iter().find(|identity| identity["name"] == "web-1").unwrap();
    assert_eq!((&web["sessions"], &web["groups"]), (&2.into(), &10.into()));
    assert_eq!(status["errors_total"]["no_capacity"], 1);
}

#[test]
fn files_that_are_pipes_are_refused_and_end_no_start() {
    let keys = Keys::new();
    let pipe = keys.folder.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let (pipe, server) = (pipe.to_str().unwrap(), keys.server.to_str().unwrap());
    let authority = keys.authority.certificate();
    let authority = authority.to_str().unwrap();
    for files in [
        &["--tls", pipe, "--authority", authority][..],
        &["--tls", server, "--authority", pipe],
        &["--tls", server, "--authority", authority, "--identities", pipe],
    ] {
        let refused = command(&[&["--listen", "127.0.0.1:0"], files].concat()).output().unwrap();
        let text = String::from_utf8(refused.stderr).unwrap();
        assert!(!refused.status.success() && text.contains("expected a file") && text.contains(pipe), "{text}");
    }
}

#[test]
fn an_open_address_needs_tls_or_the_word_insecure() {
    let refused = command(&["--listen", "0.0.0.0:0"]).output().unwrap();
    let text = String::from_utf8_lossy(&refused.stderr);
    assert!(!refused.status.success() && text.contains("--tls") && text.contains("--insecure"), "{text}");
    let keys = Keys::new();
    let authority = keys.authority.certificate();
    let tls = ["--tls", keys.server.to_str().unwrap(), "--authority", authority.to_str().unwrap()];
    for (arguments, insecure) in [(&tls[..], false), (&["--insecure"][..], true)] {
        let mut child = command(&["--listen", "0.0.0.0:0"])
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        stdout.read_line(&mut String::new()).unwrap();
        send_signal(&child, libc::SIGTERM);
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let status: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(status["insecure"], insecure);
        let mut log = String::new();
        child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
        assert_eq!(log.contains("INSECURE"), insecure, "{log}");
        child.wait().unwrap();
    }
}
