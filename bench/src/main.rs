//! `throughput`: the ladder of rates, each beside a limit or a rival of the same run.

use anyhow::{Context, Result, bail, ensure};
use clap::Parser;
use clap::builder::PossibleValuesParser;
use deltascope_abi::board::FCLK_HZ;
use deltascope_agent::report::columns;
use deltascope_bench::baseline::{self, LOSS, lost};
use deltascope_bench::compare::Effort;
use deltascope_bench::curves::{self, Curve};
use deltascope_bench::ladder::{self, Programs, Stall, Step, Unit};
use deltascope_bench::plot::{self, ladder::Limit, short};
use deltascope_bench::stages::{self, StageCost};
use deltascope_bench::way::{Facts, GIGABIT_ETHERNET, HP_PORT, Way};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Times that `--baseline` measures a step again which seems to be slower.
const CHECKED_AGAIN: u32 = 2;

/// Times that `--planted` measures a step at most.
const PLANTED_ATTEMPTS: u32 = 4;

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
    /// Draw ladder.svg, curves.svg, stages.svg and way.svg into this folder
    #[arg(long, value_name = "FOLDER")]
    plots: Option<PathBuf>,
    /// What simulations of the board found, a JSON file; with it the way to the engine is put together
    #[arg(long, value_name = "PATH")]
    facts: Option<PathBuf>,
    /// Fail when a ratio is lower than in this file of an earlier run by more than the noise
    #[arg(long, value_name = "PATH")]
    baseline: Option<PathBuf>,
    /// Measure twice, the second time with a loss of 30 % planted in each step, and fail when one is not found
    #[arg(long, conflicts_with_all = ["from", "plots", "facts", "baseline"])]
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
    /// Times that the step was measured until the loss was found.
    attempts: u32,
}

/// What a run prints.
#[derive(Serialize, Deserialize)]
struct Run {
    label: String,
    quick: bool,
    steps: Vec<Step>,
    missed: Vec<String>,
    /// Rates against a size; none where only some steps are run or compared.
    #[serde(default)]
    curves: Vec<Curve>,
    #[serde(default)]
    stages: Vec<StageCost>,
    #[serde(default)]
    scan_stall: Option<Stall>,
    #[serde(default)]
    way: Option<Way>,
    limits_events_per_s_estimated: Limits,
    seconds_measured: f64,
}

#[derive(Serialize, Deserialize)]
struct Limits {
    gigabit_ethernet: f64,
    hp_port_64_bit: f64,
}

impl Run {
    /// Puts together what follows from the steps of a run in which none is left out.
    fn derive(&mut self, facts: Option<&Path>) -> Result<()> {
        if !self.curves.is_empty() {
            self.stages = stages::costs(&self.steps)?;
        }
        if let Some(path) = facts {
            self.way = Some(Way::new(read_facts(path)?, &self.steps)?);
        }
        Ok(())
    }
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    if arguments.planted {
        return with_fault(&arguments);
    }
    let mut run = match &arguments.from {
        Some(path) => read(path)?,
        None => measure(&arguments)?,
    };
    run.derive(arguments.facts.as_deref())?;
    if let Some(folder) = &arguments.plots {
        draw(&run, folder)?;
    }
    match arguments.json {
        true => println!("{}", serde_json::to_string_pretty(&run)?),
        false => print(&run),
    }
    if let Some(path) = &arguments.baseline {
        let before = read(path)?;
        let mut lost = lost(&before.steps, &run.steps);
        // What a machine does to one measurement it seldom does to three; a loss of the code is in each.
        for _ in 0..if arguments.from.is_some() { 0 } else { CHECKED_AGAIN } {
            if lost.is_empty() {
                break;
            }
            let only = lost.iter().map(|lost| lost.name.clone()).collect::<Vec<_>>();
            eprintln!("measuring again: {}", only.join(", "));
            lost = baseline::lost(&before.steps, &steps(&arguments, effort(&arguments), &only)?);
        }
        let lines = lost.iter().map(|lost| {
            let (name, expected, least, found) = (&lost.name, lost.expected, lost.least, lost.found);
            format!("{name}: expected a ratio of {expected:.3}, at least {least:.3}, found {found:.3}")
        });
        ensure!(lost.is_empty(), "slower than {}:\n{}", path.display(), lines.collect::<Vec<_>>().join("\n"));
    }
    Ok(())
}

/// Draws what was found.
fn draw(run: &Run, folder: &Path) -> Result<()> {
    let limits = [
        Limit { name: "Gigabit Ethernet", rate: GIGABIT_ETHERNET },
        Limit { name: "64-bit port of the board", rate: HP_PORT },
    ];
    plot::ladder::draw(&run.steps, &limits, &folder.join("ladder.svg"))?;
    plot::curves::draw(&run.curves, &folder.join("curves.svg"))?;
    plot::stages::draw(&run.stages, &folder.join("stages.svg"))?;
    run.way.as_ref().map_or(Ok(()), |way| plot::way::draw(way, &folder.join("way.svg")))
}

/// Reads what an earlier run printed.
fn read(path: &Path) -> Result<Run> {
    let text = std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
    serde_json::from_str(&text)
        .with_context(|| format!("{}: expected the output of `cargo xtask bench --json`", path.display()))
}

fn read_facts(path: &Path) -> Result<Facts> {
    let text = std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{}: expected facts about the board", path.display()))
}

/// Measures one step without and with a planted loss, one right after the other: what the machine does otherwise by then is
/// no part of it. A step that was too noisy is measured again at full length.
fn planted_step(arguments: &Arguments, name: String) -> Result<PlantedStep> {
    let only = [name];
    let measure = |effort: Effort, attempts: u32| -> Result<PlantedStep> {
        let (before, with) =
            (steps(arguments, effort, &only)?, steps(arguments, Effort { planted: LOSS, ..effort }, &only)?);
        let found = !lost(&before, &with).is_empty();
        let (Some(before), Some(with)) = (before.first(), with.first()) else { bail!("the step was not measured") };
        Ok(PlantedStep {
            name: with.name.clone(),
            ratio: before.ratio,
            noise: before.spread,
            planted_ratio: with.ratio,
            planted_noise: with.spread,
            found,
            attempts,
        })
    };
    let mut step = measure(effort(arguments), 1)?;
    while !step.found && step.attempts < PLANTED_ATTEMPTS {
        step = measure(Effort::WHOLE, step.attempts + 1)?;
    }
    Ok(step)
}

/// Shows that a planted loss is found in each step.
fn with_fault(arguments: &Arguments) -> Result<()> {
    let names = ladder::names().map(str::to_owned).filter(|name| match arguments.only.is_empty() {
        true => arguments.python.is_some() || !ladder::needs_python(name),
        false => arguments.only.contains(name),
    });
    let steps = names.map(|name| planted_step(arguments, name)).collect::<Result<Vec<_>>>()?;
    let found = steps.iter().filter(|step| step.found).count();
    let planted = Planted { label: "measured", planted: steps.len(), found, steps };
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

fn effort(arguments: &Arguments) -> Effort {
    if arguments.quick { Effort::QUICK } else { Effort::WHOLE }
}

/// Measures the steps named in `only`, or all.
fn steps(arguments: &Arguments, effort: Effort, only: &[String]) -> Result<Vec<Step>> {
    let programs = Programs { boardd: &arguments.boardd, python: arguments.python.as_deref() };
    ladder::run(effort, programs, only, &mut |step| {
        eprintln!("{}: {} ({:.2} of {})", step.name, short(step.rate), step.ratio, step.rival);
    })
}

/// Measures the steps and what is beside them.
fn measure(arguments: &Arguments) -> Result<Run> {
    let begun = Instant::now();
    let steps = steps(arguments, effort(arguments), &arguments.only)?;
    let missed: Vec<String> = steps.iter().filter(|step| !step.is_met()).map(|step| step.name.clone()).collect();
    let limits = Limits { gigabit_ethernet: GIGABIT_ETHERNET, hp_port_64_bit: HP_PORT };
    // A comparison is of ratios only.
    let all = arguments.only.is_empty() && arguments.baseline.is_none();
    let curves = if all { curves::all(effort(arguments), &arguments.boardd)? } else { Vec::new() };
    let scan_stall = if all { Some(ladder::stall(effort(arguments))?) } else { None };
    Ok(Run {
        label: String::from("measured"),
        quick: arguments.quick,
        missed,
        curves,
        stages: Vec::new(),
        scan_stall,
        way: None,
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
    for curve in &run.curves {
        let points = curve.points.iter().map(|point| format!("{}: {}", point.size, short(point.rate)));
        println!("{}, events/s by {}: {}", curve.what, curve.size, points.collect::<Vec<_>>().join(", "));
    }
    for cost in &run.stages {
        println!("{}: {:.1} ns an event", cost.stage, cost.ns_per_event);
    }
    if let Some(stall) = run.scan_stall {
        let (scanned, idle) = (stall.longest_scanned_us, stall.longest_idle_us);
        println!("a process of the scanned family waits at most {scanned} us to map a page, {idle} us without a scan");
    }
}
