//! The clock classes and the state bits of the engine say why the input was held; `checks::clock_classes`.
#![cfg(feature = "verilate")]

use deltascope_sim::session;
use deltascope_sim::top::Top;
use deltascope_verilator_tests::checks::clock_classes::{each_class, status_bits};
use deltascope_verilator_tests::checks::interrupts;
use deltascope_verilator_tests::lockstep::top::sizes;

#[test]
fn every_clock_has_its_class() {
    session::check("clock_classes", 2, |session| {
        let sizes = sizes(&mut Top::new(session.bench("deltascope_top")?, 0)?)?;
        each_class(session, sizes)
    });
}

#[test]
fn status_reports_what_the_engine_does() {
    session::check("status", 1, |session| {
        let sizes = sizes(&mut Top::new(session.bench("deltascope_top")?, 0)?)?;
        status_bits(session, sizes)
    });
}

#[test]
fn interrupts_come_after_their_beats() {
    session::check("interrupts-order", 2, interrupts::follow_their_beats);
}
