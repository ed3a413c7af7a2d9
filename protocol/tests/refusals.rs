//! Everything that an agent may not send: answered with Error and a close, counted, and without effect.
#![allow(clippy::unwrap_used, reason = "tests stop at the first surprise")]

mod server_bench;

use deltascope_abi::record::{Class, Op, Record};
use deltascope_protocol::frame::{
    Ack, Bye, ErrorCode, Hello, MAX_FRAME_BYTES, MAX_HELLO_BYTES, Message, PROTOCOL_VERSION,
};
use deltascope_protocol::server::Config;
use deltascope_testkit::frames::seal;
use proptest::prelude::*;
use server_bench::{Bench, Got, code, encode, events, hello, snapshot_request, state_at};

fn pair(group: u16) -> Record {
    Record::pair(group, Class::PageAfterT, 10, 1, 1)
}

#[test]
fn a_bad_first_frame_is_refused() {
    let hello = |change: fn(&mut Hello<'static>)| {
        let mut hello = hello(1, 2, 2);
        change(&mut hello);
        encode(&Message::Hello(hello))
    };
    let good = hello(|_| {});
    let patched = |at: usize, value: u8| {
        let mut bytes = good.clone();
        bytes[at] = value;
        bytes
    };
    let long = ((MAX_HELLO_BYTES + 4) as u32).to_le_bytes().to_vec();
    let cases = [
        (patched(good.len() - 1, good[good.len() - 1] ^ 1), ErrorCode::Malformed),
        (patched(20, good[20] ^ 0x40), ErrorCode::Malformed),
        (patched(5, PROTOCOL_VERSION + 1), ErrorCode::Version),
        (patched(0, good[0] + 1), ErrorCode::Malformed),
        (vec![0; 12], ErrorCode::Malformed),
        (long, ErrorCode::Malformed),
        (hello(|hello| hello.abi_version += 1 << 16), ErrorCode::Version),
        (hello(|hello| hello.session = [0; 16]), ErrorCode::Malformed),
        (hello(|hello| hello.oldest_sequence = 1), ErrorCode::Malformed),
        (hello(|hello| (hello.oldest_sequence, hello.next_sequence) = (u64::MAX, u64::MAX)), ErrorCode::Malformed),
        (hello(|hello| hello.groups = 17), ErrorCode::NoCapacity),
        (hello(|hello| hello.contexts = 65), ErrorCode::NoCapacity),
        (events(0, 0, &[pair(0)]), ErrorCode::Unexpected),
        (snapshot_request(1, 0, 0), ErrorCode::Unexpected),
        (encode(&Message::Bye(Bye { next_sequence: 0 })), ErrorCode::Unexpected),
    ];
    let mut bench = Bench::new(Config::default());
    for (bytes, expected) in &cases {
        let before = bench.server.stats().errors_of(*expected);
        let id = bench.connect();
        let frames = bench.ask(id, bytes);
        assert_eq!(code(&frames), *expected);
        assert!(bench.server.is_closing(id));
        assert_eq!(bench.server.stats().errors_of(*expected), before + 1);
        assert!(bench.server.receive_space(id).is_empty(), "nothing more is read");
        bench.server.disconnect(id, bench.now);
    }
    assert_eq!(bench.server.sessions(), 0);
    let id = bench.session(1, 16, 64);
    assert!(!bench.server.is_closing(id), "refusals lent nothing");
}

#[test]
fn a_bad_frame_of_a_session_has_no_effect() {
    let with = |record: Record| events(1, 0, &[pair(0), record, pair(1)]);
    let mut cases = vec![
        (with(pair(2)), ErrorCode::OutOfGrant, 2),
        (with(Record::send(2, 0, 1, 1)), ErrorCode::OutOfGrant, 2),
        (with(Record::send(0, 3, 1, 1)), ErrorCode::OutOfGrant, 2),
        (with(Record::load(3, 1)), ErrorCode::OutOfGrant, 2),
        (with(Record::read(u16::MAX)), ErrorCode::OutOfGrant, 2),
        (events(2, 0, &[pair(0)]), ErrorCode::Sequence, 2),
        (events(u64::MAX, 0, &[pair(0)]), ErrorCode::Sequence, u64::MAX),
        (snapshot_request(1, 0, 2), ErrorCode::OutOfGrant, 0),
        (snapshot_request(1, 1, 0), ErrorCode::OutOfGrant, 0),
        (state_at(1, 3, 0), ErrorCode::OutOfGrant, 0),
        (encode(&Message::Bye(Bye { next_sequence: 2 })), ErrorCode::Sequence, 2),
        (encode(&Message::Ack(Ack { sequence: 0, credit: 0 })), ErrorCode::Unexpected, 0),
        (encode(&Message::Hello(hello(1, 2, 3))), ErrorCode::Unexpected, 0),
    ];
    for op in [Op::Snapshot as u64, Op::Sync as u64, Op::Query as u64, 10, 15] {
        cases.push((with(Record { head: op, operand: 0 }), ErrorCode::ForbiddenOp, 2));
    }
    let mut bench = Bench::new(Config::default());
    for (index, (bytes, expected, number)) in cases.iter().enumerate() {
        let number_of_session = index as u8 + 1;
        let (id, boot_id, grant, _) = bench.welcome(&hello(number_of_session, 2, 3));
        let frames = bench.ask(id, &events(0, 0, &[pair(1)]));
        assert_eq!(frames, [Got::Ack { sequence: 1, credit: 1 + 131_072 }]);
        let accepted = bench.server.engine().position();
        let frames = bench.ask(id, bytes);
        assert_eq!(code(&frames), *expected, "case {index}: {frames:?}");
        assert!(matches!(frames[0], Got::Error { sequence, .. } if sequence == *number), "case {index}: {frames:?}");
        assert_eq!(bench.server.engine().position(), accepted, "case {index}");
        bench.server.disconnect(id, bench.now);

        // The session is there, and nothing of the frame was counted.
        let again = Hello { next_sequence: 1, boot_id, grant, ..hello(number_of_session, 2, 3) };
        let (again, _, _, next) = bench.welcome(&again);
        assert_eq!(next, 1, "case {index}");
        bench.take(again);
        let frames = bench.ask(again, &snapshot_request(9, 0, 1));
        let [Got::Snapshot { token: 9, sequence: 1, rows }] = &frames[..] else { panic!("{frames:?}") };
        assert!(matches!(rows[..], [(1, 0, row)] if row.events == 1), "case {index}: {rows:?}");
        bench.give(again, &encode(&Message::Bye(Bye { next_sequence: 1 })));
        bench.server.disconnect(again, bench.now);
        bench.settle();
        assert_eq!(bench.server.sessions(), 0);
    }
}

#[test]
fn more_records_than_the_credit_are_refused() {
    let mut bench = Bench::new(Config { window: 1, ..Config::default() });
    let id = bench.connect();
    let frames = bench.ask(id, &encode(&Message::Hello(hello(1, 2, 3))));
    let [Got::Welcome { credit, .. }] = frames[..] else { panic!("{frames:?}") };
    assert_eq!(credit as usize, (MAX_FRAME_BYTES - 4096) / 16, "one whole frame always fits");
    // No poll between the frames: nothing passes, so the credit does not rise.
    let half = vec![pair(0); credit as usize / 2];
    bench.server.receive(id, &events(0, 0, &half), 0);
    bench.server.receive(id, &events(half.len() as u64, 0, &half), 0);
    assert!(!bench.server.is_closing(id));
    bench.server.receive(id, &events(2 * half.len() as u64, 0, &[pair(0)]), 0);
    bench.settle();
    let frames = bench.take(id);
    assert!(matches!(frames[..], [Got::Error { code: ErrorCode::Credit, sequence, .. }] if sequence == credit));
}

#[test]
fn too_many_requests_and_silence_are_refused() {
    let mut bench = Bench::new(Config { max_snapshots: 2, max_states: 3, ..Config::default() });
    let id = bench.session(1, 2, 3);
    for token in 0..3 {
        bench.server.receive(id, &snapshot_request(token, 0, 1), 0);
    }
    bench.settle();
    assert_eq!(code(&bench.take(id)), ErrorCode::Limit);
    let id = bench.session(2, 2, 3);
    for token in 0..4 {
        bench.server.receive(id, &state_at(token, 0, 1_000), 0);
    }
    bench.settle();
    assert_eq!(code(&bench.take(id)), ErrorCode::Limit);

    let (silent, mute) = (bench.session(3, 2, 3), bench.connect());
    bench.now += 5_000_000;
    bench.settle();
    assert_eq!(code(&bench.take(mute)), ErrorCode::Limit);
    bench.now += 24_999_999;
    bench.settle();
    assert_eq!(bench.take(silent), []);
    assert_eq!(bench.server.poll(bench.now).wake, Some(bench.now + 1));
    bench.now += 1;
    bench.settle();
    assert_eq!(code(&bench.take(silent)), ErrorCode::Limit);
    assert_eq!(bench.server.sessions(), 3, "sessions wait for another connection");
    bench.now += 60_000_000;
    bench.settle();
    bench.settle();
    assert_eq!((bench.server.sessions(), bench.server.stats().expired), (0, 3));
}

#[test]
fn sessions_and_ranges_run_out_with_a_reason() {
    let mut bench = Bench::new(Config { max_sessions: 3, default_groups: 8, default_contexts: 8, ..Config::default() });
    let hello_of = |number, groups, contexts| encode(&Message::Hello(hello(number, groups, contexts)));
    let first = bench.session(1, 0, 0);
    let _second = bench.session(2, 7, 7);
    let refused = bench.connect();
    let frames = bench.ask(refused, &hello_of(3, 2, 1));
    assert_eq!(code(&frames), ErrorCode::NoCapacity);
    assert!(matches!(&frames[0], Got::Error { text, .. } if text.contains("at most 1")), "{frames:?}");
    let _third = bench.session(3, 1, 1);
    let refused = bench.connect();
    assert_eq!(code(&bench.ask(refused, &hello_of(4, 1, 1))), ErrorCode::Limit);
    bench.give(first, &encode(&Message::Bye(Bye { next_sequence: 0 })));
    let again = bench.connect();
    let frames = bench.ask(again, &hello_of(4, 8, 8));
    assert!(matches!(frames[..], [Got::Welcome { groups: 8, contexts: 8, .. }]), "{frames:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Whatever comes in whatever pieces: no panic, and at most one Error, after which nothing is read.
    #[test]
    fn random_bytes_end_in_one_error(
        welcomed: bool,
        pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..400), 1..8),
    ) {
        let mut bench = Bench::new(Config::default());
        let id = if welcomed { bench.session(1, 2, 2) } else { bench.connect() };
        for piece in &pieces {
            bench.give(id, piece);
        }
        let errors = bench.take(id).iter().filter(|got| matches!(got, Got::Error { .. })).count();
        prop_assert_eq!(errors, usize::from(bench.server.is_closing(id)));
        let id = bench.session(2, 2, 2);
        prop_assert_eq!(bench.ask(id, &events(0, 0, &[pair(0)])).len(), 1);
    }

    /// Valid frames with a few bytes changed and the checksum made right again.
    #[test]
    fn forged_frames_end_in_an_error_or_are_obeyed(
        changes in prop::collection::vec((0usize..400, any::<u8>()), 1..4),
        which in 0usize..5,
    ) {
        let frames = [
            events(0, 0, &[pair(0), Record::send(1, 1, 5, 7), Record::read(0)]),
            snapshot_request(5, 0, 1),
            state_at(6, 1, 70),
            encode(&Message::Bye(Bye { next_sequence: 0 })),
            encode(&Message::Hello(hello(1, 2, 2))),
        ];
        let mut bytes = frames[which].clone();
        let body = bytes.len() - 4;
        for (at, value) in changes {
            bytes[4 + at % (body - 4)] = value;
        }
        seal(&mut bytes);
        let mut bench = Bench::new(Config::default());
        let id = if which == 4 { bench.connect() } else { bench.session(1, 2, 2) };
        bench.give(id, &bytes);
        bench.take(id);
        let other = bench.connect();
        match bench.ask(other, &encode(&Message::Hello(hello(2, 2, 2)))).as_slice() {
            [Got::Welcome { .. }] => prop_assert_eq!(bench.ask(other, &snapshot_request(1, 0, 1)).len(), 1),
            // A forged Hello may ask for all that there is, and gets it.
            frames => prop_assert!(which == 4 && code(frames) == ErrorCode::NoCapacity, "{frames:?}"),
        }
    }
}
