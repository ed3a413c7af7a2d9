//! Text on the console, each line with `first stage: ` before it. The table has set the UART up.

use core::fmt::{Result, Write};

use deltascope_ps7::Bus;

use crate::Memory;

/// Registers of the UART (UG585, appendix B.33).
mod offset {
    pub const STATUS: u32 = 0x2C;
    pub const FIFO: u32 = 0x30;
}

/// Status: the transmit FIFO is full; a byte is being sent; the FIFO is empty.
const FULL: u32 = 1 << 4;
const ACTIVE: u32 = 1 << 11;
const EMPTY: u32 = 1 << 3;
/// Turns after which a UART that does not send is left alone: 64 bytes at 115,200 baud take 6 ms.
const TURNS: u32 = 1_000_000;

/// The console.
pub struct Console {
    base: u32,
    is_begin: bool,
}

impl Console {
    /// Returns the console at a UART's base address.
    pub fn new(base: u32) -> Console {
        Console { base, is_begin: true }
    }

    fn wait(&self, mut is_over: impl FnMut(u32) -> bool) {
        let status = self.base + offset::STATUS;
        let _ = (0..TURNS).any(|_| is_over(Memory.read(status)));
    }

    fn send(&mut self, byte: u8) {
        self.wait(|status| status & FULL == 0);
        Memory.write(self.base + offset::FIFO, byte.into());
    }

    /// Waits until everything is sent.
    pub fn flush(&mut self) {
        self.wait(|status| status & (ACTIVE | EMPTY) == EMPTY);
    }

    /// Ends the text: the log of the image, which begins behind a zero, can be decoded.
    pub fn end(&mut self) {
        self.send(0);
        self.flush();
    }
}

impl Write for Console {
    fn write_str(&mut self, text: &str) -> Result {
        for byte in text.bytes() {
            if core::mem::take(&mut self.is_begin) {
                b"first stage: ".iter().for_each(|byte| self.send(*byte));
            }
            match byte {
                b'\n' => {
                    b"\r\n".iter().for_each(|byte| self.send(*byte));
                    self.is_begin = true;
                }
                _ => self.send(byte),
            }
        }
        Ok(())
    }
}
