//! Why nothing moves, or why the proof failed: from what the engine counted and what arrived.

use core::time::Duration;
use deltascope_abi::registers::{CONTROL_LATCH, Counter, offset};
use deltascope_abi::reply::REPLY_BYTES;

use super::HostError;
use super::host::DmaHost;
use crate::axi_dma::registers::Channel;
use crate::axi_dma::{DmaError, ErrorBit, Mode, bits_for};
use crate::seams::{Clock, DmaBuffer, Irq, Registers};

impl<E: Registers, D: Registers, B: DmaBuffer, I: Irq, C: Clock> DmaHost<E, D, B, I, C> {
    /// Why the pattern did not come back.
    pub(super) fn explain(&mut self, error: Option<HostError>, wrong: Option<(usize, u64, u64)>) -> HostError {
        match self.counted() {
            Ok((_, rejected, _)) if rejected > 0 => HostError::StreamWidth { rejected, records: self.sent },
            Err(error) => error,
            Ok(_) => match (error, wrong) {
                // The descriptor's length was not zero when it was written: its low bits are. In direct mode the width is known.
                (
                    Some(HostError::Dma(DmaError::Transfer {
                        channel: Channel::Mm2s, bit: ErrorBit::Internal, ..
                    })),
                    _,
                ) if self.link.mode() == Mode::ScatterGather => {
                    let (channel, expected) = (Channel::Mm2s, self.link.settings().batch_bytes);
                    DmaError::Short { channel, expected, found: 0, bits: bits_for(expected) }.into()
                }
                (Some(error), _) => error,
                (None, Some((index, expected, found))) => HostError::Loopback { index, expected, found },
                (None, None) => {
                    HostError::NoEnd { beats: self.received_beats(), limit: self.link.settings().time_limit }
                }
            },
        }
    }

    /// The engine's counts of records accepted, records rejected and reply beats.
    fn counted(&mut self) -> Result<(u64, u64, u64), HostError> {
        self.engine.write32(offset::CONTROL, CONTROL_LATCH.mask())?;
        let mut word = |counter: Counter| -> Result<u64, HostError> {
            let low = self.engine.read32(counter.offset())?;
            let high = self.engine.read32(counter.offset() + 4)?;
            Ok(u64::from(low) | u64::from(high) << 32)
        };
        Ok((word(Counter::Accepted)?, word(Counter::Rejected)?, word(Counter::ReplyBeats)?))
    }

    /// Reports why nothing moves, from what the engine counted and what arrived.
    pub(super) fn diagnose(&mut self, limit: Duration) -> Result<HostError, HostError> {
        let (accepted, rejected, beats) = self.counted()?;
        let (sent, received) = (self.sent, self.received_beats());
        if self.link.batches_under_way() > 0 && accepted >= sent && self.link.mode() == Mode::ScatterGather {
            return Ok(self.stuck(Channel::Mm2s, limit));
        }
        if self.link.batches_under_way() > 0 {
            return Ok(match beats > received {
                true => HostError::RepliesStuck { waiting: beats, received, limit },
                false => HostError::TransferStuck { sent, accepted, limit },
            });
        }
        if accepted != sent && rejected == 0 {
            return Ok(HostError::Records { sent, accepted });
        }
        if beats <= received {
            return Ok(HostError::NoEnd { beats, limit });
        }
        if self.link.mode() == Mode::ScatterGather && self.link.has_seen_ends() {
            return Ok(self.stuck(Channel::S2mm, limit));
        }
        Ok(DmaError::NoLast { bytes: (beats - received) * REPLY_BYTES as u64 }.into())
    }

    /// The oldest descriptor of a channel is overdue.
    fn stuck(&mut self, channel: Channel, limit: Duration) -> HostError {
        let (index, status) = self.link.oldest(channel);
        DmaError::DescriptorStuck { channel, index, limit, status }.into()
    }

    /// Reply beats that arrived since the engine's last reset.
    fn received_beats(&self) -> u64 {
        self.link.received() / REPLY_BYTES as u64
    }
}
