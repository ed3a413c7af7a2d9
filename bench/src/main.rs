//! Throughput of each part of the path, one after the other in one run on one core, beside a copy of the same
//! bytes: machines differ and are noisy, the ratios less so.

mod engine;
mod path;
mod workload;

use anyhow::Result;
use clap::Parser;
use deltascope_abi::board::{FCLK_HZ, RECORDS_PER_SECOND};
use deltascope_abi::record::RECORD_BYTES;
use deltascope_agent::report::columns;
use std::hint::black_box;
use std::time::{Duration, Instant};

/// Records a second that Gigabit Ethernet carries: 16-byte records in full TCP segments at an MTU of 1500, as
/// 1,448 of every 1,538 bytes on the wire. *Estimated.*
const GIGABIT_ETHERNET: f64 = 125e6 * 1448.0 / 1538.0 / RECORD_BYTES as f64;
/// Records a second that one 64-bit port carries at FCLK0. *Estimated.*
const HP_PORT: f64 = RECORDS_PER_SECOND as f64;

#[derive(Parser)]
#[command(about = "Times each part of the path from a record to a counter")]
struct Arguments {
    /// Half a second for each figure instead of three
    #[arg(long)]
    quick: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// One figure.
struct Figure {
    name: &'static str,
    events_per_second: f64,
}

/// Repeats `pass`, which handles `events` events, until `time` is over.
fn rate(time: Duration, events: usize, mut pass: impl FnMut() -> Result<()>) -> Result<f64> {
    pass()?;
    let start = Instant::now();
    let mut passes = 0;
    while start.elapsed() < time {
        pass()?;
        passes += 1;
    }
    Ok(f64::from(passes) * events as f64 / start.elapsed().as_secs_f64())
}

/// Copies the bytes of the workload's records: what merely moving them costs.
fn copy(time: Duration) -> Result<f64> {
    let records = workload::records();
    let mut target = records.clone();
    rate(time, records.len(), || {
        target.copy_from_slice(black_box(&records));
        black_box(&mut target);
        Ok(())
    })
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let time = Duration::from_millis(if arguments.quick { 500 } else { 3000 });
    let figures = [
        Figure { name: "copy of the records", events_per_second: copy(time)? },
        Figure { name: "golden engine alone", events_per_second: engine::golden(time)? },
        Figure { name: "session, frames, server and engine", events_per_second: path::in_process(time)? },
    ];
    let copy = figures[0].events_per_second;
    if arguments.json {
        let rows: Vec<_> = figures
            .iter()
            .map(|figure| {
                serde_json::json!({
                    "name": figure.name,
                    "events_per_s": figure.events_per_second,
                    "ratio_to_copy": figure.events_per_second / copy,
                    "label": "measured",
                })
            })
            .collect();
        let limits = serde_json::json!({"gigabit_ethernet": GIGABIT_ETHERNET, "hp_port_64_bit_150_mhz": HP_PORT});
        println!("{}", serde_json::json!({"figures": rows, "feed_limits_events_per_s_estimated": limits}));
        return Ok(());
    }
    println!("measured, one core, PAIR and SEND over 4,096 contexts and 256 groups (a default grant)");
    let mut rows = vec![["", "M events/s", "of a copy"].map(str::to_owned).to_vec()];
    rows.extend(figures.iter().map(|figure| {
        let rate = figure.events_per_second;
        vec![figure.name.to_owned(), format!("{:.1}", rate / 1e6), format!("{:.1} %", 100.0 * rate / copy)]
    }));
    println!(
        "{}\nestimated limits of the feed, M events/s: Gigabit Ethernet {:.2}, one 64-bit port at {} MHz {:.0}",
        columns(&rows),
        GIGABIT_ETHERNET / 1e6,
        FCLK_HZ / 1_000_000,
        HP_PORT / 1e6
    );
    Ok(())
}
