//! `cargo xtask board fw`, `fw-log`, `fw-test` and `fw-cost`: the bare-metal image (`docs/firmware.md`).

mod boot_chain;
mod boot_count;
pub mod copy_cost;
pub mod cosim;
pub mod cost;
mod counts;
pub mod engine;
pub mod image;
pub mod machine;
mod programs;
pub mod test;

use anyhow::{Result, ensure};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use self::image::{Image, Section};
use super::arm::cross::Compiler;
use super::ps7;
use crate::cargo::{build, release_folder};

/// File of the first stage.
const FIRST_STAGE: &str = "deltascope-first-stage.elf";

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

/// A file that was written, and its sections.
struct Written {
    path: PathBuf,
    sections: Vec<Section>,
    loaded: u64,
}

impl Written {
    fn of(image: &Image, name: &str) -> Result<Written> {
        let (path, sections) = (image.write(name)?, image.sections()?);
        let loaded = sections.iter().filter(|section| section.is_loaded).map(|section| section.bytes).sum();
        Ok(Written { path, sections, loaded })
    }

    fn json(&self) -> Value {
        let row = |row: &Section| json!({"section": row.name, "address": row.address, "bytes": row.bytes, "loaded": row.is_loaded});
        let rows: Vec<_> = self.sections.iter().map(row).collect();
        json!({"elf": self.path.display().to_string(), "sections": rows, "loaded_bytes": self.loaded})
    }

    fn print(&self) {
        println!("{}", self.path.display());
        for row in &self.sections {
            let kind = if row.is_loaded { "loaded" } else { "reserved" };
            println!("{:<14} {:#010x} {:>10} bytes {kind}", row.name, row.address, row.bytes);
        }
        println!("{} bytes loaded", self.loaded);
    }
}

/// Builds the image and the first stage of its board, and prints what is in them.
pub fn run(arguments: &Arguments) -> Result<()> {
    let image = Image::build(arguments.compiler)?.with_settings(&arguments.set)?;
    let written = Written::of(&image, "deltascope-firmware.elf")?;
    let board = image.settings()?.board.name();
    // Without its table, there is no first stage of the board: the image is started by another one. That of another board
    // may be there.
    let table = ps7::block(board);
    let _ = std::fs::remove_file(image::folder().join(FIRST_STAGE));
    let stage = match &table {
        Ok(table) => {
            let stage = Image::first_stage(arguments.compiler)?.with_table(table)?;
            Some(Written::of(&stage, FIRST_STAGE)?)
        }
        Err(_) => None,
    };
    if arguments.json {
        let mut report = written.json();
        report["compiler"] = json!(image.compiler);
        report["settings"] = json!(image.text()?);
        report["first_stage"] = match (&stage, &table) {
            (Some(stage), _) => stage.json(),
            (None, Err(error)) => json!({"none": format!("{error:#}")}),
            (None, Ok(_)) => Value::Null,
        };
        println!("{report}");
        return Ok(());
    }
    println!("compiler: {}", image.compiler);
    written.print();
    match (&stage, &table) {
        (Some(stage), _) => stage.print(),
        (None, Err(error)) => println!("{error:#}"),
        (None, Ok(_)) => {}
    }
    print!("{}", image.text()?);
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
