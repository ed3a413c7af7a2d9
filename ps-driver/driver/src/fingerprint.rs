//! Driver of the fingerprint block (`rtl/docs/fingerprint.md`) behind an AXI DMA of its own: bytes in, CRC32C out.

use core::time::Duration;

use deltascope_abi::fingerprint::{Fingerprint, RESULT_BYTES};

use crate::axi_dma::{self, Completion, DmaError, DmaSettings, Layout, Link, Take, Words};
use crate::seams::{Clock, DmaBuffer, Fabric, FabricError, Registers};

/// Units of 16 bytes that a result takes in memory: it is the half of one.
const RESULT_UNITS: u32 = 1;

/// Why the block cannot be used, or how it failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FingerprintError {
    /// The logic may not be touched.
    #[error("{0}")]
    Fabric(#[from] FabricError),
    /// The DMA does not suit, or failed.
    #[error("fingerprint block: {0}")]
    Dma(#[from] DmaError),
    /// A packet that one transfer cannot move.
    #[error("fingerprint block: expected a packet of 1 to {most} bytes, found {found}; split it")]
    PacketBytes {
        /// Bytes of the largest packet.
        most: usize,
        /// Bytes of this one.
        found: usize,
    },
    /// No result came.
    #[error(
        "fingerprint block: expected a result within {} us, found none; is the block in the bitstream (vivado/build.tcl -fingerprint)?", limit.as_micros()
    )]
    NoResult {
        /// Time allowed.
        limit: Duration,
    },
    /// A result of another size.
    #[error("fingerprint block: expected a result of {RESULT_BYTES} bytes, found {found}; is S2MM 64 bits wide?")]
    ResultBytes {
        /// Its bytes.
        found: usize,
    },
}

/// Settings of the DMA for packets of at most `packet_bytes`, a multiple of 16.
pub fn settings(packet_bytes: u32) -> DmaSettings {
    DmaSettings {
        completion: Completion::Poll,
        batch_bytes: packet_bytes,
        batches: 2,
        reply_packets: 4,
        ..DmaSettings::default()
    }
}

/// Bytes of memory that the driver needs with `settings`.
pub const fn buffer_bytes(settings: &DmaSettings) -> usize {
    settings.buffer_bytes(RESULT_UNITS)
}

/// The block behind its DMA.
#[derive(Debug)]
pub struct FingerprintBlock<D: Registers, B: DmaBuffer, C: Clock> {
    link: Link<D, B>,
    clock: C,
}

impl<D: Registers, B: DmaBuffer, C: Clock> FingerprintBlock<D, B, C> {
    /// Takes over the DMA, whose registers are `dma`, with the memory `buffer`.
    ///
    /// # Errors
    /// The logic may not be touched, or the DMA does not suit.
    pub fn open(
        fabric: &mut impl Fabric,
        mut dma: D,
        buffer: B,
        mut clock: C,
        settings: &DmaSettings,
    ) -> Result<FingerprintBlock<D, B, C>, FingerprintError> {
        fabric.check()?;
        let mode = axi_dma::identify(&mut dma)?;
        // Before any refusal: a process that was killed has left the DMA at work on its buffers.
        axi_dma::reset(&mut dma, &mut clock, settings.reset_limit)?;
        settings.check()?;
        axi_dma::refuse_wide(&mut dma, mode)?;
        let layout = Layout::new(settings, RESULT_UNITS);
        axi_dma::check_buffer(&buffer, &layout)?;
        let mut link = Link::new(dma, buffer, mode, settings, layout).of_units(RESULT_BYTES);
        link.start(&mut clock)?;
        Ok(FingerprintBlock { link, clock })
    }

    /// Returns the fingerprint of `packet`, computed by the block.
    ///
    /// # Errors
    /// The packet is empty or too long, the DMA failed, or no result came.
    pub fn fingerprint(&mut self, packet: &[u8]) -> Result<Fingerprint, FingerprintError> {
        let most = self.link.settings().batch_bytes as usize;
        if !(1..=most).contains(&packet.len()) {
            return Err(FingerprintError::PacketBytes { most, found: packet.len() });
        }
        self.link.send(packet.len(), |words, offset| {
            for (n, chunk) in packet.chunks(8).enumerate() {
                let mut word = [0; 8];
                word[..chunk.len()].copy_from_slice(chunk);
                words.write64(offset + 8 * n, u64::from_le_bytes(word));
            }
        })?;
        let limit = self.link.settings().time_limit;
        let end = self.clock.now().saturating_add(limit);
        let (mut result, mut is_late) = (None, false);
        loop {
            let mut take =
                |packet: axi_dma::Packet<'_, B>| result = Some((packet.bytes, packet.words.read64(packet.offset)));
            self.link.take_packets(&mut Take::Packets(&mut take))?;
            self.link.finish_batches()?;
            match result {
                Some((RESULT_BYTES, value)) if self.link.batches_under_way() == 0 => {
                    return Ok(Fingerprint::from_bits(value));
                }
                Some((RESULT_BYTES, _)) | None => {}
                Some((found, _)) => return Err(FingerprintError::ResultBytes { found }),
            }
            if is_late {
                return Err(FingerprintError::NoResult { limit });
            }
            self.link.check(&mut self.clock)?;
            // What comes after this is still taken in the next turn: this may not have run for a while.
            is_late = self.clock.now() > end;
        }
    }
}

impl<D: Registers, B: DmaBuffer, C: Clock> Drop for FingerprintBlock<D, B, C> {
    /// Resets the DMA, so that the memory can be given away; a failure has no one left to be reported to.
    fn drop(&mut self) {
        let _ = self.link.reset(&mut self.clock);
    }
}
