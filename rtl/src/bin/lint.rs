//! Lints the blocks: Rust sources, emitted Verilog, netlists.

use std::process::ExitCode;

use clap::Parser;
use deltascope_rtl::lint::{self, Report};
use deltascope_rtl::paths;

/// Lints the rust-hdl blocks and the Verilog that they emit.
#[derive(Parser)]
#[command(name = "lint")]
struct Arguments {
    /// Print one JSON object instead of lines.
    #[arg(long)]
    json: bool,
}

fn run() -> anyhow::Result<Report> {
    Ok(lint::run(&paths::crate_folder()?.join("src"))?)
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let report = match run() {
        Ok(report) => report,
        Err(error) => {
            eprintln!("lint: {error:#}");
            return ExitCode::FAILURE;
        }
    };
    if arguments.json {
        println!("{}", serde_json::json!({ "ok": report.findings.is_empty(), "report": report }));
    } else {
        report.findings.iter().for_each(|f| println!("{f}"));
        println!(
            "{} findings in {} update functions of {} sources and {} emitted configurations",
            report.findings.len(),
            report.kernels,
            report.sources,
            report.configurations
        );
    }
    if report.findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
