//! Copies a partition to DDR and reads it back: memory that does not keep it is reported before anything runs from it.

use core::fmt;

use crate::Bus;
use crate::boot_image::{self, ImageError, Partition};

/// Why nothing can be started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoadError {
    /// The image cannot be used.
    Image(ImageError),
    /// Memory does not keep what is written.
    Memory {
        /// The first address that differs.
        address: u32,
        /// What was written.
        expected: u32,
        /// What was read.
        found: u32,
    },
}

impl From<ImageError> for LoadError {
    fn from(error: ImageError) -> LoadError {
        LoadError::Image(error)
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LoadError::Image(error) => error.fmt(f),
            LoadError::Memory { address, expected, found } => write!(
                f,
                "DDR at {address:#010x}: expected {expected:#010x}, found {found:#010x}; is the image built for this board?"
            ),
        }
    }
}

/// Loads the image at `base` and returns where its program begins. `report` is called for each partition that is loaded.
///
/// # Errors
/// The image cannot be used, or memory does not keep it.
pub fn run<B: Bus>(bus: &mut B, base: u32, mut report: impl FnMut(&Partition)) -> Result<u32, LoadError> {
    boot_image::partitions(bus, base, |bus, partition| {
        let words = || (0..partition.bytes).step_by(4);
        for offset in words() {
            let word = bus.read(partition.source + offset);
            bus.write(partition.target + offset, word);
        }
        for offset in words() {
            let (expected, address) = (bus.read(partition.source + offset), partition.target + offset);
            let found = bus.read(address);
            if found != expected {
                return Err(LoadError::Memory { address, expected, found });
            }
        }
        report(&partition);
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::boot_image::{BITSTREAM, Kind};
    use proptest::prelude::*;
    use std::collections::BTreeMap;
    use std::string::ToString;
    use std::vec::Vec;

    const BASE: u32 = 0xFC00_0000;
    const TABLE: u32 = 0xC80;

    #[derive(Clone, Default)]
    struct Memory {
        words: BTreeMap<u32, u32>,
        stuck: Option<u32>,
    }

    impl Bus for Memory {
        fn read(&mut self, address: u32) -> u32 {
            let word = self.words.get(&address).copied().unwrap_or(0);
            if self.stuck == Some(address) { word ^ 0x10 } else { word }
        }
        fn write(&mut self, address: u32, value: u32) {
            assert!(address < BASE, "the flash is not written: {address:#x}");
            self.words.insert(address, value);
        }
    }

    fn header(memory: &mut Memory, number: u32, words: [u32; 7]) {
        let at = BASE + TABLE + 64 * number;
        let sum = words.iter().fold(0u32, |sum, word| sum.wrapping_add(*word));
        for (index, word) in words.into_iter().enumerate() {
            memory.words.insert(at + 4 * index as u32, word);
        }
        memory.words.insert(at + 60, !sum);
    }

    /// A first stage, a bitstream of 5 words and a program of two parts.
    fn image() -> Memory {
        let mut memory = Memory::default();
        memory.words.insert(BASE + 0x24, 0x584C_4E58);
        memory.words.insert(BASE + 0x9C, TABLE);
        header(&mut memory, 0, [8, 8, 8, 0, 0, 0x5C0, 0x10]);
        header(&mut memory, 1, [5, 5, 5, 0, 0, 0x600, 0x20]);
        header(&mut memory, 2, [3, 3, 3, 0x10_0000, 0x10_0040, 0x700, 0x10]);
        header(&mut memory, 3, [2, 2, 2, 0x20_0000, 0, 0x710, 0x10]);
        header(&mut memory, 4, [0; 7]);
        for word in 0..0x1000 {
            memory.words.insert(BASE + 0x1700 + 4 * word, 0xABCD_0000 + word);
        }
        memory
    }

    #[test]
    fn programs_and_bitstream_are_put_where_they_belong() {
        let mut memory = image();
        let mut seen = Vec::new();
        assert_eq!(run(&mut memory, BASE, |partition| seen.push(*partition)), Ok(0x10_0040));
        let program = |entry, source, bytes, target| Partition { source, bytes, target, kind: Kind::Program { entry } };
        let bitstream = Partition { source: BASE + 0x1800, bytes: 20, target: BITSTREAM, kind: Kind::Bitstream };
        assert_eq!(
            seen,
            [bitstream, program(0x10_0040, BASE + 0x1C00, 12, 0x10_0000), program(0, BASE + 0x1C40, 8, 0x20_0000)]
        );
        for (target, source, words) in [(BITSTREAM, 0x1800, 5), (0x10_0000, 0x1C00, 3), (0x20_0000, 0x1C40, 2)] {
            for offset in (0..4 * words).step_by(4) {
                assert_eq!(memory.words[&(target + offset)], memory.words[&(BASE + source + offset)]);
            }
            assert!(!memory.words.contains_key(&(target + 4 * words)), "nothing more is written");
        }
    }

    #[test]
    fn memory_that_keeps_nothing_is_reported() {
        let mut memory = Memory { stuck: Some(0x10_0004), ..image() };
        let error = run(&mut memory, BASE, |_| {}).unwrap_err();
        assert!(matches!(error, LoadError::Memory { address: 0x10_0004, .. }), "{error}");
        assert!(error.to_string().starts_with("DDR at 0x00100004: expected 0xabcd"), "{error}");
    }

    #[test]
    fn a_changed_bit_of_a_header_is_seen() {
        for bit in 0..4 * 64 * 8 {
            let mut memory = image();
            let at = BASE + TABLE + bit / 32 * 4;
            let word = memory.words.get(&at).copied().unwrap_or(0);
            memory.words.insert(at, word ^ 1 << (bit % 32));
            assert_eq!(run(&mut memory, BASE, |_| {}), Err(ImageError::Header(bit / 512).into()), "bit {bit}");
        }
    }

    #[test]
    fn what_cannot_be_loaded_is_refused() {
        let refused = |words: [u32; 7]| {
            let mut memory = image();
            header(&mut memory, 2, words);
            let before = memory.words.len();
            let error = run(&mut memory, BASE, |_| {}).unwrap_err();
            assert_eq!(memory.words.len(), before + 5, "only the bitstream before it was written");
            error
        };
        assert_eq!(refused([4, 3, 3, 0x10_0000, 0x10_0000, 0x700, 0x10]), ImageError::Encrypted(2).into());
        for (load, offset, words) in [
            (0x1000, 0x700, 3),
            (0x2000_0000, 0x700, 3),
            (0x10_0002, 0x700, 3),
            (0x10_0000, 0x3F_FFFF, 3),
            (0x10_0000, u32::MAX, 3),
            (0x10_0000, 0x700, u32::MAX),
        ] {
            let error = refused([words, words, words, load, 0x10_0000, offset, 0x10]);
            assert_eq!(error, ImageError::Range(2).into(), "{load:#x} {offset:#x} {words:#x}");
        }
        let mut other = image();
        other.words.insert(BASE + 0x24, 0xFFFF_FFFF);
        assert_eq!(run(&mut other, BASE, |_| {}), Err(ImageError::Identification(u32::MAX).into()));
        let mut none = image();
        header(&mut none, 2, [0; 7]);
        assert_eq!(run(&mut none, BASE, |_| {}), Err(ImageError::NoProgram.into()));
    }

    proptest! {
        #[test]
        fn any_header_loads_or_is_an_error(
            words in proptest::collection::vec(any::<u32>(), 7), few in 0u32..64, number in 1u32..4
        ) {
            let mut memory = image();
            let mut words: [u32; 7] = words.try_into().unwrap();
            words[..3].fill(few);
            header(&mut memory, number, words);
            let _ = run(&mut memory, BASE, |partition| {
                assert!(partition.target >= boot_image::DDR && partition.target + partition.bytes <= boot_image::DDR_END);
            });
        }
    }
}
