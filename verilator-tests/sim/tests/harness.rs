//! The harness on a small fixture: it passes a good design and sees every planted fault.
#![cfg(feature = "verilate")]

use std::collections::VecDeque;
use std::path::Path;

use deltascope_sim::axi_lite::{AxiLite, Completion, OKAY, SLVERR};
use deltascope_sim::bench::{Bench, Failure};
use deltascope_sim::dut::{Dut, DutError, Variant};
use deltascope_sim::flow::{Flow, Pattern};
use deltascope_sim::session::{self, Session};
use deltascope_sim::stream::{Beat, Sink, Source, StreamPorts};

fn put_in(bench: &mut Bench, fault: u64) -> Result<(), Failure> {
    let port = bench.dut().port("fault")?;
    bench.dut_mut().set(port, fault);
    Ok(())
}

/// Every crossing of idle and back-pressure; what goes in comes out once, in order.
fn stream(session: &mut Session, fault: u64) -> Result<(), Failure> {
    for input in Pattern::KINDS {
        for output in Pattern::KINDS {
            let mut bench = session.bench("stream_stage")?;
            let random = &mut session.random;
            let mut source = Source::new(StreamPorts::axis(bench.dut(), "s_axis")?, Flow::new(input, random), random);
            let mut sink = Sink::new(StreamPorts::axis(bench.dut(), "m_axis")?, Flow::new(output, random));
            put_in(&mut bench, fault)?;
            bench.reset(3)?;
            for _ in 0..300 {
                source.push(Beat { data: random.next128(), last: random.one_in(7) });
            }
            let mut expected = VecDeque::new();
            let limit = bench.clocks() + 20_000;
            while source.waiting() > 0 || !expected.is_empty() {
                if bench.clocks() > limit {
                    return Err(bench.mismatch(format!("{} beats never came out", expected.len())));
                }
                source.drive(&mut bench);
                sink.drive(&mut bench);
                bench.settle()?;
                expected.extend(source.sample(&bench));
                if let Some(beat) = sink.sample(&bench)? {
                    bench.expect("beat", Some(beat), expected.pop_front())?;
                }
                bench.edge();
            }
        }
    }
    Ok(())
}

/// One transfer at a time, answers of defined and undefined offsets.
fn registers(session: &mut Session, fault: u64) -> Result<(), Failure> {
    let mut bench = session.bench("stream_stage")?;
    let mut bus = AxiLite::new(bench.dut(), "s_axi")?;
    put_in(&mut bench, fault)?;
    bench.reset(3)?;
    let mut mask = 0;
    for round in 0..200 {
        if round % 10 == 0 {
            bus.shuffle(&mut session.random);
        }
        let data = session.random.next() as u32;
        let address = if session.random.one_in(4) { 8 } else { 0 };
        let response = if address == 0 { OKAY } else { SLVERR };
        bus.write(address, data);
        let written = complete(&mut bench, &mut bus)?;
        bench.expect("write", written, Completion::Write { address, data, response })?;
        if address == 0 {
            mask = data;
        }
        bus.read(0);
        let read = complete(&mut bench, &mut bus)?;
        bench.expect("read", read, Completion::Read { address: 0, data: mask, response: OKAY })?;
    }
    Ok(())
}

fn complete(bench: &mut Bench, bus: &mut AxiLite) -> Result<Completion, Failure> {
    for _ in 0..20_000 {
        if let Some(done) = bus.completion() {
            return Ok(done);
        }
        bus.drive(bench);
        bench.settle()?;
        bus.sample(bench)?;
        bench.edge();
    }
    Err(bench.mismatch("AXI4-Lite never answered"))
}

#[test]
fn a_good_design_passes() {
    session::check("harness-stream", 2, |s| stream(s, 0));
    session::check("harness-registers", 2, |s| registers(s, 0));
}

/// The text of the failure that a planted fault causes; its run must leave a waveform.
fn planted(fault: u64, variant: Option<&Variant>, body: fn(&mut Session, u64) -> Result<(), Failure>) -> String {
    let report = session::run("harness-planted", fault, variant, |s| body(s, fault)).expect_err("must be seen");
    assert!(report.waves.ends_with(".vcd"), "{report}");
    let waves = session::wave_folder().join(format!("harness-planted-stream_stage-{fault}.vcd"));
    assert!(std::fs::metadata(&waves).expect("a waveform was written").len() > 1_000);
    std::fs::remove_file(waves).expect("the waveform can be removed");
    report.failure.to_string()
}

#[test]
fn planted_faults_are_seen() {
    assert!(planted(1, None, stream).contains("valid was withdrawn"));
    assert!(planted(2, None, stream).contains("changed while stalled"));
    assert!(planted(3, None, stream).contains("beat: expected"));
    assert!(planted(4, None, stream).contains("beat: expected"));
    assert!(planted(5, None, registers).contains("before the address and the word"));
}

#[test]
fn a_variant_compiled_at_run_time_takes_the_place_of_the_design() {
    let files = [Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/stream_stage.v")];
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("deaf");
    let variant = Variant::compile(&files, "stream_stage", &["DEAF"], &folder).expect("the fixture compiles");
    assert!(planted(0, Some(&variant), stream).contains("never came out"));
}

#[test]
fn unknown_names_are_explained() {
    let error = Dut::open("no_such_block", 1).err().map(|e| e.to_string()).expect("an error");
    assert!(error.contains("no_such_block") && error.contains("stream_stage"), "{error}");
    let dut = Dut::open("stream_stage", 1).expect("the fixture is built in");
    let error = dut.port("s_axis_tuser").expect_err("no such port");
    assert!(matches!(error, DutError::UnknownPort { .. }) && error.to_string().contains("s_axis_tdata"), "{error}");
}
