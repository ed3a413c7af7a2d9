//! The reserve for known holders: a session that comes back has a place although peers from many addresses fill the others.
#![allow(clippy::unwrap_used, reason = "tests stop at the first surprise")]

mod support;

use deltascope_protocol::frame::{self, Hello, Message};
use deltascope_testkit::frames;
use deltascope_tls::Channel;
use rustls::pki_types::ServerName;
use std::io::Write;
use std::net::{Ipv4Addr, TcpStream};
use support::{Daemon, Keys, Peer, connect_from, encode, first_frame};

/// The address of the agent is neither the first nor the last among those of the unknown peers.
const AGENT: [u8; 4] = [127, 5, 0, 1];
/// Connections of unknown peers, each from an address of its own: many times the places that there are.
const UNKNOWN_PEERS: u32 = 400;

/// Opens connections that send nothing, and waits until the daemon has decided about them all.
fn unknown_peers(daemon: &mut Daemon, first: u32) -> Vec<TcpStream> {
    let decided = |status: &serde_json::Value| {
        let count = |reason: &str| status["rejected_peers_total"][reason].as_u64().unwrap();
        count("dropped_early") + count("crowded_out")
    };
    let before = decided(&daemon.status());
    let address = |number: u32| Ipv4Addr::from(0x7F00_0100 + number * 0x5003).octets();
    let open = (first..first + UNKNOWN_PEERS).map(|number| connect_from(address(number), daemon.address)).collect();
    // Less than a hundred find a place.
    daemon.status_when(|status| decided(status) - before >= u64::from(UNKNOWN_PEERS) - 100);
    open
}

fn granted(answer: &[u8]) -> (u64, u64) {
    let Message::Welcome(welcome) = frame::decode(answer).unwrap() else { panic!("{:?}", frame::decode(answer)) };
    (welcome.boot_id, welcome.grant)
}

#[test]
fn session_of_a_plain_port_comes_back_among_peers_of_many_addresses() {
    let mut daemon = Daemon::start(&[]);
    let mut stream = connect_from(AGENT, daemon.address);
    let mut hello = frames::hello(1, 4, 4);
    stream.write_all(&encode(&Message::Hello(hello))).unwrap();
    (hello.boot_id, hello.grant) = granted(&first_frame(&mut stream).unwrap());
    drop(stream);
    daemon.status_when(|status| status["connections"] == 0);
    let _first = unknown_peers(&mut daemon, 0);
    let mut stream = connect_from(AGENT, daemon.address);
    let _second = unknown_peers(&mut daemon, UNKNOWN_PEERS);
    stream.write_all(&encode(&Message::Hello(hello))).unwrap();
    let answer = first_frame(&mut stream).expect("the connection was kept");
    assert_eq!(granted(&answer), (hello.boot_id, hello.grant), "the same grant");
}

#[test]
fn handshake_of_an_address_with_a_session_is_kept_among_peers_of_many_addresses() {
    let keys = Keys::new();
    let mut daemon = keys.daemon(&["--max-handshakes", "64"]);
    let agent = keys.client(&keys.agent("agent"));
    let peer = |daemon: &Daemon| {
        let name = ServerName::try_from("localhost").unwrap();
        let channel = Channel::client(agent.clone(), name).unwrap();
        Peer { stream: connect_from(AGENT, daemon.address), channel, plaintext: Vec::new() }
    };
    let mut hello: Hello<'_> = frames::hello(1, 4, 4);
    let mut first = peer(&daemon);
    (hello.boot_id, hello.grant) = granted(&first.send_hello(&encode(&Message::Hello(hello))).unwrap());
    // Once beside its connection, as after one that hangs half open, and once after it.
    for is_lost in [false, true] {
        let _first = unknown_peers(&mut daemon, 0);
        let mut again = peer(&daemon);
        let _second = unknown_peers(&mut daemon, UNKNOWN_PEERS);
        let answer = again.send_hello(&encode(&Message::Hello(hello))).expect("the handshake was kept");
        assert_eq!(granted(&answer), (hello.boot_id, hello.grant), "the same grant");
        if !is_lost {
            drop(std::mem::replace(&mut first, again));
            first.stream.shutdown(std::net::Shutdown::Both).unwrap();
            daemon.status_when(|status| status["connections"] == 0);
        }
    }
    assert_eq!(daemon.status()["resumed_total"], 2);
}
