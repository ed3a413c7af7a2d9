//! Estimates size and depth of the default build and of builds with other numbers of lanes.

use std::process::ExitCode;

use clap::Parser;
use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, Table};
use deltascope_rtl::emit::{Instance, find, tree};
use deltascope_rtl::synth::{self, Journal, SOURCE};
use serde_json::{Value, json};

/// Estimates size and depth of the default build, and of builds with other numbers of lanes, with yosys.
#[derive(Parser)]
#[command(name = "synth")]
struct Arguments {
    /// Print one JSON object instead of a table.
    #[arg(long)]
    json: bool,
    /// Numbers of lanes beside the default.
    #[arg(long, value_delimiter = ',', default_value = "16,64,128,256")]
    lanes: Vec<usize>,
}

const TOP: &str = "deltascope_top";
/// An optional block of the board design, beside the top.
const FINGERPRINT: &str = "fingerprint";

fn setting(instance: &Instance, name: &str) -> Option<usize> {
    instance.settings.iter().find(|setting| setting.name == name).map(|setting| setting.value)
}

fn files(instance: &'static Instance, folder: &std::path::Path) -> anyhow::Result<Vec<std::path::PathBuf>> {
    let files = tree::files(std::iter::once(instance))?;
    tree::write(folder, &files)?;
    Ok(files.keys().filter(|name| name.ends_with(".v")).map(|name| folder.join(name)).collect())
}

/// The default build and its blocks, and the other builds.
fn run(lanes: &[usize]) -> anyhow::Result<Value> {
    let default = find(TOP, &[])?;
    let journal = |instance: &Instance| Journal {
        lanes: setting(instance, "LANES").unwrap_or(0),
        depth: setting(instance, "DEPTH_BITS").map_or(0, |bits| 1 << bits),
    };
    let own = journal(default);
    let mut instances = vec![default];
    for lanes in lanes.iter().filter(|lanes| **lanes != own.lanes) {
        instances.push(find(TOP, &[("LANES".to_string(), *lanes)])?);
    }
    let mut estimates = Vec::new();
    let (mut tool, mut blocks) = (String::new(), Default::default());
    for (at, instance) in instances.into_iter().enumerate() {
        let folder = tempfile::tempdir()?;
        let files = files(instance, folder.path())?;
        let (estimate, creator) = synth::estimate(TOP, &files, journal(instance))?;
        (tool, _) = (creator, estimates.push(estimate));
        if at == 0 {
            blocks = synth::blocks(TOP, &files)?;
        }
    }
    let folder = tempfile::tempdir()?;
    let files = files(find(FINGERPRINT, &[])?, folder.path())?;
    let (fingerprint, _) = synth::estimate(FINGERPRINT, &files, Journal { lanes: 0, depth: 0 })?;
    let mut bars = synth::bars(&estimates, &blocks, &tool);
    bars.extend(synth::period_bars(&fingerprint, FINGERPRINT));
    let broken: Vec<_> = bars.iter().filter(|bar| !bar.holds()).collect();
    let violations: Vec<_> =
        broken.iter().map(|bar| format!("{}: {}, the limit is {}", bar.what, bar.found, bar.limit)).collect();
    estimates[1..].sort_by_key(|estimate| estimate.lanes);
    let mut report = json!(estimates[0]);
    report["label"] = json!("estimated");
    report["tool"] = json!(tool);
    report["part"] = json!("xc7z020");
    report["top"] = json!(TOP);
    report["capacity"] = json!(synth::CAPACITY);
    report["delays"] = json!(SOURCE);
    report["period_ns"] = json!(synth::PERIOD_NS);
    report["blocks"] = json!(blocks);
    report["builds"] = json!(estimates);
    report["fingerprint"] = json!(fingerprint);
    report["bars"] = json!(bars);
    report["ok"] = json!(violations.is_empty());
    report["violations"] = json!(violations);
    Ok(report)
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let report = match run(&arguments.lanes) {
        Ok(report) => report,
        Err(error) => {
            eprintln!("synth: {error:#}");
            return ExitCode::FAILURE;
        }
    };
    if arguments.json {
        println!("{report:#}");
    } else {
        print(&report);
    }
    if report["ok"] == true { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn print(report: &Value) {
    println!("estimated for xc7z020 by {}", report["tool"].as_str().unwrap_or_default());
    let columns = ["lanes", "LUT", "LUTRAM", "FF", "RAMB36", "DSP", "clock_mhz"];
    let mut table = Table::new();
    table.load_style(NOTHING).set_header(columns);
    for build in report["builds"].as_array().into_iter().flatten() {
        table.add_row(columns.map(|name| build[name].to_string()));
    }
    table.column_iter_mut().for_each(|column| column.set_cell_alignment(CellAlignment::Right));
    println!("{}", table.trim_fmt());
    for violation in report["violations"].as_array().into_iter().flatten() {
        println!("violated: {violation}");
    }
}
