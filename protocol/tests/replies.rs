//! Replies bit by bit, and a grant that is inherited more than once: what `docs/protocol.md` states of both, by a client of hand-made
//! frames that takes nothing but numbers from the page.
#![allow(clippy::unwrap_used, reason = "tests stop at the first surprise")]

mod server_bench;

use deltascope_abi::random::Random;
use deltascope_abi::record::{Class, Record};
use deltascope_model::{Config as Sizes, GoldenEngine};
use deltascope_protocol::frame::{self, Hello, MAX_FRAME_BYTES, Message};
use deltascope_protocol::server::{Config, ConnectionId};
use server_bench::{Bench, Got, encode, events, hello, snapshot_request};

/// Records of the long run, and of one frame of it.
const RECORDS: usize = 20_000;
const FRAME: usize = 16_000;

/// A server over an engine with room for both sessions.
fn bench() -> Bench<GoldenEngine> {
    let sizes = Sizes::with_tables(4_096, 1_024).with_journal(4, 8);
    Bench::over(GoldenEngine::new(sizes).unwrap(), Config::default())
}

/// A record of the page: op, REPLY, class, group, context, length, operand.
fn record(op: u64, reply: u64, class: u64, group: u64, context: u64, length: u64, operand: u64) -> Record {
    Record { head: op | reply << 4 | class << 6 | group << 8 | context << 24 | length << 40, operand }
}

/// Number, head and value of each reply in the frames of some bytes.
fn replies(mut bytes: &[u8]) -> Vec<(u64, u64, u64)> {
    let mut found = Vec::new();
    while let Ok(Some(length)) = frame::frame_length(bytes, MAX_FRAME_BYTES) {
        let (one, rest) = bytes.split_at(length);
        if one[4] == 5 {
            let number = |at: usize| u64::from_le_bytes(one[at..at + 8].try_into().unwrap());
            let count = u32::from_le_bytes(one[8..12].try_into().unwrap()) as usize;
            found.extend(
                (0..count).map(|entry| 12 + 24 * entry).map(|at| (number(at), number(at + 8), number(at + 16))),
            );
        }
        bytes = rest;
    }
    found
}

/// Gives records to a session and returns its replies.
fn answers(bench: &mut Bench<GoldenEngine>, id: ConnectionId, bytes: &[u8]) -> Vec<(u64, u64, u64)> {
    bench.server.receive(id, bytes, bench.now);
    let mut found = Vec::new();
    for _ in 0..64 {
        bench.settle();
        let bytes = bench.server.transmit(id).to_vec();
        bench.server.advance(id, bytes.len());
        found.extend(replies(&bytes));
    }
    found
}

/// A session that is not the first, so that its groups and contexts are not the engine's, and the journal position at its grant.
fn second_session(bench: &mut Bench<GoldenEngine>, groups: u32, contexts: u32) -> (ConnectionId, u64) {
    bench.session(9, 3, 5);
    let id = bench.connect();
    let frames = bench.ask(id, &encode(&Message::Hello(hello(1, groups, contexts))));
    let Got::Welcome { position, .. } = frames[0] else { panic!("{frames:?}") };
    (id, position)
}

#[test]
fn reply_has_class_group_and_context_of_the_session() {
    let mut bench = bench();
    let (id, start) = second_session(&mut bench, 2, 3);
    // READ, LOAD, ACCUM, SEND, SWAP. What an op does not use may hold anything.
    let records = [
        record(3, 1, 3, 77, 1, 55, 9),
        record(1, 1, 2, 88, 1, 5, 9),
        record(2, 1, 1, 99, 2, 5, 9),
        record(6, 1, 3, 1, 2, 5, 9),
        record(4, 1, 2, 5, 2, 1, 1),
    ];
    let found = answers(&mut bench, id, &events(0, 0, &records));
    let head = |op: u64, zero: u64, class: u64, group: u64, context: u64, moved: u64| {
        op | zero << 4 | class << 6 | group << 8 | context << 24 | ((start + moved) & 0xFF_FFFF) << 40
    };
    let expected = [
        (0, head(3, 1, 3, 0, 1, 0), 0),
        (1, head(1, 1, 2, 0, 1, 1), 0),
        (2, head(2, 1, 1, 0, 2, 2), 0),
        // ACCUM has left A = 9.
        (3, head(6, 0, 3, 1, 2, 3), 9),
        (4, head(4, 1, 2, 0, 2, 4), 9),
    ];
    assert_eq!(found, expected);
}

#[test]
fn journal_position_of_each_reply_counts_the_deltas_before_it() {
    let mut bench = bench();
    let (id, start) = second_session(&mut bench, 10, 100);
    let mut random = Random::new(7_001);
    let mut below = |bound: u64| random.below(bound);
    let records: Vec<Record> = (0..RECORDS)
        .map(|_| record(below(7), below(2), below(4), below(10), below(100), below(2_000), below(3)))
        .collect();
    let (mut position, mut expected) = (start, Vec::new());
    for (number, record) in records.iter().enumerate() {
        let op = record.head & 15;
        position += u64::from([1, 2, 4, 6].contains(&op));
        let replies = op == 3 || [1, 2, 4, 6].contains(&op) && record.head >> 4 & 1 == 1;
        expected.extend(replies.then_some((number as u64, op, position & 0xFF_FFFF)));
    }
    let mut found = answers(&mut bench, id, &events(0, 0, &records[..FRAME]));
    // Confirmed, so that none waits for room.
    found.extend(answers(&mut bench, id, &events(FRAME as u64, FRAME as u64, &records[FRAME..])));
    let found: Vec<_> = found.into_iter().map(|(number, head, _)| (number, head & 15, head >> 40)).collect();
    assert!(expected.len() > RECORDS / 3);
    assert_eq!(found, expected);
}

#[test]
fn inherited_grant_is_given_again_until_a_record_has_come() {
    let mut bench: Bench<GoldenEngine> = Bench::new(Config::default());
    let id = bench.session(1, 2, 3);
    bench.ask(id, &events(0, 0, &[Record::pair(1, Class::PageAfterT, 8, 1, 2)]));
    bench.server.disconnect(id, bench.now);
    let heir = Hello { session: [2; 16], ..hello(1, 2, 3) };
    let mut grants = Vec::new();
    // What comes behind each Welcome: nothing, as when it was lost; a question; a sign of life; a record.
    let behind = [vec![], snapshot_request(1, 0, 1), events(1, 0, &[]), events(1, 0, &[Record::nop()])];
    for bytes in behind {
        let id = bench.connect();
        let frames = bench.ask(id, &encode(&Message::Hello(heir)));
        let Got::Welcome { grant, inherited: true, next: 1, .. } = frames[0] else { panic!("{frames:?}") };
        grants.push(grant);
        bench.ask(id, &bytes);
        bench.server.disconnect(id, bench.now);
    }
    assert_eq!(grants[0], grants[1], "the Welcome was lost");
    // With a record under it the grant is the heir's: a Hello that does not know it gets a new one.
    let id = bench.connect();
    let frames = bench.ask(id, &encode(&Message::Hello(heir)));
    let Got::Welcome { grant, inherited: false, next: 0, .. } = frames[0] else { panic!("{frames:?}") };
    assert!(!grants.contains(&grant));
}
