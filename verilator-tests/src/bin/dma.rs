//! The AXI DMA driver against its model and the Verilated top: faults, the rate at which records are fed, and a replay
//! in either mode.

use std::fs::File;
use std::io::{self, Write};
use std::process::ExitCode;

use deltascope_model::raw::replay_raw;
use deltascope_verilator_tests::axi_dma::DmaConfig;
use deltascope_verilator_tests::{dma_faults, engine};
use serde_json::json;

const USAGE: &str = "usage: dma faults [--json] [--only PART] | dma replay direct|scatter-gather FILE";

/// Runs every case, or those whose name has `only` in it; gives whether all were as expected.
fn faults(json: bool, only: &str) -> bool {
    let mut outcomes = Vec::new();
    for case in dma_faults::all().iter().filter(|case| case.name.contains(only)) {
        let outcome = dma_faults::run(case);
        if !json {
            let mark = if outcome.ok { "ok  " } else { "FAIL" };
            println!("{mark} {} ({}, {} us): {}", outcome.name, outcome.ended, outcome.within_us, outcome.error);
        }
        outcomes.push(outcome);
    }
    if json {
        let rows = outcomes.iter().map(|outcome| {
            let (name, ok, error) = (outcome.name, outcome.ok, &outcome.error);
            json!({"name": name, "ok": ok, "error": error, "ended": outcome.ended, "within_us": outcome.within_us})
        });
        println!("{}", json!({"faults": rows.collect::<Vec<_>>()}));
    }
    for outcome in outcomes.iter().filter(|outcome| !outcome.ok) {
        eprintln!("{}: {}", outcome.name, outcome.error);
    }
    !outcomes.is_empty() && outcomes.iter().all(|outcome| outcome.ok)
}

/// Replays a file of bare records through the DMA in one of its modes.
fn replay(mode: &str, path: &str) -> Result<(), String> {
    let scatter_gather = match mode {
        "direct" => false,
        "scatter-gather" => true,
        other => return Err(format!("unknown mode `{other}`; {USAGE}")),
    };
    let (mut engine, _) =
        engine::open_with(DmaConfig::board(scatter_gather), &engine::settings()).map_err(|e| e.to_string())?;
    let mut file = File::open(path).map_err(|e| format!("{path}: {e}"))?;
    let report = replay_raw(&mut file, &mut engine).map_err(|e| e.to_string())?;
    let mut out = io::stdout().lock();
    report.write_json(&mut out).and_then(|()| writeln!(out)).map_err(|e| format!("standard output: {e}"))
}

fn run(arguments: &[&str]) -> Result<bool, String> {
    match arguments {
        ["faults"] => Ok(faults(false, "")),
        ["faults", "--json"] => Ok(faults(true, "")),
        ["faults", "--only", part] => Ok(faults(false, part)),
        ["replay", mode, path] => replay(mode, path).map(|()| true),
        _ => Err(USAGE.to_owned()),
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match run(&arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(text) => {
            eprintln!("{text}");
            ExitCode::FAILURE
        }
    }
}
