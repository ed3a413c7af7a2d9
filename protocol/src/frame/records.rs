//! A `Records` frame around records that are already where they are sent from.
//!
//! The agent's retention holds frames as they go over the wire: a record is copied there once, the frame is closed
//! once, and a replay sends the same bytes again.

use super::elements::{CURSOR_BYTES, Cursor};
use super::fields::Writer;
use super::{CRC_BYTES, FrameError, HEADER_BYTES, Kind, MAX_CURSORS, MAX_FRAME_RECORDS, begin};
use deltascope_abi::crc::crc32c;
use deltascope_abi::loss::{LOSS_REASONS, Losses};
use deltascope_abi::record::RECORD_BYTES;

/// Everything of a `Records` frame that is not a record.
#[derive(Clone, Copy, Debug)]
pub struct RecordsHead<'a> {
    /// Number of the first record.
    pub first_sequence: u64,
    /// The agent has every reply to a record numbered below this.
    pub replies_below: u64,
    /// Cumulative losses before the agent's retention.
    pub losses: &'a Losses,
    /// Cursors of the sources after these records.
    pub cursors: &'a [Cursor],
}

/// Offset of the first record in a frame with that many cursors.
pub const fn records_offset(cursors: usize) -> usize {
    HEADER_BYTES + 8 + 8 + 8 * LOSS_REASONS + 4 + cursors * CURSOR_BYTES + 4
}

/// Bytes of a frame with that many cursors and no record.
pub const fn records_overhead(cursors: usize) -> usize {
    records_offset(cursors) + CRC_BYTES
}

/// Closes the frame at the start of `buffer`, whose `count` records begin at [`records_offset`], and gives its
/// length.
pub fn seal_records(buffer: &mut [u8], head: &RecordsHead<'_>, count: usize) -> Result<usize, FrameError> {
    let within = |what, at, max: usize, found: usize| match found <= max {
        true => Ok(()),
        false => Err(FrameError::Range { what, at, min: 0, max: max as u64, found: found as u64 }),
    };
    within("cursor count", records_offset(0) - 8, MAX_CURSORS, head.cursors.len())?;
    within("record count", records_offset(head.cursors.len()) - 4, MAX_FRAME_RECORDS, count)?;
    let body_end = records_offset(head.cursors.len()) + count * RECORD_BYTES;
    let length = body_end + CRC_BYTES;
    if buffer.len() < length {
        return Err(FrameError::NoRoom { expected: length, found: buffer.len() });
    }
    let mut w: Writer<'_> = begin(buffer, Kind::Records)?;
    w.u64(head.first_sequence)?;
    w.u64(head.replies_below)?;
    head.losses.0.iter().try_for_each(|&lost| w.u64(lost))?;
    w.u32(head.cursors.len() as u32)?;
    head.cursors.iter().try_for_each(|cursor| w.bytes(&cursor.to_bytes()))?;
    w.u32(count as u32)?;
    w.patch_u32(0, length as u32);
    let crc = crc32c(&buffer[..body_end]);
    buffer[body_end..length].copy_from_slice(&crc.to_le_bytes());
    Ok(length)
}
