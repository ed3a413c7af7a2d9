//! The board server among peers that send anything.

use crate::script::{Script, sealed};
use deltascope_abi::ABI_VERSION;
use deltascope_abi::loss::Losses;
use deltascope_model::{Config as Sizes, GoldenEngine};
use deltascope_protocol::frame::{
    self, Bye, Cursors, Extensions, FrameBuffer, Grow, Hello, MAX_FRAME_BYTES, Message, Records, Secret,
    SnapshotRequest, StateAt,
};
use deltascope_protocol::server::{Config, ConnectionId, Entropy, Holder, Identity, Peer as ServerPeer, Quota, Server};

/// A peer, and what the server has sent it.
struct Peer {
    id: ConnectionId,
    output: FrameBuffer<Vec<u8>>,
    boot: u64,
    grant: u64,
    next: u64,
    reads: bool,
}

fn bytes_of(message: &Message<'_>) -> Vec<u8> {
    let mut bytes = vec![0; 4_096];
    let length = frame::encode(message, &mut bytes).unwrap_or(0);
    bytes.truncate(length);
    bytes
}

/// Connections at a time.
const CONNECTIONS: usize = 6;
/// What a connection without a session has at most: its Hello, and the frame that ends it.
const CONNECTION_BYTES: u64 = 32 << 10;

/// One of three holders. The third is a name with a quota, and speaks for two identities.
fn place_of(choice: u8) -> ServerPeer {
    let holder = Holder::of(&[choice % 3]);
    let (identity, quota) = match choice % 6 {
        2 => (Identity([2; 32]), Quota { sessions: 2, groups: 5, contexts: 9 }),
        5 => (Identity([5; 32]), Quota { sessions: 1, ..Quota::NONE }),
        _ => (Identity::ANYBODY, Quota::NONE),
    };
    ServerPeer { identity, holder, quota }
}

/// Peers connect, send raw bytes, sealed frames and good frames, and vanish; what the server writes are frames.
pub fn server(data: &[u8]) {
    let mut script = Script(data);
    let sizes = Sizes::with_tables(16, 8).with_journal(2, 4);
    let config = Config {
        window: script.byte().into(),
        quantum: usize::from(script.byte()) + 1,
        max_output: usize::from(script.byte()) * 16,
        max_connections: CONNECTIONS,
        memory: 0,
        max_sessions: 1 + usize::from(script.byte() % 4),
        reserved_sessions: usize::from(script.byte() % 4),
        default_groups: 1 + u32::from(script.byte() % 4),
        default_contexts: 1 + u32::from(script.byte() % 8),
        ..Config::default()
    };
    let bound = config.memory_bound() + CONNECTIONS as u64 * CONNECTION_BYTES;
    let engine = GoldenEngine::new(sizes).expect("sizes of an engine");
    let mut server = Server::new(engine, config, Entropy::Counter(1)).expect("the golden engine does not fail");
    let mut peers: Vec<Peer> = Vec::new();
    let mut now = 0u64;
    let mut steps = 0;
    while script.has_more() && steps < 500 {
        steps += 1;
        let (what, index) = (script.byte(), usize::from(script.byte()));
        let count = peers.len();
        match what % 13 {
            0 => {
                if let Some(id) = server.connect(place_of(script.byte()), now) {
                    let output = FrameBuffer::new(vec![0; MAX_FRAME_BYTES], MAX_FRAME_BYTES);
                    let reads = !script.byte().is_multiple_of(5);
                    peers.push(Peer { id, output, boot: 0, grant: 0, next: 0, reads });
                }
            }
            1 => now = now.saturating_add(script.number().min(1 << 40)),
            2 => _ = server.poll(now),
            _ if count == 0 => {}
            3 => {
                let peer = peers.swap_remove(index % count);
                server.disconnect(peer.id, now);
            }
            4 => {
                let length = script.number() as usize;
                server.receive(peers[index % count].id, script.bytes(length), now);
            }
            5 => {
                let (kind, length) = (script.byte() % 16, script.number() as usize);
                let bytes = sealed(kind, script.bytes(length));
                server.receive(peers[index % count].id, &bytes, now);
            }
            6 | 7 => {
                let peer = &peers[index % count];
                let ids = [1 + script.byte() % 3; 16];
                let (oldest, more) = (script.number(), script.number());
                let known = script.byte().is_multiple_of(2);
                let hello = Hello {
                    abi_version: ABI_VERSION,
                    session: ids,
                    agent: [1 + script.byte() % 2; 16],
                    secret: Secret([script.byte() % 3; 16]),
                    nonce: 1,
                    resumes: script.byte().is_multiple_of(2),
                    groups: script.byte().into(),
                    contexts: script.byte().into(),
                    oldest_sequence: oldest,
                    next_sequence: oldest.saturating_add(more),
                    boot_id: if known { peer.boot } else { 0 },
                    grant: if known { peer.grant } else { 0 },
                    replies_below: script.number(),
                    host: "fuzz",
                    extensions: Extensions::NONE,
                };
                server.receive(peer.id, &bytes_of(&Message::Hello(hello)), now);
            }
            8 => {
                let (groups, contexts) = (1 + script.number() % 20, 1 + script.number() % 40);
                let ask = Grow { groups: groups as u32, contexts: contexts as u32 };
                server.receive(peers[index % count].id, &bytes_of(&Message::Grow(ask)), now);
            }
            9 => {
                let ask = match script.byte() % 8 {
                    0 => Message::Bye(Bye { next_sequence: peers[index % count].next }),
                    1..=4 => {
                        let (token, mark) = (script.number(), script.number());
                        Message::StateAt(StateAt { token, mark, context: (script.byte() % 8).into() })
                    }
                    _ => {
                        let first = u32::from(script.byte() % 4);
                        let last = first + u32::from(script.byte() % 4);
                        Message::SnapshotRequest(SnapshotRequest { token: script.number(), first, last })
                    }
                };
                server.receive(peers[index % count].id, &bytes_of(&ask), now);
            }
            _ => {
                let peer = &mut peers[index % count];
                let records: Vec<_> = (0..script.byte() % 16).map(|_| script.record().to_bytes()).collect();
                let replies_below = script.number();
                let (losses, cursors) = (Losses::default(), Cursors(&[[7; 16]]));
                let events = Records { first_sequence: peer.next, replies_below, losses, cursors, records: &records };
                peer.next = peer.next.wrapping_add(records.len() as u64);
                server.receive(peer.id, &bytes_of(&Message::Records(events)), now);
            }
        }
        // Some peers do not read, for a time or ever.
        for peer in &mut peers {
            if peer.reads {
                read(&mut server, peer);
            }
        }
        assert!(server.memory() <= bound, "{} bytes of {bound}", server.memory());
        peers.retain(|peer| {
            let over = server.is_closing(peer.id) && server.transmit(peer.id).is_empty();
            if over {
                server.disconnect(peer.id, now);
            }
            !over
        });
    }
}

/// Everything that the server has for a peer.
fn read(server: &mut Server<GoldenEngine>, peer: &mut Peer) {
    let bytes = server.transmit(peer.id).to_vec();
    server.advance(peer.id, bytes.len());
    let mut bytes = bytes.as_slice();
    while !bytes.is_empty() {
        let count = peer.output.push(bytes);
        bytes = &bytes[count..];
        while let Some(bytes) = peer.output.next_frame().expect("the server writes frames") {
            match frame::decode(bytes).expect("the server writes frames") {
                Message::Welcome(welcome) => {
                    (peer.boot, peer.grant, peer.next) = (welcome.boot_id, welcome.grant, welcome.next_sequence);
                }
                Message::Ack(ack) => assert!(ack.credit >= ack.sequence),
                Message::Hello(_) | Message::Records(_) | Message::Grow(_) | Message::Bye(_) => {
                    panic!("frames of an agent")
                }
                _ => {}
            }
        }
    }
}
