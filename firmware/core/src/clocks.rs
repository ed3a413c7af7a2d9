//! Clocks that a first stage left without a divider. The clocks that nobody set up keep their dividers of the reset; one of 0
//! would make every rate unknown, so it gets the reset's again. Without a feedback divider of a PLL nothing can be known.

use core::fmt;
use deltascope_driver::seams::{BusError, Registers};

use crate::fabric::slcr;

/// A clock: its name, register, dividers by their lowest bit, and the register after a reset (UG585, appendix B.28).
struct Clock {
    name: &'static str,
    offset: u32,
    dividers: &'static [u32],
    reset: u32,
}

const fn clock(name: &'static str, offset: u32, dividers: &'static [u32], reset: u32) -> Clock {
    Clock { name, offset, dividers, reset }
}

/// Bits of a divider.
const DIVIDER: u32 = 0x3F;
/// Every clock with a divider that the image or its HAL looks at, but the processor's and the memory's, which run.
const CLOCKS: [Clock; 15] = [
    clock("Ethernet 0", 0x140, &[8, 20], 0x3C01 | 1 << 20),
    clock("Ethernet 1", 0x144, &[8, 20], 0x3C01 | 1 << 20),
    clock("SMC", 0x148, &[8], 0x3C21),
    clock("QSPI", 0x14C, &[8], 0x2821),
    clock("SDIO", 0x150, &[8], 0x1E03),
    clock("UART", 0x154, &[8], 0x3F03),
    clock("SPI", 0x158, &[8], 0x3F03),
    clock("CAN", 0x15C, &[8, 20], 0x50_1903),
    clock("trace", 0x164, &[8], 0xF03),
    clock("PCAP", 0x168, &[8], 0xF01),
    clock("logic 0", 0x170, &[8, 20], 0x10_1800),
    clock("logic 1", 0x180, &[8, 20], 0x10_1800),
    clock("logic 2", 0x190, &[8, 20], 0x10_1800),
    clock("logic 3", 0x1A0, &[8, 20], 0x10_1800),
    clock("DCI", 0x128, &[8, 20], 0x01E0_3201),
];

/// Clocks that had no divider.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Restored(u32);

impl Restored {
    /// Returns whether every clock had its dividers.
    pub fn is_none(self) -> bool {
        self.0 == 0
    }
}

impl fmt::Display for Restored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = CLOCKS.iter().enumerate().filter(|(index, _)| self.0 >> index & 1 == 1);
        for (place, (_, clock)) in names.enumerate() {
            write!(f, "{}{}", if place == 0 { "" } else { ", " }, clock.name)?;
        }
        Ok(())
    }
}

/// Gives each divider that is 0 its value of the reset. The registers are those of the SLCR.
///
/// # Errors
/// A register cannot be reached.
pub fn restore(registers: &mut impl Registers) -> Result<Restored, BusError> {
    let mut restored = Restored::default();
    for (index, clock) in CLOCKS.iter().enumerate() {
        let found = registers.read32(clock.offset)?;
        let missing = clock.dividers.iter().filter(|at| found >> **at & DIVIDER == 0);
        let value = missing.fold(found, |value, at| value | clock.reset & DIVIDER << at);
        if value != found {
            registers.write32(slcr::UNLOCK, slcr::UNLOCK_KEY)?;
            registers.write32(clock.offset, value)?;
            registers.write32(slcr::LOCK, slcr::LOCK_KEY)?;
            restored.0 |= 1 << index;
        }
    }
    Ok(restored)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeMap;
    use alloc::string::ToString;

    struct Slcr(BTreeMap<u32, u32>);

    impl Registers for Slcr {
        fn read32(&mut self, offset: u32) -> Result<u32, BusError> {
            Ok(self.0.get(&offset).copied().unwrap_or(0))
        }
        fn write32(&mut self, offset: u32, value: u32) -> Result<(), BusError> {
            self.0.insert(offset, value);
            Ok(())
        }
    }

    #[test]
    fn dividers_of_zero_get_those_of_the_reset_and_are_named() {
        let mut slcr = Slcr(CLOCKS.iter().map(|clock| (clock.offset, clock.reset)).collect());
        assert!(restore(&mut slcr).unwrap().is_none());
        assert!(!slcr.0.contains_key(&slcr::UNLOCK), "nothing is written");
        // CAN: the second divider only; the UART: with a source that stays.
        slcr.0.insert(0x15C, 0x0000_0701);
        slcr.0.insert(0x154, 0x0000_0031);
        let restored = restore(&mut slcr).unwrap();
        assert_eq!(restored.to_string(), "UART, CAN");
        assert_eq!((slcr.0[&0x15C], slcr.0[&0x154]), (0x0050_0701, 0x0000_3F31));
        assert!(restore(&mut slcr).unwrap().is_none());
    }

    #[test]
    fn every_clock_of_a_processor_that_lost_all_is_named_and_divided() {
        let mut slcr = Slcr(BTreeMap::new());
        let names = restore(&mut slcr).unwrap().to_string();
        assert_eq!(names.split(", ").count(), CLOCKS.len());
        for clock in &CLOCKS {
            assert!(clock.dividers.iter().all(|at| slcr.0[&clock.offset] >> at & DIVIDER != 0), "{}", clock.name);
        }
    }
}
