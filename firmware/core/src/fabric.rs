//! Level shifters, reset and clock of the programmable logic, and whether it may be touched: an access to logic that is
//! not configured, not clocked or in reset never completes, and nothing can interrupt it.

use alloc::format;
use deltascope_abi::board::FCLK;
use deltascope_driver::seams::{BusError, Fabric, FabricError, Registers};

/// System-level control registers (UG585, appendix B.28).
pub mod slcr {
    /// Base address.
    pub const BASE: u32 = 0xF800_0000;
    /// Bytes that are used.
    pub const BYTES: u32 = 0x1000;
    pub(crate) const LOCK: u32 = 0x004;
    pub(crate) const LOCK_KEY: u32 = 0x767B;
    pub(crate) const UNLOCK: u32 = 0x008;
    pub(crate) const UNLOCK_KEY: u32 = 0xDF0D;
    /// Bits 18:12: feedback divider.
    pub(super) const IO_PLL: u32 = 0x108;
    /// Clock 0 of the logic: bits 5:4 source, 13:8 and 25:20 dividers. The other clocks follow at 16 bytes.
    pub(super) const FPGA_CLOCK: u32 = 0x170;
    /// Clocks to count before it stops; 0: it runs on.
    pub(super) const FPGA_COUNT: u32 = 0x178;
    /// Resets of the logic, one bit each.
    pub(super) const FPGA_RESET: u32 = 0x240;
    /// Level shifters between the processing system and the logic.
    pub(super) const LEVEL_SHIFTERS: u32 = 0x900;
}

/// Device configuration interface (UG585, appendix B.16).
pub mod devcfg {
    /// Base address.
    pub const BASE: u32 = 0xF800_7000;
    /// Bytes that are used.
    pub const BYTES: u32 = 0x100;
    pub(crate) const STATUS_SEEN: u32 = 0x0C;
    /// The logic is configured.
    pub(crate) const DONE: u32 = 1 << 2;
}

/// Shifters from the processing system to the logic only: the state while it is configured.
const SHIFT_OUT: u32 = 0xA;
/// Every shifter.
const SHIFT_ALL: u32 = 0xF;

/// Resets, shifters and clock of the logic.
#[derive(Debug)]
pub struct LogicControl<S, D> {
    slcr: S,
    devcfg: D,
}

impl<S: Registers, D: Registers> LogicControl<S, D> {
    /// Takes the system-level control registers and the device configuration interface.
    pub fn new(slcr: S, devcfg: D) -> LogicControl<S, D> {
        LogicControl { slcr, devcfg }
    }

    /// The device configuration interface.
    pub fn devcfg(&mut self) -> &mut D {
        &mut self.devcfg
    }

    fn write(&mut self, offset: u32, value: u32) -> Result<(), BusError> {
        self.slcr.write32(slcr::UNLOCK, slcr::UNLOCK_KEY)?;
        let written = self.slcr.write32(offset, value);
        self.slcr.write32(slcr::LOCK, slcr::LOCK_KEY)?;
        written
    }

    /// Holds the logic in reset and cuts what it drives, before it is configured.
    ///
    /// # Errors
    /// A register cannot be reached.
    pub fn isolate(&mut self) -> Result<(), BusError> {
        self.write(slcr::FPGA_RESET, 0xF)?;
        self.write(slcr::LEVEL_SHIFTERS, SHIFT_OUT)
    }

    /// Sets the logic's clock to at most `hertz`, from the I/O PLL. The logic is in reset. Returns the rate.
    ///
    /// # Errors
    /// A register cannot be reached, or no divider makes such a rate.
    pub fn set_clock(&mut self, oscillator_hz: u32, hertz: u32) -> Result<u32, FabricError> {
        let pll = self.slcr.read32(slcr::IO_PLL).map_err(unknown)? >> 12 & 0x7F;
        let source = oscillator_hz.saturating_mul(pll);
        let Some((first, second)) = dividers(source, hertz) else {
            let text = format!(
                "clock: expected a PLL that gives {hertz} Hz by dividers of at most 63 x 63, found {source} Hz"
            );
            return Err(FabricError::Unknown { text });
        };
        let offset = slcr::FPGA_CLOCK + 16 * FCLK;
        self.write(offset, second << 20 | first << 8).map_err(unknown)?;
        self.write(slcr::FPGA_COUNT + 16 * FCLK, 0).map_err(unknown)?;
        Ok(source / (first * second))
    }

    /// Connects configured logic: shifters first, then the reset.
    ///
    /// # Errors
    /// A register cannot be reached.
    pub fn connect(&mut self) -> Result<(), BusError> {
        self.write(slcr::LEVEL_SHIFTERS, SHIFT_ALL)?;
        self.write(slcr::FPGA_RESET, 0)
    }
}

fn unknown(error: BusError) -> FabricError {
    FabricError::Unknown { text: format!("{error}") }
}

/// Returns the two dividers of 1 to 63 that make the highest rate of at most `hertz`, the smaller first one.
fn dividers(source: u32, hertz: u32) -> Option<(u32, u32)> {
    let needed = source.div_ceil(hertz.max(1)).max(1);
    (1..=63u32)
        .map(|first| (first, needed.div_ceil(first)))
        .filter(|&(_, second)| second <= 63)
        .min_by_key(|(a, b)| a * b)
}

impl<S: Registers, D: Registers> Fabric for LogicControl<S, D> {
    fn check(&mut self) -> Result<(), FabricError> {
        if self.devcfg.read32(devcfg::STATUS_SEEN).map_err(unknown)? & devcfg::DONE == 0 {
            return Err(FabricError::NotConfigured { found: "DONE low".into() });
        }
        let clock = self.slcr.read32(slcr::FPGA_CLOCK + 16 * FCLK).map_err(unknown)?;
        let stops = self.slcr.read32(slcr::FPGA_COUNT + 16 * FCLK).map_err(unknown)?;
        if clock >> 8 & 0x3F == 0 || clock >> 20 & 0x3F == 0 || stops & 0xFFFF != 0 {
            return Err(FabricError::NoClock { clock: FCLK as u8 });
        }
        let shifters = self.slcr.read32(slcr::LEVEL_SHIFTERS).map_err(unknown)?;
        if shifters & 0xF != SHIFT_ALL {
            let text = format!("level shifters: expected {SHIFT_ALL:#x}, found {shifters:#x}; enable them");
            return Err(FabricError::Unknown { text });
        }
        match self.slcr.read32(slcr::FPGA_RESET).map_err(unknown)? & 1 << FCLK {
            0 => Ok(()),
            _ => Err(FabricError::InReset { reset: FCLK as u8 }),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use alloc::collections::BTreeMap;
    use alloc::vec::Vec;

    /// Registers that keep what is written, and remember the order.
    #[derive(Debug, Default)]
    pub(crate) struct Plain {
        pub words: BTreeMap<u32, u32>,
        pub writes: Vec<(u32, u32)>,
    }

    impl Registers for Plain {
        fn read32(&mut self, offset: u32) -> Result<u32, BusError> {
            Ok(self.words.get(&offset).copied().unwrap_or(0))
        }
        fn write32(&mut self, offset: u32, value: u32) -> Result<(), BusError> {
            self.words.insert(offset, value);
            self.writes.push((offset, value));
            Ok(())
        }
    }

    fn ready() -> LogicControl<Plain, Plain> {
        let mut control = LogicControl::new(Plain::default(), Plain::default());
        control.devcfg.words.insert(0x0C, 0x4);
        // A PLL of 50 MHz x 20.
        control.slcr.words.insert(0x108, 20 << 12);
        assert_eq!(control.set_clock(50_000_000, 100_000_000), Ok(100_000_000));
        control.connect().unwrap();
        control
    }

    #[test]
    fn connected_logic_may_be_touched() {
        assert_eq!(ready().check(), Ok(()));
    }

    #[test]
    fn each_reason_not_to_touch_it_is_named() {
        let mut control = ready();
        control.devcfg.words.insert(0x0C, 0xFFFF_FFFB);
        assert!(matches!(control.check(), Err(FabricError::NotConfigured { .. })));
        for (offset, value) in [(0x170, 0x0010_0000), (0x170, 0x0000_0A00), (0x178, 1)] {
            let mut control = ready();
            control.slcr.words.insert(offset, value);
            assert_eq!(control.check(), Err(FabricError::NoClock { clock: 0 }), "{offset:#x} {value:#x}");
        }
        let mut control = ready();
        control.slcr.words.insert(0x900, 0xA);
        assert!(matches!(control.check(), Err(FabricError::Unknown { text }) if text.contains("level shifters")));
        let mut control = ready();
        control.slcr.words.insert(0x240, 1);
        assert_eq!(control.check(), Err(FabricError::InReset { reset: 0 }));
    }

    #[test]
    fn shifters_are_on_before_the_reset_is_released() {
        let mut control = LogicControl::new(Plain::default(), Plain::default());
        control.isolate().unwrap();
        control.connect().unwrap();
        let writes: Vec<_> = control.slcr.writes.into_iter().filter(|(offset, _)| *offset > 8).collect();
        assert_eq!(writes, [(0x240, 0xF), (0x900, 0xA), (0x900, 0xF), (0x240, 0)]);
    }

    #[test]
    fn a_rate_is_never_exceeded() {
        for (source, hertz) in [(1_000_000_000, 150_000_000), (1_600_000_000, 100_000_000), (999_999_990, 33_000_000)] {
            let (first, second) = dividers(source, hertz).unwrap();
            assert!(source / (first * second) <= hertz, "{source} {hertz}: {first} x {second}");
        }
        assert_eq!(dividers(u32::MAX, 1), None);
        let mut control = LogicControl::new(Plain::default(), Plain::default());
        // A PLL that does not lock.
        assert!(matches!(control.set_clock(50_000_000, 100_000_000), Ok(0) | Err(_)));
    }
}
