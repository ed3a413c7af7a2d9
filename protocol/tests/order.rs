//! Replies come in order: an answer that is exact at a number never overtakes a reply to a record below it.
#![allow(clippy::unwrap_used, reason = "tests stop at the first surprise")]

mod server_bench;

use deltascope_abi::record::Record;
use deltascope_model::GoldenEngine;
use deltascope_protocol::frame::{ErrorCode, Message};
use deltascope_protocol::server::Config;
use server_bench::{Bench, Got, code, encode, events, hello, sizes, state_at};

/// The number below which every reply has come before the answer, and what the answer reports.
fn seen_before_the_answer(frames: &[Got]) -> (u64, u64, bool) {
    let mut below = 0;
    for frame in frames {
        match frame {
            Got::Replies(replies) => {
                assert!(replies.iter().map(|reply| reply.0).eq(below..below + replies.len() as u64));
                below += replies.len() as u64;
            }
            Got::State { sequence, too_old, .. } => return (below, *sequence, *too_old),
            Got::Ack { .. } => {}
            other => panic!("{other:?}"),
        }
    }
    panic!("no answer in {} frames", frames.len());
}

#[test]
fn state_before_the_grant_waits_for_the_replies_below_it() {
    let mut bench = Bench::new(Config::default());
    let id = bench.connect();
    let frames = bench.ask(id, &encode(&Message::Hello(hello(1, 1, 4))));
    let [Got::Welcome { position, .. }] = frames[..] else { panic!("{frames:?}") };
    for (round, (mark, expected)) in
        [(position - 1, true), (position, false), (position + 1_000_000_000, true)].into_iter().enumerate()
    {
        let first = round as u64 * 5_000;
        let records = vec![Record::read(1); 5_000];
        bench.server.receive(id, &events(first, first, &records), bench.now);
        bench.server.receive(id, &state_at(1, 1, mark), bench.now);
        bench.settle();
        let (below, sequence, too_old) = seen_before_the_answer(&shifted(bench.take(id), first));
        assert_eq!(
            (below + first, sequence, too_old),
            (sequence, first + 5_000, expected),
            "mark {mark} of {position}"
        );
    }
}

/// Replies numbered from 0.
fn shifted(mut frames: Vec<Got>, first: u64) -> Vec<Got> {
    for frame in &mut frames {
        if let Got::Replies(replies) = frame {
            replies.iter_mut().for_each(|reply| reply.0 -= first);
        }
    }
    frames
}

#[test]
fn engine_without_a_journal_answers_in_order_too() {
    let engine = GoldenEngine::new(sizes().without_journal()).unwrap();
    let mut bench = Bench::over(engine, Config::default());
    let id = bench.session(1, 1, 4);
    bench.server.receive(id, &events(0, 0, &[Record::read(1); 100]), bench.now);
    bench.server.receive(id, &state_at(1, 1, 50), bench.now);
    bench.settle();
    assert_eq!(seen_before_the_answer(&bench.take(id)), (100, 100, true));
}

#[test]
fn states_that_are_too_old_count_against_the_limit() {
    let mut bench = Bench::new(Config { max_states: 2, ..Config::default() });
    let id = bench.session(1, 1, 4);
    for token in 0..3 {
        bench.server.receive(id, &state_at(token, 1, 0), bench.now);
    }
    bench.settle();
    assert_eq!(code(&bench.take(id)), ErrorCode::Limit);
}

#[test]
fn replies_that_waited_for_room_need_no_other_frame() {
    let mut bench = Bench::new(Config::default());
    let id = bench.session(1, 1, 4);
    bench.server.receive(id, &events(0, 0, &[Record::read(1); 16_000]), bench.now);
    bench.server.receive(id, &state_at(1, 1, 0), bench.now);
    // As a host does that sleeps when there is nothing to do.
    let mut bytes = Vec::new();
    let mut activity = bench.server.poll(bench.now);
    loop {
        let waiting = bench.server.transmit(id).to_vec();
        bench.server.advance(id, waiting.len());
        bytes.extend(waiting);
        activity = if activity.busy { bench.server.poll(bench.now) } else { bench.server.activity() };
        if !activity.busy && bench.server.transmit(id).is_empty() {
            break;
        }
    }
    assert_eq!(seen_before_the_answer(&server_bench::frames(&bytes)), (16_000, 16_000, true));
}
