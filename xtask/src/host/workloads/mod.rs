//! `cargo xtask host workloads`: real programs, and what the agent counts of them against references without its code.

mod capture_cost;
mod copies;
mod list;
mod programs;
mod sends;
mod table;

use crate::demo::Engine;
use crate::setup;
use anyhow::{Context, Result, bail, ensure};
use list::{Kind, WORKLOADS, Workload};
use programs::Programs;
use serde_json::{Value, json};
use std::path::PathBuf;

/// Workloads of the bounded tier: they need nothing but Python and take seconds.
const QUICK: [&str; 2] = ["gc-freeze", "two-peers"];

/// Options of the task.
#[derive(clap::Args, Default)]
pub struct Arguments {
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
    /// Only these; without names all, and the table of the README is written
    #[arg(value_name = "NAME", value_parser = names())]
    pub names: Vec<String>,
}

fn names() -> clap::builder::PossibleValuesParser {
    let one = |workload: &Workload| clap::builder::PossibleValue::new(workload.name).help(workload.what);
    WORKLOADS.iter().map(one).collect::<Vec<_>>().into()
}

/// Runs the workloads, compares them with their references and checks the bars. Of a run of all the table is written.
pub fn run(arguments: &Arguments) -> Result<()> {
    let rows = checked(arguments)?;
    if arguments.names.is_empty() {
        table::write(&rows)?;
    }
    Ok(())
}

/// Runs all workloads and writes nothing.
pub fn all() -> Result<()> {
    checked(&Arguments::default()).map(|_| ())
}

fn checked(arguments: &Arguments) -> Result<Vec<Value>> {
    let wanted =
        |workload: &&Workload| arguments.names.is_empty() || arguments.names.iter().any(|name| name == workload.name);
    let workloads: Vec<&Workload> = WORKLOADS.iter().filter(wanted).collect();
    ensure!(setup::is_root(), "expected root, for frame numbers and network namespaces; run this as root");
    let rows = run_all(&workloads, &Programs::provide(&workloads)?, !arguments.json)?;
    if arguments.json {
        println!("{}", json!({"workloads": rows}));
    }
    verdict(&rows)?;
    Ok(rows)
}

/// Runs two workloads that take seconds.
pub fn quick() -> Result<()> {
    if !setup::is_root() {
        println!("not run: needs root");
        return Ok(());
    }
    let workloads: Vec<&Workload> = WORKLOADS.iter().filter(|workload| QUICK.contains(&workload.name)).collect();
    verdict(&run_all(&workloads, &Programs::of_the_system(), true)?)
}

fn run_all(workloads: &[&Workload], programs: &Programs, print: bool) -> Result<Vec<Value>> {
    Engine::Model.build_programs()?;
    let mut rows = Vec::new();
    for workload in workloads {
        let row = one(workload, programs).with_context(|| format!("workload {}", workload.name))?;
        if print {
            println!("{row:#}");
        }
        rows.push(row);
    }
    Ok(rows)
}

/// Runs a workload in a folder of its own. What it found has its name and its bars.
fn one(workload: &Workload, programs: &Programs) -> Result<Value> {
    let mut row = in_folder(|folder| match workload.kind {
        Kind::Copies => copies::run(workload.name, folder, programs),
        Kind::CopiesBeside(idle) => {
            let beside = in_folder(|folder| copies::run(idle, folder, programs))?;
            let mut row = copies::run(workload.name, folder, programs)?;
            row["beside"] = beside;
            Ok(row)
        }
        Kind::Sends => sends::run(workload.name, folder, programs),
        Kind::CaptureCost => capture_cost::run(folder, programs),
    })?;
    row["name"] = json!(workload.name);
    let mut bars = Vec::new();
    for bar in workload.bars {
        let found = (bar.of)(&row).with_context(|| format!("{}: a number is missing: {row}", bar.what))?;
        bars.push(json!({"what": bar.what, "at_least": bar.at_least, "found": found, "met": found >= bar.at_least}));
    }
    row["bars"] = json!(bars);
    Ok(row)
}

/// A new empty folder, which is removed behind `work`.
fn in_folder(work: impl FnOnce(&std::path::Path) -> Result<Value>) -> Result<Value> {
    let mut number = 0;
    let folder: PathBuf = loop {
        let folder = std::env::temp_dir().join(format!("deltascope-workload-{}-{number}", std::process::id()));
        match std::fs::create_dir(&folder) {
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists && number < 100 => number += 1,
            made => break made.map(|()| folder)?,
        }
    };
    let outcome = work(&folder);
    std::fs::remove_dir_all(&folder)?;
    outcome
}

/// Fails where a workload differs from its reference or misses a bar.
fn verdict(rows: &[Value]) -> Result<()> {
    let mut faults = Vec::new();
    for row in rows {
        let name = row["name"].as_str().unwrap_or_default();
        if row["equal"] == false {
            faults.push(format!("{name}: the agent and the reference differ"));
        }
        for bar in row["bars"].as_array().into_iter().flatten().filter(|bar| bar["met"] == false) {
            faults.push(format!(
                "{name}: {}: expected at least {}, found {}",
                bar["what"], bar["at_least"], bar["found"]
            ));
        }
    }
    if !faults.is_empty() {
        bail!("{}", faults.join("\n"));
    }
    Ok(())
}
