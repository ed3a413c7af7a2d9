//! `cargo xtask bench`: the ladder of rates, each beside a limit or a rival of the same run, and the criterion benches.

use crate::cargo::{build, cargo, release_folder, root, run as execute};
use crate::document::Table;
use crate::setup;
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::fmt::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// The last whole run, which later ones are compared with.
const BASELINE: &str = "bench/results/latest.json";
/// Where the picture goes.
const PICTURE: &str = "docs/img/ladder.svg";
/// Where the figures are written down.
const TABLE: Table = Table { page: "docs/performance.md", name: "ladder", tools: &[] };

/// Options of the task.
#[derive(clap::Args)]
pub struct Arguments {
    /// A few seconds for each step, and nothing is written
    #[arg(long)]
    quick: bool,
    /// As --quick, and fail when a ratio is lower than in bench/results/latest.json by more than the noise
    #[arg(long)]
    check: bool,
    /// As --quick, twice: the second time a loss of 30 % is planted in each step, and --check's comparison must find it
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
    ladder.arg("--json").arg("--plot").arg(root().join(PICTURE)).stdout(Stdio::piped());
    let output = ladder.spawn().context("starting the ladder")?.wait_with_output()?;
    ensure!(output.status.success(), "the ladder failed with {}", output.status);
    let run: Value = serde_json::from_slice(&output.stdout).context("expected one JSON object of the ladder")?;
    let baseline: PathBuf = root().join(BASELINE);
    std::fs::create_dir_all(baseline.parent().context("a folder")?)?;
    std::fs::write(&baseline, &output.stdout).with_context(|| format!("writing {BASELINE}"))?;
    let table = table(&run)?;
    TABLE.put(&table, false)?;
    println!("{}", if json { format!("{run:#}") } else { table });
    Ok(())
}

/// The run as a table of Markdown.
fn table(run: &Value) -> Result<String> {
    let mut text =
        String::from("| what | rate | beside | its rate | ratio | noise | bar |\n|---|---|---|---|---|---|---|\n");
    for step in run["steps"].as_array().context("expected `steps`")? {
        let word = |key: &str| step[key].as_str().with_context(|| format!("expected a text in `{key}`, found {step}"));
        let number =
            |key: &str| step[key].as_f64().with_context(|| format!("expected a number in `{key}`, found {step}"));
        let rate = |value: f64| match word("unit") {
            Ok("bytes") => format!("{:.2} GB/s", value / 1e9),
            _ => format!("{:.1} M/s", value / 1e6),
        };
        let ratio = number("ratio")?;
        let bar = step["bar"]
            .as_f64()
            .map_or(String::from("-"), |bar| format!("{bar}, {}", if ratio >= bar { "met" } else { "**missed**" }));
        writeln!(
            text,
            "| {} | {} | {} | {} | {ratio:.2} | {:.2} | {bar} |",
            word("what")?,
            rate(number("rate")?),
            word("rival")?,
            rate(number("rival_rate")?),
            number("spread")?,
        )?;
    }
    Ok(text)
}
