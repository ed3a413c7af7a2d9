//! Decodes the log of the bare-metal image, and prints the text of its first stage. What is no frame, as after a reset in the middle of one, is passed over and
//! counted.

use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Parser;
use defmt_decoder::{DecodeError, Table};
use deltascope_firmware_log::{Part, Splitter};

/// Bytes read at a time.
const READ: usize = 4096;

#[derive(Parser)]
#[command(about = "Reads the bytes of the image's UART on standard input and prints lines")]
struct Arguments {
    /// The image
    elf: PathBuf,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("firmware-log: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<()> {
    let elf = arguments.elf.display();
    let bytes = std::fs::read(&arguments.elf).with_context(|| format!("reading {elf}"))?;
    let Some(table) = Table::parse(&bytes).with_context(|| format!("reading the strings of {elf}"))? else {
        bail!("{elf}: expected a section .defmt, found none; it is no image of `cargo xtask board fw`");
    };
    decode(&table, &mut io::stdin().lock(), &mut io::stdout().lock())
}

/// Prints every frame of `input` as a line.
fn decode(table: &Table, input: &mut impl Read, output: &mut impl Write) -> Result<()> {
    let mut decoder = table.new_stream_decoder();
    let mut bytes = [0; READ];
    let mut splitter = Splitter::default();
    let mut passed_over = 0u64;
    // Only an encoding whose frames end with a zero can be found again behind text.
    let is_split = table.encoding().can_recover();
    loop {
        let count = input.read(&mut bytes).context("reading the UART")?;
        if count == 0 {
            break;
        }
        for byte in &bytes[..count] {
            match is_split.then(|| splitter.take(*byte)) {
                None => decoder.received(&[*byte]),
                Some(None) => {}
                Some(Some(Part::Frame(frame))) => decoder.received(&frame),
                Some(Some(Part::Line(line))) => writeln!(output, "{line}")?,
            }
        }
        loop {
            match decoder.decode() {
                Ok(frame) => writeln!(output, "{}", frame.display(false))?,
                Err(DecodeError::UnexpectedEof) => break,
                Err(DecodeError::Malformed) if table.encoding().can_recover() => passed_over += 1,
                Err(DecodeError::Malformed) => bail!("found a malformed frame; is it the log of another image?"),
            }
        }
        output.flush()?;
    }
    if passed_over > 0 {
        writeln!(output, "firmware-log: {passed_over} malformed frames were passed over")?;
    }
    Ok(())
}
