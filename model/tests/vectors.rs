//! Published vectors of the delta algebra (64-bit, hexadecimal). The expected values are those of the
//! publication, not of this crate; the last one is checked again from its own operands.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use deltascope_abi::record::Record;
use deltascope_model::{Config, Context, Engine, GoldenEngine};

/// LOAD `initial`, then the deltas, in the algebra and through the engine with a journal of `lanes` lanes.
fn state_after(initial: u64, deltas: &[u64], lanes: u32) -> Context {
    let mut context = Context::default();
    context.load(initial);
    deltas.iter().for_each(|&delta| context.accum(delta));

    let mut engine = GoldenEngine::new(Config::with_tables(8, 1).with_journal(lanes, 2)).unwrap();
    let mut records = vec![Record::load(3, initial)];
    records.extend(deltas.iter().map(|&delta| Record::accum(3, delta)));
    records.push(Record::read(3));
    assert_eq!(engine.submit(&records).unwrap(), records.len());
    let mut replies = Vec::new();
    engine.poll(&mut |reply| replies.push(reply)).unwrap();
    assert_eq!(replies.len(), 2, "the READ and the end of the batch");
    assert_eq!(replies[0].value, context.read());
    assert_eq!(replies[0].zero(), context.is_zero());
    assert_eq!(engine.context(3), Some(context));
    context
}

#[test]
fn complement_gives_all_ones() {
    let context = state_after(0xFFFF_0000_FFFF_0000, &[0x0000_FFFF_0000_FFFF], 1);
    assert_eq!(context.read(), 0xFFFF_FFFF_FFFF_FFFF);
    assert!(!context.is_zero());
}

#[test]
fn a_delta_twice_is_undone() {
    let context = state_after(0xCAFE_BABE_DEAD_BEEF, &[0x5555_5555_5555_5555; 2], 1);
    assert_eq!(context.read(), 0xCAFE_BABE_DEAD_BEEF);
    assert!(context.is_zero());
}

#[test]
fn order_does_not_matter() {
    let (first, second) = (0xABCD_1234_ABCD_1234, 0x5678_FEDC_5678_FEDC);
    assert_eq!(state_after(0, &[first, second], 2).read(), 0xFDB5_ECE8_FDB5_ECE8);
    assert_eq!(state_after(0, &[second, first], 2).read(), 0xFDB5_ECE8_FDB5_ECE8);
}

#[test]
fn four_deltas_over_any_lanes() {
    let deltas = [0xAAAA_AAAA_AAAA_AAAA, 0x5555_5555_5555_5555, 0x1234_5678_90AB_CDEF, 0xFEDC_BA09_8765_4321];
    let published = 0xD9E9_A930_369C_CFDE;
    for lanes in [1, 2, 3, 4, 8, 16, 64] {
        assert_eq!(state_after(0xCAFE_BABE_DEAD_BEEF, &deltas, lanes).read(), published);
        // Each lane sums its own deltas; a tree then sums the lanes.
        let mut partial = vec![0u64; lanes as usize];
        deltas.iter().enumerate().for_each(|(index, delta)| partial[index % lanes as usize] ^= delta);
        assert_eq!(partial.iter().fold(0xCAFE_BABE_DEAD_BEEF, |sum, lane| sum ^ lane), published);
    }
}

#[test]
fn swap_returns_the_old_state_and_starts_anew() {
    let mut context = state_after(0xFFFF_0000_FFFF_0000, &[0x0000_FFFF_0000_FFFF], 1);
    assert_eq!(context.swap(0x1234), u64::MAX);
    assert_eq!(context, Context { reference: 0x1234, accumulator: 0 });
    context.accum(0x4321);
    assert_eq!(context.rebase(), 0x1234 ^ 0x4321);
    assert_eq!(context, Context { reference: 0x1234 ^ 0x4321, accumulator: 0 });
}
