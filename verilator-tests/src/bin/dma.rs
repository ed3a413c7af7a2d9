//! The AXI DMA driver against its model and the Verilated top: faults, the rate at which records are fed, and a replay
//! in either mode.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use deltascope_model::raw::replay_raw;
use deltascope_sim::axi_dma::{DmaConfig, Timing};
use deltascope_sim::engine;
use deltascope_verilator_tests::dma_faults::Case;
use deltascope_verilator_tests::{dma_faults, fed_rate};
use serde_json::json;

/// Runs the AXI DMA driver against the model of the DMA and the Verilated top
#[derive(Parser)]
enum Arguments {
    /// Put every fault of the DMA, its wiring and its configuration before the driver
    Faults {
        /// Print one JSON object
        #[arg(long)]
        json: bool,
        /// Only the cases with this in their names
        #[arg(long, value_name = "PART", default_value = "")]
        only: String,
    },
    /// Measure how much of the 64-bit port the DMA uses
    FedRate {
        /// Print one JSON object
        #[arg(long)]
        json: bool,
        /// Only what the bar is about
        #[arg(long)]
        quick: bool,
    },
    /// Replay a file of bare records and print the report
    Replay {
        /// Mode of the DMA
        mode: Mode,
        /// The file
        file: PathBuf,
    },
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Mode {
    Direct,
    ScatterGather,
}

/// Runs every case, or those whose name has `only` in it; gives whether all were as expected.
fn faults(json: bool, only: &str) -> bool {
    let cases: Vec<Case> = dma_faults::all().into_iter().filter(|case| case.name.contains(only)).collect();
    let outcomes = dma_faults::run_all(&cases, |outcome| {
        if !json {
            let mark = if outcome.ok { "ok  " } else { "FAIL" };
            let (name, host, ended) = (outcome.name, outcome.host.name(), outcome.ended);
            println!("{mark} {name}, {host} ({ended}, {} us): {}", outcome.within.as_micros(), outcome.error);
        }
    });
    if json {
        let rows = outcomes.iter().map(|outcome| {
            let (name, ok, error) = (outcome.name, outcome.ok, &outcome.error);
            let (host, ended, within_us) = (outcome.host.name(), outcome.ended, outcome.within.as_micros() as u64);
            json!({"name": name, "host": host, "ok": ok, "error": error, "ended": ended, "within_us": within_us})
        });
        println!("{}", json!({"faults": rows.collect::<Vec<_>>()}));
    }
    for outcome in outcomes.iter().filter(|outcome| !outcome.ok) {
        eprintln!("{}, {}: {}", outcome.name, outcome.host.name(), outcome.error);
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
fn replay(mode: Mode, path: &Path) -> Result<(), String> {
    let scatter_gather = mode == Mode::ScatterGather;
    let options = engine::Options { dma: DmaConfig::board(scatter_gather), ..Default::default() };
    let mut engine = engine::open(&options).map_err(|e| e.to_string())?;
    let mut file = File::open(path).map_err(|e| format!("{}: {e}", path.display()))?;
    let report = replay_raw(&mut file, &mut engine).map_err(|e| e.to_string())?;
    let mut out = io::stdout().lock();
    report.write_json(&mut out).and_then(|()| writeln!(out)).map_err(|e| format!("standard output: {e}"))
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse() {
        Arguments::Faults { json, only } => Ok(faults(json, &only)),
        Arguments::FedRate { json, quick } => fed(json, quick),
        Arguments::Replay { mode, file } => replay(mode, &file).map(|()| true),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(text) => {
            eprintln!("{text}");
            ExitCode::FAILURE
        }
    }
}
