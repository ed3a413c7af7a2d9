//! `delta_engine.v` in lockstep with the golden engine: every op, invalid records, crossed flows, resets.
#![cfg(feature = "verilate")]

use deltascope_sim::session;
use deltascope_sim::top::Top;
use deltascope_verilator_tests::lockstep::engine::EngineRun;
use deltascope_verilator_tests::lockstep::top::sizes;

#[test]
fn follows_the_golden_engine() {
    session::check("delta_engine", 3, |session| {
        let sizes = sizes(&mut Top::new(session.bench("deltascope_top")?, 0)?)?;
        let mut run = EngineRun::new(session, sizes)?;
        run.run(30_000)
    });
}
