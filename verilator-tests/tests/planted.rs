//! The lockstep of the engine sees faults planted in the emitted Verilog: proof that it can fail.
#![cfg(feature = "verilate")]

use std::path::{Path, PathBuf};

use deltascope_faults::{Row, rows};
use deltascope_sim::bench::Failure;
use deltascope_sim::dut::Variant;
use deltascope_sim::session;
use deltascope_sim::top::Top;
use deltascope_verilator_tests::lockstep::Sizes;
use deltascope_verilator_tests::lockstep::engine::EngineRun;
use deltascope_verilator_tests::lockstep::top::sizes;

/// Faults of the table that the engine alone shows, as block and name.
const FAULTS: [(&str, &str); 9] = [
    ("context_table", "context forward over distance 3 dropped"),
    ("group_counters", "counter forward over distance 2 dropped"),
    ("context_table", "OR for XOR"),
    ("group_counters", "clearing leaves the last row"),
    ("reply_packets", "TLAST missing on a full packet"),
    ("reply_credit", "credit too high by four"),
    ("engine_control", "end of batch before the last rows"),
    ("record_decoder", "PAIR of class 3 counted as redundant"),
    ("record_decoder", "SEND of class 3 counted as redundant"),
];

fn row((block, what): (&str, &str)) -> Row {
    rows().find(|row| row.block == block && row.fault.what == what).expect("a fault of the table")
}

/// Compiles the engine with one fault in it.
fn variant(n: usize, Row { block, place, fault }: Row) -> Variant {
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
        if path.file_stem().is_some_and(|name| name == block) {
            text = place.replace(&text, fault.to).unwrap_or_else(|n| panic!("{}: {n} times", place.line()));
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
                    let (what, variant) = (fault.1, variant(n, row(fault)));
                    let report = session::run(&format!("planted-{n}"), 1, Some(&variant), |session| {
                        EngineRun::new(session, sizes)?.run(40_000)
                    })
                    .expect_err(what);
                    assert!(matches!(report.failure, Failure::Mismatch { .. }), "{what}: {report}");
                    println!("{what}: {}", report.failure);
                    let waves = session::wave_folder().join(format!("planted-{n}-delta_engine-1.vcd"));
                    std::fs::remove_file(waves).expect("the failed run left a waveform");
                }
            });
        }
    });
}
