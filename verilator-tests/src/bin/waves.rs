//! Draws the waveforms of `rtl/docs/waves` from real traces, or compares them.

use std::path::PathBuf;
use std::process::ExitCode;

use deltascope_verilator_tests::waveform;

const USAGE: &str = "usage: waves --verilog FOLDER --work FOLDER --out FOLDER [--check]; the first FOLDER holds a small \
                     emission of deltascope_top";

struct Arguments {
    verilog: PathBuf,
    work: PathBuf,
    out: PathBuf,
    check: bool,
}

fn arguments() -> Result<Arguments, String> {
    let (mut verilog, mut work, mut out, mut check) = (None, None, None, false);
    let mut rest = std::env::args().skip(1);
    while let Some(argument) = rest.next() {
        let place = match argument.as_str() {
            "--check" => {
                check = true;
                continue;
            }
            "--verilog" => &mut verilog,
            "--work" => &mut work,
            "--out" => &mut out,
            _ => return Err(format!("unknown argument `{argument}`; {USAGE}")),
        };
        *place = rest.next().map(PathBuf::from);
    }
    match (verilog, work, out) {
        (Some(verilog), Some(work), Some(out)) => Ok(Arguments { verilog, work, out, check }),
        _ => Err(USAGE.to_owned()),
    }
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
    match arguments().and_then(|arguments| run(&arguments)) {
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
