//! The boot count, with power that fails at every byte of every write and erase.

use super::*;
use alloc::vec;
use alloc::vec::Vec;
use proptest::prelude::*;

const BASE: u32 = LAST_REGION;

/// A flash that is without power after some bytes were programmed or erased.
#[derive(Clone)]
struct Memory {
    /// The region.
    bytes: Vec<u8>,
    /// Bytes until the power fails.
    power: Option<usize>,
    erases: u32,
    /// Writes do nothing.
    is_protected: bool,
}

/// What a start without power returns; the next one finds what is in the flash.
const CUT: NorError = NorError::Missing { found: 0 };

impl Memory {
    fn erased() -> Memory {
        Memory { bytes: vec![0xFF; REGION as usize], power: None, erases: 0, is_protected: false }
    }

    /// Whether there is power for another byte.
    fn spend(&mut self) -> bool {
        match &mut self.power {
            Some(0) => false,
            Some(left) => {
                *left -= 1;
                true
            }
            None => true,
        }
    }

    fn start(&mut self) -> Result<u64, CountError> {
        next(self, BASE)
    }

    /// A start that is cut after `bytes` bytes, if it writes more.
    fn cut(&mut self, bytes: usize) -> Result<u64, CountError> {
        self.power = Some(bytes);
        let outcome = self.start();
        self.power = None;
        outcome
    }
}

impl Flash for Memory {
    fn read(&mut self, address: u32, bytes: &mut [u8]) -> Result<(), NorError> {
        let at = (address - BASE) as usize;
        bytes.copy_from_slice(&self.bytes[at..at + bytes.len()]);
        Ok(())
    }

    fn program(&mut self, address: u32, record: &[u8; 16]) -> Result<(), NorError> {
        assert!(address.is_multiple_of(16), "a page and an ECC unit");
        let at = (address - BASE) as usize;
        assert!(self.bytes[at..at + 16].iter().all(|byte| *byte == 0xFF), "each slot is written once");
        for (index, byte) in record.iter().enumerate() {
            if !self.spend() {
                // Half of the byte.
                self.bytes[at + index] &= byte | 0x55;
                return Err(CUT);
            }
            if !self.is_protected {
                self.bytes[at + index] &= byte;
            }
        }
        Ok(())
    }

    fn erase(&mut self, address: u32) -> Result<(), NorError> {
        assert!(address.is_multiple_of(256 << 10));
        self.erases += 1;
        let at = (address - BASE) as usize;
        // A part with sectors of 64 KiB. What is used of it is erased byte by byte, the last one first.
        for index in (at..at + 4096).rev() {
            if !self.spend() {
                self.bytes[index] |= 0xAA;
                return Err(CUT);
            }
            if !self.is_protected {
                self.bytes[index] = 0xFF;
            }
        }
        self.bytes[at..at + (64 << 10)].fill(0xFF);
        Ok(())
    }
}

#[test]
fn each_start_has_the_next_number_through_many_erases() {
    let mut memory = Memory::erased();
    for expected in 1..=1_500 {
        assert_eq!(memory.start(), Ok(expected));
    }
    // After each 256 records.
    assert_eq!(memory.erases, 5);
}

#[test]
fn a_write_that_is_cut_at_any_byte_loses_no_number() {
    // The first start, one in the middle of a block, the last slot of a block, and the first of the other one.
    for starts in [0, 1, 100, 255, 256, 511, 512, 513] {
        let mut memory = Memory::erased();
        for _ in 0..starts {
            memory.start().expect("a start");
        }
        // An erase comes first where both blocks were written.
        let erases = memory.erases;
        let bytes = if starts >= 256 && starts % 256 == 0 { 4096 + 16 } else { 16 };
        for cut in 0..bytes {
            let mut memory = memory.clone();
            assert_eq!(memory.cut(cut), Err(CountError::Flash(CUT)), "{starts} starts, cut at byte {cut}");
            let after = memory.start().expect("a start after the cut");
            // The number of the cut start is given again, or left out where its record may have been whole.
            assert!(after > starts && after <= starts + 2, "{starts} starts, cut at byte {cut}: {after}");
            assert_eq!(memory.start(), Ok(after + 1), "{starts} starts, cut at byte {cut}");
        }
        let mut whole = memory.clone();
        assert_eq!(whole.cut(bytes), Ok(starts + 1), "{starts} starts");
        assert!(whole.erases <= erases + 1);
    }
}

#[test]
fn a_damaged_newest_record_gives_its_number_to_no_other_start() {
    for starts in [2, 256, 257, 700] {
        for byte in 0..16 {
            let mut memory = Memory::erased();
            for _ in 0..starts {
                memory.start().expect("a start");
            }
            let newest = record(starts);
            let at = memory.bytes.windows(16).position(|bytes| bytes == newest).expect("the newest record");
            memory.bytes[at + byte] ^= 0x10;
            assert_eq!(memory.start(), Ok(starts + 1), "{starts} starts, byte {byte}");
        }
    }
}

#[test]
fn both_blocks_damaged_are_reported_and_left_alone() {
    let mut memory = Memory::erased();
    for _ in 0..300 {
        memory.start().expect("a start");
    }
    for slot in memory.bytes.chunks_exact_mut(16).filter(|slot| slot[0] == MAGIC[0]) {
        slot[4..].fill(0);
    }
    let before = memory.bytes.clone();
    assert_eq!(memory.start(), Err(CountError::Occupied { region: BASE, address: BASE }));
    assert!(memory.bytes == before);
    memory.bytes.fill(0xFF);
    assert_eq!(memory.start(), Ok(1), "erased by hand, as the error says");
}

#[test]
fn data_of_others_is_never_touched() {
    for at in [0, 15, 4096, BLOCK as usize - 1, BLOCK as usize, REGION as usize - 1] {
        let mut memory = Memory::erased();
        memory.bytes[at] = 0;
        let before = memory.bytes.clone();
        let found = memory.start();
        assert_eq!(found, Err(CountError::Occupied { region: BASE, address: BASE + at as u32 }), "{at}");
        assert!(memory.bytes == before, "{at}");
    }
}

#[test]
fn a_protected_flash_is_reported_before_and_after_its_first_record() {
    let mut memory = Memory::erased();
    memory.is_protected = true;
    assert_eq!(memory.start(), Err(CountError::NotKept { address: BASE }));
    memory.is_protected = false;
    assert_eq!(memory.start(), Ok(1));
    memory.is_protected = true;
    assert_eq!(memory.start(), Err(CountError::NotKept { address: BASE + 16 }));
}

#[test]
fn the_largest_number_is_not_followed_by_zero() {
    let mut memory = Memory::erased();
    memory.bytes[..16].copy_from_slice(&record(u64::MAX - 1));
    assert_eq!(memory.start(), Ok(u64::MAX));
    assert_eq!(memory.start(), Err(CountError::Exhausted));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn no_number_is_given_twice_whatever_is_cut(cuts in proptest::collection::vec((0u64..300, 0usize..4112), 1..6)) {
        let mut memory = Memory::erased();
        let mut last = 0;
        for (starts, cut) in cuts {
            for _ in 0..starts {
                let count = memory.start().expect("a start");
                prop_assert!(count > last);
                last = count;
            }
            if let Ok(count) = memory.cut(cut) {
                prop_assert!(count > last);
                last = count;
            }
        }
    }
}
