//! A full board: who gives way, as real clients of the daemon meet it.
#![allow(clippy::unwrap_used, reason = "tests stop at the first surprise")]

mod support;

use deltascope_abi::loss::Losses;
use deltascope_abi::record::{Class, Record};
use deltascope_protocol::frame::{Cursors, ErrorCode, Message, Records};
use std::io::{Read, Write};
use std::net::TcpStream;
use support::{Daemon, Keys, Peer, encode, error, hello, is_welcome};

/// Sessions of the defaults.
const SESSIONS: u8 = 64;

fn records(first_sequence: u64, count: usize) -> Vec<u8> {
    let records = vec![Record::pair(0, Class::PageAfterT, 4096, 7, 7).to_bytes(); count];
    let (losses, cursors) = (Losses::default(), Cursors(&[]));
    encode(&Message::Records(Records { first_sequence, replies_below: 0, losses, cursors, records: &records }))
}

/// Reads one frame.
fn frame(stream: &mut TcpStream) -> Vec<u8> {
    let mut bytes = vec![0; 4];
    stream.read_exact(&mut bytes).unwrap();
    bytes.resize(u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]) as usize, 0);
    stream.read_exact(&mut bytes[4..]).unwrap();
    bytes
}

/// Sends Hello over a connection from 127.0.0.`address`.
fn ask(daemon: &Daemon, address: u8, number: u8) -> (TcpStream, Vec<u8>) {
    let mut stream = support::connect_from([127, 0, 0, address], daemon.address);
    stream.write_all(&hello(number, 0)).unwrap();
    let answer = frame(&mut stream);
    (stream, answer)
}

#[test]
fn full_plain_port_of_one_address_lets_another_address_in() {
    let mut daemon = Daemon::start(&[]);
    let mut many: Vec<TcpStream> = (0..SESSIONS)
        .map(|number| {
            let (mut stream, answer) = ask(&daemon, 1, number + 1);
            assert!(is_welcome(&answer));
            stream.write_all(&records(0, 1)).unwrap();
            // Its Ack: the record has passed.
            frame(&mut stream);
            stream
        })
        .collect();
    let (_, answer) = ask(&daemon, 1, 100);
    assert_eq!(error(&answer).0, ErrorCode::Limit, "its address has all places");
    let (mut agent, answer) = ask(&daemon, 2, 101);
    assert!(is_welcome(&answer));
    agent.write_all(&records(0, 1)).unwrap();
    let (code, text) = error(&frame(&mut many[SESSIONS as usize - 1]));
    assert_eq!(code, ErrorCode::Limit);
    assert!(text.contains("this address or name"), "{text}");
    let status = daemon.status_when(|status| status["displaced_total"] == 1);
    assert_eq!((status["sessions"].as_u64(), status["abandoned_sessions_total"].as_u64()), (Some(64), Some(0)));
    // All of them vanish: a third address needs no minute to get in, and what is lost is named and counted.
    drop(many);
    daemon.status_when(|status| status["connections"] == 1);
    let (_third, answer) = ask(&daemon, 3, 102);
    assert!(is_welcome(&answer));
    let status = daemon.status();
    assert_eq!((status["displaced_total"].as_u64(), status["abandoned_records_total"].as_u64()), (Some(2), Some(1)));
    daemon.signal(libc::SIGTERM);
    let log = std::io::read_to_string(daemon.stderr.take().unwrap()).unwrap();
    assert!(
        log.contains("agent id ") && log.contains("session given up, its address or name had most places"),
        "{log}"
    );
}

#[test]
fn full_board_of_one_name_lets_another_name_in() {
    let keys = Keys::new();
    let mut daemon = keys.daemon(&[]);
    let (greedy, agent) = (keys.client(&keys.agent("greedy")), keys.client(&keys.agent("agent")));
    let mut many: Vec<Peer> = (0..SESSIONS)
        .map(|number| {
            let mut peer = Peer::new(&daemon, greedy.clone());
            assert!(is_welcome(&peer.send_hello(&hello(number + 1, 0)).unwrap()));
            peer.send(&records(0, 1));
            peer
        })
        .collect();
    daemon.status_when(|status| status["records_total"] == u64::from(SESSIONS));
    let answer = Peer::new(&daemon, greedy.clone()).send_hello(&hello(100, 0)).unwrap();
    assert_eq!(error(&answer).0, ErrorCode::Limit);
    assert!(is_welcome(&Peer::new(&daemon, agent).send_hello(&hello(101, 0)).unwrap()));
    let bytes = many.pop().unwrap().read_all().unwrap();
    let text = String::from_utf8_lossy(&bytes).into_owned();
    assert!(text.contains("this address or name"), "{text}");
}
