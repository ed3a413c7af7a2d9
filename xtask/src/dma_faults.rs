//! `cargo xtask dma-faults`: every fault of the DMA, its wiring and its configuration against the driver.

use crate::cargo::run;
use crate::dma;
use anyhow::Result;

/// Kinds of faults that there must be at least.
const LEAST: usize = 18;

/// Runs every case. The program fails when one of them does not end as it must.
pub fn execute(json: bool) -> Result<()> {
    dma::build()?;
    if !json {
        return run(&mut dma::command(&["faults"])?);
    }
    let text = dma::output(&["faults", "--json"])?;
    let report: serde_json::Value = serde_json::from_slice(&text)?;
    let kinds = report["faults"].as_array().map_or(0, Vec::len);
    anyhow::ensure!(kinds >= LEAST, "faults: expected at least {LEAST} kinds, found {kinds}");
    println!("{report}");
    Ok(())
}
