//! The QSPI controller (UG585, chapter 12) with one flash on MIO 1 to 6, which every board has, at 25 MHz and one data
//! line, so that neither a feedback clock nor a mode of the flash matters.

use core::time::Duration;

use deltascope_driver::seams::Clock as _;
use deltascope_firmware_core::boot_count::{self, CountError, REGION};
use deltascope_firmware_core::nor::{Bus, MOST_WORDS, Nor, NorError};
use zynq7000_hal::clocks::Clocks;
use zynq7000_hal::gpio::mio::*;
use zynq7000_hal::pac;
use zynq7000_hal::qspi::{ClockConfig, IoType, MODE_0, Qspi, QspiIoMode, SrcSelIo};
use zynq7000_hal::time::Hertz;

use crate::clock::GlobalTimer;

/// Rate of the controller, which must be above CPU_1x (UG585, section 12.4.1).
const REFERENCE: Hertz = Hertz::from_raw(200_000_000);
/// Rate of the flash. Below 40 MHz no feedback clock is needed (UG585, section 12.4.1).
const RATE: Hertz = Hertz::from_raw(25_000_000);
/// Longest time of one transfer: 63 words take 81 us.
const LIMIT: Duration = Duration::from_millis(100);

/// Pins of the controller: chip select, data and clock.
pub struct Pins {
    /// Chip select.
    pub select: Pin<Mio1>,
    /// Data.
    pub data: (Pin<Mio2>, Pin<Mio3>, Pin<Mio4>, Pin<Mio5>),
    /// Clock.
    pub clock: Pin<Mio6>,
}

/// Counts this start in flash. Returns its number and the flash's identification.
///
/// # Errors
/// No flash, another thing than a count at `region`, or a flash that does not keep what is written.
pub fn count_start(
    registers: pac::qspi::MmioRegisters<'static>,
    pins: Pins,
    clocks: &Clocks,
    region: u32,
) -> Result<(u64, u32), CountError> {
    let rates = ClockConfig::calculate(SrcSelIo::IoPll, clocks, REFERENCE, RATE).map_err(|_| NorError::Clock)?;
    // The supply of bank 0 is 3.3 V on every board.
    let Pins { select, data, clock } = pins;
    let controller = Qspi::new_single_qspi(registers, rates, MODE_0, IoType::LvCmos33, select, data, clock);
    let mut controller = controller.into_io_mode(false);
    // Set up with the chip selected; the next transfer begins with the edge.
    controller.transfer_done();
    let mut flash = Nor::open(Controller(controller), GlobalTimer)?;
    flash.require(region + REGION)?;
    Ok((boot_count::next(&mut flash, region)?, flash.id()))
}

/// The controller in I/O mode, with manual start and chip select.
struct Controller(QspiIoMode);

impl Controller {
    /// Starts what is in the transmit FIFO, and takes `words.len()` words out of the other one.
    fn run(&mut self, words: &mut [u32]) -> Result<(), NorError> {
        self.0.transfer_start();
        let begin = GlobalTimer.now();
        let expected = words.len();
        for (found, word) in words.iter_mut().enumerate() {
            // The threshold is one word.
            while !self.0.read_status().rx_above_threshold() {
                if GlobalTimer.now().saturating_sub(begin) > LIMIT {
                    self.0.transfer_done();
                    return Err(NorError::Stuck { expected, found });
                }
            }
            *word = self.0.read_rx_data();
        }
        self.0.transfer_done();
        Ok(())
    }
}

impl Bus for Controller {
    fn transfer(&mut self, words: &mut [u32]) -> Result<(), NorError> {
        debug_assert!(words.len() <= MOST_WORDS);
        self.0.clear_rx_fifo();
        self.0.transfer_init();
        for word in &*words {
            self.0.write_word_txd_00(*word);
        }
        self.run(words)
    }

    fn command(&mut self, code: u8) -> Result<(), NorError> {
        self.0.clear_rx_fifo();
        self.0.transfer_init();
        self.0.write_word_txd_01(u32::from(code));
        self.run(&mut [0])
    }
}
