//! `deltascope_top.v` in lockstep with the golden engine: 64-bit streams, registers, interrupts, resets.
#![cfg(feature = "verilate")]

use deltascope_abi::record::Record;
use deltascope_abi::registers::{STATUS_CLEARING, offset};
use deltascope_sim::session;
use deltascope_sim::top::Top;
use deltascope_verilator_tests::lockstep::top::TopRun;

#[test]
fn follows_the_golden_engine() {
    session::check("deltascope_top", 3, |session| {
        let mut run = TopRun::new(session)?;
        run.run(20_000)
    });
}

#[test]
fn first_read_behind_a_latch_sees_the_new_copy() {
    session::check("deltascope_top-latch", 1, |session| {
        let mut top = Top::new(session.bench("deltascope_top")?, 0)?;
        while top.read(offset::STATUS, &mut |_| {})? & STATUS_CLEARING.mask() != 0 {}
        for accepted in 1..=20 {
            top.push(Record::nop(), false);
            for _ in 0..20 {
                top.clock()?;
            }
            // The bus is always willing: the address of the first read is taken in the clock after the answer to LATCH.
            let found = top.latch(&mut |_| {})?.accepted;
            top.bench().expect("accepted in the first read behind a latch", found, accepted)?;
        }
        Ok(())
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
