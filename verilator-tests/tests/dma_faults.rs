//! The table of faults of the AXI DMA fails when an outcome is not the expected one.
#![cfg(feature = "verilate")]

use deltascope_verilator_tests::dma_faults::{self, Expected, HostKind};

#[test]
fn the_table_of_faults_notices_what_is_not_as_it_says() {
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
