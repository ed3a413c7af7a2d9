//! `cargo xtask host cases`: the tests of what operators, real programs and hostile peers reported, one row a case.
//!
//! A row names a case, what is expected and the test that shows it. Each area has a table of its own.

mod agent;
mod case;
mod scan;
mod server;

use crate::cargo::cargo;
use crate::columns::columns;
use anyhow::{Context, Result, ensure};
use case::{Case, verdict};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::process::Stdio;

/// Options of the task.
#[derive(clap::Args, Default)]
pub struct Arguments {
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
    /// Run the cases whose name contains one of these; all without any
    pub names: Vec<String>,
}

/// Every case with its area.
fn all() -> impl Iterator<Item = (&'static str, &'static Case)> {
    let areas = [("scan", scan::CASES), ("agent", agent::CASES), ("server", server::CASES)];
    areas.into_iter().flat_map(|(area, cases)| cases.iter().map(move |case| (area, case)))
}

/// Runs the tests of the wanted cases, one run for each test file, and prints a row for each case.
pub fn run(arguments: &Arguments) -> Result<()> {
    let wanted =
        |case: &Case| arguments.names.is_empty() || arguments.names.iter().any(|n| case.name.contains(n.as_str()));
    let cases: Vec<_> = all().filter(|(_, case)| wanted(case)).collect();
    ensure!(!cases.is_empty(), "no case has a name that contains one of {:?}", arguments.names);
    let files: BTreeSet<_> = cases.iter().map(|(_, case)| (case.package, case.file)).collect();
    let mut outputs = BTreeMap::new();
    for (package, file) in files {
        let tests: Vec<_> =
            cases.iter().map(|(_, case)| case).filter(|c| (c.package, c.file) == (package, file)).collect();
        outputs.insert((package, file), run_tests(package, file, &tests)?);
    }
    let verdicts: Vec<_> =
        cases.iter().map(|(area, case)| (*area, *case, verdict(case, &outputs[&(case.package, case.file)]))).collect();
    if arguments.json {
        let rows: Vec<_> = verdicts
            .iter()
            .map(|(area, case, verdict)| {
                json!({"case": case.name, "area": area, "expected": case.expected, "test": case.test, "result": verdict})
            })
            .collect();
        println!("{}", json!({"cases": rows}));
    } else {
        let rows = verdicts.iter().map(|(area, case, verdict)| {
            vec![verdict.to_string(), area.to_string(), case.name.to_owned(), case.expected.to_owned()]
        });
        print!("{}", columns(rows, &[]));
    }
    let failed: Vec<_> = verdicts.iter().filter(|(.., verdict)| *verdict != "ok").map(|(_, c, _)| c.name).collect();
    ensure!(failed.is_empty(), "{} of {} cases are not ok: {}", failed.len(), verdicts.len(), failed.join(", "));
    Ok(())
}

/// Runs the tests of some cases, which are in one file, and returns what the test program printed.
fn run_tests(package: &str, file: &str, cases: &[&&Case]) -> Result<String> {
    let mut command = cargo(&["test", "--release", "--locked", "--package", package, "--test", file]);
    command.args(["--", "--include-ignored"]);
    command.args(cases.iter().map(|case| case.test)).stderr(Stdio::inherit());
    let output = command.output().with_context(|| format!("running the tests {file} of {package}"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if !output.status.success() {
        eprintln!("{text}");
    }
    Ok(text)
}
