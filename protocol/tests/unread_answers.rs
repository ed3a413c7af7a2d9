//! Peers that make the server answer and never read, or come again and again: what it keeps for them is bounded, however
//! much they send.
#![allow(clippy::unwrap_used, reason = "tests stop at the first surprise")]

mod server_bench;

use deltascope_abi::record::Record;
use deltascope_abi::reply::Reply;
use deltascope_model::{Capabilities, Config as Sizes, Engine, EngineError, GoldenEngine, Latched};
use deltascope_protocol::frame::{Grow, Hello, Message};
use deltascope_protocol::server::{Config, ConnectionId, LEAST_SESSION_BYTES};
use server_bench::{Bench, Got, encode, events, hello, snapshot_request, state_at};

/// Frames of a kind that a peer sends without reading: their answers are more than the bound if each is kept.
const FRAMES: usize = 60_000;
/// Frames between two turns of the server.
const IN_A_TURN: usize = 3;

/// Sends a frame again and again and reads nothing.
fn send_many(frame: &[u8], bench: &mut Bench<GoldenEngine>, id: ConnectionId) {
    for number in 0..FRAMES {
        bench.server.receive(id, frame, bench.now);
        if number % IN_A_TURN == 0 {
            bench.server.poll(bench.now);
        }
    }
    bench.settle();
    let bytes = bench.server.memory();
    assert!(bytes <= LEAST_SESSION_BYTES, "{bytes} bytes after {FRAMES} frames");
    assert!(!bench.server.is_closing(id));
}

/// What waits on the connection, read as a slow peer does.
fn read_all(bench: &mut Bench<GoldenEngine>, id: ConnectionId) -> Vec<Got> {
    let mut bytes = Vec::new();
    while !bench.server.transmit(id).is_empty() {
        let count = bench.server.transmit(id).len().min(1_000);
        bytes.extend_from_slice(&bench.server.transmit(id)[..count]);
        bench.server.advance(id, count);
        if bench.server.activity().busy {
            bench.settle();
        }
    }
    server_bench::frames(&bytes)
}

#[test]
fn signs_of_life_without_reading_keep_no_memory() {
    let mut bench = Bench::new(Config::default());
    let id = bench.session(1, 2, 3);
    send_many(&events(0, 0, &[]), &mut bench, id);
    // The answer to the last one is not forgotten.
    bench.server.receive(id, &events(0, 0, &[Record::nop(); 5]), bench.now);
    bench.settle();
    let frames = read_all(&mut bench, id);
    assert!(matches!(frames.last(), Some(Got::Ack { sequence: 5, .. })), "{:?}", frames.last());
}

#[test]
fn growth_asked_for_without_reading_keeps_no_memory() {
    let mut bench = Bench::new(Config::default());
    let id = bench.session(1, 2, 3);
    send_many(&encode(&Message::Grow(Grow { groups: 1, contexts: 1 })), &mut bench, id);
    let frames = read_all(&mut bench, id);
    assert!(frames.iter().all(|frame| *frame == Got::Grown { groups: 2, contexts: 3 }));
    assert!(frames.len() < FRAMES / IN_A_TURN, "one answer for those of a turn, and one for those that found no room");
    let frames = bench.ask(id, &encode(&Message::Grow(Grow { groups: 3, contexts: 5 })));
    assert_eq!(frames, [Got::Grown { groups: 3, contexts: 5 }]);
}

#[test]
fn replays_without_reading_keep_no_memory() {
    let mut bench = Bench::new(Config::default());
    let id = bench.session(1, 2, 3);
    bench.ask(id, &events(0, 0, &[Record::nop()]));
    send_many(&events(0, 0, &[Record::nop()]), &mut bench, id);
    let duplicates = bench.server.stats().duplicates;
    assert_eq!(duplicates, FRAMES as u64);
}

/// A session whose replies have no end: an Ack comes between them, so that it has credit before it has read them all.
#[test]
fn ack_is_not_kept_back_by_replies_without_end() {
    let mut bench = Bench::new(Config { max_output: 4_000, ..Config::default() });
    let id = bench.session(1, 2, 3);
    let (mut next, mut read, mut acks) = (0, 0, 0);
    for _ in 0..400 {
        // More comes than is read, and all of it is confirmed.
        bench.server.receive(id, &events(next, next, &[Record::read(1); 100]), bench.now);
        next += 100;
        bench.server.poll(bench.now);
        let waiting = bench.server.transmit(id).to_vec();
        let mut length = 0;
        while length < 1_000 {
            let Some(frame) = waiting.get(length..).and_then(|rest| rest.first_chunk()) else { break };
            length += u32::from_le_bytes(*frame) as usize;
        }
        let frames = server_bench::frames(&waiting[..length]);
        acks += frames.iter().filter(|frame| matches!(frame, Got::Ack { .. })).count();
        read += length;
        bench.server.advance(id, length);
    }
    assert!(bench.server.transmit(id).len() >= 2_000, "the output was never empty");
    assert!(acks > 50, "{acks} Acks in {read} bytes");
}

/// Requests die with their connection: also those that wait behind records whose answers are not read.
#[test]
fn requests_of_many_connections_keep_no_memory() {
    let mut bench = Bench::new(Config::default());
    let (id, boot_id, grant, _) = bench.welcome(&hello(1, 2, 3));
    let mut next = 0;
    for _ in 0..8 {
        bench.give(id, &events(next, 0, &[Record::read(1); 16_000]));
        next += 16_000;
    }
    bench.server.disconnect(id, bench.now);
    let again = Hello { boot_id, grant, next_sequence: next, ..hello(1, 2, 3) };
    let mut sizes = Vec::new();
    for round in 0..100 {
        let id = bench.connect();
        bench.give(id, &encode(&Message::Hello(again)));
        for token in 0..250 {
            // One in two is too old.
            bench.server.receive(id, &state_at(token, 1, token % 2 * 100), bench.now);
        }
        (0..4).for_each(|token| bench.server.receive(id, &snapshot_request(token, 0, 1), bench.now));
        bench.settle();
        assert!(!bench.server.is_closing(id), "{round}");
        sizes.push(bench.server.memory());
        bench.server.disconnect(id, bench.now);
    }
    // The first connections take the replies that have room in them.
    assert_eq!(sizes[9], sizes[99], "{sizes:?}");
    // Nothing of the records is lost by that, and a request of the last connection is answered behind them.
    let id = bench.connect();
    bench.give(id, &encode(&Message::Hello(again)));
    bench.server.receive(id, &snapshot_request(7, 0, 1), bench.now);
    bench.server.receive(id, &state_at(8, 1, 0), bench.now);
    let (mut below, mut answers) = (0, Vec::new());
    while answers.len() < 2 {
        for frame in bench.take(id) {
            match frame {
                Got::Replies(replies) => {
                    assert!(replies.iter().map(|reply| reply.0).eq(below..below + replies.len() as u64));
                    below += replies.len() as u64;
                }
                Got::Snapshot { token, sequence, .. } | Got::State { token, sequence, .. } => {
                    assert_eq!((sequence, below), (next, next));
                    answers.push(token);
                }
                Got::Welcome { .. } | Got::Ack { .. } => {}
                other => panic!("{other:?}"),
            }
        }
        bench.give(id, &events(next, below, &[]));
    }
    assert_eq!(answers, [7, 8]);
}

/// An engine that takes nothing while it is full.
struct Full {
    golden: GoldenEngine,
    is_full: bool,
}

impl Engine for Full {
    fn info(&self) -> Capabilities {
        self.golden.info()
    }

    fn submit(&mut self, records: &[Record]) -> Result<usize, EngineError> {
        if self.is_full { Ok(0) } else { self.golden.submit(records) }
    }

    fn poll(&mut self, sink: &mut dyn FnMut(Reply)) -> Result<usize, EngineError> {
        self.golden.poll(sink)
    }

    fn counters(&mut self) -> Result<Latched, EngineError> {
        self.golden.counters()
    }

    fn reset(&mut self) -> Result<(), EngineError> {
        self.golden.reset()
    }
}

/// Processes of one agent that come and go faster than the engine clears their contexts.
#[test]
fn restarts_before_the_engine_has_room_keep_no_memory() {
    let sizes = Sizes::with_tables(1 << 14, 16).with_journal(4, 8);
    let golden = GoldenEngine::new(sizes).unwrap();
    let mut bench = Bench::over(Full { golden, is_full: false }, Config::default());
    let contexts = 1 << 12;
    let id = bench.session(1, 2, contexts);
    bench.give(id, &events(0, 0, &[Record::load(4_000, 5), Record::accum(4_000, 9)]));
    bench.server.disconnect(id, bench.now);
    bench.server.engine().is_full = true;
    let start = |bench: &mut Bench<Full>, number: u16| {
        let mut session = [2; 16];
        session[..2].copy_from_slice(&number.to_le_bytes());
        let id = bench.connect();
        bench.server.receive(id, &encode(&Message::Hello(Hello { session, ..hello(1, 2, contexts) })), bench.now);
        bench.server.poll(bench.now);
        id
    };
    for number in 0..1_000 {
        let id = start(&mut bench, number);
        assert!(!bench.server.is_closing(id));
        bench.server.disconnect(id, bench.now);
    }
    let bytes = bench.server.memory();
    assert!(bytes <= LEAST_SESSION_BYTES, "{bytes} bytes after 1,000 processes");
    // The last one inherits, and its contexts are (0, 0).
    let id = start(&mut bench, 1_000);
    bench.server.engine().is_full = false;
    bench.settle();
    let frames = bench.take(id);
    assert!(matches!(frames[0], Got::Welcome { inherited: true, next: 2, .. }), "{frames:?}");
    let frames = bench.ask(id, &events(2, 0, &[Record::read(4_000)]));
    assert_eq!(frames[0], Got::Replies(vec![(2, 0, 4_000, 0)]));
}
