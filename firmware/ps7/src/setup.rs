//! Makes the accesses of a table. No wait is without a limit: a PLL that does not lock gives an error.

use core::fmt;

use crate::Bus;
use crate::table::Row;

/// Reads after which a wait has failed. A read of a register takes 15 clocks of the processor at least, so 40 ms at
/// 667 MHz and more at the rates before; the longest wait, for the DDR controller, takes 2 ms (UG585, section 10.6).
pub const READS: u32 = 2_000_000;

/// Status of the PLLs (UG585, appendix B.28): locked, one bit each.
pub const PLL_STATUS: u32 = 0xF800_010C;
/// Status of the DDR pins' calibration (UG585, appendix B.28).
pub const DCI_STATUS: u32 = 0xF800_0B74;
/// Status of the DDR controller (UG585, appendix B.7): operating mode, 0 before its initialisation is over.
pub const DDR_STATUS: u32 = 0xF800_6054;

/// A wait that did not end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stuck {
    /// Address of the register.
    pub address: u32,
    /// Bits of which one was waited for.
    pub mask: u32,
    /// What was read last.
    pub found: u32,
}

impl fmt::Display for Stuck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Stuck { address, mask, found } = *self;
        let (what, cause) = match (address, mask) {
            (PLL_STATUS, 1) => ("ARM PLL: expected a lock", "the oscillator's rate"),
            (PLL_STATUS, 2) => ("DDR PLL: expected a lock", "the oscillator's rate"),
            (PLL_STATUS, _) => ("I/O PLL: expected a lock", "the oscillator's rate"),
            (DCI_STATUS, _) => ("DDR pins: expected the end of their calibration", "VRP and VRN"),
            (DDR_STATUS, _) => ("DDR controller: expected normal operation", "the memory of the board"),
            _ => ("expected a bit", "the board"),
        };
        write!(f, "{what} ({address:#010x} & {mask:#x}) within {READS} reads, found {found:#010x}; is it {cause}?")
    }
}

/// Makes the accesses in order.
///
/// # Errors
/// The first wait that does not end; nothing behind it was done.
pub fn run(rows: impl Iterator<Item = Row>, bus: &mut impl Bus) -> Result<(), Stuck> {
    for row in rows {
        match row {
            Row::Write { address, mask: u32::MAX, value } => bus.write(address, value),
            Row::Write { address, mask, value } => {
                let kept = bus.read(address) & !mask;
                bus.write(address, kept | value & mask);
            }
            Row::Wait { address, mask } => {
                let mut found = 0;
                if !(0..READS).any(|_| {
                    found = bus.read(address);
                    found & mask != 0
                }) {
                    return Err(Stuck { address, mask, found });
                }
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;
    use std::vec::Vec;

    #[derive(Default)]
    struct Recorder {
        accesses: Vec<(char, u32, u32)>,
        reads: u32,
        locks_after: Option<u32>,
    }

    impl Bus for Recorder {
        fn read(&mut self, address: u32) -> u32 {
            if address == PLL_STATUS {
                self.reads += 1;
                return 0b111 * u32::from(self.locks_after.is_some_and(|after| self.reads > after));
            }
            self.accesses.push(('r', address, 0));
            0xFFFF_0000
        }
        fn write(&mut self, address: u32, value: u32) {
            self.accesses.push(('w', address, value));
        }
    }

    const ROWS: [Row; 4] = [
        Row::Write { address: 8, mask: u32::MAX, value: 0xDF0D },
        Row::Write { address: 0x100, mask: 0x00FF_0FF0, value: 0x0012_3450 },
        Row::Wait { address: PLL_STATUS, mask: 2 },
        Row::Write { address: 0x104, mask: u32::MAX, value: 1 },
    ];

    #[test]
    fn a_masked_write_keeps_the_other_bits() {
        let mut bus = Recorder { locks_after: Some(3), ..Recorder::default() };
        run(ROWS.into_iter(), &mut bus).unwrap();
        assert_eq!(bus.accesses, [('w', 8, 0xDF0D), ('r', 0x100, 0), ('w', 0x100, 0xFF12_0450), ('w', 0x104, 1)]);
        assert_eq!(bus.reads, 4);
    }

    #[test]
    fn a_wait_that_does_not_end_is_an_error_and_ends_the_setup() {
        let mut bus = Recorder::default();
        let stuck = run(ROWS.into_iter(), &mut bus).unwrap_err();
        assert_eq!(stuck, Stuck { address: PLL_STATUS, mask: 2, found: 0 });
        assert!(stuck.to_string().starts_with("DDR PLL: expected a lock"), "{stuck}");
        assert_eq!(bus.accesses.last(), Some(&('w', 0x100, 0xFF12_0450)));
        assert_eq!(bus.reads, READS);
    }
}
