//! The laws of the algebra, for the context alone and for the engine that keeps many of them.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod support;

use deltascope_abi::record::{Class, Op, Record};
use deltascope_model::{Config, Context, Engine, GoldenEngine};
use deltascope_testkit::strategies;
use proptest::prelude::*;

fn any_context() -> impl Strategy<Value = Context> {
    (strategies::operand(), strategies::operand())
        .prop_map(|(reference, accumulator)| Context { reference, accumulator })
}

fn deltas() -> impl Strategy<Value = Vec<u64>> {
    prop::collection::vec(strategies::operand(), 0..40)
}

fn accum_all(mut context: Context, deltas: &[u64]) -> Context {
    deltas.iter().for_each(|&delta| context.accum(delta));
    context
}

proptest! {
    #[test]
    fn accums_commute(
        context in any_context(),
        (before, after) in deltas().prop_flat_map(|deltas| (Just(deltas.clone()), Just(deltas).prop_shuffle())),
    ) {
        prop_assert_eq!(accum_all(context, &before), accum_all(context, &after));
    }

    #[test]
    fn accums_may_be_split_over_any_lanes(context in any_context(), deltas in deltas(), lanes in 1..65usize) {
        let mut sums = vec![0; lanes];
        deltas.iter().enumerate().for_each(|(index, delta)| sums[index % lanes] ^= delta);
        prop_assert_eq!(accum_all(context, &sums), accum_all(context, &deltas));
    }

    #[test]
    fn a_run_of_deltas_twice_is_undone(context in any_context(), deltas in deltas()) {
        let once = accum_all(context, &deltas);
        prop_assert_eq!(accum_all(once, &deltas), context);
        let sum = deltas.iter().fold(0, |sum, delta| sum ^ delta);
        prop_assert_eq!(once.read(), context.read() ^ sum);
    }

    #[test]
    fn load_clears_the_accumulator(mut context in any_context(), value: u64) {
        context.load(value);
        prop_assert_eq!(context, Context { reference: value, accumulator: 0 });
        prop_assert!(context.is_zero());
    }

    #[test]
    fn swap_gives_the_old_state_and_loads(mut context in any_context(), value: u64) {
        let mut loaded = context;
        loaded.load(value);
        let state = context.read();
        prop_assert_eq!(context.swap(value), state);
        prop_assert_eq!(context, loaded);
        prop_assert_eq!(context.swap(0), value);
    }

    #[test]
    fn rebase_keeps_the_state_and_clears_the_accumulator(mut context in any_context()) {
        let state = context.read();
        prop_assert_eq!(context.rebase(), state);
        prop_assert_eq!(context, Context { reference: state, accumulator: 0 });
        prop_assert_eq!(context.rebase(), state);
    }

    /// Zero means that the deltas since the last LOAD or SWAP cancelled, whatever the reference is.
    #[test]
    fn zero_means_that_the_deltas_cancelled(mut context in any_context(), value: u64, deltas in deltas()) {
        context.load(value);
        let context = accum_all(context, &deltas);
        let sum = deltas.iter().fold(0, |sum, delta| sum ^ delta);
        prop_assert_eq!(context.is_zero(), sum == 0);
        prop_assert_eq!(context.is_zero(), context.read() == value);
    }

    /// What an op answers is what a READ before it would have answered.
    #[test]
    fn every_reply_is_the_read_before_it(
        history in strategies::records(4, 2, 60),
        record in strategies::record(4, 2, 1).prop_filter("answers with the state", |record| {
            record.op().is_some_and(|op| op.journals()) && record.context() < 4 && record.group() < 2
        }),
    ) {
        let mut engine = GoldenEngine::new(Config::with_tables(4, 2)).unwrap();
        engine.submit(&history).unwrap();
        support::poll(&mut engine);
        engine.submit(&[Record::read(record.context()), record.with_reply(), Record::read(record.context())]).unwrap();
        let replies = support::poll(&mut engine);
        prop_assert_eq!(replies.len(), 4);
        prop_assert_eq!(replies[0].value, replies[1].value);
        prop_assert_eq!(replies[0].zero(), replies[1].zero());
        let (before, after) = (replies[0].value, replies[2].value);
        match record.op() {
            Some(Op::Accum) => {
                prop_assert_eq!(after, before ^ record.operand);
            }
            Some(Op::Swap) if record.rebase() => {
                prop_assert_eq!(after, before);
                prop_assert!(replies[2].zero());
            }
            _ => {
                prop_assert_eq!(after, record.operand);
                prop_assert!(replies[2].zero());
            }
        }
    }

    /// SEND is a SWAP that counts: same states and replies, and redundant exactly when its answer is its operand.
    #[test]
    fn send_is_a_swap_that_counts(
        history in prop::collection::vec((0..4u16, strategies::operand(), 0..4u8, 0..2u16, 0..1u32 << 24), 1..60),
    ) {
        let mut sends = GoldenEngine::new(Config::with_tables(4, 2)).unwrap();
        let mut swaps = GoldenEngine::new(Config::with_tables(4, 2)).unwrap();
        let mut redundant_events = 0;
        let mut redundant_bytes = 0;
        for (context, operand, class, group, length) in history {
            let send = Record::new(Op::Send, Class::from_code(class), group, context, length, operand);
            let swap = Record::new(Op::Swap, Class::from_code(class), group, context, length, operand);
            sends.submit(&[send.with_reply()]).unwrap();
            swaps.submit(&[swap.with_reply()]).unwrap();
            let (sent, swapped) = (support::poll(&mut sends)[0], support::poll(&mut swaps)[0]);
            prop_assert_eq!(sent.head & !0xF, swapped.head & !0xF);
            prop_assert_eq!(sent.value, swapped.value);
            if sent.value == operand && class != 3 {
                redundant_events += 1;
                redundant_bytes += u64::from(length);
            }
        }
        let rows: Vec<_> = (0..2).flat_map(|group| Class::ALL.map(|class| (group, class))).collect();
        let total = |pick: fn(deltascope_abi::counters::CounterRow) -> u64| -> u64 {
            rows.iter().map(|&(group, class)| pick(sends.row(group, class).unwrap())).sum()
        };
        prop_assert_eq!(total(|row| row.redundant_events), redundant_events);
        prop_assert_eq!(total(|row| row.redundant_bytes), redundant_bytes);
        prop_assert!(rows.iter().all(|&(group, class)| swaps.row(group, class).unwrap().is_zero()));
        prop_assert_eq!(sends.context(1), swaps.context(1));
    }

    /// PAIR is redundant when the fingerprints are equal, and touches no context and no journal.
    #[test]
    fn pair_counts_and_touches_nothing_else(
        before in 0..3u32,
        after in 0..3u32,
        class in 0..4u8,
        length in 0..1u32 << 24,
        context: u16,
    ) {
        let mut engine = GoldenEngine::new(Config::with_tables(4, 2)).unwrap();
        engine.submit(&[Record::pair(1, Class::from_code(class), length, before, after).with_context(context)]).unwrap();
        let redundant = before == after && class != 3;
        let row = engine.row(1, Class::from_code(class)).unwrap();
        prop_assert_eq!((row.events, row.bytes), (1, length.into()));
        prop_assert_eq!(row.redundant_events, u64::from(redundant));
        prop_assert_eq!(row.redundant_bytes, if redundant { length.into() } else { 0 });
        prop_assert_eq!(engine.position(), 0);
        prop_assert!((0..4).all(|index| engine.context(index) == Some(Context::default())));
    }
}
