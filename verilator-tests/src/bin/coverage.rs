//! Line and toggle coverage of the emitted Verilog under lockstep traffic. Exits with an error on a gap without a
//! reason, and on a reason without a gap.

use std::path::PathBuf;
use std::process::ExitCode;

use deltascope_verilator_tests::coverage::{self, Gap, Outcome};

const USAGE: &str = "usage: coverage --verilog FOLDER --work FOLDER [--records N] [--again] [--json]; FOLDER \
                     holds a small emission of deltascope_top; --again judges what the last run in the work folder counted";
const RECORDS: u64 = 40_000;

struct Arguments {
    verilog: PathBuf,
    work: PathBuf,
    records: u64,
    again: bool,
    json: bool,
}

fn arguments() -> Result<Arguments, String> {
    let (mut verilog, mut work, mut records, mut again, mut json) = (None, None, RECORDS, false, false);
    let mut rest = std::env::args().skip(1);
    while let Some(argument) = rest.next() {
        match argument.as_str() {
            "--json" => json = true,
            "--again" => again = true,
            "--verilog" => verilog = rest.next().map(PathBuf::from),
            "--work" => work = rest.next().map(PathBuf::from),
            "--records" => {
                let text = rest.next().unwrap_or_default();
                records = text.parse().map_err(|_| format!("--records: expected a number, found `{text}`; {USAGE}"))?;
            }
            _ => return Err(format!("unknown argument `{argument}`; {USAGE}")),
        }
    }
    match (verilog, work) {
        (Some(verilog), Some(work)) => Ok(Arguments { verilog, work, records, again, json }),
        _ => Err(USAGE.to_owned()),
    }
}

/// Gaps of neighbouring bits as one line each.
fn say(gaps: &[Gap]) {
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
    println!("{:<22}{:>8}{:>9}{:>8}{:>9}", "block", "lines", "covered", "bits", "covered");
    for (block, [line, bit]) in outcome.points.by_block() {
        println!("{block:<22}{:>8}{:>9}{:>8}{:>9}", line.0, line.1, bit.0, bit.1);
    }
    println!("{} points are explained", outcome.explained);
}

fn main() -> ExitCode {
    let run = |arguments: Arguments| {
        let Arguments { verilog, work, records, again, json } = arguments;
        let counted =
            if again { Ok(()) } else { coverage::count(&verilog, &work, records, &|text| eprintln!("{text}")) };
        let outcome = counted.and_then(|()| coverage::judge(&verilog, &work));
        outcome.map(|outcome| (outcome, json)).map_err(|error| error.to_string())
    };
    let (outcome, json) = match arguments().and_then(run) {
        Ok(found) => found,
        Err(text) => {
            eprintln!("{text}");
            return ExitCode::FAILURE;
        }
    };
    if json {
        println!("{:#}", outcome.json());
    } else {
        print(&outcome);
    }
    say(&outcome.unexplained);
    for what in &outcome.idle_reasons {
        eprintln!("has a reason and no gap: {what}");
    }
    if outcome.holds() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
