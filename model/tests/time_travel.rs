//! The journal against a brute force that remembers the state of every context at every position, and against
//! the lanes and rows of the design taken literally.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod support;

use deltascope_abi::record::{Op, Record};
use deltascope_abi::reply::POSITION_MODULUS;
use deltascope_model::journal::{Journal, Window};
use deltascope_model::{Config, Engine, GoldenEngine};
use deltascope_testkit::strategies;
use proptest::prelude::*;

const CONTEXTS: u32 = 5;

/// What a QUERY answered: the XOR, or `None` when it was too old.
fn query(engine: &mut GoldenEngine, context: u16, mark: u64) -> Option<u64> {
    assert_eq!(engine.submit(&[Record::query(context, mark)]).unwrap(), 1);
    let replies = support::poll(engine);
    assert_eq!(replies.len(), 2, "the reply and the end of the batch");
    let reply = replies[0];
    assert_eq!((reply.op(), reply.context(), reply.zero()), (Some(Op::Query), context, false));
    assert_eq!(u64::from(reply.position()), engine.position() % POSITION_MODULUS);
    if reply.too_old() {
        assert_eq!(reply.value, 0);
        return None;
    }
    Some(reply.value)
}

fn states(engine: &GoldenEngine) -> Vec<u64> {
    (0..CONTEXTS as u16).map(|index| engine.context(index).unwrap().read()).collect()
}

/// Gives `records` to an engine with this journal and asks for every context at every mark from 0 to J and
/// beyond, after every `stride` records. Returns how many queries were answered and how many were too old.
fn travel(lanes: u32, depth: u32, records: &[Record], stride: usize) -> (u64, u64) {
    let horizon = u64::from(lanes * depth);
    let config = Config::with_tables(CONTEXTS, 2).with_journal(lanes, depth);
    let mut engine = GoldenEngine::new(config).unwrap();
    // States of every context at position 0, 1, 2, ...
    let mut history = vec![states(&engine)];
    let (mut answered, mut refused) = (0, 0);
    for (index, &record) in records.iter().enumerate() {
        engine.submit(&[record]).unwrap();
        support::poll(&mut engine);
        if engine.position() == history.len() as u64 {
            history.push(states(&engine));
        }
        let position = engine.position();
        assert_eq!(position, history.len() as u64 - 1, "a record moves J by at most one");
        if index % stride != 0 {
            continue;
        }
        for context in 0..CONTEXTS as u16 {
            let now = history[position as usize][context as usize];
            for mark in 0..=position {
                let found = query(&mut engine, context, mark);
                if position - mark <= horizon {
                    let then = history[mark as usize][context as usize];
                    assert_eq!(found, Some(now ^ then), "{lanes} x {depth}, J {position}, mark {mark}");
                    answered += 1;
                } else {
                    assert_eq!(found, None, "{lanes} x {depth}, J {position}, mark {mark}");
                    refused += 1;
                }
            }
            for mark in [position + 1, position + horizon, position + horizon + 1, u64::MAX, 1 << 63] {
                assert_eq!(query(&mut engine, context, mark), None, "J {position} has not reached mark {mark}");
            }
        }
    }
    (answered, refused)
}

/// A record that moves a context, or sometimes any other.
fn mostly_moving() -> impl Strategy<Value = Record> {
    let moving = (0..4u8, 0..CONTEXTS as u16, strategies::operand(), any::<bool>()).prop_map(
        |(op, context, operand, rebase)| match op {
            0 => Record::load(context, operand),
            1 => Record::accum(context, operand),
            2 if rebase => Record::swap(context, operand).with_rebase(),
            2 => Record::swap(context, operand),
            _ => Record::send(1, context, 100, operand),
        },
    );
    prop_oneof![3 => moving, 1 => strategies::record(CONTEXTS, 2, 64)]
}

/// `count` of them, the same in every run.
fn stream(seed: u64, count: usize) -> Vec<Record> {
    let mut runner = proptest::test_runner::TestRunner::new_with_rng(
        ProptestConfig::default(),
        proptest::test_runner::TestRng::from_seed(
            proptest::test_runner::RngAlgorithm::ChaCha,
            &std::array::from_fn::<u8, 32, _>(|index| (seed >> (index % 8 * 8)) as u8),
        ),
    );
    let strategy = prop::collection::vec(mostly_moving(), count);
    proptest::strategy::ValueTree::current(&strategy.new_tree(&mut runner).unwrap())
}

#[test]
fn lanes_one_to_seventeen_sixteen_and_sixty_four() {
    for lanes in (1..=17).chain([64]) {
        for depth in [1, 2, 3, 8] {
            // Three of four records move a context for certain: the ring wraps twice.
            let count = (lanes * depth * 3 + 20) as usize;
            let records = stream(u64::from(lanes * 100 + depth), count);
            let (answered, refused) = travel(lanes, depth, &records, count.div_ceil(16));
            assert!(answered > 0 && refused > 0, "{lanes} x {depth} did not wrap");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn any_lanes_and_depth(
        lanes in 1..20u32,
        depth in 1..6u32,
        records in prop::collection::vec(mostly_moving(), 1..120),
    ) {
        travel(lanes, depth, &records, 7);
    }

    /// The ring in here and the design's lanes and rows keep the same entries.
    #[test]
    fn lanes_and_rows_taken_literally(
        lanes in 1..20u64,
        depth in 1..6u64,
        deltas in prop::collection::vec((0..3u16, 1..100u64), 0..250),
        marks in prop::collection::vec(0..260u64, 20),
    ) {
        let mut journal = Journal::new((lanes * depth) as u32);
        // memory[lane][row] = (position, context, delta)
        let mut memory = vec![vec![(0, 0, 0); depth as usize]; lanes as usize];
        for (index, &(context, delta)) in deltas.iter().enumerate() {
            journal.note(context, delta);
            let position = index as u64 + 1;
            let (lane, row) = ((position - 1) % lanes, ((position - 1) / lanes) % depth);
            memory[lane as usize][row as usize] = (position, context, delta);
        }
        prop_assert_eq!(journal.position(), deltas.len() as u64);
        for (index, &mark) in marks.iter().enumerate() {
            let whose = index as u16 % 3;
            let too_old = journal.position().wrapping_sub(mark) > journal.position().min(lanes * depth);
            let newer = memory.iter().flatten().filter(|&&(position, context, _)| position > mark && context == whose);
            let sum = newer.fold(0, |sum, &(_, _, delta)| sum ^ delta);
            let expected = if too_old { Window::TooOld } else { Window::Delta(sum) };
            prop_assert_eq!(journal.query(whose, mark), expected);
        }
    }
}

/// A QUERY moves nothing and two in a row answer the same; a mark equal to J is an empty window.
#[test]
fn an_empty_window_is_zero_and_not_too_old() {
    let mut engine = GoldenEngine::new(Config::with_tables(4, 1).with_journal(2, 2)).unwrap();
    assert_eq!(query(&mut engine, 0, 0), Some(0));
    assert_eq!(query(&mut engine, 0, 1), None);
    assert_eq!(query(&mut engine, 0, u64::MAX), None, "before position 0 there is nothing");
    for value in 1..=9 {
        engine.submit(&[Record::swap(0, value)]).unwrap();
        support::poll(&mut engine);
        assert_eq!(query(&mut engine, 0, value), Some(0));
        assert_eq!(query(&mut engine, 0, value - 1), Some(value ^ (value - 1)));
        assert_eq!(query(&mut engine, 1, value - 1), Some(0), "another context did not move");
        assert_eq!(engine.position(), value);
    }
}

#[test]
fn without_a_journal_positions_count_and_queries_are_rejected() {
    let mut engine = GoldenEngine::new(Config::with_tables(4, 1).without_journal()).unwrap();
    engine.submit(&[Record::load(0, 1), Record::query(0, 0), Record::query(0, 1), Record::accum(0, 1)]).unwrap();
    let replies = support::poll(&mut engine);
    assert_eq!(replies.len(), 1, "only the end of the batch");
    assert_eq!((replies[0].position(), replies[0].value), (2, 4));
    let latched = engine.counters().unwrap();
    assert_eq!((latched.accepted, latched.rejected, latched.journal_position), (4, 2, 2));
}

/// Replies carry 24 bits of the position; QUERY takes all 64.
#[test]
fn the_position_in_replies_wraps_and_the_journal_does_not() {
    let mut engine = GoldenEngine::new(Config::with_tables(4, 1).with_journal(4, 4)).unwrap();
    let batch = vec![Record::accum(1, 1); 1 << 16];
    for _ in 0..256 {
        assert_eq!(engine.submit(&batch).unwrap(), batch.len());
    }
    support::poll(&mut engine);
    assert_eq!(engine.position(), POSITION_MODULUS);
    engine.submit(&[Record::read(1), Record::accum(1, 6).with_reply()]).unwrap();
    let positions: Vec<u32> = support::poll(&mut engine).iter().map(|reply| reply.position()).collect();
    assert_eq!(positions, [0, 1, 1]);
    assert_eq!(query(&mut engine, 1, POSITION_MODULUS), Some(6));
    assert_eq!(query(&mut engine, 1, POSITION_MODULUS - 2), Some(6 ^ 1 ^ 1));
    assert_eq!(query(&mut engine, 1, 0), None, "a mark is not taken modulo 2^24");
}
