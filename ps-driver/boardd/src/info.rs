//! `info`: what the engine is, and how the board is.

use crate::check::of_look;
use crate::cli::BoardArguments;
use crate::engines::{self, AnyEngine, EngineName};
use crate::error::{DaemonError, system};
use deltascope_abi::registers::{BUILD_DIRTY, CAP_AXIS_BITS, CAP_REPLY_PACKET, offset};
use deltascope_abi::{ABI_MAJOR, ABI_MINOR};
use deltascope_linux::logic;
use deltascope_linux::xadc::Health;
use deltascope_model::{Engine, EngineError};
use serde_json::{Map, Value, json};
use std::io::{self, Write};

/// Prints what is known; gives whether there is an engine and nothing of the board is outside its limits.
///
/// # Errors
/// Standard output failed.
pub fn run(board: &BoardArguments, json: bool) -> Result<bool, DaemonError> {
    let (report, is_well) = report(board);
    let text = if json { report.to_string() } else { lines(&report, 0) };
    let mut out = io::stdout().lock();
    system("standard output", writeln!(out, "{}", text.trim_end()).and_then(|()| out.flush()))?;
    Ok(is_well)
}

/// Everything as one object, and whether all is well.
fn report(board: &BoardArguments) -> (Value, bool) {
    let roots = board.roots();
    let mut report = Map::new();
    report.insert(
        "program".to_owned(),
        json!({"version": env!("CARGO_PKG_VERSION"), "abi": version(ABI_MAJOR, ABI_MINOR)}),
    );
    let mut is_well = true;
    match engines::open(board.engine, &board.options()).and_then(|mut engine| of_engine(&mut engine)) {
        Ok(engine) => {
            report.insert("engine".to_owned(), engine);
        }
        Err(error) => {
            is_well = false;
            report.insert("error".to_owned(), error.to_string().into());
        }
    }
    // Only engine `uio` has logic; health is that of the machine, whatever the engine.
    if board.engine == EngineName::Uio {
        let clock = json!({"built_for": logic::built_for_hz(&roots), "running": logic::running_hz(&roots)});
        report.insert("clock_hz".to_owned(), clock);
        report.insert("logic".to_owned(), logic::looks(&roots).iter().map(of_look).collect::<Map<_, _>>().into());
    }
    match Health::read(&roots) {
        Ok(Some(found)) => {
            is_well &= found.complaints().is_empty();
            report.insert("board".to_owned(), health(&found));
        }
        Ok(None) => {}
        Err(error) => {
            is_well = false;
            report.insert("board".to_owned(), json!({"error": error.to_string()}));
        }
    }
    (report.into(), is_well)
}

fn version(major: u16, minor: u16) -> String {
    format!("{major}.{minor}")
}

/// Capabilities, and for an engine with registers its build.
fn of_engine(engine: &mut AnyEngine) -> Result<Value, EngineError> {
    let info = engine.info();
    let mut value = json!({
        "engine": info.kind.name(),
        "abi": version((info.abi_version >> 16) as u16, info.abi_version as u16),
        "contexts": info.contexts,
        "groups": info.groups,
        "journal_lanes": info.journal_lanes,
        "journal_depth": info.journal_depth,
        "journal_horizon": info.horizon(),
        "streams": engine.streams(),
    });
    if let Some(registers) = engine.registers() {
        let mut read = |at| registers.read32(at).map_err(|error| EngineError::host(info.kind, error));
        let (flags, stream) = (read(offset::BUILD_FLAGS)?, read(offset::CAP_STREAM)?);
        value["build_id"] = format!("{:08x}", read(offset::BUILD_ID)?).into();
        value["build_dirty"] = (BUILD_DIRTY.get(flags) != 0).into();
        value["reply_packet"] = CAP_REPLY_PACKET.get(stream).into();
        value["axis_bits"] = CAP_AXIS_BITS.get(stream).into();
    }
    Ok(value)
}

/// Temperature, voltages and what is wrong with them.
pub fn health(health: &Health) -> Value {
    let supplies: Map<String, Value> =
        health.supplies.iter().map(|supply| (supply.name.clone(), supply.volts.into())).collect();
    json!({"celsius": health.celsius, "volts": supplies, "complaints": health.complaints()})
}

/// The same for a reader: one line for each value, those of an object indented.
fn lines(value: &Value, depth: usize) -> String {
    let Value::Object(entries) = value else { return String::new() };
    let indent = "  ".repeat(depth);
    let width = entries.iter().filter(|(_, value)| !value.is_object()).map(|(name, _)| name.len()).max().unwrap_or(0);
    let line = |(name, value): (&String, &Value)| match value {
        Value::Object(_) => format!("{indent}{name}\n{}", lines(value, depth + 1)),
        Value::String(text) => format!("{indent}{name:width$}  {text}\n"),
        Value::Array(items) if items.is_empty() => format!("{indent}{name:width$}  none\n"),
        other => format!("{indent}{name:width$}  {other}\n"),
    };
    entries.iter().map(line).collect()
}
