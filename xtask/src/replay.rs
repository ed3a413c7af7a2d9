//! `cargo xtask replay`: a file of bare records into any engine.

use crate::cargo::{release_folder, root, run as run_command};
use crate::demo::Engine;
use anyhow::{Context, Result, ensure};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Events of the file on which the engines are compared.
const COMPARED_EVENTS: usize = 120_000;

/// The daemon reading a file of bare records.
fn command(raw: &Path, engine: Engine) -> Result<Command> {
    let mut command = Command::new(release_folder()?.join("deltascope-boardd"));
    command.current_dir(root()).args(["--engine", engine.name(), "--raw"]).arg(raw);
    Ok(command)
}

/// Options of the task.
#[derive(clap::Args)]
pub struct Arguments {
    /// File of records
    #[arg(long)]
    raw: PathBuf,
    /// Engine that counts
    #[arg(long, value_enum, default_value_t = Engine::Model)]
    engine: Engine,
    /// Print one JSON object (the only format)
    #[arg(long)]
    json: bool,
}

/// Builds what the engine needs and feeds it the file.
pub fn run(arguments: &Arguments) -> Result<()> {
    arguments.engine.build_programs()?;
    run_command(&mut command(&std::path::absolute(&arguments.raw)?, arguments.engine)?)
}

/// The report of a replay by an engine whose programs are built.
pub fn report(raw: &Path, engine: Engine) -> Result<Vec<u8>> {
    let output = command(raw, engine)?.stderr(Stdio::inherit()).output().context("starting the daemon")?;
    ensure!(output.status.success(), "replay by engine {} failed with {}", engine.name(), output.status);
    Ok(output.stdout)
}

/// Records a file with the agent and feeds it to the golden model and to the Verilated RTL: their outputs must be
/// the same, byte for byte.
pub fn engines_agree() -> Result<()> {
    Engine::Rtl.build_programs()?;
    let folder = std::env::temp_dir().join(format!("deltascope-replay-{}", std::process::id()));
    fs::create_dir(&folder)?;
    let outcome = compare(&folder);
    fs::remove_dir_all(&folder)?;
    outcome
}

fn compare(folder: &Path) -> Result<()> {
    let raw = folder.join("events.raw");
    let mut record = Command::new(release_folder()?.join("deltascope"));
    record.args(["record", "--raw", "--source", "synth", "--events", &COMPARED_EVENTS.to_string()]).arg(&raw);
    run_command(&mut record)?;
    let (model, rtl) = (report(&raw, Engine::Model)?, report(&raw, Engine::Rtl)?);
    let accepted = serde_json::from_slice::<serde_json::Value>(&model)?["accepted"].as_u64();
    ensure!(accepted == Some(COMPARED_EVENTS as u64), "accepted: expected {COMPARED_EVENTS}, found {accepted:?}");
    let differs = model.iter().zip(&rtl).position(|(a, b)| a != b);
    ensure!(model == rtl, "the outputs differ at byte {}", differs.unwrap_or(model.len().min(rtl.len())));
    println!("{COMPARED_EVENTS} events: the outputs of model and rtl are the same {} bytes", model.len());
    Ok(())
}
