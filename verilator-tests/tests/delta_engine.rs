//! `delta_engine.v` in lockstep with the golden engine: every op, invalid records, crossed flows, resets.
#![cfg(feature = "verilate")]

use deltascope_model::Config;
use deltascope_verilator_tests::lockstep::Sizes;
use deltascope_verilator_tests::lockstep::engine::EngineRun;
use deltascope_verilator_tests::session;

#[test]
fn follows_the_golden_engine() {
    let sizes = Sizes { config: Config::default().without_journal() };
    session::check("delta_engine", 3, |session| {
        let mut run = EngineRun::new(session, sizes)?;
        run.run(30_000)
    });
}
