//! The lockstep of the engine sees faults planted in the emitted Verilog: proof that it can fail.
#![cfg(feature = "verilate")]

use std::path::{Path, PathBuf};

use deltascope_sim::bench::Failure;
use deltascope_sim::dut::Variant;
use deltascope_sim::session;
use deltascope_sim::top::Top;
use deltascope_verilator_tests::lockstep::Sizes;
use deltascope_verilator_tests::lockstep::engine::EngineRun;
use deltascope_verilator_tests::lockstep::top::sizes;

/// Name, file, what stands there, what is put there.
type Fault = (&'static str, &'static str, &'static str, &'static str);

const FAULTS: [Fault; 8] = [
    ("a forward dropped, contexts", "context_table.v", "if (s2_from_s5) begin", "if (1'b0) begin"),
    ("a forward dropped, counters", "group_counters.v", "if (s2_from_s4) begin", "if (1'b0) begin"),
    ("OR for XOR", "context_table.v", "current_accumulator ^ s2_operand", "current_accumulator | s2_operand"),
    ("clearing stops early", "group_counters.v", "~(&clear_address)", "(clear_address != 12'hffe)"),
    ("TLAST missing on a full packet", "reply_packets.v", "= s_batch_end | at_last;", "= s_batch_end;"),
    ("credit too high by four", "reply_credit.v", "promised <= limit", "promised <= limit + 6'd4"),
    ("the batch's end overtakes rows", "engine_control.v", "clocks_to_settle = 4'd3", "clocks_to_settle = 4'd1"),
    ("unjudged counted as redundant", "record_decoder.v", "~(&class_id)", "1'b1"),
];

/// Compiles the engine with one fault in it.
fn variant(n: usize, (name, file, from, to): Fault) -> Variant {
    let verilog = Path::new(env!("CARGO_MANIFEST_DIR")).join("../rtl/verilog");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("planted-{n}"));
    let copies = folder.join("verilog");
    std::fs::create_dir_all(&copies).expect("a folder for the Verilog");
    let mut top = PathBuf::new();
    for entry in std::fs::read_dir(&verilog).expect("the emitted Verilog") {
        let path = entry.expect("a file").path();
        if path.extension().is_none_or(|e| e != "v") {
            continue;
        }
        let copy = copies.join(path.file_name().expect("a name"));
        let mut text = std::fs::read_to_string(&path).expect("Verilog");
        if path.ends_with(file) {
            assert!(text.contains(from), "{name}: `{from}` is no longer in {file}");
            text = text.replace(from, to);
        }
        std::fs::write(&copy, text).expect("a copy");
        if path.ends_with("delta_engine.v") {
            top = copy;
        }
    }
    Variant::compile(&[top], "delta_engine", &[], &folder.join("build")).expect("the variant compiles")
}

#[test]
fn every_planted_fault_is_seen() {
    let probe = |session: &mut session::Session| sizes(&mut Top::new(session.bench("deltascope_top")?, 0)?);
    let sizes: Sizes = session::run("planted-sizes", 1, None, probe).expect("sizes");
    std::thread::scope(|scope| {
        for half in 0..2 {
            scope.spawn(move || {
                for (n, fault) in FAULTS.into_iter().enumerate().filter(|(n, _)| n % 2 == half) {
                    let variant = variant(n, fault);
                    let report = session::run(&format!("planted-{n}"), 1, Some(&variant), |session| {
                        EngineRun::new(session, sizes)?.run(40_000)
                    })
                    .expect_err(fault.0);
                    assert!(matches!(report.failure, Failure::Mismatch { .. }), "{}: {report}", fault.0);
                    println!("{}: {}", fault.0, report.failure);
                    let waves = session::wave_folder().join(format!("planted-{n}-delta_engine-1.vcd"));
                    std::fs::remove_file(waves).expect("the failed run left a waveform");
                }
            });
        }
    });
}
