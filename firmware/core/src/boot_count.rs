//! The number of starts, in flash: it survives power cuts, also one in the middle of a write or an erase.
//!
//! ```text
//! region           two blocks of BLOCK bytes, written in turn
//! block            SLOTS records in its first bytes, written in order, each once; the rest stays erased
//! record  0..4     MAGIC
//!         4..12    count, little endian
//!         12..16   CRC32C of the bytes before
//! ```
//!
//! A start programs its count into the next slot. Only when a block is full is the other one erased, so that one of them
//! always has the newest count. A record has a page and an ECC unit of S25FL-S (16 bytes) for itself.

use crate::nor::{Bus, MOST_PROGRAMMED, Nor, NorError, REACH};
use deltascope_abi::crc::table_driven;
use deltascope_driver::seams::Clock;

/// Bytes of a block: the largest sector that the command for an erase clears (S25FL-S with uniform sectors).
pub const BLOCK: u32 = 256 << 10;
/// Bytes of the region.
pub const REGION: u32 = 2 * BLOCK;
/// Highest address of a region.
pub const LAST_REGION: u32 = REACH - REGION;
/// Records of a block.
pub const SLOTS: usize = 256;

const RECORD: usize = MOST_PROGRAMMED;
const USED: usize = SLOTS * RECORD;
const MAGIC: [u8; 4] = *b"DLTC";
const BLANK: u8 = 0xFF;

/// A flash whose erase clears the block of [`BLOCK`] bytes in which an address is, or at least that block's first bytes.
pub trait Flash {
    /// Reads bytes.
    ///
    /// # Errors
    /// The flash does not answer.
    fn read(&mut self, address: u32, bytes: &mut [u8]) -> Result<(), NorError>;

    /// Clears the bits that are 0 in `record`.
    ///
    /// # Errors
    /// The flash does not answer.
    fn program(&mut self, address: u32, record: &[u8; RECORD]) -> Result<(), NorError>;

    /// Sets every bit of a block.
    ///
    /// # Errors
    /// The flash does not answer.
    fn erase(&mut self, address: u32) -> Result<(), NorError>;
}

/// Why a start has no count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CountError {
    /// The flash does not answer.
    #[error(transparent)]
    Flash(#[from] NorError),
    /// There is no count, and something else: it is not touched.
    #[error(
        "flash: expected a boot count or erased bytes from {region:#x}, found others at {address:#x}; erase {bytes} bytes from there or choose another address",
        bytes = REGION
    )]
    Occupied {
        /// First address of the region.
        region: u32,
        /// The first byte that is not erased.
        address: u32,
    },
    /// What was written is not there.
    #[error(
        "flash: expected the written record at {address:#x}, found other bytes; is it write-protected or worn out?"
    )]
    NotKept {
        /// The record's address.
        address: u32,
    },
    /// No number is left.
    #[error("flash: expected a boot count below the largest number, found that")]
    Exhausted,
}

fn record(count: u64) -> [u8; RECORD] {
    let mut bytes = [0; RECORD];
    bytes[..4].copy_from_slice(&MAGIC);
    bytes[4..12].copy_from_slice(&count.to_le_bytes());
    let check = table_driven(&bytes[..12]);
    bytes[12..].copy_from_slice(&check.to_le_bytes());
    bytes
}

fn count_of(slot: &[u8; RECORD]) -> Option<u64> {
    let [_, _, _, _, count @ .., _, _, _, _] = *slot;
    let count = u64::from_le_bytes(count);
    (*slot == record(count)).then_some(count)
}

fn is_blank(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| *byte == BLANK)
}

/// What a block holds.
#[derive(Clone, Copy, Debug, Default)]
struct Block {
    address: u32,
    newest: Option<u64>,
    /// Slots that hold no record and are not blank, behind the newest record: each may have been one.
    damaged: u64,
    /// The slot behind the last that is not blank.
    next: usize,
}

impl Block {
    fn read(flash: &mut impl Flash, address: u32) -> Result<Block, CountError> {
        let mut bytes = [0; USED];
        flash.read(address, &mut bytes)?;
        let mut block = Block { address, ..Block::default() };
        for (index, slot) in bytes.as_chunks::<RECORD>().0.iter().enumerate() {
            match count_of(slot) {
                Some(count) => (block.newest, block.damaged) = (Some(count), 0),
                None if is_blank(slot) => continue,
                None => block.damaged += 1,
            }
            block.next = index + 1;
        }
        Ok(block)
    }
}

/// Returns the count of this start, one more than that of the last one, when it is in flash.
///
/// A record that is damaged behind the newest counts as a start: no number is given twice. Without any record the region
/// must be erased, apart from writes of the first record that were cut.
///
/// # Errors
/// [`CountError`]; the flash then holds what it held, or one damaged record more.
pub fn next(flash: &mut impl Flash, region: u32) -> Result<u64, CountError> {
    let [first, second] = [Block::read(flash, region)?, Block::read(flash, region + BLOCK)?];
    let (current, other) = if first.newest < second.newest { (second, first) } else { (first, second) };
    if current.newest.is_none() {
        require_erased(flash, region)?;
    }
    let is_full = current.next == SLOTS;
    // An older block's damaged records were counted when this one began.
    let beyond = if is_full && other.newest.is_none() { other.damaged } else { 0 };
    let starts = current.damaged + beyond + 1;
    let count = current.newest.unwrap_or(0).checked_add(starts).ok_or(CountError::Exhausted)?;
    let mut place = current;
    if is_full {
        flash.erase(other.address)?;
        place = Block::read(flash, other.address)?;
        if place.next != 0 {
            return Err(CountError::NotKept { address: other.address });
        }
    }
    let address = place.address + (place.next * RECORD) as u32;
    let (written, mut found) = (record(count), [0; RECORD]);
    flash.program(address, &written)?;
    flash.read(address, &mut found)?;
    if found != written {
        return Err(CountError::NotKept { address });
    }
    Ok(count)
}

impl<B: Bus, C: Clock> Flash for Nor<B, C> {
    fn read(&mut self, address: u32, bytes: &mut [u8]) -> Result<(), NorError> {
        Nor::read(self, address, bytes)
    }

    fn program(&mut self, address: u32, record: &[u8; RECORD]) -> Result<(), NorError> {
        Nor::program(self, address, record)
    }

    fn erase(&mut self, address: u32) -> Result<(), NorError> {
        Nor::erase(self, address)
    }
}

/// Checks that a region without a record holds nothing else, so that nothing of others is erased.
fn require_erased(flash: &mut impl Flash, region: u32) -> Result<(), CountError> {
    let first = record(1);
    let mut bytes = [0; USED];
    for address in (region..region + REGION).step_by(USED) {
        flash.read(address, &mut bytes)?;
        for (at, slot) in (address..).step_by(RECORD).zip(bytes.as_chunks::<RECORD>().0) {
            // A write that was cut has cleared some of the bits of the record.
            let is_cut = address == region && slot.iter().zip(first).all(|(found, whole)| found & whole == whole);
            if let Some(offset) = slot.iter().position(|byte| *byte != BLANK)
                && !is_cut
            {
                return Err(CountError::Occupied { region, address: at + offset as u32 });
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
