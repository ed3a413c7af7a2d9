//! Faults in the emitted Verilog, each killed by a trial, proved harmless, or reported. Exits with an error
//! when one survives without a reason, or when there are too few.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use comfy_table::Table;
use comfy_table::presets::NOTHING;
use deltascope_verilator_tests::mutation::run::{self, Outcome, Verdict};

/// Fewer faults prove too little.
const LEAST: usize = 150;

/// Puts faults into an emission of deltascope_top and tries to see each
#[derive(Parser)]
struct Arguments {
    /// Folder with the emission
    #[arg(long, value_name = "FOLDER")]
    verilog: PathBuf,
    /// Folder to work in
    #[arg(long, value_name = "FOLDER")]
    work: PathBuf,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// One line for each fault, then the counts.
fn print(outcome: &Outcome) {
    let mut table = Table::new();
    table.load_style(NOTHING);
    for judged in &outcome.judged {
        let (verdict, by) = match &judged.verdict {
            Verdict::Killed { trial, found } => ("killed", format!("{trial}: {found}")),
            Verdict::Equivalent { why, .. } => ("equivalent", why.clone()),
            Verdict::Survived => ("SURVIVED", String::new()),
        };
        let by: String = by.lines().next().unwrap_or_default().chars().take(100).collect();
        table.add_row([&judged.mutant.block, verdict, &judged.mutant.what, &by]);
    }
    println!("{}", table.trim_fmt());
    let json = outcome.json();
    for name in ["mutants", "killed", "equivalent", "seconds"] {
        println!("{name}: {}", json[name]);
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = match run::run(&arguments.verilog, &arguments.work, &|text| eprintln!("{text}")) {
        Ok(outcome) => outcome,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    if arguments.json {
        println!("{:#}", outcome.json());
    } else {
        print(&outcome);
    }
    let (mutants, survivors) = (outcome.judged.len(), outcome.survivors().count());
    if mutants < LEAST {
        eprintln!("{mutants} faults, expected at least {LEAST}");
    }
    if survivors > 0 {
        eprintln!("{survivors} faults are seen by no trial and explained by no reason in src/mutation/reasons.rs");
    }
    let unused = outcome.unused_reasons();
    for reason in &unused {
        eprintln!("a reason in src/mutation/reasons.rs is about no fault of this run: {reason}");
    }
    if mutants >= LEAST && survivors == 0 && unused.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
