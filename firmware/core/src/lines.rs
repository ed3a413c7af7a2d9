//! What a cache line allows.
//!
//! The caches of a Zynq-7000 write back and are not coherent with the DMA ports S_AXI_HP and S_AXI_GP (UG585, section
//! 3.5). Maintenance works on lines of 32 bytes (Cortex-A9 L1, PL310 L2). Two rules follow:
//!
//! - What the device writes shares no line with anything that the processor writes: a line that is written back later
//!   would overwrite it. So buffers begin and end at a line, and so do the parts of a buffer that the device and the
//!   processor own at the same time.
//! - A range is widened to whole lines before it is cleaned or invalidated.

use core::ops::Range;

/// Bytes of a line of both caches.
pub const LINE: usize = 32;

/// What is done to the lines of a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Maintenance {
    /// The device reads: lines go to memory, and may stay.
    Clean,
    /// The device writes: lines go to memory and then out of the caches, so that none is written back over what the
    /// device wrote.
    CleanInvalidate,
    /// The processor reads what the device wrote: lines leave the caches. The processor may have prefetched them since
    /// they were handed over.
    Invalidate,
}

/// Why a buffer cannot be shared with a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "buffer of {bytes:#x} bytes at {address:#x}: expected both to be multiples of {LINE}; align it to a cache line"
)]
pub struct Unaligned {
    /// First address.
    pub address: usize,
    /// Bytes.
    pub bytes: usize,
}

/// Refuses a buffer whose first or last line holds something else too.
///
/// # Errors
/// [`Unaligned`].
pub const fn check(address: usize, bytes: usize) -> Result<(), Unaligned> {
    if address.is_multiple_of(LINE) && bytes.is_multiple_of(LINE) && bytes > 0 {
        Ok(())
    } else {
        Err(Unaligned { address, bytes })
    }
}

/// Returns the whole lines that hold `range`, which is in a buffer of `bytes` bytes that begins at a line. An empty range
/// has no lines.
pub fn widen(range: Range<usize>, bytes: usize) -> Range<usize> {
    let (start, end) = (range.start.min(bytes), range.end.min(bytes));
    if start >= end {
        return start / LINE * LINE..start / LINE * LINE;
    }
    start / LINE * LINE..end.next_multiple_of(LINE).min(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_buffer_that_shares_a_line_is_refused() {
        assert_eq!(check(0x1800_0000, 0x100_0000), Ok(()));
        for (address, bytes) in [(0x1800_0010, 64), (0x1800_0000, 48), (0x1800_0001, 32), (0, 0)] {
            assert_eq!(check(address, bytes), Err(Unaligned { address, bytes }));
        }
    }

    proptest! {
        #[test]
        fn widened_ranges_hold_the_range_in_whole_lines(lines in 1usize..64, start in 0usize..2048, length in 0usize..2048) {
            let bytes = lines * LINE;
            let range = start.min(bytes)..(start + length).min(bytes).max(start.min(bytes));
            let wide = widen(range.clone(), bytes);
            prop_assert!(wide.start.is_multiple_of(LINE) && wide.end.is_multiple_of(LINE) && wide.end <= bytes);
            if range.is_empty() {
                prop_assert!(wide.is_empty());
            } else {
                prop_assert!(wide.start <= range.start && wide.end >= range.end);
                // No line more than needed: what is outside may belong to the device.
                prop_assert!(range.start - wide.start < LINE && wide.end - range.end < LINE);
            }
        }
    }
}
