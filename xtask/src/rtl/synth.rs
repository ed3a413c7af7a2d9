//! `cargo xtask rtl synth`: size and depth of the builds.

use super::program;
use crate::document::Table;
use crate::setup::{YOSYS, require};
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::fmt::Write;
use std::process::Stdio;

/// Where the estimates are written down.
const TABLE: Table = Table { page: "docs/performance.md", name: "synth", tools: &[YOSYS] };

/// Options of the task.
#[derive(clap::Args, Default)]
pub struct Arguments {
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// Estimates every build.
///
/// # Errors
/// When a limit is broken or a tool is missing.
fn estimate() -> Result<Value> {
    require(&[YOSYS])?;
    let mut command = program("synth")?;
    let output = command.arg("--json").stderr(Stdio::inherit()).output().context("starting synth")?;
    let said = String::from_utf8_lossy(&output.stdout);
    let report: Value = serde_json::from_str(&said).with_context(|| format!("{command:?} gave no result"))?;
    let broken: Vec<_> = list(&report["violations"]).iter().filter_map(|text| text.as_str()).collect();
    ensure!(broken.is_empty() && output.status.success(), "limits are broken: {}", broken.join("; "));
    Ok(report)
}

/// Estimates every build and prints it.
///
/// # Errors
/// As [`estimate`].
pub fn run(arguments: &Arguments) -> Result<()> {
    let report = estimate()?;
    match arguments.json {
        true => println!("{report:#}"),
        false => println!("{}", tables(&report)),
    }
    Ok(())
}

/// Estimates every build, and writes or compares the tables.
///
/// # Errors
/// As [`estimate`], and when the tables are stale.
pub fn document(check: bool) -> Result<()> {
    TABLE.put(&tables(&estimate()?), check)
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or(0.0)
}

/// The tables, as in the document.
fn tables(report: &Value) -> String {
    let mut out = format!(
        "*Estimated* by {} for an XC7Z020; {}.\n\n",
        report["tool"].as_str().unwrap_or_default(),
        report["delays"].as_str().unwrap_or_default()
    );
    builds(&mut out, report);
    rates(&mut out, report);
    blocks(&mut out, report);
    budget(&mut out, report);
    fingerprint(&mut out, report);
    fan_out(&mut out, report);
    out
}

// Writing to a String cannot fail: results of `write!` are dropped.

fn builds(out: &mut String, report: &Value) {
    out.push_str(
        "| lanes x depth | LUT | of them memory | FF | RAMB36 | DSP48E1 | most levels | slowest way, wires allowed for | clock \
         that allows | too slow for FCLK0 when every wire takes |\n|---|---|---|---|---|---|---|---|---|---|\n",
    );
    for build in list(&report["builds"]) {
        let share = |name: &str| {
            let (found, all) = (number(&build[name]), number(&report["capacity"][name]));
            format!("{found} ({:.0} %)", 100.0 * found / all)
        };
        let ways = || build["ways"].as_object().into_iter().flat_map(|ways| ways.values());
        let most = ways().map(|way| number(&way["by_levels"]["levels"])).fold(0.0, f64::max);
        let slowest = ways().map(|way| number(&way["by_delay"]["total_ns"])).fold(0.0, f64::max);
        let default = if build["lanes"] == report["lanes"] { ", the default" } else { "" };
        let _ = writeln!(
            out,
            "| {} x {}{default} | {} | {} | {} | {} | {} | {most} | {slowest:.2} ns | {} MHz | {:.2} of its allowance |",
            build["lanes"],
            build["depth"],
            share("LUT"),
            share("LUTRAM"),
            share("FF"),
            share("RAMB36"),
            build["DSP"],
            build["clock_mhz"],
            number(&build["wires_fit"])
        );
    }
}

fn rates(out: &mut String, report: &Value) {
    out.push_str(&format!(
        "\n| lanes | entries a clock in a walk | at FCLK0 = {} MHz | over back-to-back QUERYs at FCLK0 | clock for 69.7 G entries \
         a second | at the clock that the slowest way allows |\n|---|---|---|---|---|---|\n",
        deltascope_abi::board::FCLK_HZ / 1_000_000
    ));
    for build in list(&report["builds"]) {
        let rates = &build["rates"];
        if rates.is_null() {
            continue;
        }
        let giga = |name: &str| format!("{:.1} G/s", number(&rates[name]) / 1e9);
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} | {} MHz | {:.1} G/s at {} MHz |",
            build["lanes"],
            rates["entries_a_clock"],
            giga("at_fclk0"),
            giga("sustained_at_fclk0"),
            rates["clock_for_it_mhz"],
            number(&build["lanes"]) * number(&build["clock_mhz"]) / 1e3,
            build["clock_mhz"]
        );
    }
}

fn blocks(out: &mut String, report: &Value) {
    let builds = list(&report["builds"]);
    let lanes: Vec<_> = builds.iter().map(|build| build["lanes"].to_string()).collect();
    let _ = write!(
        out,
        "\n| block (default build) | instances | LUT | of them memory | FF | RAMB36 | levels at {} lanes | LUTs + carry chains | \
         CARRY4 | MUXF7/8 |\n|---|---|---|---|---|---|---|---|---|---|\n",
        lanes.join(" / ")
    );
    for (name, block) in report["blocks"].as_object().into_iter().flatten() {
        let size: Vec<_> = ["LUT", "LUTRAM", "FF", "RAMB36"].iter().map(|key| block[*key].to_string()).collect();
        let own = |build: &Value| build["ways"][name]["by_levels"]["levels"].clone();
        let levels: Vec<_> =
            builds.iter().map(|build| own(build).as_u64().map_or("-".into(), |n| n.to_string())).collect();
        let way = &report["ways"][name]["by_levels"];
        let rest = if way.is_null() {
            "- | - | -".to_owned()
        } else {
            format!("{} + {} | {} | {}", way["luts"], way["carry_chains"], way["carry4"], way["muxes"])
        };
        let _ = writeln!(
            out,
            "| {name} | {} | {} | {} | {rest} |",
            block["instances"],
            size.join(" | "),
            levels.join(" / ")
        );
    }
}

/// The longest way to each block with registers, the longest of all first.
fn budget(out: &mut String, report: &Value) {
    let period = number(&report["period_ns"]);
    let _ = write!(
        out,
        "\n| the longest way of the default build to | ends at | levels | cells | wires allowed | with the clock's share | of \
         {period:.3} ns | slack |\n|---|---|---|---|---|---|---|---|\n"
    );
    let total = |way: &Value| number(&way["by_delay"]["total_ns"]);
    let mut ways: Vec<_> = report["ways"].as_object().into_iter().flatten().collect();
    ways.sort_by(|a, b| total(b.1).total_cmp(&total(a.1)));
    for (name, way) in ways {
        let (way, total) = (&way["by_delay"], total(way));
        let _ = writeln!(
            out,
            "| {name} | `{}` | {} | {:.2} ns | {:.2} ns | {total:.2} ns | {:.0} % | {:.2} ns |",
            way["ends_at"].as_str().unwrap_or_default(),
            way["levels"],
            number(&way["cells_ns"]),
            number(&way["wires_ns"]),
            100.0 * total / period,
            period - total
        );
    }
}

/// The fingerprint block, which is beside the engine in a build that asks for it.
fn fingerprint(out: &mut String, report: &Value) {
    let block = &report["fingerprint"];
    let ways = || block["ways"].as_object().into_iter().flat_map(|ways| ways.values());
    let levels = ways().map(|way| number(&way["by_levels"]["levels"])).fold(0.0, f64::max);
    let slowest = ways().map(|way| number(&way["by_delay"]["total_ns"])).fold(0.0, f64::max);
    let _ = writeln!(
        out,
        "\n| optional block | LUT | of them memory | FF | RAMB36 | most levels | slowest way, wires allowed for |\n\
         |---|---|---|---|---|---|---|\n\
         | fingerprint, sixteen bytes a clock | {} | {} | {} | {} | {levels} | {slowest:.2} ns |",
        block["LUT"], block["LUTRAM"], block["FF"], block["RAMB36"]
    );
}

fn fan_out(out: &mut String, report: &Value) {
    out.push_str("\n| lanes | pins on the reset | most cells on a net of the journal | nets that drive the most pins, clock and reset \
         apart: pins / cells |\n|---|---|---|---|\n",
    );
    for build in list(&report["builds"]) {
        let nets = list(&build["fan_out"]["nets"]).iter();
        let nets: Vec<_> = nets
            .map(|net| format!("`{}` {} / {}", net["net"].as_str().unwrap_or_default(), net["pins"], net["cells"]))
            .collect();
        let widest = &build["fan_out"];
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} |",
            build["lanes"],
            widest["reset"],
            widest["journal_cells"],
            nets.join(", ")
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn tables_name_sizes_rates_and_ways() {
        let way = json!({"levels": 3, "luts": 2, "carry_chains": 1, "carry4": 16, "muxes": 0, "cells_ns": 2.5,
            "wires_ns": 1.5, "total_ns": 4.25, "ends_at": "x D"});
        let build = json!({
            "lanes": 256, "depth": 32, "LUT": 532, "LUTRAM": 174, "FF": 1064, "RAMB36": 14, "DSP": 0, "clock_mhz": 300.5, "wires_fit": 1.25,
            "ways": {"leaf": {"by_levels": way, "by_delay": way}},
            "fan_out": {"reset": 9, "journal_cells": 5, "nets": [{"net": "n", "pins": 7, "cells": 6}]},
            "rates": {"entries_a_clock": 256, "at_fclk0": 38.4e9, "sustained_at_fclk0": 26.7e9, "clock_for_it_mhz": 272.3},
        });
        let mut report = build.clone();
        report["tool"] = json!("yosys");
        report["period_ns"] = json!(8.5);
        report["fingerprint"] = json!({"LUT": 900, "LUTRAM": 44, "FF": 700, "RAMB36": 0, "ways": {"a": {"by_levels": way, "by_delay": way}}});
        report["capacity"] = json!({"LUT": 53200, "LUTRAM": 17400, "FF": 106400, "RAMB36": 140});
        report["blocks"] = json!({"leaf": {"instances": 2, "LUT": 1, "LUTRAM": 0, "FF": 4, "RAMB36": 0}});
        report["builds"] = json!([build]);
        let text = tables(&report);
        for part in [
            "| 256 x 32, the default | 532 (1 %) |",
            "| 3 | 4.25 ns | 300.5 MHz | 1.25 of its allowance |",
            "| 256 | 256 | 38.4 G/s | 26.7 G/s | 272.3 MHz | 76.9 G/s at 300.5 MHz |",
            "| leaf | 2 | 1 | 0 | 4 | 0 | 3 | 2 + 1 | 16 | 0 |",
            "| leaf | `x D` | 3 | 2.50 ns | 1.50 ns | 4.25 ns | 50 % | 4.25 ns |",
            "| 256 | 9 | 5 | `n` 7 / 6 |",
            "| fingerprint, sixteen bytes a clock | 900 | 44 | 700 | 0 | 3 | 4.25 ns |",
        ] {
            assert!(text.contains(part), "{part} is not in {text}");
        }
    }
}
