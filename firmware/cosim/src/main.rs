//! Runs the bare-metal image in unicorn against the Verilated logic: its engine and DMA code with true accesses to
//! registers and true interrupts. `README.md` names what is simulated.

mod board;
mod cases;
mod configuration;
mod console;
mod first_stage;
mod gem;
mod gic;
mod image;
mod logic;
mod machine;
mod peer;
mod power_on;
mod profile;
mod registers;
mod stream;
mod suite;
mod time;
mod timers;
mod watchdog;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use clap::{Parser, Subcommand};
use deltascope_abi::board::INTERRUPT_GIC;
use deltascope_protocol::agent::Config;
use serde_json::{Value, json};

use crate::cases::Case;
use crate::image::Image;
use crate::peer::Peer;
use crate::power_on::Missing;
use crate::stream::Plan;

#[derive(Parser)]
#[command(about = "Runs the bare-metal image in unicorn against the Verilated logic")]
struct Arguments {
    /// The image, an ELF file with the settings of the run
    elf: PathBuf,
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Replay bare records into the engine of an image with `test=engine`, and print the report of `boardd --raw`
    Replay {
        /// File of bare records
        records: PathBuf,
    },
    /// Stream records as an agent, compare with the golden model, and print one JSON object
    Stream {
        /// Records to stream
        #[arg(long, default_value_t = 20_000)]
        events: usize,
        /// Write the instructions of each block into this file
        #[arg(long)]
        profile: Option<PathBuf>,
    },
    /// Boot from power-on by the first stage of a boot image, stream records, and print one JSON object
    Boot {
        /// BOOT.BIN
        flash: PathBuf,
        /// Records to stream
        #[arg(long, default_value_t = 20_000)]
        events: usize,
        /// What never comes on this board; the first stage has to report it
        #[arg(long)]
        missing: Option<Missing>,
    },
    /// Run a case, check what the image does, and print one JSON object
    Case {
        /// The case
        case: Case,
    },
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("firmware-cosim: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<()> {
    let image = Image::read(&arguments.elf)?;
    match &arguments.task {
        Task::Replay { records } => {
            let bytes = std::fs::read(records).with_context(|| format!("reading {}", records.display()))?;
            let (report, mut peer) = suite::replay(&image, &bytes)?;
            eprintln!("{}", done(&mut peer)?);
            std::io::stdout().write_all(&report)?;
        }
        Task::Stream { events, profile } => {
            let mut peer = Peer::new(&image)?;
            let retention_bytes = Config::default().retention_bytes;
            let mut report = stream::run(&mut peer, Plan { events: *events, retention_bytes, fault: None })?;
            report["done"] = done(&mut peer)?;
            if let Some(path) = profile {
                write_profile(path, &image, &mut peer)?;
            }
            println!("{report}");
        }
        Task::Boot { flash, events, missing } => {
            let flash = std::fs::read(flash).with_context(|| format!("reading {}", flash.display()))?;
            let report = match missing {
                Some(missing) => first_stage::stops(&image, &flash, *missing)?,
                None => first_stage::run(&image, &flash, *events)?,
            };
            println!("{report}");
        }
        Task::Case { case } => println!("{}", cases::run(&mut Peer::new(&image)?, *case)?),
    }
    Ok(())
}

/// What image and logic have done. An engine that was not used by registers, DMA and interrupts has not been tested.
fn done(peer: &mut Peer) -> Result<Value> {
    let board = peer.machine.board();
    let logic = board.logic.counters();
    let interrupts = board.gic.taken(INTERRUPT_GIC);
    let used = [logic.register_accesses, logic.memory_accesses, logic.record_beats, interrupts];
    ensure!(
        used.iter().all(|count| *count > 0),
        "expected register accesses, DMA, records and interrupts, found {used:?}"
    );
    Ok(json!({
        "instructions": board.time.instructions(),
        "simulated_us": board.time.microseconds(),
        "register_accesses": logic.register_accesses,
        "dma_memory_accesses": logic.memory_accesses,
        "record_beats": logic.record_beats,
        "logic_clocks": logic.clocks,
        "interrupts": {"logic": interrupts, "ethernet": board.gic.taken(gem::INTERRUPT), "tick": board.gic.taken(timers::INTERRUPT)},
        "frames_dropped": board.gem.dropped(),
    }))
}

fn write_profile(path: &Path, image: &Image, peer: &mut Peer) -> Result<()> {
    let text = peer.machine.board().profile.text(image.entry);
    std::fs::write(path, text).with_context(|| format!("writing {}", path.display()))
}
