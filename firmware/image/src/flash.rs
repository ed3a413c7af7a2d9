//! The QSPI flash as far as the boot counter needs it: the commands that every flash with addresses of 3 bytes has, one
//! data line, 25 MHz.

use embedded_storage::nor_flash::{ErrorType, NorFlash, NorFlashError, NorFlashErrorKind, ReadNorFlash};
use zynq7000_hal::clocks::Clocks;
use zynq7000_hal::gpio::mio::{Mio1, Mio2, Mio3, Mio4, Mio5, Mio6, Pin};
use zynq7000_hal::qspi::{ClockConfig, IoType, MODE_0, Qspi, QspiIoMode, SrcSelIo};
use zynq7000_hal::time::Hertz;

/// Commands (JEDEC; the same in the flashes of every board here).
const WRITE_ENABLE: u32 = 0x06;
const READ_STATUS: u32 = 0x05;
const READ: u32 = 0x03;
const PROGRAM: u32 = 0x02;
const ERASE: u32 = 0xD8;
/// Status: writing is under way.
const BUSY: u32 = 1;
/// Longest time of a command: erasing a sector takes up to 3 s.
const LIMIT_US: u64 = 5_000_000;
/// Words of one transfer behind the command; the FIFO holds 63.
const WORDS: usize = 48;

/// Pins of the first flash: select, four data lines, clock.
pub type Pins = (Pin<Mio1>, (Pin<Mio2>, Pin<Mio3>, Pin<Mio4>, Pin<Mio5>), Pin<Mio6>);

/// The flash did not answer in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoAnswer;

impl NorFlashError for NoAnswer {
    fn kind(&self) -> NorFlashErrorKind {
        NorFlashErrorKind::Other
    }
}

/// The first 16 MiB of the flash.
pub struct Flash(QspiIoMode);

impl Flash {
    /// Sets the controller up. `None` when its clock cannot be made.
    pub fn new(
        registers: zynq7000_hal::pac::qspi::MmioRegisters<'static>,
        pins: Pins,
        clocks: &Clocks,
    ) -> Option<Flash> {
        let (reference, interface) = (Hertz::from_raw(200_000_000), Hertz::from_raw(25_000_000));
        let rate = ClockConfig::calculate(SrcSelIo::IoPll, clocks, reference, interface).ok()?;
        let (select, data, clock) = pins;
        let qspi = Qspi::new_single_qspi(registers, rate, MODE_0, IoType::LvCmos33, select, data, clock);
        Some(Flash(qspi.into_io_mode(false)))
    }

    /// Sends `first`, a command with its address, and then `words`, which become what was received meanwhile.
    fn exchange(&mut self, first: u32, words: &mut [u32]) -> Result<u32, NoAnswer> {
        let mut transfer = self.0.transfer_guard();
        transfer.write_word_txd_00(first);
        words.iter().for_each(|word| transfer.write_word_txd_00(*word));
        transfer.start();
        let head = receive(&mut transfer)?;
        for word in words.iter_mut() {
            *word = receive(&mut transfer)?;
        }
        Ok(head)
    }

    /// Allows the next command to write.
    fn enable(&mut self) -> Result<(), NoAnswer> {
        let mut transfer = self.0.transfer_guard();
        transfer.write_word_txd_01(WRITE_ENABLE);
        transfer.start();
        receive(&mut transfer).map(drop)
    }

    fn wait(&mut self) -> Result<(), NoAnswer> {
        let end = crate::clock::now_us() + LIMIT_US;
        // The status follows the command at once, and again for as long as the clock runs.
        while self.exchange(READ_STATUS, &mut [])? >> 8 & BUSY != 0 {
            if crate::clock::now_us() > end {
                return Err(NoAnswer);
            }
        }
        Ok(())
    }
}

fn receive(flash: &mut QspiIoMode) -> Result<u32, NoAnswer> {
    let end = crate::clock::now_us() + LIMIT_US;
    while !flash.read_status().rx_above_threshold() {
        if crate::clock::now_us() > end {
            return Err(NoAnswer);
        }
    }
    Ok(flash.read_rx_data())
}

/// A command and the address behind it, most significant byte first, as the FIFO sends a word: lowest byte first.
fn command(code: u32, address: u32) -> u32 {
    code | (address & 0xFF_FFFF).swap_bytes()
}

impl ErrorType for Flash {
    type Error = NoAnswer;
}

impl ReadNorFlash for Flash {
    const READ_SIZE: usize = 4;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), NoAnswer> {
        for (index, part) in bytes.chunks_mut(WORDS * 4).enumerate() {
            let mut words = [0; WORDS];
            let words = &mut words[..part.len().div_ceil(4)];
            self.exchange(command(READ, offset + (index * WORDS * 4) as u32), words)?;
            for (chunk, word) in part.chunks_mut(4).zip(words) {
                chunk.copy_from_slice(&word.to_le_bytes()[..chunk.len()]);
            }
        }
        Ok(())
    }

    fn capacity(&self) -> usize {
        16 << 20
    }
}

impl NorFlash for Flash {
    const WRITE_SIZE: usize = 4;
    const ERASE_SIZE: usize = 64 << 10;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), NoAnswer> {
        for sector in (from..to).step_by(Self::ERASE_SIZE) {
            self.enable()?;
            self.exchange(command(ERASE, sector), &mut [])?;
            self.wait()?;
        }
        Ok(())
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), NoAnswer> {
        // A part of 16 bytes at a multiple of 16 is within a page of 256.
        for (index, part) in bytes.chunks(16).enumerate() {
            let mut words = [u32::MAX; 4];
            for (word, chunk) in words.iter_mut().zip(part.chunks(4)) {
                let mut padded = [0xFF; 4];
                padded[..chunk.len()].copy_from_slice(chunk);
                *word = u32::from_le_bytes(padded);
            }
            self.enable()?;
            self.exchange(command(PROGRAM, offset + 16 * index as u32), &mut words[..part.len().div_ceil(4)])?;
            self.wait()?;
        }
        Ok(())
    }
}
