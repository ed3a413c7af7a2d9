//! `cargo xtask board fed-rate`: the share of the 64-bit port's beats that the DMA uses, and the table of it.

use super::dma;
use crate::cargo::run as execute;
use crate::document::Table;
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::fmt::Write;

/// Where the shares are written down. They are counts of clocks of the logic and the DMA model, and depend on no tool.
const TABLE: Table = Table { page: "docs/performance.md", name: "fed-rate", tools: &[] };

/// Options of the task.
#[derive(clap::Args, Default)]
pub struct Arguments {
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// Measures the grid; fails when the bar is missed.
fn measure() -> Result<Value> {
    dma::build()?;
    let report: Value = serde_json::from_slice(&dma::output(&["fed-rate", "--json"])?)?;
    ensure!(report["bar"]["met"] == true, "fed rate: expected the bar met, found {}", report["bar"]);
    Ok(report)
}

/// Measures the grid and prints it.
pub fn run(arguments: &Arguments) -> Result<()> {
    let report = measure()?;
    match arguments.json {
        true => println!("{report}"),
        false => print!("share of the 64-bit port's beats used (simulated)\n\n{}", table(&report)?),
    }
    Ok(())
}

/// Measures the grid, and writes or compares its table.
pub fn document(check: bool) -> Result<()> {
    TABLE.put(&table(&measure()?)?, check)
}

/// Measures only what the bar is about; the program fails when it is missed.
pub fn quick() -> Result<()> {
    dma::build()?;
    execute(&mut dma::command(&["fed-rate", "--quick"])?)
}

/// Share of the port's beats that are used with the smallest batch that the bar is about.
pub fn share() -> Result<f64> {
    dma::build()?;
    let report: Value = serde_json::from_slice(&dma::output(&["fed-rate", "--quick", "--json"])?)?;
    let cell = &report["cells"][0];
    cell["share"].as_f64().with_context(|| format!("expected a number share, found {cell}"))
}

/// One row for each latency and number of reads; a share below the bar is in bold where batches have at least the
/// size of the bar.
fn table(report: &Value) -> Result<String> {
    let cells = report["cells"].as_array().context("expected an array `cells`")?;
    let number = |cell: &Value, key: &str| cell[key].as_f64().with_context(|| format!("expected a number {key}"));
    let mut batches: Vec<f64> = Vec::new();
    for cell in cells {
        let batch = number(cell, "batch_bytes")?;
        if batches.contains(&batch) {
            break;
        }
        batches.push(batch);
    }
    ensure!(!batches.is_empty(), "expected cells, found none");
    let (share, from) = (number(&report["bar"], "share")?, number(&report["bar"], "batch_bytes")?);
    let names: Vec<String> = batches.iter().map(|bytes| name(*bytes)).collect();
    let mut text = format!("| DDR latency, clocks | reads under way | {} |\n", names.join(" | "));
    text += &format!("|---|---|{}\n", "---|".repeat(batches.len()));
    for row in cells.chunks(batches.len()) {
        let first = row.first().context("expected a row")?;
        // Writing to a String cannot fail.
        let _ = write!(text, "| {} | {} |", first["ddr_latency_clocks"], first["outstanding_reads"]);
        for cell in row {
            let (found, batch) = (number(cell, "share")?, number(cell, "batch_bytes")?);
            let percent = format!("{:.1} %", 100.0 * found);
            let _ = match found < share && batch >= from {
                true => write!(text, " **{percent}** |"),
                false => write!(text, " {percent} |"),
            };
        }
        text.push('\n');
    }
    Ok(text)
}

fn name(bytes: f64) -> String {
    match bytes {
        b if b >= 1_048_576.0 => format!("{} MiB", b / 1_048_576.0),
        b if b >= 1024.0 => format!("{} KiB", b / 1024.0),
        b => format!("{b} B"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_below_the_bar_is_bold_where_the_bar_holds() -> Result<()> {
        let cell = |batch: u32, share: f64| serde_json::json!({"ddr_latency_clocks": 40, "outstanding_reads": 2, "batch_bytes": batch, "share": share});
        let bar = serde_json::json!({"share": 0.95, "batch_bytes": 65536});
        let report = serde_json::json!({"bar": bar, "cells": [cell(64, 0.1), cell(65536, 0.5), cell(1 << 20, 0.96)]});
        let expected = "| DDR latency, clocks | reads under way | 64 B | 64 KiB | 1 MiB |\n|---|---|---|---|---|\n| 40 | 2 | 10.0 % | **50.0 %** | 96.0 % |\n";
        assert_eq!(table(&report)?, expected);
        assert!(table(&serde_json::json!({"cells": []})).is_err());
        Ok(())
    }
}
