//! The table of faults of the AXI DMA fails when an outcome is not the expected one.
#![cfg(feature = "verilate")]

use std::sync::atomic::{AtomicUsize, Ordering};

use deltascope_verilator_tests::dma_faults::{self, Expected, HostKind};

#[test]
fn table_of_faults_notices_what_differs_from_it() {
    let find = |name: &str| dma_faults::all().into_iter().find(|case| case.name == name).expect("a case");
    assert!(dma_faults::run(&find("MM2S DMASlvErr"), HostKind::Simulated).ok);
    // Another error than the one expected, an error where none is expected, and none where one is.
    for (case, other) in [
        ("MM2S DMASlvErr", Expected::CarriedOn),
        ("reply flood against minimal buffers", Expected::Refused),
        ("interrupt spurious", Expected::Recovered),
        ("length of 14 bits, direct", Expected::Recovered),
    ] {
        let outcome = dma_faults::run(&find(case).expecting(other, find(case).says), HostKind::Uio);
        assert!(!outcome.ok, "{case} as {other:?}: {}", outcome.error);
    }
    let other = find("MM2S DMASlvErr").expecting(Expected::Recovered, "SGIntErr");
    let outcome = dma_faults::run(&other, HostKind::Simulated);
    assert!(!outcome.ok, "{}", outcome.error);
}

#[test]
fn all_cases_run_beside_each_other_and_report_in_order() {
    let names = ["MM2S DMASlvErr", "length of 14 bits, direct", "programmable logic in reset"];
    let all = dma_faults::all();
    let cases: Vec<_> = all.into_iter().filter(|case| names.contains(&case.name)).collect();
    let reported = AtomicUsize::new(0);
    let outcomes = dma_faults::run_all(&cases, |_| {
        reported.fetch_add(1, Ordering::Relaxed);
    });
    let expected: Vec<_> = names.iter().flat_map(|name| HostKind::BOTH.map(|host| (*name, host, true))).collect();
    let found: Vec<_> = outcomes.iter().map(|outcome| (outcome.name, outcome.host, outcome.ok)).collect();
    assert_eq!(found, expected);
    assert_eq!(reported.into_inner(), expected.len());
}
