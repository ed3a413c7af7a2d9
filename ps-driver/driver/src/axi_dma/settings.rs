//! How a DMA is driven, and how its one buffer is divided.

use core::ops::Range;
use core::time::Duration;

use super::descriptor::DESCRIPTOR_BYTES;
use super::error::DmaError;
use super::registers::MAX_LENGTH_BITS;
use crate::seams::DmaBuffer;

/// Bytes of the unit that transfers are made of: every transfer is a whole number of them.
pub const UNIT_BYTES: usize = 16;

/// Bytes of the largest batch that any build of the DMA moves: whole units below the limit of its widest length register
/// (`Width of Buffer Length Register` 26).
pub const MAX_BATCH_BYTES: u32 = (1 << MAX_LENGTH_BITS) - UNIT_BYTES as u32;

/// Which of its two modes the DMA must have been built with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// One transfer at a time, through the address and length registers.
    Direct,
    /// A ring of descriptors in memory.
    ScatterGather,
}

impl Mode {
    /// Name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Mode::Direct => "direct",
            Mode::ScatterGather => "scatter-gather",
        }
    }
}

/// How the driver learns that something has moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Completion {
    /// It looks.
    Poll,
    /// It waits for the interrupt when it finds nothing, and then looks whether or not one came.
    Interrupt {
        /// Longest wait of one service.
        wait: Duration,
    },
}

/// How a DMA is driven.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DmaSettings {
    /// The mode that the DMA must have; `None`: the one that it reports it has.
    pub mode: Option<Mode>,
    /// How completion is found.
    pub completion: Completion,
    /// Bytes of the largest batch: a multiple of 16, at most what the length register holds ([`MAX_BATCH_BYTES`] with the
    /// widest).
    pub batch_bytes: u32,
    /// Batches that may wait or be under way, 2 to 1,024; with scatter-gather as many descriptors.
    pub batches: u16,
    /// Reply packets that room is kept for, 2 to 1,024; with scatter-gather as many descriptors, one of which is
    /// never posted.
    pub reply_packets: u16,
    /// IRQThreshold: packets for one interrupt, 1 to 255 and below `reply_packets`: with every buffer full and the
    /// next packet waiting, the delay timer does not run and the interrupt would never come. Scatter-gather only.
    pub coalesce: u8,
    /// IRQDelay: units of 125 clocks after which fewer packets make an interrupt; 0: never. With `coalesce` above 1
    /// it must not be 0, or the last packets would wait indefinitely.
    pub delay: u8,
    /// Time without any movement, while a reply is due, after which the streams have failed.
    pub time_limit: Duration,
    /// Time within which a reset, a halt or a drain is over.
    pub reset_limit: Duration,
}

impl Default for DmaSettings {
    /// For Linux on the board: 768 KiB and the descriptors.
    fn default() -> DmaSettings {
        DmaSettings {
            mode: None,
            completion: Completion::Poll,
            batch_bytes: 128 << 10,
            batches: 4,
            reply_packets: 64,
            coalesce: 1,
            delay: 0,
            time_limit: Duration::from_micros(1_000_000),
            reset_limit: Duration::from_micros(100_000),
        }
    }
}

impl DmaSettings {
    /// Bytes that the buffer must have, for reply packets of at most `packet_beats` units.
    pub const fn buffer_bytes(&self, packet_beats: u32) -> usize {
        Layout::new(self, packet_beats).end
    }

    /// Refuses settings that cannot work.
    ///
    /// # Errors
    /// [`DmaError::Setting`] with the name of the field.
    pub fn check(&self) -> Result<(), DmaError> {
        let whole = self.batch_bytes.is_multiple_of(UNIT_BYTES as u32);
        let fits = whole && (1..=MAX_BATCH_BYTES).contains(&self.batch_bytes);
        // Everything has a bus address of 32 bits; the largest reply packet that CAP_STREAM can name is counted.
        let bytes = u64::from(self.batches) * (u64::from(self.batch_bytes) + 2 * DESCRIPTOR_BYTES as u64)
            + u64::from(self.reply_packets) * ((UNIT_BYTES as u64) << 16);
        let refused = |name, found: u64, expected| Err(DmaError::Setting { name, found, expected });
        match self {
            _ if !fits => refused(
                "batch_bytes",
                self.batch_bytes.into(),
                "a multiple of 16 from 16 to 67108848: `Width of Buffer Length Register` of the AXI DMA has at most 26 bits",
            ),
            _ if !(2..=1024).contains(&self.batches) => refused("batches", self.batches.into(), "2 to 1024"),
            _ if !(2..=1024).contains(&self.reply_packets) => {
                refused("reply_packets", self.reply_packets.into(), "2 to 1024")
            }
            _ if bytes >= 1 << 32 => refused(
                "batches",
                self.batches.into(),
                "all buffers together below 4 GiB, `Address Width` of the AXI DMA being 32; ask for fewer or smaller batches",
            ),
            _ if self.coalesce == 0 || u16::from(self.coalesce) >= self.reply_packets => {
                refused("coalesce", self.coalesce.into(), "1 to 255 and below reply_packets")
            }
            _ if self.coalesce > 1 && self.delay == 0 => refused("delay", 0, "1 to 255 with coalesce above 1"),
            _ if self.time_limit.is_zero() => refused("time_limit", 0, "above 0"),
            _ if self.reset_limit.is_zero() => refused("reset_limit", 0, "above 0"),
            _ => Ok(()),
        }
    }
}

/// How the buffer is divided: both rings first, then batches, then reply packets, each on a boundary of 64 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Descriptors of MM2S.
    pub mm2s_ring: usize,
    /// Descriptors of S2MM.
    pub s2mm_ring: usize,
    /// Batches.
    pub batches: usize,
    /// Bytes from one batch to the next.
    pub batch_stride: usize,
    /// Reply packets.
    pub packets: usize,
    /// Bytes of one reply packet, and from one to the next.
    pub packet_stride: usize,
    /// Bytes in all.
    pub end: usize,
}

impl Layout {
    /// Divides a buffer for `settings` and reply packets of at most `packet_beats` units.
    pub const fn new(settings: &DmaSettings, packet_beats: u32) -> Layout {
        let (batches, packets) = (settings.batches as usize, settings.reply_packets as usize);
        let batch_stride = (settings.batch_bytes as usize).next_multiple_of(DESCRIPTOR_BYTES);
        let packet_stride = (packet_beats as usize * UNIT_BYTES).next_multiple_of(DESCRIPTOR_BYTES);
        let s2mm_ring = batches * DESCRIPTOR_BYTES;
        let first_batch = s2mm_ring + packets * DESCRIPTOR_BYTES;
        let first_packet = first_batch + batches * batch_stride;
        let end = first_packet + packets * packet_stride;
        Layout {
            mm2s_ring: 0,
            s2mm_ring,
            batches: first_batch,
            batch_stride,
            packets: first_packet,
            packet_stride,
            end,
        }
    }

    /// The bytes of a batch.
    pub const fn batch(&self, index: usize, bytes: usize) -> Range<usize> {
        let start = self.batches + index * self.batch_stride;
        start..start + bytes
    }

    /// The bytes of a reply packet.
    pub const fn packet(&self, index: usize, bytes: usize) -> Range<usize> {
        let start = self.packets + index * self.packet_stride;
        start..start + bytes
    }
}

/// Refuses a buffer that the DMA cannot use.
///
/// # Errors
/// It is not aligned to 64 bytes, lies above 4 GiB, or is smaller than the layout.
pub fn check_buffer(buffer: &impl DmaBuffer, layout: &Layout) -> Result<(), DmaError> {
    let (address, bytes) = (buffer.bus_addr(), buffer.len());
    if !address.is_multiple_of(64) || !(buffer.ptr() as usize).is_multiple_of(64) {
        return Err(DmaError::Alignment { address });
    }
    if address.checked_add(bytes as u64).is_none_or(|end| end > 1 << 32) {
        return Err(DmaError::AddressWidth { address, bytes });
    }
    match bytes < layout.end {
        true => Err(DmaError::BufferSize { needed: layout.end, found: bytes }),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_the_buffer_do_not_meet() {
        let settings = DmaSettings { batch_bytes: 4_000, batches: 3, reply_packets: 5, ..DmaSettings::default() };
        let layout = Layout::new(&settings, 3);
        let batches = (0..3).map(|n| layout.batch(n, 4_000));
        let packets = (0..5).map(|n| layout.packet(n, layout.packet_stride));
        let rings = [0..3 * DESCRIPTOR_BYTES, layout.s2mm_ring..layout.s2mm_ring + 5 * DESCRIPTOR_BYTES];
        let mut end = 0;
        for part in rings.into_iter().chain(batches).chain(packets) {
            assert!(part.start >= end && part.start.is_multiple_of(64), "{part:?} after {end}");
            end = part.end;
        }
        assert!(layout.end >= end && settings.buffer_bytes(3) == layout.end);
        assert_eq!((layout.batch_stride, layout.packet_stride), (4_032, 64));
    }

    #[test]
    fn settings_that_cannot_work_are_refused_by_name() {
        let good = DmaSettings::default();
        assert_eq!(good.check(), Ok(()));
        assert_eq!(DmaSettings { batch_bytes: MAX_BATCH_BYTES, batches: 2, ..good }.check(), Ok(()));
        let wrong = [
            ("batch_bytes", DmaSettings { batch_bytes: 0, ..good }),
            ("batch_bytes", DmaSettings { batch_bytes: 24, ..good }),
            ("batch_bytes", DmaSettings { batch_bytes: 1 << 26, batches: 2, ..good }),
            ("batch_bytes", DmaSettings { batch_bytes: u32::MAX - 15, batches: 2, ..good }),
            ("batches", DmaSettings { batch_bytes: MAX_BATCH_BYTES, batches: 64, ..good }),
            ("batches", DmaSettings { batches: 1, ..good }),
            ("reply_packets", DmaSettings { reply_packets: 1_025, ..good }),
            ("coalesce", DmaSettings { coalesce: 0, ..good }),
            ("coalesce", DmaSettings { coalesce: 4, delay: 1, reply_packets: 4, ..good }),
            ("delay", DmaSettings { coalesce: 2, ..good }),
            ("time_limit", DmaSettings { time_limit: Duration::ZERO, ..good }),
            ("reset_limit", DmaSettings { reset_limit: Duration::ZERO, ..good }),
        ];
        for (field, settings) in wrong {
            assert!(matches!(settings.check(), Err(DmaError::Setting { name, .. }) if name == field), "{field}");
        }
    }
}
