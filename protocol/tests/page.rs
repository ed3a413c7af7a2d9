//! Sentences of `docs/protocol.md` about what the server takes and refuses, as a client of hand-made frames meets them.
#![allow(clippy::unwrap_used, reason = "tests stop at the first surprise")]

mod server_bench;

use deltascope_abi::loss::{LossReason, Losses};
use deltascope_abi::record::{Class, Record};
use deltascope_model::GoldenEngine;
use deltascope_protocol::frame::{
    Bye, Cursor, Cursors, ErrorCode, Grow, Hello, Message, Records, Secret, SnapshotRequest, StateAt,
};
use deltascope_protocol::server::{Config, ConnectionId};
use server_bench::{Bench, Got, code, encode, events, hello, snapshot_request, state_at};

type Board = Bench<GoldenEngine>;

fn board() -> Board {
    Bench::new(Config::default())
}

/// A record of an op that none of a session has.
fn forbidden() -> Record {
    Record { head: 9, operand: 0 }
}

fn hello_of(bench: &mut Board, hello: &Hello<'_>) -> (ConnectionId, Vec<Got>) {
    let id = bench.connect();
    let frames = bench.ask(id, &encode(&Message::Hello(*hello)));
    (id, frames)
}

/// Records with losses and cursors.
fn marked(first_sequence: u64, records: &[Record], lost: u64, cursors: &[[u8; 16]]) -> Vec<u8> {
    let records: Vec<_> = records.iter().map(|record| record.to_bytes()).collect();
    let mut losses = Losses::default();
    losses.add(LossReason::Ring, lost);
    let (replies_below, cursors) = (0, Cursors(cursors));
    encode(&Message::Records(Records { first_sequence, replies_below, losses, cursors, records: &records }))
}

#[test]
fn credit_falls_to_the_sequence_in_the_last_ack_and_nowhere_else() {
    let mut bench = board();
    let id = bench.session(1, 2, 3);
    let mut credit = 0;
    for first in 0..5 {
        for frame in bench.ask(id, &events(first, 0, &[Record::nop()])) {
            let Got::Ack { credit: now, .. } = frame else { panic!("{frame:?}") };
            assert!(now >= credit);
            credit = now;
        }
    }
    let frames = bench.ask(id, &encode(&Message::Bye(Bye { next_sequence: 5 })));
    assert_eq!(frames.last(), Some(&Got::Ack { sequence: 5, credit: 5 }));
    assert!(bench.server.is_closing(id) && credit > 5);
}

/// Also when the records before the Bye are still on their way into the engine.
#[test]
fn last_ack_comes_once_everything_has_passed() {
    let mut bench = Bench::new(Config { quantum: 1, ..Config::default() });
    let id = bench.session(1, 2, 3);
    bench.server.receive(id, &events(0, 0, &[Record::nop(); 5]), bench.now);
    bench.server.receive(id, &encode(&Message::Bye(Bye { next_sequence: 5 })), bench.now);
    for _ in 0..3 {
        bench.server.poll(bench.now);
        for frame in bench.take(id) {
            assert!(matches!(frame, Got::Ack { sequence, credit } if credit > sequence), "{frame:?}");
        }
    }
    bench.settle();
    assert_eq!(bench.take(id).last(), Some(&Got::Ack { sequence: 5, credit: 5 }));
}

#[test]
fn records_of_known_numbers_are_not_looked_at() {
    let mut bench = board();
    let id = bench.session(1, 2, 3);
    bench.ask(id, &events(0, 0, &[Record::nop(); 3]));
    let outside = Record::read(900);
    let frames = bench.ask(id, &events(1, 0, &[forbidden(), outside]));
    assert!(matches!(frames[..], [Got::Ack { sequence: 3, .. }]), "{frames:?}");
    let frames = bench.ask(id, &events(2, 0, &[forbidden(), Record::nop(), forbidden()]));
    let [Got::Error { code: ErrorCode::ForbiddenOp, sequence: 4, .. }] = frames[..] else { panic!("{frames:?}") };
}

#[test]
fn resuming_hello_names_a_number_that_fits_and_nothing_else_of_it_counts() {
    let mut bench = board();
    let (id, boot_id, grant, _) = bench.welcome(&hello(1, 2, 3));
    bench.ask(id, &events(0, 0, &[Record::nop(); 10]));
    bench.server.disconnect(id, bench.now);
    let resuming = Hello { boot_id, grant, ..hello(1, 2, 3) };
    for (oldest_sequence, next_sequence) in [(0, 9), (11, 12)] {
        let (_, frames) = hello_of(&mut bench, &Hello { oldest_sequence, next_sequence, ..resuming });
        assert_eq!(code(&frames), ErrorCode::Sequence, "{oldest_sequence} to {next_sequence}");
    }
    let other = Hello { agent: [77; 16], resumes: false, groups: 900, contexts: 60_000, ..resuming };
    let (_, frames) = hello_of(&mut bench, &Hello { oldest_sequence: 10, next_sequence: 10, ..other });
    let [Got::Welcome { groups: 2, contexts: 3, next: 10, .. }, Got::Ack { sequence: 10, .. }] = frames[..] else {
        panic!("expected the grant as it is and an Ack that nothing asked for, found {frames:?}")
    };
}

#[test]
fn heir_that_asks_for_nothing_gets_what_there_is() {
    let mut bench = board();
    let id = bench.session(1, 2, 3);
    bench.ask(id, &events(0, 0, &[Record::pair(1, Class::PageAfterT, 5, 1, 2)]));
    bench.server.disconnect(id, bench.now);
    let (_, frames) = hello_of(&mut bench, &Hello { session: [2; 16], ..hello(1, 0, 0) });
    let [Got::Welcome { groups: 2, contexts: 3, inherited: true, .. }, Got::Ack { sequence: 1, .. }] = frames[..]
    else {
        panic!("{frames:?}")
    };
}

#[test]
fn frame_that_asks_for_what_is_not_there_has_the_code_of_the_table() {
    use ErrorCode::{Malformed, OutOfGrant, Sequence};
    let snapshot = |first, last| encode(&Message::SnapshotRequest(SnapshotRequest { token: 1, first, last }));
    // Numbers beyond the bounds of the kind are put into a good frame by hand.
    let with = |mut frame: Vec<u8>, at: usize, number: u32| {
        frame[at..at + 4].copy_from_slice(&number.to_le_bytes());
        deltascope_testkit::frames::seal(&mut frame);
        frame
    };
    let state = encode(&Message::StateAt(StateAt { token: 1, mark: 0, context: 0 }));
    let grow = encode(&Message::Grow(Grow { groups: 1, contexts: 1 }));
    for (frame, expected) in [
        (snapshot(0, 2), OutOfGrant),
        (snapshot(1, 0), OutOfGrant),
        (with(snapshot(0, 1), 20, 65_536), Malformed),
        (state_at(1, 3, 0), OutOfGrant),
        (with(state, 24, 65_536), Malformed),
        (with(grow.clone(), 8, 0), Malformed),
        (with(grow, 12, 65_537), Malformed),
        (encode(&Message::Bye(Bye { next_sequence: 1 })), Sequence),
        (events(1, 0, &[Record::nop()]), Sequence),
    ] {
        let mut bench = board();
        let id = bench.session(1, 2, 3);
        assert_eq!(code(&bench.ask(id, &frame)), expected, "{frame:?}");
        assert!(bench.server.is_closing(id));
    }
}

#[test]
fn frame_in_a_state_that_does_not_allow_it_is_unexpected() {
    let mut bench = board();
    let id = bench.connect();
    let both = [encode(&Message::Hello(hello(1, 2, 3))), events(0, 0, &[])].concat();
    assert_eq!(code(&bench.ask(id, &both)), ErrorCode::Unexpected, "between Hello and Welcome");
    let id = bench.session(2, 2, 3);
    let both = [encode(&Message::Bye(Bye { next_sequence: 0 })), events(0, 0, &[])].concat();
    assert_eq!(code(&bench.ask(id, &both)), ErrorCode::Unexpected, "after a Bye");
    let id = bench.session(3, 2, 3);
    assert_eq!(code(&bench.ask(id, &encode(&Message::Hello(hello(3, 2, 3))))), ErrorCode::Unexpected, "Hello twice");
}

#[test]
fn confirmation_beyond_what_was_received_confirms_what_there_is() {
    let mut bench = board();
    let id = bench.session(1, 2, 3);
    bench.ask(id, &events(0, 1 << 40, &[Record::read(1); 3]));
    let frames = bench.ask(id, &events(3, 1 << 40, &[Record::read(1)]));
    assert_eq!(frames[0], Got::Replies(vec![(3, 0, 1, 0)]));
}

#[test]
fn losses_and_cursors_are_kept_as_they_come() {
    let mut bench = board();
    let id = bench.session(1, 2, 3);
    let cursor = Cursor { source: 1, unit: 0, position: 5 }.to_bytes();
    for (first, lost) in [(0, 9), (1, 2), (2, u64::MAX)] {
        let frames = bench.ask(id, &marked(first, &[Record::nop()], lost, &[cursor, cursor]));
        assert!(matches!(frames[..], [Got::Ack { .. }]), "{lost}: {frames:?}");
    }
}

#[test]
fn token_that_was_used_twice_is_answered_twice() {
    let mut bench = board();
    let id = bench.session(1, 2, 3);
    let frames = bench.ask(id, &[state_at(5, 1, 0), state_at(5, 1, 0), snapshot_request(5, 0, 1)].concat());
    let tokens =
        frames.iter().filter(|frame| matches!(frame, Got::State { token: 5, .. } | Got::Snapshot { token: 5, .. }));
    assert_eq!(tokens.count(), 3, "{frames:?}");
}

#[test]
fn agent_id_of_zeros_is_an_id_like_another() {
    let mut bench = board();
    let zeros = |number| Hello { agent: [0; 16], secret: Secret([7; 16]), ..hello(number, 1, 1) };
    let (_, frames) = hello_of(&mut bench, &zeros(1));
    assert!(matches!(frames[0], Got::Welcome { .. }));
    assert_eq!(code(&hello_of(&mut bench, &zeros(2)).1), ErrorCode::Limit, "the same secret: one agent");
    for number in 3..5 {
        let (_, frames) = hello_of(&mut bench, &Hello { secret: Secret::NONE, ..zeros(number) });
        assert!(matches!(frames[0], Got::Welcome { .. }), "without a secret no id collides");
    }
}
