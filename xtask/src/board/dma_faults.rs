//! `cargo xtask board dma-faults`: every fault of the DMA, its wiring and its configuration against the driver, through
//! both of its hosts.

use super::dma;
use crate::cargo::run as execute;
use anyhow::Result;
use std::collections::BTreeSet;

/// Kinds of faults that there must be at least.
const LEAST: usize = 18;

/// Hosts of the driver, each of which every fault must meet.
const HOSTS: [&str; 2] = ["simulated", "uio"];

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
    let rows = report["faults"].as_array().map(Vec::as_slice).unwrap_or_default();
    let of = |host| -> BTreeSet<&str> {
        rows.iter().filter(|row| row["host"] == host).filter_map(|row| row["name"].as_str()).collect()
    };
    let kinds = of(HOSTS[0]);
    anyhow::ensure!(kinds.len() >= LEAST, "faults: expected at least {LEAST} kinds, found {}", kinds.len());
    for host in HOSTS {
        let apart: Vec<&str> = kinds.symmetric_difference(&of(host)).copied().collect();
        anyhow::ensure!(
            apart.is_empty(),
            "host {host}: expected the kinds of {}, found a difference in {apart:?}",
            HOSTS[0]
        );
    }
    println!("{report}");
    Ok(())
}
