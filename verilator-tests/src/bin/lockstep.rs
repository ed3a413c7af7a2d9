//! The emitted Verilog against the golden engine: random lockstep of the core and of the whole top, rates,
//! latencies, cover points. Exits with an error when anything is missed.

use std::process::ExitCode;

use clap::Parser;
use deltascope_abi::record::{CLASSES, Op};
use deltascope_sim::bench::Failure;
use deltascope_sim::session::{self, Session};
use deltascope_sim::top::Top;
use deltascope_verilator_tests::cover::Point;
use deltascope_verilator_tests::lockstep::engine::EngineRun;
use deltascope_verilator_tests::lockstep::rates::{self, Workload};
use deltascope_verilator_tests::lockstep::top::{TopRun, sizes};
use deltascope_verilator_tests::lockstep::{Sizes, Totals};
use serde_json::{Value, json};

/// Records of one session; each session has a seed of its own.
const SESSION_RECORDS: u64 = 50_000;
const DEFAULT_RECORDS: u64 = 1_000_000;
const LONG_RECORDS: u64 = 20_000_000;
/// Records of one rate measurement.
const RATE_RECORDS: u64 = 50_000;
/// Least records a clock at the core's port, and at the 64-bit port of the top.
const CORE_RATE: f64 = 0.9999;
const FED_RATE: f64 = 0.4999;
/// Clocks that a QUERY may hold the input beyond one for each row: four stages of the tree, and 16.
const QUERY_BOUND: u64 = 4 + 16;
/// What is printed of a run that only measures.
const RATES: [&str; 5] =
    ["events_per_clock", "fed_records_per_clock", "snapshot_clocks", "query_clocks", "read_latency_clocks"];
/// Most clocks from a READ to its reply.
const READ_LATENCY: u64 = 16;

/// Runs the emitted Verilog in lockstep with the golden engine, and measures rates and latencies
#[derive(Parser)]
struct Arguments {
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    /// Records in all
    #[arg(long, default_value_t = DEFAULT_RECORDS)]
    records: u64,
    /// 20,000,000 records
    #[arg(long, conflicts_with = "records")]
    long: bool,
    /// Seed of the traffic; without it that of DELTASCOPE_SEED, or 1
    #[arg(long, default_value_t = session::seed_from_environment().unwrap_or(1), hide_default_value = true)]
    seed: u64,
    /// Only measure rates and latencies
    #[arg(long, conflicts_with_all = ["records", "long"])]
    rates: bool,
    /// Print the cover points as a table and run nothing
    #[arg(long)]
    points: bool,
}

impl Arguments {
    fn records(&self) -> u64 {
        match (self.rates, self.long) {
            (true, _) => 0,
            (false, true) => LONG_RECORDS,
            (false, false) => self.records,
        }
    }
}

/// The random part: half of the records through the core, half through the top.
fn lockstep(arguments: &Arguments, sizes: Sizes) -> (Totals, Vec<String>) {
    let sessions = if arguments.rates { 0 } else { arguments.records().div_ceil(SESSION_RECORDS).max(2) };
    let (mut totals, mut failures) = (Totals::default(), Vec::new());
    for n in 0..sessions {
        let records = arguments.records().div_ceil(sessions);
        let seed = arguments.seed.wrapping_mul(1_000_003).wrapping_add(n);
        let run = if n % 2 == 0 {
            session::run("lockstep-core", seed, None, |session| {
                let mut run = EngineRun::new(session, sizes)?;
                run.run(records)?;
                Ok(run.totals())
            })
        } else {
            session::run("lockstep-top", seed, None, |session| {
                let mut run = TopRun::new(session)?;
                run.run(records)?;
                Ok(run.totals())
            })
        };
        match run {
            Ok(added) => totals.add(&added),
            Err(report) => {
                eprintln!("{report}");
                failures.push(report.to_string());
            }
        }
    }
    (totals, failures)
}

struct Measured {
    events_per_clock: Vec<(&'static str, f64)>,
    fed_rate: f64,
    snapshots: Vec<(u64, u64)>,
    query: u64,
    depth: u64,
    read_latency: u64,
}

fn measure(session: &mut Session, sizes: Sizes) -> Result<Measured, Failure> {
    let mut random = session.random.fork();
    let mut run = EngineRun::new(session, sizes)?;
    let mut events_per_clock = Vec::new();
    for workload in Workload::ALL {
        let rate = rates::events_per_clock(&mut run, workload, RATE_RECORDS, &mut random, &sizes.config)?;
        events_per_clock.push((workload.name(), rate));
    }
    let mut snapshots = Vec::new();
    for groups in [1, 2, 10, 100, sizes.groups()] {
        snapshots.push((groups, rates::snapshot_clocks(&mut run, groups)?));
    }
    let query = rates::query_clocks(&mut run)?;
    let depth = sizes.config.journal_depth.into();
    let read_latency = rates::read_latency_clocks(&mut run)?;
    run.check_counters()?;
    let fed_rate = TopRun::new(session)?.fed_rate(RATE_RECORDS)?;
    Ok(Measured { events_per_clock, fed_rate, snapshots, query, depth, read_latency })
}

/// What misses its bar, in words.
fn missed(totals: &Totals, measured: &Measured, wanted: u64) -> Vec<String> {
    let mut missed = Vec::new();
    if totals.records < wanted {
        missed.push(format!("{} records compared, expected at least {wanted}", totals.records));
    }
    for (name, rate) in &measured.events_per_clock {
        if *rate < CORE_RATE {
            missed.push(format!("events per clock, {name}: {rate:.6}, expected at least {CORE_RATE}"));
        }
    }
    if measured.fed_rate < FED_RATE {
        missed.push(format!("records a clock at the 64-bit port: {:.6}, expected {FED_RATE}", measured.fed_rate));
    }
    for (groups, clocks) in &measured.snapshots {
        let formula = rates::snapshot_formula(*groups);
        let bound = 2 * CLASSES as u64 * groups + 16;
        if *clocks != formula || *clocks > bound {
            missed.push(format!("SNAPSHOT of {groups} groups: {clocks} clocks, formula {formula}, bound {bound}"));
        }
    }
    let (query, formula) = (measured.query, rates::query_formula(measured.depth));
    if query != formula || query > measured.depth + QUERY_BOUND {
        let bound = measured.depth + QUERY_BOUND;
        missed.push(format!("QUERY: {query} clocks, formula {formula}, bound {bound}"));
    }
    if measured.read_latency > READ_LATENCY {
        missed.push(format!("READ answers after {} clocks, expected {READ_LATENCY}", measured.read_latency));
    }
    missed
}

fn report(arguments: &Arguments, totals: &Totals, measured: &Measured, failures: &[String]) -> Value {
    let mut ops: serde_json::Map<String, Value> =
        Op::ALL.iter().map(|op| (op.name().to_owned(), json!(totals.by_op[*op as usize]))).collect();
    ops.insert("rejected".to_owned(), json!(totals.rejected));
    let rates: serde_json::Map<String, Value> =
        measured.events_per_clock.iter().map(|(name, rate)| ((*name).to_owned(), json!(rate))).collect();
    let snapshots: Vec<Value> = measured
        .snapshots
        .iter()
        .map(
            |(groups, clocks)| json!({"groups": groups, "clocks": clocks, "formula": rates::snapshot_formula(*groups)}),
        )
        .collect();
    let uncovered: Vec<&str> = totals.cover.uncovered().iter().map(|p| p.name()).collect();
    json!({
        "records": totals.records,
        "mismatches": failures.len(),
        "failures": failures,
        "seed": arguments.seed,
        "ops": ops,
        "replies": totals.replies,
        "resets": totals.soft_resets + totals.hard_resets,
        "soft_resets": totals.soft_resets,
        "hard_resets": totals.hard_resets,
        "latched_sets": totals.latches,
        "events_per_clock": rates,
        "fed_records_per_clock": measured.fed_rate,
        "snapshot_clocks": snapshots,
        "query_clocks": {"depth": measured.depth, "clocks": measured.query, "formula": rates::query_formula(measured.depth)},
        "read_latency_clocks": measured.read_latency,
        "simulated_clocks": totals.clocks,
        "uncovered": uncovered,
    })
}

fn print(value: &Value) {
    if let Value::Object(fields) = value {
        for (name, value) in fields {
            println!("{name:<24} {value}");
        }
    }
}

/// The cover points as the rows of a Markdown table.
fn print_points() {
    for point in Point::ALL {
        println!("| `{point}` | {} |", point.about());
    }
}

fn run(arguments: &Arguments) -> Result<bool, String> {
    if arguments.points {
        print_points();
        return Ok(true);
    }
    let probe = |session: &mut Session| {
        let bench = session.bench("deltascope_top")?;
        sizes(&mut Top::new(bench, 0)?)
    };
    let sizes = session::run("lockstep-sizes", arguments.seed, None, probe).map_err(|r| r.to_string())?;
    let measured = session::run("lockstep-rates", arguments.seed, None, |session| measure(session, sizes))
        .map_err(|r| r.to_string())?;
    let (totals, failures) = lockstep(arguments, sizes);
    let mut report = report(arguments, &totals, &measured, &failures);
    if let (true, Some(fields)) = (arguments.rates, report.as_object_mut()) {
        fields.retain(|name, _| RATES.contains(&name.as_str()));
    }
    if arguments.json {
        println!("{report:#}");
    } else {
        print(&report);
    }
    let missed = missed(&totals, &measured, arguments.records());
    for text in &missed {
        eprintln!("missed: {text}");
    }
    let uncovered = if arguments.rates { Vec::new() } else { totals.cover.uncovered() };
    for point in &uncovered {
        eprintln!("not covered: {point}: {}", point.about());
    }
    Ok(failures.is_empty() && missed.is_empty() && uncovered.is_empty())
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(text) => {
            eprintln!("{text}");
            ExitCode::FAILURE
        }
    }
}
