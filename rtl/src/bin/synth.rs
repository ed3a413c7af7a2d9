//! Estimates the resources of the default build.

use std::process::ExitCode;

use clap::Parser;
use deltascope_rtl::emit::{find, tree};
use deltascope_rtl::synth::{self, Estimate};

/// Estimates the resources of the default build with yosys.
#[derive(Parser)]
#[command(name = "synth")]
struct Arguments {
    /// Print one JSON object instead of a table.
    #[arg(long)]
    json: bool,
    /// Module to synthesise.
    #[arg(long, default_value = "deltascope_top")]
    top: String,
}

fn run(top: &str) -> anyhow::Result<Estimate> {
    let folder = tempfile::tempdir()?;
    let files = tree::files(std::iter::once(find(top, &[])?))?;
    tree::write(folder.path(), &files)?;
    let paths: Vec<_> = files.keys().filter(|f| f.ends_with(".v")).map(|f| folder.path().join(f)).collect();
    Ok(synth::estimate(top, &paths)?)
}

fn table(estimate: &Estimate) {
    println!("{} for {} by {}", estimate.label, estimate.part, estimate.tool);
    println!("{:<22}{:>4}{:>8}{:>8}{:>8}{:>8}{:>8}", "", "", "LUT", "FF", "RAMB36", "LUTRAM", "levels");
    let row = |name: &str, count: String, r: &synth::Resources, levels: usize| {
        println!("{name:<22}{count:>4}{:>8}{:>8}{:>8}{:>8}{levels:>8}", r.lut, r.ff, r.ramb36, r.lutram);
    };
    for (name, block) in &estimate.blocks {
        row(name, format!("{}x", block.instances), &block.resources, block.levels.luts);
    }
    row("without borders", String::new(), &estimate.resources, estimate.levels.luts);
    println!("the longest chain ends at {}", estimate.levels.ends_at);
    println!("latches: {}, DSP48E1: {}", estimate.resources.latch, estimate.resources.dsp);
    estimate.violations.iter().for_each(|v| println!("violated: {v}"));
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let estimate = match run(&arguments.top) {
        Ok(estimate) => estimate,
        Err(error) => {
            eprintln!("synth: {error:#}");
            return ExitCode::FAILURE;
        }
    };
    if arguments.json {
        let mut json = serde_json::json!(estimate);
        json["ok"] = estimate.violations.is_empty().into();
        println!("{json:#}");
    } else {
        table(&estimate);
    }
    if estimate.violations.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
