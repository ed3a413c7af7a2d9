//! `cargo xtask board dma-faults`: every fault of the DMA, its wiring and its configuration against the driver.

use super::dma;
use crate::cargo::run as execute;
use anyhow::Result;

/// Kinds of faults that there must be at least.
const LEAST: usize = 18;

/// Options of the task.
#[derive(clap::Args, Default)]
pub struct Arguments {
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// Runs every case. The program fails when one of them does not end as it must.
pub fn run(arguments: &Arguments) -> Result<()> {
    dma::build()?;
    if !arguments.json {
        return execute(&mut dma::command(&["faults"])?);
    }
    let text = dma::output(&["faults", "--json"])?;
    let report: serde_json::Value = serde_json::from_slice(&text)?;
    let kinds = report["faults"].as_array().map_or(0, Vec::len);
    anyhow::ensure!(kinds >= LEAST, "faults: expected at least {LEAST} kinds, found {kinds}");
    println!("{report}");
    Ok(())
}
