//! `cargo xtask board fw`, `fw-log`, `fw-test` and `fw-cost`: the bare-metal image (`docs/firmware.md`).

mod boot_count;
pub mod copy_cost;
pub mod cosim;
pub mod cost;
pub mod engine;
pub mod image;
pub mod machine;
mod programs;
pub mod test;

use anyhow::{Result, ensure};
use serde_json::json;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use self::image::Image;
use super::arm::cross::Compiler;
use crate::cargo::{build, release_folder};

/// Options of `fw`.
#[derive(clap::Args, Default)]
pub struct Arguments {
    /// Set a value in the image; may be given again
    #[arg(long = "set", value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Where the ARM core library comes from; by default what is there
    #[arg(long, value_enum)]
    compiler: Option<Compiler>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Builds the image and prints what is in it.
pub fn run(arguments: &Arguments) -> Result<()> {
    let image = Image::build(arguments.compiler)?;
    let settings = image.with_settings(&arguments.set)?;
    let path = settings.write("deltascope-firmware.elf")?;
    let sections = settings.sections()?;
    let loaded: u64 = sections.iter().filter(|section| section.is_loaded).map(|section| section.bytes).sum();
    if arguments.json {
        let rows: Vec<_> = sections
            .iter()
            .map(
                |row| json!({"section": row.name, "address": row.address, "bytes": row.bytes, "loaded": row.is_loaded}),
            )
            .collect();
        let report = json!({
            "elf": path.display().to_string(), "compiler": image.compiler, "sections": rows, "loaded_bytes": loaded,
            "settings": settings.text()?,
        });
        println!("{report}");
        return Ok(());
    }
    println!("compiler: {}", image.compiler);
    println!("{}", path.display());
    for row in &sections {
        let kind = if row.is_loaded { "loaded" } else { "reserved" };
        println!("{:<14} {:#010x} {:>10} bytes {kind}", row.name, row.address, row.bytes);
    }
    println!("{loaded} bytes loaded");
    print!("{}", settings.text()?);
    Ok(())
}

/// Options of `fw-log`.
#[derive(clap::Args)]
pub struct LogArguments {
    /// The image whose log it is; by default the one that `fw` wrote
    #[arg(long)]
    elf: Option<PathBuf>,
}

/// The program that decodes the log.
fn decoder() -> Result<PathBuf> {
    build(&["-p", "deltascope-firmware-log"])?;
    Ok(release_folder()?.join("deltascope-firmware-log"))
}

/// Decodes a log from standard input.
pub fn log(arguments: &LogArguments) -> Result<()> {
    let elf = arguments.elf.clone().unwrap_or_else(|| image::folder().join("deltascope-firmware.elf"));
    ensure!(elf.is_file(), "{}: expected the image, found none; run\n    cargo xtask board fw", elf.display());
    let mut command = Command::new(decoder()?);
    crate::cargo::run(command.arg(elf).stdin(Stdio::inherit()))
}
