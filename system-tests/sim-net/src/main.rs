//! `deltascope-sim-net`: agents and a board server over a faulty network, by seeds.

use clap::Parser;
use deltascope_sim_net::{Options, PlantedFault, run};
use std::process::ExitCode;

/// Run both state machines over a faulty network, against an oracle
#[derive(Parser)]
#[command(name = "deltascope-sim-net", version)]
struct Arguments {
    /// Schedules to run, each with its own seed
    #[arg(long, default_value_t = 100_000)]
    schedules: u64,
    /// Seed of the first schedule; the others follow
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Put in a fault and stop at the first schedule that finds it
    #[arg(long = "fault", value_enum)]
    planted_fault: Option<PlantedFault>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

fn main() -> ExitCode {
    let Arguments { schedules, seed, planted_fault, json } = Arguments::parse();
    // One schedule is a replay: each step is printed.
    let options = Options { schedules, seed, planted_fault, trace: schedules == 1 };
    let outcome = run(&options);
    for (seed, violation) in outcome.violations.iter().take(5) {
        eprintln!("seed {seed}: {}", violation.0);
        let planted_fault = planted_fault.and_then(|planted_fault| clap::ValueEnum::to_possible_value(&planted_fault));
        let planted_fault =
            planted_fault.map_or(String::new(), |planted_fault| format!(" --fault {}", planted_fault.get_name()));
        eprintln!("replay: cargo run --release -p deltascope-sim-net -- --seed {seed} --schedules 1{planted_fault}");
    }
    let report = outcome.json(&options);
    match json {
        true => println!("{report}"),
        false => println!("{report:#}"),
    }
    // A planted fault must be found, and nothing else.
    match outcome.violations.is_empty() != planted_fault.is_some() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}
