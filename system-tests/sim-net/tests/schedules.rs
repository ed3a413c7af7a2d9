//! Schedules without a fault of ours hold; every planted fault is found, and its seed finds it again.

use deltascope_sim_net::{Options, PlantedFault, run, run_schedule};

fn options(schedules: u64, planted_fault: Option<PlantedFault>) -> Options {
    Options { schedules, seed: 1, planted_fault, trace: false }
}

#[test]
fn nothing_is_violated_and_everything_happens() {
    let outcome = run(&options(3_000, None));
    assert!(outcome.violations.is_empty(), "{:?}", outcome.violations.first());
    let stats = outcome.stats;
    let seen = [
        ("reconnects", stats.reconnects),
        ("server restarts", stats.server_restarts),
        ("agent restarts", stats.agent_restarts),
        ("engine failures", stats.engine_failures),
        ("grants after the first", stats.regrants),
        ("inherited grants", stats.inherited),
        ("grants that grew", stats.grown),
        ("places taken back", stats.taken_back),
        ("places of a crowd that went to agents", stats.displaced),
        ("records sent again", stats.replayed),
        ("records dropped as known", stats.dropped_as_known),
        ("bits turned on the way", stats.flips),
        ("frames refused as malformed", stats.errors[0]),
        ("old Hellos", stats.late_hellos),
        ("Acks", stats.acks),
        ("replies", stats.replies),
        ("snapshots", stats.snapshots),
        ("states", stats.states),
        ("states too old", stats.states_too_old),
        ("events lost", stats.lost),
    ];
    for (what, count) in seen {
        assert!(count > 0, "{what}: none in {} schedules", outcome.schedules);
    }
    assert_eq!(stats.captured, stats.counted + stats.lost);
}

#[test]
fn every_planted_fault_is_found_and_its_seed_replays() {
    let faults = [
        PlantedFault::AckOnReceipt,
        PlantedFault::ReplayWithoutLoads,
        PlantedFault::KnownAsNew,
        PlantedFault::LostReplies,
        PlantedFault::StaleCursors,
        PlantedFault::FallingCredit,
        PlantedFault::LastAckOnBye,
        PlantedFault::SilentServer,
        PlantedFault::LateReplies,
    ];
    for planted_fault in faults {
        let outcome = run(&options(3_000, Some(planted_fault)));
        let (seed, violation) = outcome.violations.first().expect("the planted_fault is found");
        assert_eq!(
            run_schedule(*seed, Some(planted_fault), false),
            Err(violation.clone()),
            "{planted_fault:?}, seed {seed}"
        );
        assert!(run_schedule(*seed, None, false).is_ok(), "{planted_fault:?}: seed {seed} fails without it");
    }
}
