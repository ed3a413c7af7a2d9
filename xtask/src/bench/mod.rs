//! `cargo xtask bench`: the ladder of rates, each beside a limit or a rival of the same run, and the criterion benches.

mod facts;
mod tables;

use crate::cargo::{build, cargo, release_folder, root, run as execute, target_folder};
use crate::document::Table;
use crate::setup;
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// The last whole run, which later ones are compared with.
const BASELINE: &str = "bench/results/latest.json";
/// Where the pictures go.
const PICTURES: &str = "docs/img";
/// A table of the page that is made from the run.
type Made = (Table, fn(&Value) -> Result<String>);
/// The tables of the page.
const TABLES: [Made; 4] = [
    (table("ladder"), tables::ladder),
    (table("way"), tables::way),
    (table("limits"), tables::limits),
    (table("stages"), tables::stages),
];

/// A table of the page with all rates.
const fn table(name: &'static str) -> Table {
    Table { page: "docs/performance.md", name, tools: &[] }
}

/// Options of the task.
#[derive(clap::Args)]
pub struct Arguments {
    /// A few seconds for each step, and nothing is written
    #[arg(long)]
    quick: bool,
    /// As --quick, and fail when a ratio is lower than in bench/results/latest.json by more than the noise
    #[arg(long)]
    check: bool,
    /// As --quick, each step without and with a loss of 30 % planted, which --check's comparison must find
    #[arg(long, conflicts_with = "check")]
    planted: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    /// Only these steps, separated by commas; nothing is written
    #[arg(long, value_name = "STEPS", value_delimiter = ',')]
    only: Vec<String>,
}

/// Measures each part of the path; at full length it writes the table, the picture and the baseline, and runs the
/// criterion benches.
pub fn run(arguments: &Arguments) -> Result<()> {
    let short = arguments.quick || arguments.check || arguments.planted;
    let mut ladder = ladder()?;
    ladder.args(short.then_some("--quick"));
    for step in &arguments.only {
        ladder.args(["--only", step]);
    }
    if arguments.planted {
        ladder.arg("--planted");
    }
    if arguments.check {
        ladder.arg("--baseline").arg(root().join(BASELINE));
    }
    if short || !arguments.only.is_empty() {
        return execute(ladder.args(arguments.json.then_some("--json")));
    }
    write_down(ladder, arguments.json)?;
    execute(&mut cargo(&["bench", "--locked", "-p", "deltascope-model", "-p", "deltascope-bench", "--benches"]))
}

/// The ladder's program with everything that it needs.
fn ladder() -> Result<Command> {
    build(&["-p", "deltascope-boardd", "-p", "deltascope-bench", "--bins"])?;
    let python = setup::python_package("atomik-core", "0.4.0")?.join("bin/python");
    let programs = release_folder()?;
    let mut command = Command::new(programs.join("throughput"));
    command.current_dir(root()).arg("--boardd").arg(programs.join("deltascope-boardd"));
    command.arg("--python").arg(python);
    Ok(command)
}

/// Runs the ladder and writes what it found.
fn write_down(mut ladder: Command, json: bool) -> Result<()> {
    let facts = target_folder().join("bench-facts.json");
    std::fs::write(&facts, facts::find()?.to_string()).with_context(|| format!("writing {}", facts.display()))?;
    ladder.arg("--json").arg("--facts").arg(facts).arg("--plots").arg(root().join(PICTURES)).stdout(Stdio::piped());
    let output = ladder.spawn().context("starting the ladder")?.wait_with_output()?;
    ensure!(output.status.success(), "the ladder failed with {}", output.status);
    let run: Value = serde_json::from_slice(&output.stdout).context("expected one JSON object of the ladder")?;
    let baseline: PathBuf = root().join(BASELINE);
    std::fs::create_dir_all(baseline.parent().context("a folder")?)?;
    std::fs::write(&baseline, &output.stdout).with_context(|| format!("writing {BASELINE}"))?;
    put(&run, false)?;
    println!("{}", if json { format!("{run:#}") } else { tables::ladder(&run)? });
    Ok(())
}

/// Writes the tables of the page from the committed run, or compares them.
pub fn tables(check: bool) -> Result<()> {
    let text = std::fs::read_to_string(root().join(BASELINE)).with_context(|| format!("reading {BASELINE}"))?;
    put(&serde_json::from_str(&text).with_context(|| format!("{BASELINE}: expected one JSON object"))?, check)
}

fn put(run: &Value, check: bool) -> Result<()> {
    TABLES.into_iter().try_for_each(|(table, make)| table.put(&make(run)?, check))
}
