//! Line and toggle coverage of the emitted Verilog under lockstep traffic. Exits with an error on a gap without a
//! reason, and on a reason without a gap.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, Table};
use deltascope_verilator_tests::coverage::{self, Gap, Outcome};

const RECORDS: u64 = 40_000;

/// Counts which lines of a small emission of deltascope_top run and which bits change
#[derive(Parser)]
struct Arguments {
    /// Folder with the emission
    #[arg(long, value_name = "FOLDER")]
    verilog: PathBuf,
    /// Folder to work in
    #[arg(long, value_name = "FOLDER")]
    work: PathBuf,
    /// Records of the traffic
    #[arg(long, default_value_t = RECORDS)]
    records: u64,
    /// Judge what the last run in the work folder counted
    #[arg(long)]
    again: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Prints gaps of neighbouring bits as one line each.
fn print_gaps(gaps: &[Gap]) {
    let mut at = 0;
    while at < gaps.len() {
        let first = &gaps[at];
        let run = gaps[at..].iter().enumerate().take_while(|(n, gap)| {
            let next = first.bit.map(|bit| bit + *n as u32);
            (&gap.block, &gap.what) == (&first.block, &first.what) && (gap.bit == next && next.is_some() || *n == 0)
        });
        let count = run.count();
        let bits = first.bit.map(|bit| format!(" bits {bit} to {}", bit + count as u32 - 1)).unwrap_or_default();
        eprintln!("no reason: {}: {}{bits}", first.block, first.what);
        at += count;
    }
}

fn print(outcome: &Outcome) {
    let mut table = Table::new();
    table.load_style(NOTHING).set_header(["block", "lines", "covered", "bits", "covered"]);
    for (block, [line, bit]) in outcome.points.by_block() {
        table.add_row([
            block.to_string(),
            line.0.to_string(),
            line.1.to_string(),
            bit.0.to_string(),
            bit.1.to_string(),
        ]);
    }
    table.column_iter_mut().skip(1).for_each(|column| column.set_cell_alignment(CellAlignment::Right));
    println!("{}", table.trim_fmt());
    println!("{} points are explained", outcome.explained);
}

fn main() -> ExitCode {
    let Arguments { verilog, work, records, again, json } = Arguments::parse();
    let counted = if again { Ok(()) } else { coverage::count(&verilog, &work, records, &|text| eprintln!("{text}")) };
    let outcome = match counted.and_then(|()| coverage::judge(&verilog, &work)) {
        Ok(outcome) => outcome,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    if json {
        println!("{:#}", outcome.json());
    } else {
        print(&outcome);
    }
    print_gaps(&outcome.unexplained);
    for what in &outcome.idle_reasons {
        eprintln!("has a reason and no gap: {what}");
    }
    if outcome.holds() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
