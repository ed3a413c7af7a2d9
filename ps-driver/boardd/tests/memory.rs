//! The memory of the whole daemon, against what it was allowed.
#![allow(clippy::unwrap_used, reason = "tests stop at the first surprise")]

mod support;

use deltascope_abi::loss::Losses;
use deltascope_abi::record::Record;
use deltascope_protocol::frame::{self, Cursors, MAX_FRAME_BYTES, Message, Records};
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::process::Stdio;
use support::{Daemon, encode, hello_of};

/// Sessions, which is the default's most.
const SESSIONS: u8 = 64;
/// Records of a frame, each of which is answered.
const READS: usize = 16_000;
/// Connections of each session, one after the other.
const ROUNDS: usize = 3;
/// The default of --memory in MiB, and little more than the least for 64 sessions.
const ALLOWED: [u64; 2] = [384, 120];

/// A session that asks and never reads or confirms an answer.
struct Session {
    number: u8,
    boot_id: u64,
    grant: u64,
    next: u64,
    credit: u64,
}

fn read_frame(stream: &mut TcpStream) -> Vec<u8> {
    let mut bytes = vec![0; 4];
    stream.read_exact(&mut bytes).unwrap();
    let length = u32::from_le_bytes(bytes[..4].try_into().unwrap()) as usize;
    assert!(length <= MAX_FRAME_BYTES);
    bytes.resize(length, 0);
    stream.read_exact(&mut bytes[4..]).unwrap();
    bytes
}

impl Session {
    /// Connects and reads the Welcome; nothing is read after it.
    fn connect(&mut self, daemon: &Daemon) -> TcpStream {
        let bytes = hello_of(self.number, 1, 1);
        let Message::Hello(mut hello) = frame::decode(&bytes).unwrap() else { panic!("a Hello") };
        (hello.boot_id, hello.grant, hello.next_sequence) = (self.boot_id, self.grant, self.next);
        let mut stream = daemon.connect();
        stream.write_all(&encode(&Message::Hello(hello))).unwrap();
        let bytes = read_frame(&mut stream);
        let Message::Welcome(welcome) = frame::decode(&bytes).unwrap() else { panic!("{:?}", frame::decode(&bytes)) };
        (self.boot_id, self.grant) = (welcome.boot_id, welcome.grant);
        (self.next, self.credit) = (welcome.next_sequence, welcome.credit);
        stream.set_nonblocking(true).unwrap();
        stream
    }

    /// The next frame that its credit allows.
    fn frame(&mut self) -> Option<Vec<u8>> {
        let count = (self.credit - self.next).min(READS as u64);
        let records = vec![Record::read(0).to_bytes(); count as usize];
        let (losses, cursors) = (Losses::default(), Cursors(&[]));
        let records = Records { first_sequence: self.next, replies_below: 0, losses, cursors, records: &records };
        self.next += count;
        (count > 0).then(|| encode(&Message::Records(records)))
    }
}

#[test]
fn sixty_four_sessions_that_read_nothing_stay_within_the_memory() {
    for allowed in ALLOWED {
        stay_within(allowed);
    }
}

/// 64 sessions at a daemon with this --memory, in MiB.
fn stay_within(allowed: u64) {
    let mut daemon = Daemon::start(&["--memory", &format!("{allowed}MiB")]);
    let session = |number| Session { number, boot_id: 0, grant: 0, next: 0, credit: 0 };
    let mut sessions: Vec<Session> = (1..=SESSIONS).map(session).collect();
    for round in 0..ROUNDS {
        let mut streams: Vec<(TcpStream, Vec<u8>)> =
            sessions.iter_mut().map(|session| (session.connect(&daemon), Vec::new())).collect();
        // Until no peer can send: the credit is used up, or the daemon reads no more.
        let mut last = None;
        loop {
            let mut moved = false;
            for (session, (stream, unsent)) in sessions.iter_mut().zip(&mut streams) {
                if unsent.is_empty() {
                    *unsent = session.frame().unwrap_or_default();
                }
                match stream.write(unsent) {
                    Ok(count) => {
                        moved |= count > 0;
                        unsent.drain(..count);
                    }
                    Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock),
                }
            }
            if !moved {
                // The daemon answers the signal in its loop, so what it had to read it has read by then.
                let records = daemon.status()["records_total"].as_u64();
                if std::mem::replace(&mut last, records) == records {
                    break;
                }
            }
        }
        println!(
            "measured: {allowed} MiB allowed, round {round}: {} KiB at most, {} records",
            daemon.peak_resident() / 1024,
            last.unwrap()
        );
        assert!(last >= Some(u64::from(SESSIONS) * READS as u64), "each session got at least a frame in");
    }
    let peak = daemon.peak_resident();
    assert!(peak <= allowed << 20, "expected at most {allowed} MiB, found {peak} bytes");
    // The sessions are still served: one that reads gets its answers.
    let status = daemon.status();
    assert_eq!(status["sessions"], u64::from(SESSIONS), "{status}");
}

/// A limit of 0, or one below what its rule can divide, serves nobody: it is refused by its name.
#[test]
fn limits_that_serve_no_agent_are_refused() {
    for (option, value) in [
        ("--max-sessions", "0"),
        ("--max-handshakes", "0"),
        ("--max-handshakes", "3"),
        ("--memory", "0"),
        ("--stall-limit", "0"),
    ] {
        // Files that are not there: nothing is read before the command line is good.
        let tls: &[&str] = if option == "--max-handshakes" { &["--tls", "none", "--authority", "none"] } else { &[] };
        let arguments = [&["--listen", "127.0.0.1:0", option, value], tls].concat();
        let output = support::command(&arguments).stdin(Stdio::null()).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && said.contains(option), "{option} {value}: {said}");
        assert!(output.stdout.is_empty(), "{option} {value}: it did not listen");
    }
}
