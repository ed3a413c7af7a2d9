//! Serial NOR flash: identification, read, program and erase with 24-bit addresses, which is what every flash of the
//! boards has (command tables of the Spansion S25FL128S and S25FL256S, Winbond W25Q256 and Micron N25Q128).
//!
//! Everything but WRITE ENABLE and the resets is sent in whole words, because controllers differ in how they pack the
//! bytes that come back for a part of a word.

use core::time::Duration;
use deltascope_driver::seams::Clock;

const READ: u8 = 0x03;
const PROGRAM: u8 = 0x02;
const WRITE_ENABLE: u8 = 0x06;
const READ_STATUS: u8 = 0x05;
const READ_ID: u8 = 0x9F;
/// Erases the 64 KiB, or in parts of larger sectors the 256 KiB, in which an address is.
const ERASE: u8 = 0xD8;
/// Software reset: the two of JEDEC JESD252, then that of Spansion. Each part ignores what it does not know.
const RESETS: [u8; 3] = [0x66, 0x99, 0xF0];
/// Status: a write or an erase runs.
const BUSY: u8 = 1;

/// Bytes that 24-bit addresses reach.
pub const REACH: u32 = 1 << 24;
/// Most words of a transfer, the command's included: the depth of the FIFO of the Zynq-7000's controller (UG585, section
/// 12.2.3).
pub const MOST_WORDS: usize = 63;
/// Most bytes that are programmed at a time, none of them behind the end of a page of 256 bytes.
pub const MOST_PROGRAMMED: usize = 16;

/// Time that a flash needs after a reset (S25FL-S: 35 us, W25Q256: 30 us, N25Q128: 100 ns).
const RESET_TIME: Duration = Duration::from_micros(100);
/// Longest time to program a page; the slowest of the parts needs 5 ms.
const PROGRAM_LIMIT: Duration = Duration::from_millis(100);
/// Longest time to erase; N25Q128 needs 3 s for 64 KiB, S25FL256S 2.6 s for 256 KiB.
const ERASE_LIMIT: Duration = Duration::from_secs(5);

/// Why the flash cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NorError {
    /// No flash answers.
    #[error("flash: expected an identification, found {found:#08x}; has the board a QSPI flash?")]
    Missing {
        /// The three bytes read.
        found: u32,
    },
    /// The part is too small.
    #[error("flash: expected at least {expected} bytes, found {found}; choose a lower address")]
    Small {
        /// Bytes needed.
        expected: u32,
        /// Bytes of the part.
        found: u32,
    },
    /// A write does not end.
    #[error("flash: expected the end of {what} within {limit:?}, found it busy")]
    Busy {
        /// Which write.
        what: &'static str,
        /// How long was waited.
        limit: Duration,
    },
    /// The controller does not transfer.
    #[error("QSPI controller: expected {expected} words within 100 ms, found {found}")]
    Stuck {
        /// Words of the transfer.
        expected: usize,
        /// Words that came back.
        found: usize,
    },
    /// The controller's clock cannot be set.
    #[error("QSPI controller: expected a reference clock above CPU_1x, found none")]
    Clock,
}

/// The controller.
pub trait Bus {
    /// Sends at most [`MOST_WORDS`] words within one chip select, the lowest byte of each first, and puts what comes back
    /// in their place.
    ///
    /// # Errors
    /// The controller does not transfer.
    fn transfer(&mut self, words: &mut [u32]) -> Result<(), NorError>;

    /// Sends one byte within one chip select.
    ///
    /// # Errors
    /// The controller does not transfer.
    fn command(&mut self, code: u8) -> Result<(), NorError>;
}

/// A flash.
#[derive(Debug)]
pub struct Nor<B, C> {
    bus: B,
    clock: C,
    id: [u8; 3],
}

impl<B: Bus, C: Clock> Nor<B, C> {
    /// Resets the flash, so that its addresses have 24 bits whatever the first stage left, and identifies it.
    ///
    /// # Errors
    /// No flash answers.
    pub fn open(mut bus: B, mut clock: C) -> Result<Nor<B, C>, NorError> {
        for code in RESETS {
            bus.command(code)?;
        }
        let start = clock.now();
        while clock.now().saturating_sub(start) < RESET_TIME {}
        let mut words = [u32::from(READ_ID)];
        bus.transfer(&mut words)?;
        let [_, id @ ..] = words[0].to_le_bytes();
        match id {
            [0, 0, 0] | [0xFF, 0xFF, 0xFF] => Err(NorError::Missing { found: words[0].swap_bytes() & 0xFF_FFFF }),
            id => Ok(Nor { bus, clock, id }),
        }
    }

    /// Returns manufacturer, type and capacity, as one number.
    pub const fn id(&self) -> u32 {
        u32::from_be_bytes([0, self.id[0], self.id[1], self.id[2]])
    }

    /// Checks that the flash has `bytes` bytes.
    ///
    /// # Errors
    /// [`NorError::Small`].
    pub fn require(&self, bytes: u32) -> Result<(), NorError> {
        // The power of two in the last byte; parts of which it is not have more than 16 MiB.
        match self.id[2] {
            power @ 0x0C..0x18 if 1 << power < bytes => Err(NorError::Small { expected: bytes, found: 1 << power }),
            _ => Ok(()),
        }
    }

    /// Reads bytes; address and number are multiples of four.
    ///
    /// # Errors
    /// The controller does not transfer.
    pub fn read(&mut self, address: u32, bytes: &mut [u8]) -> Result<(), NorError> {
        debug_assert!(address.is_multiple_of(4) && bytes.len().is_multiple_of(4));
        let mut address = address;
        for chunk in bytes.chunks_mut((MOST_WORDS - 1) * 4) {
            let mut words = [0; MOST_WORDS];
            words[0] = head(READ, address);
            let count = 1 + chunk.len() / 4;
            self.bus.transfer(&mut words[..count])?;
            for (place, word) in chunk.chunks_exact_mut(4).zip(&words[1..]) {
                place.copy_from_slice(&word.to_le_bytes());
            }
            address += chunk.len() as u32;
        }
        Ok(())
    }

    /// Programs bytes: clears those of their bits that are 0.
    ///
    /// # Errors
    /// The controller does not transfer, or the flash stays busy.
    pub fn program(&mut self, address: u32, bytes: &[u8; MOST_PROGRAMMED]) -> Result<(), NorError> {
        self.bus.command(WRITE_ENABLE)?;
        let mut words = [0; 1 + MOST_PROGRAMMED / 4];
        words[0] = head(PROGRAM, address);
        for (word, chunk) in words[1..].iter_mut().zip(bytes.as_chunks::<4>().0) {
            *word = u32::from_le_bytes(*chunk);
        }
        self.bus.transfer(&mut words)?;
        self.wait("a program", PROGRAM_LIMIT)
    }

    /// Erases the block in which an address is.
    ///
    /// # Errors
    /// The controller does not transfer, or the flash stays busy.
    pub fn erase(&mut self, address: u32) -> Result<(), NorError> {
        self.bus.command(WRITE_ENABLE)?;
        self.bus.transfer(&mut [head(ERASE, address)])?;
        self.wait("an erase", ERASE_LIMIT)
    }

    fn wait(&mut self, what: &'static str, limit: Duration) -> Result<(), NorError> {
        let start = self.clock.now();
        loop {
            let is_late = self.clock.now().saturating_sub(start) > limit;
            let mut words = [u32::from(READ_STATUS)];
            self.bus.transfer(&mut words)?;
            // The status again and again: the last byte is the newest.
            if words[0].to_le_bytes()[3] & BUSY == 0 {
                return Ok(());
            }
            if is_late {
                return Err(NorError::Busy { what, limit });
            }
        }
    }
}

/// A command with its address, highest byte first.
const fn head(code: u8, address: u32) -> u32 {
    let [_, high, middle, low] = address.to_be_bytes();
    u32::from_le_bytes([code, high, middle, low])
}

#[cfg(test)]
mod tests;
