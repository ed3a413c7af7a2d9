//! `deltascope_top.v` in lockstep with the golden engine: 64-bit streams, registers, interrupts, resets.
#![cfg(feature = "verilate")]

use deltascope_sim::session;
use deltascope_verilator_tests::lockstep::top::TopRun;

#[test]
fn follows_the_golden_engine() {
    session::check("deltascope_top", 3, |session| {
        let mut run = TopRun::new(session)?;
        run.run(20_000)
    });
}

#[test]
fn takes_half_a_record_every_clock() {
    session::check("deltascope_top-rate", 1, |session| {
        let rate = TopRun::new(session)?.fed_rate(20_000)?;
        assert!(rate > 0.4999, "{rate} records a clock");
        Ok(())
    });
}
