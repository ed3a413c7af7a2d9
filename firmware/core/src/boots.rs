//! The number of this start, kept in flash: a board without a random source makes its boot id from it and from the nonce
//! of the first Hello (`Entropy::Counter`).
//!
//! Two sectors take turns. A start appends one entry of 16 bytes, the number and a checksum; when a sector is full the
//! other one is erased first. Power may fail at any moment: an entry that was not written whole has no valid checksum
//! and its place is passed over, and the sector with the highest number is erased last.

use deltascope_abi::crc::table_driven;
use embedded_storage::nor_flash::NorFlash;

/// Bytes of an entry.
const ENTRY: u32 = 16;
/// Bytes that are read at a time: a sector has thousands of entries.
const PART: u32 = 256;
/// Marks an entry.
const MAGIC: u32 = u32::from_le_bytes(*b"DLTB");

/// Why the number of this start is not kept.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum BootsError<E> {
    /// The flash refused.
    #[error("boot counter: the flash refused: {0:?}; the boot id rests on the Hello's nonce alone")]
    Flash(E),
    /// What was written does not read back.
    #[error("boot counter: expected entry {expected} at {offset:#x}, found another; is the flash write-protected?")]
    Written {
        /// The number.
        expected: u64,
        /// Where in the flash.
        offset: u32,
    },
}

fn encode(count: u64) -> [u8; ENTRY as usize] {
    let mut entry = [0; ENTRY as usize];
    entry[..4].copy_from_slice(&MAGIC.to_le_bytes());
    entry[4..12].copy_from_slice(&count.to_le_bytes());
    let check = table_driven(&entry[..12]);
    entry[12..].copy_from_slice(&check.to_le_bytes());
    entry
}

fn decode(entry: &[u8; ENTRY as usize]) -> Option<u64> {
    let mut count = [0; 8];
    count.copy_from_slice(&entry[4..12]);
    let count = u64::from_le_bytes(count);
    (*entry == encode(count)).then_some(count)
}

/// What a sector holds.
struct Sector {
    highest: Option<u64>,
    /// Offset of the first entry that is erased.
    free: Option<u32>,
}

fn scan<F: NorFlash>(flash: &mut F, start: u32) -> Result<Sector, BootsError<F::Error>> {
    let mut sector = Sector { highest: None, free: None };
    let mut part = [0; PART as usize];
    for at in (start..start + F::ERASE_SIZE as u32).step_by(PART as usize) {
        flash.read(at, &mut part).map_err(BootsError::Flash)?;
        for (index, entry) in part.as_chunks().0.iter().enumerate() {
            if *entry == [0xFF; ENTRY as usize] {
                sector.free = sector.free.or(Some(at + index as u32 * ENTRY));
            } else {
                sector.highest = sector.highest.max(decode(entry));
                // Behind a place that is taken: what looks erased before it was passed over.
                sector.free = None;
            }
        }
    }
    Ok(sector)
}

/// Counts this start in the two sectors that begin at `start`, and returns its number: 1 in an empty flash.
///
/// # Errors
/// The flash refused, or did not keep the entry.
pub fn count<F: NorFlash>(flash: &mut F, start: u32) -> Result<u64, BootsError<F::Error>> {
    let bytes = F::ERASE_SIZE as u32;
    let starts = [start, start + bytes];
    let sectors = [scan(flash, starts[0])?, scan(flash, starts[1])?];
    let current = usize::from(sectors[1].highest > sectors[0].highest);
    let number = sectors[current].highest.map_or(1, |highest| highest.wrapping_add(1));
    let offset = match sectors[current].free {
        Some(offset) => offset,
        None => {
            let other = starts[1 - current];
            flash.erase(other, other + bytes).map_err(BootsError::Flash)?;
            other
        }
    };
    let entry = encode(number);
    flash.write(offset, &entry).map_err(BootsError::Flash)?;
    let mut found = [0; ENTRY as usize];
    flash.read(offset, &mut found).map_err(BootsError::Flash)?;
    if found == entry { Ok(number) } else { Err(BootsError::Written { expected: number, offset }) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    use alloc::vec::Vec;
    use embedded_storage::nor_flash::{ErrorType, NorFlashErrorKind, ReadNorFlash};

    /// Flash of 256-byte sectors whose power fails after so many bytes written or sectors erased.
    struct Flash {
        bytes: Vec<u8>,
        left: usize,
        erased: usize,
    }

    impl Flash {
        fn new() -> Flash {
            Flash { bytes: vec![0xFF; 512], left: usize::MAX, erased: 0 }
        }
    }

    impl ErrorType for Flash {
        type Error = NorFlashErrorKind;
    }

    impl ReadNorFlash for Flash {
        const READ_SIZE: usize = 1;
        fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), NorFlashErrorKind> {
            bytes.copy_from_slice(&self.bytes[offset as usize..offset as usize + bytes.len()]);
            Ok(())
        }
        fn capacity(&self) -> usize {
            self.bytes.len()
        }
    }

    impl NorFlash for Flash {
        const WRITE_SIZE: usize = 1;
        const ERASE_SIZE: usize = 256;
        fn erase(&mut self, from: u32, to: u32) -> Result<(), NorFlashErrorKind> {
            for byte in &mut self.bytes[from as usize..to as usize] {
                if self.left == 0 {
                    return Err(NorFlashErrorKind::Other);
                }
                self.left -= 1;
                *byte = 0xFF;
            }
            self.erased += 1;
            Ok(())
        }
        fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), NorFlashErrorKind> {
            for (index, byte) in bytes.iter().enumerate() {
                if self.left == 0 {
                    return Err(NorFlashErrorKind::Other);
                }
                self.left -= 1;
                // Flash only clears bits.
                self.bytes[offset as usize + index] &= byte;
            }
            Ok(())
        }
    }

    #[test]
    fn each_start_has_the_next_number() {
        let mut flash = Flash::new();
        for expected in 1..200 {
            assert_eq!(count(&mut flash, 0), Ok(expected));
        }
        // 16 entries fill a sector of 256 bytes; each sector is used up before the other is erased.
        assert_eq!(flash.erased, 198 / 16);
    }

    #[test]
    fn numbers_never_repeat_when_power_fails() {
        for left in 0..320 {
            let mut flash = Flash::new();
            let mut highest = 0;
            for round in 0..40 {
                flash.left = if round % 3 == 1 { left } else { usize::MAX };
                if let Ok(number) = count(&mut flash, 0) {
                    assert!(number > highest, "{number} after {highest} with power for {left} bytes");
                    highest = number;
                }
            }
            assert!(highest >= 26, "power for {left} bytes: {highest}");
        }
    }

    #[test]
    fn flash_that_keeps_nothing_is_an_error() {
        struct Stuck(Flash);
        impl ErrorType for Stuck {
            type Error = NorFlashErrorKind;
        }
        impl ReadNorFlash for Stuck {
            const READ_SIZE: usize = 1;
            fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), NorFlashErrorKind> {
                self.0.read(offset, bytes)
            }
            fn capacity(&self) -> usize {
                self.0.capacity()
            }
        }
        impl NorFlash for Stuck {
            const WRITE_SIZE: usize = 1;
            const ERASE_SIZE: usize = 256;
            fn erase(&mut self, _: u32, _: u32) -> Result<(), NorFlashErrorKind> {
                Ok(())
            }
            fn write(&mut self, _: u32, _: &[u8]) -> Result<(), NorFlashErrorKind> {
                Ok(())
            }
        }
        assert_eq!(count(&mut Stuck(Flash::new()), 0), Err(BootsError::Written { expected: 1, offset: 0 }));
    }
}
