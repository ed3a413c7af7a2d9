//! `throughput`: the ladder of rates, each beside a limit or a rival of the same run.

use anyhow::{Context, Result, ensure};
use clap::Parser;
use clap::builder::PossibleValuesParser;
use deltascope_abi::board::{FCLK_HZ, RECORDS_PER_SECOND};
use deltascope_abi::record::RECORD_BYTES;
use deltascope_agent::report::columns;
use deltascope_bench::baseline::{LOSS, lost};
use deltascope_bench::compare::Effort;
use deltascope_bench::ladder::{self, Programs, Step, Unit};
use deltascope_bench::plot::{self, Limit, short};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Records a second that Gigabit Ethernet carries: 16-byte records in full TCP segments at an MTU of 1500, as
/// 1,448 of every 1,538 bytes on the wire. *Estimated.*
const GIGABIT_ETHERNET: f64 = 125e6 * 1448.0 / 1538.0 / RECORD_BYTES as f64;
/// Records a second that one 64-bit port carries at FCLK0. *Estimated.*
const HP_PORT: f64 = RECORDS_PER_SECOND as f64;

#[derive(Parser)]
#[command(about = "Times each part of the path from a page to a counter, each beside a limit or a rival")]
struct Arguments {
    /// The daemon's program
    #[arg(long, value_name = "PATH")]
    boardd: PathBuf,
    /// A Python interpreter with `atomik-core`; without it, the steps that compare with it are left out
    #[arg(long, value_name = "PATH")]
    python: Option<PathBuf>,
    /// Only these steps, separated by commas
    #[arg(long, value_name = "STEPS", value_delimiter = ',', value_parser = PossibleValuesParser::new(ladder::names()))]
    only: Vec<String>,
    /// A few seconds for each step instead of half a minute
    #[arg(long)]
    quick: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    /// Measure nothing: print and draw this earlier run
    #[arg(long, value_name = "PATH")]
    from: Option<PathBuf>,
    /// Draw the rates to this SVG file
    #[arg(long, value_name = "PATH")]
    plot: Option<PathBuf>,
    /// Fail when a ratio is lower than in this file of an earlier run by more than the noise
    #[arg(long, value_name = "PATH")]
    baseline: Option<PathBuf>,
    /// Measure twice, the second time with a loss of 30 % planted in each step, and fail when one is not found
    #[arg(long, conflicts_with_all = ["from", "plot", "baseline"])]
    planted: bool,
}

/// What a run with planted losses prints.
#[derive(Serialize)]
struct Planted {
    label: &'static str,
    /// Steps with a planted loss.
    planted: usize,
    /// Steps in which the comparison found one.
    found: usize,
    /// Ratio and noise without and with it, by step.
    steps: Vec<PlantedStep>,
}

#[derive(Serialize)]
struct PlantedStep {
    name: String,
    ratio: f64,
    noise: f64,
    planted_ratio: f64,
    planted_noise: f64,
    found: bool,
}

/// What a run prints.
#[derive(Serialize, Deserialize)]
struct Run {
    label: String,
    quick: bool,
    steps: Vec<Step>,
    missed: Vec<String>,
    limits_events_per_s_estimated: Limits,
    seconds_measured: f64,
}

#[derive(Serialize, Deserialize)]
struct Limits {
    gigabit_ethernet: f64,
    hp_port_64_bit: f64,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    if arguments.planted {
        return with_fault(&arguments);
    }
    let run = match &arguments.from {
        Some(path) => read(path)?,
        None => measure(&arguments, 0.0)?,
    };
    if let Some(path) = &arguments.plot {
        let limits = [
            Limit { name: "Gigabit Ethernet", rate: GIGABIT_ETHERNET },
            Limit { name: "64-bit port of the board", rate: HP_PORT },
        ];
        plot::draw(&run.steps, &limits, path)?;
    }
    match arguments.json {
        true => println!("{}", serde_json::to_string_pretty(&run)?),
        false => print(&run),
    }
    if let Some(path) = &arguments.baseline {
        let before = read(path)?;
        let lost = lost(&before.steps, &run.steps);
        let lines = lost.iter().map(|lost| {
            let (name, expected, least, found) = (&lost.name, lost.expected, lost.least, lost.found);
            format!("{name}: expected a ratio of {expected:.3}, at least {least:.3}, found {found:.3}")
        });
        ensure!(lost.is_empty(), "slower than {}:\n{}", path.display(), lines.collect::<Vec<_>>().join("\n"));
    }
    Ok(())
}

/// Reads what an earlier run printed.
fn read(path: &Path) -> Result<Run> {
    let text = std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
    serde_json::from_str(&text)
        .with_context(|| format!("{}: expected the output of `cargo xtask bench --json`", path.display()))
}

/// Shows that a planted loss is found in each step.
fn with_fault(arguments: &Arguments) -> Result<()> {
    let (before, run) = (measure(arguments, 0.0)?, measure(arguments, LOSS)?);
    let lost = lost(&before.steps, &run.steps);
    let steps = before.steps.iter().zip(&run.steps).map(|(before, with)| PlantedStep {
        name: with.name.clone(),
        ratio: before.ratio,
        noise: before.spread,
        planted_ratio: with.ratio,
        planted_noise: with.spread,
        found: lost.iter().any(|lost| lost.name == with.name),
    });
    let planted = Planted { label: "measured", planted: run.steps.len(), found: lost.len(), steps: steps.collect() };
    match arguments.json {
        true => println!("{}", serde_json::to_string_pretty(&planted)?),
        false => planted.steps.iter().for_each(|step| {
            let word = if step.found { "found" } else { "not found" };
            println!("{}: {word}: {:.3} without, {:.3} with", step.name, step.ratio, step.planted_ratio);
        }),
    }
    let hidden: Vec<&str> = planted.steps.iter().filter(|step| !step.found).map(|step| &*step.name).collect();
    ensure!(
        hidden.is_empty(),
        "a planted loss of 30 % was not found in {}; run it on a quieter machine",
        hidden.join(", ")
    );
    Ok(())
}

/// Measures the steps, of which each loses the share `planted` of its rate.
fn measure(arguments: &Arguments, planted: f64) -> Result<Run> {
    let begun = Instant::now();
    let effort = Effort { planted, ..if arguments.quick { Effort::QUICK } else { Effort::WHOLE } };
    let programs = Programs { boardd: &arguments.boardd, python: arguments.python.as_deref() };
    let steps = ladder::run(effort, programs, &arguments.only, &mut |step| {
        eprintln!("{}: {} ({:.2} of {})", step.name, short(step.rate), step.ratio, step.rival);
    })?;
    let missed: Vec<String> = steps.iter().filter(|step| !step.is_met()).map(|step| step.name.clone()).collect();
    let limits = Limits { gigabit_ethernet: GIGABIT_ETHERNET, hp_port_64_bit: HP_PORT };
    Ok(Run {
        label: String::from("measured"),
        quick: arguments.quick,
        missed,
        limits_events_per_s_estimated: limits,
        seconds_measured: begun.elapsed().as_secs_f64(),
        steps,
    })
}

fn print(run: &Run) {
    let mut rows = vec![["step", "rate", "ratio", "noise", "bar", "compared with"].map(str::to_owned).to_vec()];
    rows.extend(run.steps.iter().map(|step| {
        let unit = match step.unit {
            Unit::Bytes => "B/s",
            Unit::Events => "events/s",
            Unit::Operations => "op/s",
        };
        let bar =
            step.bar.map_or(String::new(), |bar| format!("{bar} {}", if step.is_met() { "met" } else { "missed" }));
        let rival = format!("{}, {} {unit}", step.rival, short(step.rival_rate));
        let rate = format!("{} {unit}", short(step.rate));
        vec![step.name.clone(), rate, format!("{:.2}", step.ratio), format!("{:.2}", step.spread), bar, rival]
    }));
    let mhz = FCLK_HZ / 1_000_000;
    println!(
        "measured, in turn with what each is compared with\n{}\nestimated limits of the feed: Gigabit Ethernet {} events/s, \
         one 64-bit port at {mhz} MHz {} events/s",
        columns(&rows),
        short(GIGABIT_ETHERNET),
        short(HP_PORT)
    );
}
