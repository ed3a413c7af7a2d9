//! Lints the blocks: Rust sources, emitted Verilog, netlists.

use std::path::PathBuf;
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
    /// Lint this Rust source instead of the blocks.
    #[arg(long, conflicts_with = "verilog")]
    source: Option<PathBuf>,
    /// Lint these Verilog files instead of the blocks.
    #[arg(long, requires = "top", num_args = 1..)]
    verilog: Vec<PathBuf>,
    /// Top module in those files.
    #[arg(long, requires = "verilog")]
    top: Option<String>,
}

fn run(arguments: &Arguments) -> anyhow::Result<Report> {
    if let Some(path) = &arguments.source {
        let (kernels, findings) = lint::source::lint_file(path)?;
        return Ok(Report { sources: 1, kernels, configurations: 0, findings });
    }
    if let Some(top) = &arguments.top {
        let mut findings = lint::verilog::lint(top, &arguments.verilog)?;
        findings.extend(lint::netlist::lint(top, &arguments.verilog)?);
        return Ok(Report { configurations: 1, findings, ..Report::default() });
    }
    Ok(lint::run(&paths::crate_folder()?.join("src"))?)
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let report = match run(&arguments) {
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
