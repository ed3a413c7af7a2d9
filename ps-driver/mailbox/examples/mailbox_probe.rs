//! Tries the mailbox of an emulated board from inside. Prints one JSON object, and fails when an access went wrong.

use std::error::Error;
use std::fs::File;
use std::path::PathBuf;
use std::process::ExitCode;
use std::rc::Rc;
use std::time::Instant;

use clap::Parser;
use deltascope_abi::board::{AXI_DMA, ENGINE, Window};
use deltascope_abi::mailbox::MAILBOX;
use deltascope_abi::registers::{IDENTITY_VALUE, offset};
use deltascope_driver::seams::{BusError, Registers};
use deltascope_mailbox::{Guest, Words};
use memmap2::MmapOptions;

/// Pairs of a write and a read.
const PAIRS: u32 = 30_000;
/// An offset in the engine's window that is no register.
const UNDEFINED: u32 = 0xFFC;
/// Where no block is.
const NOWHERE: Window = Window { base: 0x7FFF_0000, ..ENGINE };

#[derive(Parser)]
#[command(about = "Tries the mailbox of an emulated board from inside")]
struct Arguments {
    /// UIO device whose first map is the mailbox
    device: PathBuf,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("mailbox_probe: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The AXI response of an access that must be refused; 0 when it was not.
fn response<T>(outcome: Result<T, BusError>) -> u8 {
    match outcome {
        Err(BusError::Response { response, .. }) => response,
        _ => 0,
    }
}

fn run(arguments: &Arguments) -> Result<bool, Box<dyn Error>> {
    let file = File::options().read(true).write(true).open(&arguments.device)?;
    let map = MmapOptions::new().len(MAILBOX.bytes as usize).map_raw(&file)?;
    let guest = Rc::new(Guest::open(Words::new(map, 0)?)?);
    let (mut engine, mut dma, mut nowhere) = (guest.block(ENGINE), guest.block(AXI_DMA), guest.block(NOWHERE));
    let identity = engine.read32(offset::IDENTITY)?;
    let started = Instant::now();
    let mut wrong = 0;
    for n in 0..PAIRS {
        // An odd multiplier: every value differs from the one before in about half of its bits.
        let value = n.wrapping_mul(0x9E37_79B1);
        engine.write32(offset::SCRATCH, value)?;
        wrong += u32::from(engine.read32(offset::SCRATCH)? != value);
    }
    let seconds = started.elapsed().as_secs_f64();
    let refused =
        [response(engine.read32(UNDEFINED)), response(engine.write32(UNDEFINED, 1)), response(nowhere.read32(0))];
    // A refusal leaves nothing behind.
    let scratch = engine.read32(offset::SCRATCH)?;
    wrong += u32::from(scratch != (PAIRS - 1).wrapping_mul(0x9E37_79B1));
    let control = dma.read32(0)?;
    println!(
        "{{\"identity\":\"{identity:08x}\",\"accesses\":{},\"wrong\":{wrong},\"refused\":{refused:?},\
         \"dma_control\":\"{control:08x}\",\"guest_seconds\":{seconds:.3}}}",
        2 * PAIRS
    );
    Ok(identity == IDENTITY_VALUE && wrong == 0 && refused == [2, 2, 3])
}
