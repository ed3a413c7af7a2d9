//! `cargo xtask replay`: a file of bare records into any engine.

use crate::cargo::{release_folder, root, run as run_command};
use crate::demo::Engine;
use anyhow::Result;
use std::path::Path;
use std::process::Command;

/// Builds what `engine` needs and feeds it the file.
pub fn run(raw: &Path, engine: Engine) -> Result<()> {
    engine.build_programs()?;
    let raw = std::path::absolute(raw)?;
    let mut command = Command::new(release_folder()?.join("deltascope-boardd"));
    command.current_dir(root()).args(["--engine", engine.name(), "--raw"]).arg(raw);
    run_command(&mut command)
}
