//! The board from power-on to DDR: what the first stage has to do before a clock, a pin or a memory is of use, in which order.
//!
//! Rules of UG585: the lock of the system-level control registers (4.3), PLLs (25.10.4), calibration of the DDR pins (10.6.3), the DDR
//! controller (10.6), the UART's rate (19.3.1), linear mode of the QSPI controller (12.5.2). What breaks one ends the run. The table
//! of the first stage is not looked at.

use anyhow::{Result, ensure};
use clap::ValueEnum;

use crate::registers::Registers;

/// The flash, as the linear mode shows it, and its bytes.
pub const FLASH: u32 = 0xFC00_0000;
/// See [`FLASH`].
pub const FLASH_BYTES: usize = 16 << 20;

/// What never comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Missing {
    /// The lock of the ARM PLL
    ArmPll,
    /// The lock of the DDR PLL
    DdrPll,
    /// The lock of the I/O PLL
    IoPll,
    /// The end of the DDR pins' calibration
    Calibration,
    /// Normal operation of the DDR controller
    Memory,
}

const SLCR: u32 = 0xF800_0000;
const PLL_STATUS: u32 = SLCR + 0x10C;
const DDR_CLOCK: u32 = SLCR + 0x124;
const DCI_CLOCK: u32 = SLCR + 0x128;
const QSPI_CLOCK: u32 = SLCR + 0x14C;
const UART_CLOCK: u32 = SLCR + 0x154;
/// Pin register of MIO 15, the console's output.
const CONSOLE_PIN: u32 = SLCR + 0x73C;
const DCI: u32 = SLCR + 0xB70;
const DCI_STATUS: u32 = SLCR + 0xB74;
const DDRC: u32 = 0xF800_6000;
const DDRC_END: u32 = 0xF800_7000;
const DDR_STATUS: u32 = DDRC + 0x54;
const UART: u32 = 0xE000_0000;
const QSPI: u32 = 0xE000_D000;
/// Rate of the oscillator, and of the console.
const OSCILLATOR: f64 = 50e6;
const BAUD: f64 = 115_200.0;
/// Reads of a status until it is there.
const READS: u32 = 40;

/// Resets of UG585, appendix B.28: PLLs on, everything else slow or off.
const AT_POWER_ON: [(u32, u32); 24] = [
    (0x100, 0x1_A008),
    (0x104, 0x1_A008),
    (0x108, 0x1_A008),
    (0x120, 0x1F00_0400),
    (0x124, 0x1840_0003),
    (0x128, 0x01E0_3201),
    (0x12C, 0x01FF_CCCD),
    (0x138, 1),
    (0x140, 0x3C01),
    (0x144, 0x3C01),
    (0x148, 0x3C21),
    (0x14C, 0x2821),
    (0x150, 0x1E03),
    (0x154, 0x3F03),
    (0x158, 0x3F03),
    (0x15C, 0x50_1903),
    (0x164, 0xF03),
    (0x168, 0xF01),
    (0x170, 0x10_1800),
    (0x1C4, 1),
    (0x240, 0x01F3_3F0F),
    (0x900, 0),
    (0xB6C, 0),
    (0xB70, 0x20),
];

/// A PLL.
#[derive(Clone, Copy, Debug, Default)]
struct Pll {
    was_reset: bool,
    reads: u32,
}

/// State that the registers alone do not show.
pub struct PowerOn {
    flash: Vec<u8>,
    missing: Option<Missing>,
    is_unlocked: bool,
    plls: [Pll; 3],
    calibration: Option<u32>,
    memory: Option<u32>,
    is_memory_used: bool,
}

fn control(pll: usize) -> u32 {
    SLCR + 0x100 + 4 * pll as u32
}

impl PowerOn {
    /// Returns a board with a flash, and sets its registers to those after power-on.
    pub fn new(flash: &[u8], missing: Option<Missing>, registers: &mut Registers) -> PowerOn {
        for (offset, value) in AT_POWER_ON {
            registers.set(SLCR + offset, value);
        }
        let mut flash = flash.to_vec();
        flash.resize(FLASH_BYTES, 0xFF);
        PowerOn {
            flash,
            missing,
            is_unlocked: false,
            plls: [Pll::default(); 3],
            calibration: None,
            memory: None,
            is_memory_used: false,
        }
    }

    /// Returns whether DDR was used: what is loaded has been started.
    pub fn is_memory_used(&self) -> bool {
        self.is_memory_used
    }

    fn is_locked(&self, pll: usize) -> bool {
        let never = [Missing::ArmPll, Missing::DdrPll, Missing::IoPll][pll];
        self.plls[pll].was_reset && self.plls[pll].reads > READS && self.missing != Some(never)
    }

    /// Rate of a PLL's output.
    fn rate(&self, registers: &Registers, pll: usize) -> f64 {
        let value = registers.read(control(pll));
        let times = if value >> 4 & 1 == 1 { 1 } else { value >> 12 & 0x7F };
        OSCILLATOR * f64::from(times)
    }

    /// Reads a status, where it is one.
    pub fn read(&mut self, address: u32) -> Option<u32> {
        match address {
            PLL_STATUS => {
                self.plls.iter_mut().for_each(|pll| pll.reads += 1);
                Some((0..3).map(|pll| u32::from(self.is_locked(pll)) << pll).sum::<u32>() | 0x38)
            }
            DCI_STATUS => {
                let reads = self.calibration.as_mut()?;
                *reads += 1;
                Some(u32::from(*reads > READS && self.missing != Some(Missing::Calibration)) << 13)
            }
            DDR_STATUS => Some(match &mut self.memory {
                Some(reads) => {
                    *reads += 1;
                    u32::from(*reads > READS && self.missing != Some(Missing::Memory))
                }
                None => 0,
            }),
            _ => None,
        }
    }

    /// Checks a write, before the register has it.
    ///
    /// # Errors
    /// The rule that it breaks.
    pub fn write(&mut self, registers: &Registers, address: u32, value: u32) -> Result<()> {
        let before = registers.read(address);
        match address {
            _ if address == SLCR + 8 => self.is_unlocked = value == 0xDF0D,
            _ if address == SLCR + 4 => self.is_unlocked &= value != 0x767B,
            SLCR..0xF800_1000 => {
                ensure!(self.is_unlocked, "{address:#x}: expected the SLCR unlocked before it is written");
                self.write_slcr(registers, address, before, value)?;
            }
            DDRC => {
                ensure!(before & 1 == 0 || value & 1 == 1, "the DDR controller: expected no reset while it runs");
                if value & 1 == 1 && before & 1 == 0 {
                    let is_clocked = self.is_locked(1) && registers.read(control(1)) >> 4 & 1 == 0;
                    ensure!(is_clocked, "the DDR controller: expected the DDR PLL locked and used");
                    let clock = registers.read(DDR_CLOCK);
                    let rate = self.rate(registers, 1) / f64::from((clock >> 20 & 0x3F).max(1));
                    ensure!(
                        clock & 3 == 3 && (303e6..534e6).contains(&rate),
                        "DDR: expected 303 to 533 MHz, found {rate}"
                    );
                    ensure!(self.calibration.is_some_and(|reads| reads > READS), "DDR: expected calibrated pins");
                    self.memory = Some(0);
                }
            }
            DDRC..DDRC_END => {
                let is_running = registers.read(DDRC) & 1 == 1;
                ensure!(!is_running, "{address:#x}: expected the DDR controller in reset while it is set up");
            }
            _ if address == UART + 0x30 => {
                let pin = registers.read(CONSOLE_PIN) & 0xFF;
                ensure!(pin == 0xE0, "console: expected MIO 15 as the output of UART 0, found {pin:#x}");
                let clock = registers.read(UART_CLOCK);
                let (generator, stages) = (registers.read(UART + 0x18), registers.read(UART + 0x34));
                let divider = f64::from(clock >> 8 & 0x3F) * f64::from(generator) * f64::from(stages + 1);
                let baud = self.rate(registers, 2) / divider;
                ensure!(
                    clock & 1 == 1 && (baud / BAUD - 1.0).abs() < 0.02,
                    "console: expected 115200 baud, found {baud}"
                );
            }
            _ => {}
        }
        Ok(())
    }

    fn write_slcr(&mut self, registers: &Registers, address: u32, before: u32, value: u32) -> Result<()> {
        if let Some(pll) = (0..3).find(|pll| address == control(*pll)) {
            let (is_bypassed, will_bypass) = (before >> 4 & 1 == 1, value >> 4 & 1 == 1);
            if value & 1 == 1 {
                ensure!(will_bypass, "PLL {pll}: expected it bypassed before its reset");
                ensure!(value & 2 == 0, "PLL {pll}: expected power");
                self.plls[pll] = Pll { was_reset: true, reads: 0 };
            }
            ensure!(!is_bypassed || will_bypass || self.is_locked(pll), "PLL {pll}: expected a lock before it is used");
        }
        if address == DCI && value & 2 == 2 {
            ensure!(value & 1 == 1, "DDR pins: expected them out of reset for their calibration");
            ensure!(registers.read(DCI_CLOCK) & 1 == 1, "DDR pins: expected a clock for their calibration");
            self.calibration = Some(0);
        }
        Ok(())
    }

    /// Checks an access to DDR.
    ///
    /// # Errors
    /// There is none yet.
    pub fn use_memory(&mut self, address: u64) -> Result<()> {
        let is_there = self.memory.is_some_and(|reads| reads > READS) && self.missing != Some(Missing::Memory);
        ensure!(is_there, "DDR at {address:#x}: expected the controller in normal operation before it is used");
        self.is_memory_used = true;
        Ok(())
    }

    /// Reads a word of the flash.
    ///
    /// # Errors
    /// The controller is not in linear mode.
    pub fn flash(&self, registers: &Registers, offset: u32) -> Result<u32> {
        let [config, enable, linear] = [0, 0x14, 0xA0].map(|offset| registers.read(QSPI + offset));
        let is_linear = linear >> 31 == 1 && linear & 0xFF == 0x03 && enable & 1 == 1 && config >> 31 == 1;
        ensure!(is_linear, "flash: expected linear mode with READ, found {config:#x}, {enable:#x}, {linear:#x}");
        let divider = f64::from(registers.read(QSPI_CLOCK) >> 8 & 0x3F) * f64::from(2 << (config >> 3 & 7));
        let rate = self.rate(registers, 2) / divider;
        ensure!((1e6..40e6).contains(&rate), "flash: expected less than 40 MHz without a feedback clock, found {rate}");
        let at = offset as usize;
        Ok(self.flash.get(at..at + 4).map_or(u32::MAX, |word| u32::from_le_bytes([word[0], word[1], word[2], word[3]])))
    }
}

/// Loads what the boot ROM loads of a boot image (UG585, section 6.3.2): the first stage, at 0. Returns its bytes and its
/// first instruction.
///
/// # Errors
/// It is no boot image that the boot ROM takes.
pub fn boot_rom(flash: &[u8]) -> Result<(&[u8], u32)> {
    let word = |at: usize| flash.get(at..at + 4).map_or(0, |w| u32::from_le_bytes([w[0], w[1], w[2], w[3]]));
    let sum = (0x20..0x48).step_by(4).fold(0u32, |sum, at| sum.wrapping_add(word(at)));
    ensure!(word(0x20) == 0xAA99_5566 && word(0x24) == 0x584C_4E58, "boot ROM: expected a boot header");
    ensure!(word(0x48) == !sum, "boot ROM: expected the checksum {:#x}, found {:#x}", !sum, word(0x48));
    let [source, length, load, entry] = [0x30, 0x34, 0x38, 0x3C].map(word);
    ensure!(load == 0 && length <= 0x3_0000, "boot ROM: expected at most 192 KiB for 0, found {length} for {load:#x}");
    let bytes = flash.get(source as usize..(source + length) as usize);
    Ok((bytes.ok_or_else(|| anyhow::anyhow!("boot ROM: expected a whole first stage"))?, entry))
}
