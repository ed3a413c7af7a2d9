//! `selftest`: proves that the engine counts what it is given. It works on every engine; through a DMA the patterns are
//! the DMA's loopback, since a SYNC returns its operand.

#[cfg(test)]
mod tests;
mod vectors;

use crate::engines::AnyEngine;
use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, Table};
use deltascope_abi::ABI_VERSION;
use deltascope_abi::record::{RECORD_BYTES, Record};
use deltascope_abi::registers::{IDENTITY_VALUE, offset};
use deltascope_model::raw::{RawError, RawReport, replay_raw};
use deltascope_model::{Config, ConfigError, Engine, GoldenEngine};
use serde_json::{Value, json};
use std::io::{self, Write};
use std::time::Instant;
use vectors::{expected_rows, patterns, rows, scramble, stream_patterns};

/// Why a test could not be done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SelftestError {
    /// The engine failed.
    #[error(transparent)]
    Raw(#[from] RawError),
    /// A register cannot be read or written.
    #[error(transparent)]
    Bus(#[from] deltascope_driver::seams::BusError),
    /// The engine's sizes are none that the model can have.
    #[error("sizes of the engine: {0}")]
    Sizes(#[from] ConfigError),
    /// Standard output failed.
    #[error("standard output: {0}")]
    Output(#[from] io::Error),
}

/// What one test found.
#[derive(Debug, Default)]
struct Outcome {
    /// Registers written or records streamed.
    items: u64,
    /// Of what came back, how much was not what it should be.
    differences: u64,
    /// The first of them.
    first: Option<String>,
}

impl Outcome {
    fn compare<T: PartialEq + std::fmt::Debug>(&mut self, what: impl Fn() -> String, expected: &T, found: &T) {
        if expected != found {
            self.differences += 1;
            self.first.get_or_insert_with(|| format!("{}: expected {expected:?}, found {found:?}", what()));
        }
    }

    /// Compares in order; what only one of them has is a difference too.
    fn compare_all<T: PartialEq + std::fmt::Debug>(&mut self, what: &str, expected: &[T], found: &[T]) {
        for n in 0..expected.len().max(found.len()) {
            self.compare(|| format!("{what} {n}"), &expected.get(n), &found.get(n));
        }
    }
}

/// A test with its name and what is counted in it.
struct Test {
    name: &'static str,
    unit: &'static str,
    run: fn(&mut AnyEngine, u32) -> Result<Option<Outcome>, SelftestError>,
}

const TESTS: [Test; 5] = [
    Test { name: "identity", unit: "registers", run: identity },
    Test { name: "scratch", unit: "accesses", run: scratch },
    Test { name: "stream patterns", unit: "records", run: streams },
    Test { name: "counters", unit: "records", run: counters },
    Test { name: "replies and snapshot", unit: "records", run: model },
];

/// Runs every test and prints a table or one object; gives whether all passed.
///
/// # Errors
/// Standard output failed; an engine that fails is a test that did not pass.
pub fn run(engine: &mut AnyEngine, records: u32, json: bool) -> Result<bool, SelftestError> {
    let mut out = io::stdout().lock();
    let mut reports = Vec::new();
    let mut passed = true;
    let mut table = Table::new();
    table.load_style(NOTHING).set_header(["test", "count", "of", "a second", "differences", "result"]);
    for test in &TESTS {
        let start = Instant::now();
        let result = (test.run)(engine, records);
        let seconds = start.elapsed().as_secs_f64();
        let (outcome, error) = match result {
            Ok(None) => continue,
            Ok(Some(outcome)) => (outcome, None),
            Err(error) => (Outcome::default(), Some(error.to_string())),
        };
        let ok = outcome.differences == 0 && error.is_none();
        let text = error.or_else(|| outcome.first.clone());
        passed &= ok;
        let rate = outcome.items as f64 / seconds.max(1e-9);
        let numbers = [outcome.items.to_string(), format!("{rate:.0}"), outcome.differences.to_string()];
        let [items, rate_text, differences] = &numbers;
        table.add_row([test.name, items, test.unit, rate_text, differences, text.as_deref().unwrap_or("ok")]);
        reports.push(report(test, &outcome, rate, ok, text));
    }
    if json {
        let info = engine.info();
        writeln!(
            out,
            "{}",
            json!({"engine": info.kind.name(), "streams": engine.streams(), "ok": passed, "tests": reports})
        )?;
    } else {
        for numbers in [1, 3, 4] {
            if let Some(column) = table.column_mut(numbers) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        writeln!(out, "{}", table.trim_fmt())?;
        writeln!(
            out,
            "engine {}, {}: {}",
            engine.info().kind.name(),
            engine.streams(),
            if passed { "passed" } else { "FAILED" }
        )?;
    }
    out.flush()?;
    Ok(passed)
}

fn report(test: &Test, outcome: &Outcome, rate: f64, ok: bool, error: Option<String>) -> Value {
    json!({
        "test": test.name,
        "count": outcome.items,
        "unit": test.unit,
        "per_second": rate,
        "differences": outcome.differences,
        "ok": ok,
        "error": error,
    })
}

/// Registers that never change.
fn identity(engine: &mut AnyEngine, _: u32) -> Result<Option<Outcome>, SelftestError> {
    let info = engine.info();
    let Some(registers) = engine.registers() else { return Ok(None) };
    let mut outcome = Outcome::default();
    let expected = [
        ("IDENTITY", offset::IDENTITY, IDENTITY_VALUE),
        ("ABI_VERSION", offset::ABI_VERSION, ABI_VERSION),
        ("BUILD_ID", offset::BUILD_ID, info.build_id),
        ("CAP_CONTEXTS", offset::CAP_CONTEXTS, info.contexts),
        ("CAP_GROUPS", offset::CAP_GROUPS, info.groups),
    ];
    for (name, at, expected) in expected {
        outcome.compare(|| name.to_owned(), &expected, &registers.read32(at)?);
        outcome.items += 1;
    }
    Ok(Some(outcome))
}

/// The scratch register gives back every pattern, and so does not the register beside it.
fn scratch(engine: &mut AnyEngine, _: u32) -> Result<Option<Outcome>, SelftestError> {
    let Some(registers) = engine.registers() else { return Ok(None) };
    let mut outcome = Outcome::default();
    let before = registers.read32(offset::SCRATCH)?;
    for pattern in patterns() {
        let pattern = pattern as u32;
        registers.write32(offset::SCRATCH, pattern)?;
        // Another register in between, so that a bus that only holds its last value is found out.
        outcome.compare(|| "IDENTITY".to_owned(), &IDENTITY_VALUE, &registers.read32(offset::IDENTITY)?);
        outcome.compare(|| "SCRATCH".to_owned(), &pattern, &registers.read32(offset::SCRATCH)?);
        outcome.items += 3;
    }
    registers.write32(offset::SCRATCH, before)?;
    Ok(Some(outcome))
}

/// Feeds records from reset on.
fn feed(engine: &mut dyn Engine, records: &[Record]) -> Result<RawReport, RawError> {
    let mut bytes = Vec::with_capacity(records.len() * RECORD_BYTES);
    records.iter().for_each(|record| bytes.extend(record.to_bytes()));
    replay_raw(&mut bytes.as_slice(), engine)
}

/// Every pattern comes back as it went in, in order.
fn streams(engine: &mut AnyEngine, records: u32) -> Result<Option<Outcome>, SelftestError> {
    let sent = stream_patterns(records);
    let report = feed(engine, &sent)?;
    let mut outcome = Outcome { items: sent.len() as u64, ..Outcome::default() };
    let expected: Vec<u64> = sent.iter().map(|record| record.operand).collect();
    let found: Vec<u64> = report.replies.iter().map(|reply| reply.value).collect();
    outcome.compare_all("pattern", &expected, &found);
    Ok(Some(outcome))
}

/// Counters are what arithmetic gives.
fn counters(engine: &mut AnyEngine, records: u32) -> Result<Option<Outcome>, SelftestError> {
    let info = engine.info();
    let sizes = (info.groups.min(info.contexts), records);
    let sent = rows(sizes);
    let report = feed(engine, &sent)?;
    let mut outcome = Outcome { items: sent.len() as u64, ..Outcome::default() };
    outcome.compare(|| "accepted".to_owned(), &(sent.len() as u64), &report.accepted);
    outcome.compare(|| "rejected".to_owned(), &0, &report.rejected);
    outcome.compare_all("row", &expected_rows(sizes), &report.counters);
    Ok(Some(outcome))
}

/// Random records of every kind do what they do to the model.
fn model(engine: &mut AnyEngine, records: u32) -> Result<Option<Outcome>, SelftestError> {
    let info = engine.info();
    let sent = scramble(records, info.contexts, info.groups);
    let found = feed(engine, &sent)?;
    let expected = feed(&mut GoldenEngine::new(Config::of(&info))?, &sent)?;
    let mut outcome = Outcome { items: sent.len() as u64, ..Outcome::default() };
    outcome.compare(|| "accepted".to_owned(), &expected.accepted, &found.accepted);
    outcome.compare(|| "rejected".to_owned(), &expected.rejected, &found.rejected);
    outcome.compare_all("reply", &expected.replies, &found.replies);
    outcome.compare_all("row", &expected.counters, &found.counters);
    Ok(Some(outcome))
}
