//! BOOT.BIN as the boot ROM and bootgen have it (UG585, section 6.3.2; UG821, appendix A): the partitions behind the
//! first stage.

use core::fmt;

use crate::Bus;

/// First address of DDR that a partition may have: below it is memory of the first stage.
pub const DDR: u32 = 0x10_0000;
/// End of the memory that every board has.
pub const DDR_END: u32 = 0x2000_0000;
/// Where a bitstream is put; the setting `bitstream` of the image names it.
pub const BITSTREAM: u32 = 0x0720_0000;
/// Most partitions that are looked at.
const MOST: u32 = 16;
/// Bytes that the linear mode of the QSPI controller reaches.
const REACH: u32 = 16 << 20;

/// Offsets of the header.
mod header {
    pub const IDENTIFICATION: u32 = 0x24;
    pub const TABLE: u32 = 0x9C;
}

/// "XLNX", as a word.
const IDENTIFICATION: u32 = 0x584C_4E58;
/// Words of a partition header.
const WORDS: u32 = 16;

/// What is wrong with a boot image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImageError {
    /// No boot image.
    Identification(u32),
    /// A partition header is damaged.
    Header(u32),
    /// A partition is encrypted.
    Encrypted(u32),
    /// A partition is not where it can be read or loaded.
    Range(u32),
    /// No partition is a program.
    NoProgram,
}

impl fmt::Display for ImageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ImageError::Identification(found) => {
                write!(f, "boot image: expected XLNX at {:#x}, found {found:#010x}", header::IDENTIFICATION)
            }
            ImageError::Header(number) => {
                write!(
                    f,
                    "boot image: expected the checksum of partition header {number}, found another; write it again"
                )
            }
            ImageError::Encrypted(number) => {
                write!(f, "boot image: expected partition {number} in the clear, found it encrypted")
            }
            ImageError::Range(number) => write!(
                f,
                "boot image: expected partition {number} in the first 16 MiB of flash and in DDR from {DDR:#x}, found it elsewhere"
            ),
            ImageError::NoProgram => {
                write!(
                    f,
                    "boot image: expected a program behind the first stage, found none; pack it with --application"
                )
            }
        }
    }
}

/// What a partition is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A part of a program; where it begins, in the first part.
    Program {
        /// Address of the first instruction, or 0.
        entry: u32,
    },
    /// A bitstream.
    Bitstream,
}

/// A partition behind the first stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Partition {
    /// Address of its first byte.
    pub source: u32,
    /// Bytes, a multiple of 4.
    pub bytes: u32,
    /// Where it is put.
    pub target: u32,
    /// What it is for.
    pub kind: Kind,
}

/// Reads the partition header `number` of the image at `base`. `None` behind the last, for the first stage and for what is neither a
/// program nor a bitstream.
fn partition(bus: &mut impl Bus, base: u32, table: u32, number: u32) -> Result<Found, ImageError> {
    let mut words = [0u32; WORDS as usize];
    for (index, word) in words.iter_mut().enumerate() {
        *word = bus.read(table + 4 * (WORDS * number + index as u32));
    }
    let [encrypted, plain, total, load, entry, offset, attributes, .., check] = words;
    let sum = words[..15].iter().fold(0u32, |sum, word| sum.wrapping_add(*word));
    if check != !sum {
        return Err(ImageError::Header(number));
    }
    if words[..15] == [0; 15] {
        return Ok(Found::End);
    }
    let destination = attributes >> 4 & 0xF;
    let kind = match destination {
        1 => Kind::Program { entry },
        2 => Kind::Bitstream,
        _ => return Ok(Found::Other),
    };
    // The boot ROM has loaded the first stage.
    if number == 0 {
        return Ok(Found::Other);
    }
    if encrypted != plain || plain > total {
        return Err(ImageError::Encrypted(number));
    }
    let range = || {
        let (bytes, offset) = (plain.checked_mul(4)?, offset.checked_mul(4)?);
        let target = if kind == Kind::Bitstream { BITSTREAM } else { load };
        let source = base.checked_add(offset)?;
        let is_in_flash = (base & (REACH - 1)).checked_add(offset)?.checked_add(bytes)? <= REACH;
        let is_in_ddr = target >= DDR && target.checked_add(bytes)? <= DDR_END && target.is_multiple_of(4);
        (is_in_flash && is_in_ddr && source.is_multiple_of(4)).then_some(Partition { source, bytes, target, kind })
    };
    range().map(Found::Partition).ok_or(ImageError::Range(number))
}

enum Found {
    Partition(Partition),
    Other,
    End,
}

/// Calls `take` for each partition behind the first stage of the image at `base`, and returns where its program begins.
///
/// # Errors
/// The image is damaged, or has no program; or the error of `take`.
pub fn partitions<B: Bus, E: From<ImageError>>(
    bus: &mut B,
    base: u32,
    mut take: impl FnMut(&mut B, Partition) -> Result<(), E>,
) -> Result<u32, E> {
    let found = bus.read(base + header::IDENTIFICATION);
    if found != IDENTIFICATION {
        return Err(ImageError::Identification(found).into());
    }
    let table = bus.read(base + header::TABLE);
    if table >= REACH || !table.is_multiple_of(4) {
        return Err(ImageError::Header(0).into());
    }
    let mut first = None;
    for number in 0..MOST {
        match partition(bus, base, base + table, number)? {
            Found::End => break,
            Found::Other => {}
            Found::Partition(partition) => {
                if let Kind::Program { entry } = partition.kind {
                    first.get_or_insert(entry);
                }
                take(bus, partition)?;
            }
        }
    }
    match first {
        Some(entry) if (DDR..DDR_END).contains(&entry) => Ok(entry),
        _ => Err(ImageError::NoProgram.into()),
    }
}
