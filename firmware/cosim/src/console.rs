//! The log of the image, decoded as it is written.

use anyhow::{Context, Result, bail};
use defmt_decoder::{DecodeError, StreamDecoder, Table};
use deltascope_firmware_log::{Part, Splitter};

/// The lines so far.
pub struct Console {
    decoder: Box<dyn StreamDecoder + 'static>,
    splitter: Splitter,
    /// Every line.
    pub lines: Vec<String>,
    /// The image has stopped or panicked.
    pub is_over: bool,
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
        Ok(Console {
            decoder: table.new_stream_decoder(),
            splitter: Splitter::default(),
            lines: Vec::new(),
            is_over: false,
        })
    }

    /// Takes bytes of the UART.
    ///
    /// # Errors
    /// They are no log of the image.
    pub fn take(&mut self, bytes: &[u8]) -> Result<()> {
        for byte in bytes {
            match self.splitter.take(*byte) {
                None => {}
                Some(Part::Frame(frame)) => self.decoder.received(&frame),
                Some(Part::Line(line)) => self.push(line),
            }
        }
        loop {
            match self.decoder.decode() {
                Ok(frame) => {
                    let line = frame.display(false).to_string();
                    self.push(line);
                }
                Err(DecodeError::UnexpectedEof) => return Ok(()),
                Err(DecodeError::Malformed) => bail!("console: expected a frame of the log, found a malformed one"),
            }
        }
    }

    fn push(&mut self, line: String) {
        self.is_over |= ["PANIC", "STOPPED"].iter().any(|word| line.contains(word));
        self.lines.push(line);
    }

    /// Returns whether a line holds `text`.
    pub fn has(&self, text: &str) -> bool {
        self.lines.iter().any(|line| line.contains(text))
    }
}
