//! The daemon as a process, over real sockets: an honest agent, garbage, unknown peers and a stop.
#![allow(clippy::unwrap_used, reason = "tests stop at the first surprise")]

use deltascope_abi::loss::Losses;
use deltascope_abi::record::{Class, Record};
use deltascope_protocol::agent::{Config, Endpoint, Identity};
use deltascope_protocol::frame::{
    self, Bye, ErrorCode, MAX_FRAME_BYTES, Message, PROTOCOL_VERSION, Secret, SnapshotRequest, StateAt,
};
use deltascope_testkit::frames::records;
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::Stdio;
use std::time::{Duration, Instant};

mod support;

use support::{Daemon, encode, first_frame, hello_of};

/// Everything until the server closes.
fn read_all(stream: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    _ = stream.read_to_end(&mut bytes);
    bytes
}

/// The code of the Error frame that is the last frame in `bytes`.
fn refusal(mut bytes: &[u8]) -> ErrorCode {
    let mut code = None;
    while let Some(length) = frame::frame_length(bytes, MAX_FRAME_BYTES).unwrap() {
        if let Message::Error(error) = frame::decode(&bytes[..length]).unwrap() {
            assert!(!error.text.is_empty());
            code = Some(error.code);
        }
        bytes = &bytes[length..];
    }
    code.unwrap()
}

fn events(first_sequence: u64, list: &[Record]) -> Vec<u8> {
    records(first_sequence, 0, list)
}

/// Sends `count` pairs through a session of its own and gives the events counted.
fn honest_agent(daemon: &Daemon, number: u8, count: usize) -> u64 {
    let mut stream = daemon.connect();
    stream.set_nonblocking(true).unwrap();
    let (session, agent, secret) = ([number; 16], [number; 16], Secret([number; 16]));
    let identity = Identity { session, agent, secret, resumes: true, nonce: 7, host: "host".into() };
    let mut session = Endpoint::new(Config { groups: 4, contexts: 4, ..Config::default() }, identity);
    let start = Instant::now();
    session.connected(0);
    let records = vec![Record::pair(3, Class::PageAfterT, 4096, 1, 1); 4096];
    let (mut left, mut buffer) = (count, vec![0; 65_536]);
    while !session.is_finished() {
        assert!(start.elapsed() < Duration::from_secs(300), "{:?}", session.progress());
        let now = start.elapsed().as_micros() as u64;
        left -= session.admit(&records[..left.min(4096)]);
        session.commit(&Losses::default(), &[], now);
        if left == 0 && session.granted().is_some() {
            session.finish();
        }
        if let Ok(sent) = stream.write(session.transmit()) {
            session.advance(sent, now);
        }
        match stream.read(&mut buffer) {
            Ok(0) => session.disconnected(),
            Ok(got) => session.receive(&buffer[..got], now).unwrap(),
            Err(_) => {}
        }
        session.poll(now).unwrap();
        while session.next_notification().is_some() {}
    }
    let row = session.totals()[12];
    assert_eq!((row.events, row.redundant_bytes), (row.redundant_events, row.events * 4096));
    row.events
}

#[test]
fn counts_every_event_and_stops_when_told() {
    let mut daemon = Daemon::start(&[]);
    assert_eq!(honest_agent(&daemon, 1, 1_000_000), 1_000_000);
    assert_eq!(honest_agent(&daemon, 1, 10), 10, "a grant begins at 0 whatever was counted before");
    let mut idle = daemon.connect();
    idle.write_all(&hello_of(9, 2, 2)).unwrap();
    let mut byte = [0];
    idle.read_exact(&mut byte).unwrap();
    daemon.signal(libc::SIGTERM);
    let bytes: Vec<u8> = byte.into_iter().chain(read_all(&mut idle)).collect();
    assert_eq!(refusal(&bytes), ErrorCode::Shutdown);
    assert!(daemon.child.wait().unwrap().success());
}

#[test]
fn survives_garbage_and_reports_what_was_wrong() {
    let daemon = Daemon::start(&["--max-sessions", "8"]);
    let mut wrong_crc = hello_of(1, 2, 2);
    *wrong_crc.last_mut().unwrap() ^= 1;
    let mut wrong_version = hello_of(1, 2, 2);
    wrong_version[5] = PROTOCOL_VERSION + 1;
    let after_hello = |number, bytes: Vec<u8>| [hello_of(number, 2, 2), bytes].concat();
    let ask = Message::SnapshotRequest(SnapshotRequest { token: 1, first: 0, last: 2 });
    let cases = [
        (b"GET / HTTP/1.1\r\n\r\n".to_vec(), ErrorCode::Malformed),
        (vec![0; 64], ErrorCode::Malformed),
        (vec![0xFF; 100_000], ErrorCode::Malformed),
        (wrong_crc, ErrorCode::Malformed),
        (wrong_version, ErrorCode::Version),
        (events(0, &[]), ErrorCode::Unexpected),
        (after_hello(1, hello_of(1, 2, 2)), ErrorCode::Unexpected),
        (after_hello(2, events(0, &[])), ErrorCode::Unexpected),
    ];
    for (bytes, code) in &cases {
        let mut stream = daemon.connect();
        _ = stream.write_all(bytes);
        assert_eq!(refusal(&read_all(&mut stream)), *code);
    }
    let out_of_grant = Record::pair(2, Class::PageAfterT, 1, 0, 0);
    let cases = [
        (events(0, &[Record::nop(), out_of_grant]), ErrorCode::OutOfGrant),
        (events(0, &[Record::read(2)]), ErrorCode::OutOfGrant),
        (events(0, &[Record::snapshot(0, 0)]), ErrorCode::ForbiddenOp),
        (events(0, &[Record { head: 15, operand: 0 }]), ErrorCode::ForbiddenOp),
        (events(1, &[Record::nop()]), ErrorCode::Sequence),
        (encode(&ask), ErrorCode::OutOfGrant),
    ];
    for (bytes, code) in &cases {
        let mut stream = daemon.connect();
        stream.write_all(&hello_of(3, 2, 2)).unwrap();
        let mut welcome = [0; 12];
        stream.read_exact(&mut welcome).unwrap();
        let rest = u32::from_le_bytes([welcome[0], welcome[1], welcome[2], welcome[3]]) as usize - 12;
        stream.read_exact(&mut vec![0; rest]).unwrap();
        stream.write_all(bytes).unwrap();
        assert_eq!(refusal(&read_all(&mut stream)), *code);
    }
    assert_eq!(honest_agent(&daemon, 4, 1_000), 1_000);
}

#[test]
fn silent_connections_do_not_shut_the_door_and_are_told_why_they_go() {
    let daemon = Daemon::start(&["--max-sessions", "1"]);
    let mut silent = Vec::new();
    for number in 0..60 {
        // Four silent ones for each agent: 240 on 16 places.
        silent.extend((0..4).map(|_| daemon.connect()));
        // An agent sends its Hello at once and tries again when its turn did not come.
        let mut attempts = 0..600;
        let welcomed = attempts.find(|_| {
            let mut stream = daemon.connect();
            _ = stream.write_all(&hello_of(1, 1, 1));
            let frame = first_frame(&mut stream).expect("a peer that is refused reads why");
            let is_welcome = matches!(frame::decode(&frame), Ok(Message::Welcome(_)));
            if is_welcome {
                stream.write_all(&encode(&Message::Bye(Bye { next_sequence: 0 }))).unwrap();
                read_all(&mut stream);
            }
            is_welcome
        });
        assert!(welcomed.is_some(), "agent {number}");
    }
    let refused = silent.iter_mut().map(read_all).filter(|bytes| refusal(bytes) == ErrorCode::Limit).count();
    assert_eq!(refused, silent.len());
    assert_eq!(honest_agent(&daemon, 4, 1_000), 1_000);
}

#[test]
fn daemon_without_descriptors_reports_it_once_and_recovers() {
    let mut daemon = daemon_with_descriptors(40, &[]);
    let held: Vec<_> = (0..60).map(|_| daemon.connect()).collect();
    // Its own address gets no more.
    daemon.status_when(|status| status["accept_failures_total"].as_u64() >= Some(15));
    drop(held);
    daemon.status_when(|status| status["connections"] == 0);
    let mut agent = daemon.connect();
    agent.write_all(&hello_of(1, 1, 1)).unwrap();
    let frame = first_frame(&mut agent).unwrap();
    assert!(matches!(frame::decode(&frame), Ok(Message::Welcome(_))));
    daemon.signal(libc::SIGTERM);
    let mut log = String::new();
    daemon.stderr.take().unwrap().read_to_string(&mut log).unwrap();
    assert_eq!(log.matches("accept: ").count(), 1, "{log}");
    assert!(log.contains("descriptors: expected a limit of at least"), "{log}");
}

/// A daemon that may have this many descriptors.
fn daemon_with_descriptors(most: u32, options: &[&str]) -> support::Daemon {
    let daemon = support::command(&[&["--listen", "127.0.0.1:0"], options].concat());
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", &format!("ulimit -n {most} && exec \"$@\""), "sh"]);
    shell.arg(daemon.get_program()).args(daemon.get_args());
    support::Daemon::of(shell.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap())
}

/// Silent connections of one address hold every descriptor: one of them gives way in the turn in which another address comes.
#[test]
fn address_without_connections_gets_a_descriptor_of_the_one_with_most() {
    let keys = support::Keys::new();
    let authority = keys.authority.certificate();
    let (own, authority) = (keys.server.to_str().unwrap(), authority.to_str().unwrap());
    for options in [&[][..], &["--tls", own, "--authority", authority]] {
        // So few that no other limit comes first.
        let mut daemon = daemon_with_descriptors(44, options);
        let count = |status: &Value, reason: &str| status["rejected_peers_total"][reason].as_u64().unwrap();
        let mut silent = Vec::new();
        // Silent ones have 5 s. On a busy machine they may be gone before the agent comes, which shows nothing.
        for _ in 0..20 {
            let before = daemon.status();
            silent = (0..100).map(|_| support::connect_from([127, 0, 0, 2], daemon.address)).collect::<Vec<_>>();
            let failures = |status: &Value| status["accept_failures_total"].as_u64();
            daemon.status_when(|status| failures(status) > failures(&before));
            let welcome = if options.is_empty() {
                let mut agent = daemon.connect();
                agent.write_all(&hello_of(1, 1, 1)).unwrap();
                first_frame(&mut agent).unwrap()
            } else {
                support::Peer::new(&daemon, keys.client(&keys.agent("agent"))).send_hello(&hello_of(1, 1, 1)).unwrap()
            };
            assert!(matches!(frame::decode(&welcome), Ok(Message::Welcome(_))));
            if count(&daemon.status(), "crowded_out") > 0 {
                break;
            }
        }
        let status = daemon.status();
        assert!(count(&status, "crowded_out") > 0, "{status}");
        if options.is_empty() {
            let mut reasons = silent.iter_mut().filter_map(first_frame);
            let is_named = reasons.any(|bytes| String::from_utf8_lossy(&bytes).contains("descriptors"));
            assert!(is_named, "those that had to go read why");
        }
    }
}

#[test]
fn an_open_address_needs_the_word_insecure() {
    let run = |arguments: &[&str]| support::command(arguments).output().unwrap();
    let refused = run(&["--listen", "0.0.0.0:0"]);
    assert!(!refused.status.success());
    assert!(String::from_utf8_lossy(&refused.stderr).contains("--insecure"));
    let mut daemon = support::command(&["--listen", "0.0.0.0:0", "--insecure"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(daemon.stderr.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.contains("INSECURE"), "{line}");
    daemon.kill().unwrap();
    daemon.wait().unwrap();
}

/// An agent that reads everything and sends nothing more: what the daemon has for it must come all the same.
#[test]
fn replies_come_to_a_session_that_only_reads() {
    const READS: usize = 16_000;
    let daemon = Daemon::start(&[]);
    let mut stream = daemon.connect();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    stream.write_all(&hello_of(1, 1, 4)).unwrap();
    assert!(matches!(frame::decode(&first_frame(&mut stream).unwrap()), Ok(Message::Welcome(_))));
    stream.write_all(&events(0, &[Record::read(1); READS])).unwrap();
    stream.write_all(&encode(&Message::StateAt(StateAt { token: 1, mark: 0, context: 1 }))).unwrap();
    let mut replies = 0;
    loop {
        let bytes = first_frame(&mut stream).expect("more frames");
        match frame::decode(&bytes).unwrap() {
            Message::Replies(list) => replies += list.iter().count(),
            Message::StateAtReply(reply) => {
                assert_eq!((replies, reply.sequence, reply.too_old), (READS, READS as u64, true));
                return;
            }
            Message::Ack(_) => {}
            other => panic!("{other:?}"),
        }
    }
}
