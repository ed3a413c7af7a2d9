//! The AXI DMA driver against its model and the Verilated top: faults, the rate at which records are fed, and a replay
//! in either mode.

use std::fs::File;
use std::io::{self, Write};
use std::process::ExitCode;

use deltascope_model::raw::replay_raw;
use deltascope_sim::axi_dma::{DmaConfig, Timing};
use deltascope_sim::engine;
use deltascope_verilator_tests::{dma_faults, fed_rate};
use serde_json::json;

const USAGE: &str =
    "usage: dma faults [--json] [--only PART] | dma fed-rate [--json|--quick] | dma replay direct|scatter-gather FILE";

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

/// Measures the grid, or only what the bar is about; gives whether the bar is met.
fn fed(json: bool, quick: bool) -> Result<bool, String> {
    let measured = if quick { fed_rate::bar() } else { fed_rate::grid() };
    let cells = measured.map_err(|error| error.to_string())?;
    let met = cells.iter().filter(|cell| fed_rate::in_bar(cell)).all(|cell| cell.share() >= fed_rate::BAR);
    if json {
        let rows = cells.iter().map(|cell| {
            let (latency, outstanding, batch) = (cell.latency, cell.outstanding, cell.batch);
            let (beats, clocks, share) = (cell.beats, cell.clocks, cell.share());
            json!({
                "ddr_latency_clocks": latency, "outstanding_reads": outstanding, "batch_bytes": batch,
                "beats": beats, "clocks": clocks, "share": share,
            })
        });
        let timing = Timing::default();
        let assumptions = json!({
            "burst_beats": 16, "page_bytes": 4096, "tail_to_fetch_clocks": timing.tail_to_fetch,
            "fetch_to_data_clocks": timing.fetch_to_data, "read_to_stream_clocks": timing.read_to_stream,
            "packet_gap_clocks": timing.packet_gap, "stream_to_write_clocks": timing.stream_to_write,
            "write_gap_clocks": timing.write_gap, "descriptors_ahead": timing.prefetch,
            "buffer_beats": timing.fifo_beats,
        });
        let bar = json!({"share": fed_rate::BAR, "batch_bytes": fed_rate::BAR_BATCH, "ddr_latency_clocks": 40, "outstanding_reads": 4, "met": met});
        let cells = rows.collect::<Vec<_>>();
        println!("{}", json!({"label": "simulated", "assumptions": assumptions, "bar": bar, "cells": cells}));
        return Ok(met);
    }
    for row in cells.chunks(fed_rate::BATCHES.len()) {
        let shares: Vec<String> = row.iter().map(|cell| format!("{:5.1}", 100.0 * cell.share())).collect();
        println!("latency {:2}, {} reads: {} %", row[0].latency, row[0].outstanding, shares.join(" "));
    }
    println!("bar met: {met}");
    Ok(met)
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
        ["fed-rate"] => fed(false, false),
        ["fed-rate", "--json"] => fed(true, false),
        ["fed-rate", "--quick"] => fed(false, true),
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
