//! The session lives on while its owner is at work elsewhere.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use deltascope_abi::ABI_VERSION;
use deltascope_abi::loss::Losses;
use deltascope_agent::uplink::{Options, Uplink};
use deltascope_protocol::frame::{
    Ack, Cursors, Extensions, MAX_FRAME_BYTES, Message, Welcome, decode, encode, frame_length,
};

/// For hangs.
const LIMIT: Duration = Duration::from_secs(300);

/// The server's end of one connection, frame by frame.
struct Peer {
    socket: TcpStream,
    received: Vec<u8>,
}

impl Peer {
    /// Reads one frame and gives whether it is one of records without records.
    fn frame(&mut self) -> bool {
        loop {
            if let Some(length) = frame_length(&self.received, MAX_FRAME_BYTES).expect("a frame")
                && self.received.len() >= length
            {
                let frame: Vec<u8> = self.received.drain(..length).collect();
                let message = decode(&frame).expect("a frame");
                return matches!(message, Message::Records(records) if records.records.is_empty());
            }
            let mut bytes = [0; 4096];
            let count = self.socket.read(&mut bytes).expect("the agent speaks");
            assert!(count > 0, "the agent closed");
            self.received.extend_from_slice(&bytes[..count]);
        }
    }

    fn send(&mut self, message: &Message<'_>) {
        let mut bytes = [0; 1024];
        let length = encode(message, &mut bytes).expect("it has room");
        self.socket.write_all(&bytes[..length]).expect("the agent reads");
    }
}

#[test]
fn owner_that_is_elsewhere_does_not_silence_its_session() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    let server = std::thread::spawn(move || {
        let socket = listener.accept().expect("an agent").0;
        socket.set_read_timeout(Some(LIMIT)).expect("a socket");
        let mut peer = Peer { socket, received: Vec::new() };
        assert!(!peer.frame(), "Hello comes first");
        peer.send(&Message::Welcome(Welcome {
            abi_version: ABI_VERSION,
            engine: 1,
            boot_id: 1,
            grant: 1,
            inherited: false,
            groups: 2,
            contexts: 2,
            most_groups: 2,
            most_contexts: 2,
            journal_lanes: 0,
            journal_depth: 0,
            next_sequence: 0,
            credit: 1_000_000,
            position: 0,
            losses: Losses::default(),
            cursors: Cursors(&[]),
            extensions: Extensions::NONE,
        }));
        for _ in 0..2 {
            assert!(peer.frame(), "a sign of life");
            peer.send(&Message::Ack(Ack { sequence: 0, credit: 1_000_000 }));
        }
    });
    let uplink = Uplink::connect(address, Options::default(), ()).expect("a session");
    // This thread does nothing for the session; it could as well be in a scan of a minute.
    server.join().expect("two signs of life came");
    drop(uplink);
}
