//! The daemon as a process, over real sockets: an honest agent, garbage, strangers and a stop.
#![allow(clippy::unwrap_used, reason = "tests stop at the first surprise")]

use deltascope_abi::loss::Losses;
use deltascope_abi::record::{Class, Record};
use deltascope_protocol::agent::{Config, Endpoint, Identity};
use deltascope_protocol::frame::{
    self, ErrorCode, MAX_FRAME_BYTES, Message, PROTOCOL_VERSION, Records, Secret, SnapshotRequest, message::Cursors,
};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

mod support;

use support::{encode, hello_of};

struct Daemon {
    child: Child,
    address: SocketAddr,
}

impl Daemon {
    fn start(arguments: &[&str]) -> Daemon {
        let mut child = support::command(&["--listen", "127.0.0.1:0"])
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening on ").unwrap().parse().unwrap();
        Daemon { child, address }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        stream
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

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

fn events(first_sequence: u64, records: &[Record]) -> Vec<u8> {
    let records: Vec<_> = records.iter().map(|record| record.to_bytes()).collect();
    let (losses, cursors) = (Losses::default(), Cursors::default());
    encode(&Message::Records(Records { first_sequence, replies_below: 0, losses, cursors, records: &records }))
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
        assert!(start.elapsed() < Duration::from_secs(60), "{:?}", session.progress());
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
    // SAFETY: the process is a child of this one that was not waited for, so the id is its own.
    assert_eq!(unsafe { libc::kill(daemon.child.id() as libc::pid_t, libc::SIGTERM) }, 0);
    let bytes: Vec<u8> = byte.into_iter().chain(read_all(&mut idle)).collect();
    assert_eq!(refusal(&bytes), ErrorCode::Shutdown);
    assert!(daemon.child.wait().unwrap().success());
}

#[test]
fn survives_garbage_and_says_what_was_wrong() {
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
fn connections_beyond_the_limit_are_told_and_turned_away() {
    let daemon = Daemon::start(&["--max-sessions", "1"]);
    let held: Vec<_> = (0..16).map(|_| daemon.connect()).collect();
    let mut told = 0;
    for _ in 0..50 {
        let mut stream = daemon.connect();
        told += usize::from(refusal(&read_all(&mut stream)) == ErrorCode::Limit);
    }
    assert_eq!(told, 50);
    drop(held);
    // The daemon sees the ends of the held connections when it gets to them.
    let start = Instant::now();
    while !is_heard(&daemon) {
        assert!(start.elapsed() < Duration::from_secs(10));
    }
    assert_eq!(honest_agent(&daemon, 4, 1_000), 1_000);
}

/// Whether the daemon waits for the Hello of a new connection, which it is not given.
fn is_heard(daemon: &Daemon) -> bool {
    let mut stream = daemon.connect();
    stream.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    matches!(stream.read(&mut [0]), Err(error) if error.kind() == std::io::ErrorKind::WouldBlock)
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
