//! The engine `rtl` against the engine `model`: equal reports for equal records, resets, bounded memory.
#![cfg(feature = "verilate")]

use deltascope_abi::record::Record;
use deltascope_abi::reply::{Reply, reply_beats};
use deltascope_abi::{ABI_VERSION, DEFAULT_CONTEXTS, DEFAULT_GROUPS};
use deltascope_model::raw::replay_raw;
use deltascope_model::{ClockClasses, Config, Engine, EngineKind, GoldenEngine, Latched};
use deltascope_sim::axi_dma::host;
use deltascope_sim::engine::{self, RtlEngine};
use deltascope_testkit::Rng;
use deltascope_testkit::records::FOR_ANY_ENGINE;

fn engine() -> RtlEngine {
    engine::open(&engine::Options::default()).expect("the Verilated top comes up")
}

/// A golden engine of the same sizes.
fn golden(rtl: &RtlEngine) -> GoldenEngine {
    GoldenEngine::new(Config::of(&rtl.info())).expect("the sizes of the RTL are valid")
}

#[test]
fn describes_itself() {
    let info = engine().info();
    assert_eq!((info.kind, info.abi_version), (EngineKind::Rtl, ABI_VERSION));
    assert_eq!((info.contexts, info.groups), (DEFAULT_CONTEXTS, DEFAULT_GROUPS));
}

#[test]
fn replays_to_the_same_report_as_the_model() {
    let mut rtl = engine();
    let mut model = golden(&rtl);
    let mut rng = Rng::new(11);
    // The second round shows that nothing of the first is left.
    for count in [30_000, 5_000] {
        let bytes: Vec<u8> = FOR_ANY_ENGINE.records(count, &mut rng).iter().flat_map(|r| r.to_bytes()).collect();
        let from_rtl = replay_raw(&mut bytes.as_slice(), &mut rtl).expect("rtl replays");
        let from_model = replay_raw(&mut bytes.as_slice(), &mut model).expect("model replays");
        let (mut one, mut other) = (Vec::new(), Vec::new());
        from_rtl.write_json(&mut one).expect("a report");
        from_model.write_json(&mut other).expect("a report");
        assert!(one == other, "the reports differ");
        assert!(from_rtl.replies.len() > count / 3 && from_rtl.rejected > 0);
    }
}

#[test]
fn each_submit_is_a_batch_and_takes_no_more_than_it_has_room_for() {
    let mut rtl = engine();
    let groups = rtl.info().groups;
    let whole = Record::snapshot(0, (groups - 1) as u16);
    let many = vec![whole; 100];
    let taken = rtl.submit(&many).expect("submit");
    assert!(taken > 0 && taken < many.len(), "{taken} snapshots taken");
    assert_eq!(rtl.submit(&many).expect("submit"), 0, "no room before anything was polled");
    let mut beats = Vec::new();
    while beats.last() != Some(&Reply::end_of_batch(0, taken as u64)) {
        rtl.poll(&mut |reply| beats.push(reply)).expect("poll");
    }
    assert_eq!(beats.len(), taken * reply_beats(&whole, groups) + 1);
    assert!(rtl.submit(&many).expect("submit") > 0, "room again");
}

#[test]
fn a_submit_of_nothing_is_no_batch() {
    let mut rtl = engine();
    assert_eq!(rtl.submit(&[]).expect("submit"), 0);
    assert_eq!(rtl.poll(&mut |reply| panic!("{reply:?}")).expect("poll"), 0);
}

#[test]
fn counters_match_and_a_reset_clears_them() {
    let engine::Options { dma, settings } = engine::Options::default();
    let (system, buffer) = host::system(dma, &settings, 1).expect("the design is built in");
    let host = host::open(&system, buffer, &settings).expect("the DMA comes up");
    let mut rtl = RtlEngine::open(host, EngineKind::Rtl).expect("the Verilated top comes up");
    let mut model = golden(&rtl);
    let list = FOR_ANY_ENGINE.records(4_000, &mut Rng::new(5));
    for half in list.chunks(2_000) {
        let mut rest = half;
        while !rest.is_empty() {
            // The model is given the same batches, since each of them costs a reply beat.
            let taken = rtl.submit(rest).expect("submit");
            let batch = &rest[..taken];
            assert_eq!(model.submit(batch).expect("submit"), taken);
            let mut ended = taken == 0;
            while !ended {
                let end = Reply::end_of_batch(model.position(), model.counters().expect("counters").accepted);
                rtl.poll(&mut |reply| ended |= reply == end).expect("poll");
            }
            model.poll(&mut |_| {}).expect("poll");
            rest = &rest[taken..];
        }
    }
    let found = rtl.counters().expect("counters");
    assert!(found.clocks.moving == 4_000 && found.clocks.total() <= system.borrow().clocks(), "{found:?}");
    assert_eq!(Latched { clocks: ClockClasses::default(), ..found }, model.counters().expect("counters"));

    rtl.submit(&list).expect("submit");
    rtl.reset().expect("reset");
    let found = rtl.counters().expect("counters");
    assert_eq!(Latched { clocks: ClockClasses::default(), ..found }, Latched::default());
    assert_eq!(rtl.poll(&mut |reply| panic!("{reply:?}")).expect("poll"), 0, "replies from before the reset are gone");
}
