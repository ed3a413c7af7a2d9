//! Draws the waveforms of `rtl/docs/waves` from real traces, or compares them.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use deltascope_verilator_tests::waveform;

/// Draws the waveforms of the blocks from traces of a small emission of deltascope_top
#[derive(Parser)]
struct Arguments {
    /// Folder with the emission
    #[arg(long, value_name = "FOLDER")]
    verilog: PathBuf,
    /// Folder to work in
    #[arg(long, value_name = "FOLDER")]
    work: PathBuf,
    /// Folder of the pictures
    #[arg(long, value_name = "FOLDER")]
    out: PathBuf,
    /// Only compare
    #[arg(long)]
    check: bool,
}

/// Writes the pictures, or gives the names of those that differ from what is there.
fn run(arguments: &Arguments) -> Result<Vec<String>, String> {
    let pictures = waveform::draw(&arguments.verilog, &arguments.work).map_err(|error| error.to_string())?;
    std::fs::create_dir_all(&arguments.out).map_err(|error| error.to_string())?;
    let mut stale = Vec::new();
    for (name, picture) in &pictures {
        let path = arguments.out.join(name);
        if std::fs::read_to_string(&path).ok().as_ref() == Some(picture) {
            continue;
        }
        if arguments.check {
            stale.push(name.clone());
        } else {
            std::fs::write(&path, picture).map_err(|error| format!("writing {}: {error}", path.display()))?;
            println!("wrote {}", path.display());
        }
    }
    let there = std::fs::read_dir(&arguments.out).map_err(|error| error.to_string())?;
    let others = there.flatten().filter_map(|entry| entry.file_name().into_string().ok());
    stale.extend(others.filter(|name| name.ends_with(".svg") && !pictures.contains_key(name)));
    println!("{} pictures", pictures.len());
    Ok(stale)
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(stale) if stale.is_empty() => ExitCode::SUCCESS,
        Ok(stale) => {
            eprintln!(
                "not what the traces show, or of no block: {}; run `cargo xtask gen --only waves`",
                stale.join(", ")
            );
            ExitCode::FAILURE
        }
        Err(text) => {
            eprintln!("{text}");
            ExitCode::FAILURE
        }
    }
}
