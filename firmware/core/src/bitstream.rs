//! Loads programmable logic through PCAP (UG585, section 6.4.2), each step within a limit of time and with every error
//! bit looked at.

use core::time::Duration;
use deltascope_driver::seams::{BusError, Clock, Registers};

use crate::fabric::devcfg::{DONE, STATUS_SEEN};

const CONTROL: u32 = 0x00;
const STATUS: u32 = 0x14;
const SOURCE: u32 = 0x18;
const DESTINATION: u32 = 0x1C;
const SOURCE_WORDS: u32 = 0x20;
const DESTINATION_WORDS: u32 = 0x24;
const UNLOCK: u32 = 0x34;
const UNLOCK_KEY: u32 = 0x757B_DF0D;
const MISCELLANEOUS: u32 = 0x80;

/// CONTROL: PROG_B.
const PROGRAM_B: u32 = 1 << 30;
/// CONTROL: PCAP and not ICAP; PCAP and not JTAG.
const PCAP: u32 = 1 << 27 | 1 << 26;
/// CONTROL: a quarter of the rate, for encrypted bitstreams.
const QUARTER: u32 = 1 << 25;
/// STATUS: INIT_B.
const INIT_B: u32 = 1 << 4;
/// MISCELLANEOUS: what is sent comes back.
const LOOPBACK: u32 = 1 << 4;
/// Interrupt status: the DMA and PCAP are through.
const TRANSFERRED: u32 = 1 << 13 | 1 << 12;
/// Interrupt status: AXI errors and time-outs, DMA command errors, length, HMAC and SEU errors.
const ERRORS: u32 = 0x00F0_C860;
/// The source is the last of its transfer.
const LAST: u32 = 1;
/// The destination is PCAP.
const TO_PCAP: u32 = 0xFFFF_FFFF;

/// Synchronisation word, and the packet header that writes the register IDCODE (UG470, tables 5-19 and 5-23).
const SYNC: u32 = 0xAA99_5566;
const WRITE_IDCODE: u32 = 0x3001_8001;
/// Words of a bitstream in which both are.
const HEAD_WORDS: usize = 256;
/// Version bits of an IDCODE (UG585, PSS_IDCODE).
const ANY_REVISION: u32 = 0x0FFF_FFFF;

/// Longest time of one step. A whole bitstream of 4 MB takes 30 ms at 145 MB/s (UG585, section 6.4).
const LIMIT: Duration = Duration::from_secs(1);

/// Why the logic was not configured.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BitstreamError {
    /// A register cannot be reached.
    #[error(transparent)]
    Bus(#[from] BusError),
    /// It does not begin as bootgen writes it.
    #[error(
        "bitstream: expected {SYNC:#010x} among its first {HEAD_WORDS} words, found none; convert the .bit file with bootgen (-process_bitstream bin)"
    )]
    NoSync,
    /// It is for another device.
    #[error("bitstream: expected device {expected:#010x}, found one for {found:#010x}; build it for this part")]
    Device {
        /// IDCODE of this device.
        expected: u32,
        /// IDCODE in the bitstream.
        found: u32,
    },
    /// A step took too long.
    #[error("PCAP: expected {expected} within {LIMIT:?}, found status {status:#010x} and interrupts {seen:#010x}")]
    Slow {
        /// What did not come.
        expected: &'static str,
        /// STATUS.
        status: u32,
        /// Interrupt status.
        seen: u32,
    },
    /// The transfer failed.
    #[error("PCAP: expected no error, found interrupts {seen:#010x}; is the bitstream whole, and for this part?")]
    Transfer {
        /// Interrupt status (UG585, appendix B.16, INT_STS).
        seen: u32,
    },
}

/// Refuses what is no bitstream for the device `idcode`. `words` are its first words as the processor reads them.
///
/// # Errors
/// [`BitstreamError::NoSync`] or [`BitstreamError::Device`].
pub fn check(words: impl Iterator<Item = u32>, idcode: u32) -> Result<(), BitstreamError> {
    let mut words = words.take(HEAD_WORDS).skip_while(|&word| word != SYNC).peekable();
    words.peek().ok_or(BitstreamError::NoSync)?;
    let found = words.skip_while(|&word| word != WRITE_IDCODE).nth(1);
    match found {
        Some(found) if (found ^ idcode) & ANY_REVISION != 0 => Err(BitstreamError::Device { expected: idcode, found }),
        _ => Ok(()),
    }
}

/// Loads the bitstream of `bytes` bytes at `address` into the logic. It is in memory, not only in a cache, and the logic
/// is isolated.
///
/// # Errors
/// A step took too long, or an error bit came up.
pub fn load(
    devcfg: &mut impl Registers,
    clock: &mut impl Clock,
    address: u32,
    bytes: u32,
) -> Result<(), BitstreamError> {
    devcfg.write32(UNLOCK, UNLOCK_KEY)?;
    let control = (devcfg.read32(CONTROL)? | PCAP | PROGRAM_B) & !QUARTER;
    devcfg.write32(CONTROL, control)?;
    // PROG_B clears the logic. INIT_B falls, and rises when the logic is clear.
    devcfg.write32(CONTROL, control & !PROGRAM_B)?;
    wait(devcfg, clock, "INIT_B low", |status, _| status & INIT_B == 0)?;
    devcfg.write32(CONTROL, control)?;
    wait(devcfg, clock, "INIT_B high", |status, _| status & INIT_B != 0)?;
    devcfg.write32(STATUS_SEEN, u32::MAX)?;
    let miscellaneous = devcfg.read32(MISCELLANEOUS)?;
    devcfg.write32(MISCELLANEOUS, miscellaneous & !LOOPBACK)?;
    devcfg.write32(SOURCE, address | LAST)?;
    devcfg.write32(DESTINATION, TO_PCAP)?;
    devcfg.write32(SOURCE_WORDS, bytes / 4)?;
    // The last register starts the transfer.
    devcfg.write32(DESTINATION_WORDS, bytes / 4)?;
    wait_for(devcfg, clock, "the end of the transfer", |_, seen| seen & TRANSFERRED == TRANSFERRED)?;
    wait_for(devcfg, clock, "DONE", |_, seen| seen & DONE != 0)
}

fn wait(
    devcfg: &mut impl Registers,
    clock: &mut impl Clock,
    expected: &'static str,
    is_so: impl Fn(u32, u32) -> bool,
) -> Result<(), BitstreamError> {
    let start = clock.now();
    loop {
        let late = clock.now().saturating_sub(start) > LIMIT;
        let (status, seen) = (devcfg.read32(STATUS)?, devcfg.read32(STATUS_SEEN)?);
        if is_so(status, seen) {
            return Ok(());
        }
        if late {
            return Err(BitstreamError::Slow { expected, status, seen });
        }
    }
}

/// The same, and an error bit ends it.
fn wait_for(
    devcfg: &mut impl Registers,
    clock: &mut impl Clock,
    expected: &'static str,
    is_so: impl Fn(u32, u32) -> bool,
) -> Result<(), BitstreamError> {
    wait(devcfg, clock, expected, |status, seen| seen & ERRORS != 0 || is_so(status, seen))?;
    match devcfg.read32(STATUS_SEEN)? {
        seen if seen & ERRORS != 0 => Err(BitstreamError::Transfer { seen }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    /// A step of the configuration that fails.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    enum Fault {
        None,
        InitStaysHigh,
        InitStaysLow,
        TransferHangs,
        NoDone,
        Error(u32),
    }

    /// The interface as UG585 describes it.
    struct Devcfg {
        fault: Fault,
        control: u32,
        status: u32,
        seen: u32,
        words: Vec<(u32, u32)>,
        is_unlocked: bool,
    }

    impl Devcfg {
        fn new(fault: Fault) -> Devcfg {
            Devcfg { fault, control: 0x0C00_0000, status: INIT_B, seen: 0x4, words: Vec::new(), is_unlocked: false }
        }
    }

    impl Registers for Devcfg {
        fn read32(&mut self, offset: u32) -> Result<u32, BusError> {
            Ok(match offset {
                0x00 => self.control,
                0x0C => self.seen,
                0x14 => self.status,
                0x80 => LOOPBACK,
                other => panic!("read of {other:#x}"),
            })
        }

        fn write32(&mut self, offset: u32, value: u32) -> Result<(), BusError> {
            match offset {
                0x34 => self.is_unlocked = value == 0x757B_DF0D,
                _ if !self.is_unlocked => {}
                0x00 => {
                    self.control = value;
                    let high = value & 1 << 30 != 0;
                    let high = match self.fault {
                        Fault::InitStaysHigh => true,
                        Fault::InitStaysLow => false,
                        _ => high,
                    };
                    self.status = if high { 0x10 } else { 0 };
                    if !high {
                        self.seen &= !0x4;
                    }
                }
                0x0C => self.seen &= !value,
                0x80 => assert_eq!(value & LOOPBACK, 0),
                0x24 => {
                    assert_eq!(self.control & 0x0E00_0000, 0x0C00_0000, "PCAP at its full rate");
                    self.words.push((offset, value));
                    self.seen |= match self.fault {
                        Fault::TransferHangs => 0,
                        Fault::NoDone => 0x3000,
                        Fault::Error(bit) => 0x3000 | bit,
                        _ => 0x3004,
                    };
                }
                _ => self.words.push((offset, value)),
            }
            Ok(())
        }
    }

    struct Ticks(u64);

    impl Clock for Ticks {
        fn now(&mut self) -> Duration {
            self.0 += 10_000;
            Duration::from_micros(self.0)
        }
    }

    fn load_with(fault: Fault) -> (Result<(), BitstreamError>, Devcfg) {
        let mut devcfg = Devcfg::new(fault);
        let outcome = load(&mut devcfg, &mut Ticks(0), 0x100_0000, 4_045_564);
        (outcome, devcfg)
    }

    #[test]
    fn a_good_bitstream_is_loaded() {
        let (outcome, devcfg) = load_with(Fault::None);
        assert_eq!(outcome, Ok(()));
        let words = 4_045_564 / 4;
        assert_eq!(devcfg.words, [(0x18, 0x100_0001), (0x1C, 0xFFFF_FFFF), (0x20, words), (0x24, words)]);
    }

    #[test]
    fn each_step_that_hangs_is_named() {
        let cases = [
            (Fault::InitStaysHigh, "INIT_B low"),
            (Fault::InitStaysLow, "INIT_B high"),
            (Fault::TransferHangs, "the end of the transfer"),
            (Fault::NoDone, "DONE"),
        ];
        for (fault, step) in cases {
            let (outcome, _) = load_with(fault);
            assert!(
                matches!(outcome, Err(BitstreamError::Slow { expected, .. }) if expected == step),
                "{fault:?}: {outcome:?}"
            );
        }
    }

    #[test]
    fn each_error_bit_ends_the_load() {
        for bit in [5, 6, 11, 14, 15, 20, 21, 22, 23] {
            let (outcome, _) = load_with(Fault::Error(1 << bit));
            assert!(matches!(outcome, Err(BitstreamError::Transfer { .. })), "bit {bit}: {outcome:?}");
        }
    }

    #[test]
    fn another_devices_bitstream_is_refused() {
        // The head of a bitstream of the XC7Z020 as bootgen writes it.
        let head =
            [0xFFFF_FFFF, 0x0000_00BB, 0x1122_0044, 0xFFFF_FFFF, 0xAA99_5566, 0x2000_0000, 0x3001_8001, 0x0372_7093];
        assert_eq!(check(head.into_iter(), 0x2372_7093), Ok(()));
        let found = check(head.into_iter(), 0x0372_2093);
        assert_eq!(found, Err(BitstreamError::Device { expected: 0x0372_2093, found: 0x0372_7093 }));
        // A .bit file has its bytes the other way round, behind a header.
        assert_eq!(check(head.into_iter().map(u32::swap_bytes), 0x2372_7093), Err(BitstreamError::NoSync));
        assert_eq!(check([].into_iter(), 0x2372_7093), Err(BitstreamError::NoSync));
    }
}
