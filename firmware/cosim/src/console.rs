//! The log of the image, decoded as it is written.

use anyhow::{Context, Result, bail};
use defmt_decoder::{DecodeError, StreamDecoder, Table};

/// The lines so far.
pub struct Console {
    decoder: Box<dyn StreamDecoder + 'static>,
    /// Every line.
    pub lines: Vec<String>,
}

impl Console {
    /// Returns a log without lines, for the image in the ELF file `bytes`.
    ///
    /// # Errors
    /// The file has no strings of a log.
    pub fn new(bytes: &[u8]) -> Result<Console> {
        let table = Table::parse(bytes).context("reading the strings of the image")?;
        let table = table.context("image: expected a section .defmt, found none")?;
        // The decoder borrows it for as long as the program runs; there is one.
        let table: &'static Table = Box::leak(Box::new(table));
        Ok(Console { decoder: table.new_stream_decoder(), lines: Vec::new() })
    }

    /// Takes bytes of the UART.
    ///
    /// # Errors
    /// They are no log of the image, or the image has stopped or panicked.
    pub fn take(&mut self, bytes: &[u8]) -> Result<()> {
        self.decoder.received(bytes);
        loop {
            match self.decoder.decode() {
                Ok(frame) => {
                    let line = frame.display(false).to_string();
                    let is_end = ["PANIC", "STOPPED", "HANG"].iter().any(|word| line.contains(word));
                    self.lines.push(line);
                    if is_end {
                        bail!("expected that the image runs, found:\n{}", self.lines.join("\n"));
                    }
                }
                Err(DecodeError::UnexpectedEof) => return Ok(()),
                Err(DecodeError::Malformed) => bail!("console: expected a frame of the log, found a malformed one"),
            }
        }
    }

    /// Returns whether a line holds `text`.
    pub fn has(&self, text: &str) -> bool {
        self.lines.iter().any(|line| line.contains(text))
    }
}
