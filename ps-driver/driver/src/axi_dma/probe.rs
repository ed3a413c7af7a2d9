//! What is proved before the first record counts, and how the streams are made clean.

use alloc::vec::Vec;

use deltascope_abi::ABI_VERSION;
use deltascope_abi::record::{RECORD_BYTES, Record};
use deltascope_abi::registers::{
    CAP_AXIS_BITS, CAP_REPLY_PACKET, CONTROL_LATCH, CONTROL_SOFT_RESET, Counter, IDENTITY_VALUE, IRQ_BATCH_END,
    IRQ_ERROR, IRQ_SNAPSHOT, STATUS_CLEARING, STATUS_DRAINING, offset,
};
use deltascope_abi::reply::{REPLY_BYTES, Reply};

use super::channel;
use super::error::{DmaError, ErrorBit, bits_for};
use super::host::DmaHost;
use super::link::Take;
use super::registers::{Channel, Register};
use super::settings::{Layout, Mode};
use crate::seams::{Clock, DmaBuffer, Irq, Registers};

/// Refuses what is no delta engine, before anything of the DMA is touched: a wrong address map shows here. Gives the
/// beats of its longest reply packet.
pub(super) fn identify_engine(engine: &mut impl Registers) -> Result<u32, DmaError> {
    let found = engine.read32(offset::IDENTITY)?;
    if found != IDENTITY_VALUE {
        return Err(DmaError::Identity { expected: IDENTITY_VALUE, found });
    }
    let (expected, found) = (ABI_VERSION >> 16, engine.read32(offset::ABI_VERSION)? >> 16);
    if found != expected {
        return Err(DmaError::Abi { expected, found });
    }
    let streams = engine.read32(offset::CAP_STREAM)?;
    let (packet, bits) = (CAP_REPLY_PACKET.get(streams), CAP_AXIS_BITS.get(streams));
    match (packet, bits) {
        (1.., 64) => Ok(packet),
        _ => Err(DmaError::Streams { packet, bits }),
    }
}

/// Stops a DMA that a process before this one has left at work: for a host that may still refuse to go on before
/// [`DmaHost::open`], which does the same. Does nothing where no engine and no DMA are found; then `open` reports it.
///
/// # Errors
/// The reset of the DMA does not end within `limit_us`.
pub fn stop_left_over(
    engine: &mut impl Registers,
    dma: &mut impl Registers,
    clock: &mut impl Clock,
    limit_us: u64,
) -> Result<(), DmaError> {
    match identify_engine(engine).and_then(|_| channel::identify(dma)) {
        Ok(_) => channel::reset(dma, clock, limit_us),
        Err(_) => Ok(()),
    }
}

/// Refuses a buffer that the DMA cannot use.
pub(super) fn check_buffer(buffer: &impl DmaBuffer, layout: &Layout) -> Result<(), DmaError> {
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

impl<E: Registers, D: Registers, B: DmaBuffer, I: Irq, C: Clock> DmaHost<E, D, B, I, C> {
    /// Proves that the DMA, which was reset, suits: lengths, ends of packets, widths, addresses.
    pub(super) fn probe(&mut self) -> Result<(), DmaError> {
        if self.link.mode == Mode::Direct {
            let lengths = [self.link.settings.batch_bytes, self.link.layout.reply_stride as u32];
            for (channel, bytes) in Channel::BOTH.into_iter().zip(lengths) {
                let (needed, found) = (bits_for(bytes), channel::length_bits(&mut self.link.dma, channel)?);
                if found < needed {
                    return Err(DmaError::LengthWidth { channel, needed, found });
                }
            }
        }
        self.clean_start()?;
        if self.link.mode == Mode::Direct {
            self.prove_reported_length()?;
        }
        self.loop_back()?;
        self.reset_engine()
    }

    /// Sends one SYNC, which two beats answer, and expects LENGTH of S2MM to say so. A DMA built with `Enable Micro DMA`
    /// leaves the register as it was written, and each packet would seem to fill its buffer.
    fn prove_reported_length(&mut self) -> Result<(), DmaError> {
        let (answer, whole) = (2 * REPLY_BYTES, self.link.layout.reply_stride);
        self.link.send(&[Record::sync(1)])?;
        self.sent = 1;
        self.progress_now();
        let mut bytes = 0;
        while bytes == 0 || self.link.records.under_way() > 0 {
            if let Err(error) = self.turn(&mut Take::Beats(&mut |_| bytes += REPLY_BYTES)) {
                return Err(self.explain(Some(error), None));
            }
        }
        if bytes == whole {
            return Err(DmaError::Micro { expected: answer as u32, found: whole as u32 });
        }
        // Any other length is looked into by the loopback.
        self.reset_engine()
    }

    /// Resets DMA and engine so that nothing of before is left in either.
    ///
    /// A reset of the DMA may cut a record in half, and may send beats that nobody wrote (PG022, "MM2S Soft
    /// Shutdown"). The width converter in front of the engine keeps a half until its other half comes, also over a
    /// soft reset. So half a record with TLAST follows: it completes the old half or is a fragment itself, and either
    /// way ends a batch. The second soft reset forgets what that record did.
    pub(super) fn clean_start(&mut self) -> Result<(), DmaError> {
        self.forget();
        // The engine shares the DMA's line, and a program before this one may have left its interrupts enabled: each batch
        // would seem to raise one without a cause.
        self.engine.write32(offset::IRQ_MASK, 0)?;
        self.engine.write32(offset::IRQ_STATUS, IRQ_SNAPSHOT.mask() | IRQ_BATCH_END.mask() | IRQ_ERROR.mask())?;
        self.link.start(&mut self.clock)?;
        self.reset_engine()?;
        self.link.send_half()?;
        self.progress_now();
        let mut ended = false;
        while !ended || self.link.records.under_way() > 0 {
            let before = self.link.replies_taken();
            self.turn(&mut Take::Nowhere)?;
            ended |= self.link.replies_taken() > before;
        }
        self.reset_engine()?;
        self.link.start(&mut self.clock)?;
        self.forget();
        Ok(())
    }

    /// Soft reset of the engine; what it still has to say is thrown away.
    fn reset_engine(&mut self) -> Result<(), DmaError> {
        self.engine.write32(offset::CONTROL, CONTROL_SOFT_RESET.mask())?;
        let limit_us = self.link.settings.time_limit_us;
        let end = self.clock.now_us().saturating_add(limit_us);
        loop {
            let status = self.engine.read32(offset::STATUS)?;
            self.link.take_packets(&mut Take::Nowhere)?;
            if status & (STATUS_CLEARING.mask() | STATUS_DRAINING.mask()) == 0 {
                self.forget();
                self.acknowledge()?;
                return Ok(());
            }
            if self.clock.now_us() > end {
                return Err(DmaError::EngineStuck { status, limit_us });
            }
        }
    }

    /// Sends the largest batch as SYNCs that carry a pattern, and expects the pattern back: the length register is
    /// wide enough (without LENGTH, as with scatter-gather, nothing else shows it), every half of every record
    /// arrives, packets end, and both sides see the same memory.
    fn loop_back(&mut self) -> Result<(), DmaError> {
        let token = |n: usize| (n as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let count = self.link.settings.batch_records();
        let batch: Vec<Record> = (0..count).map(|n| Record::sync(token(n))).collect();
        self.link.send(&batch)?;
        self.sent = count as u64;
        self.progress_now();
        // Every SYNC answers its token, and one beat ends the batch.
        let mut arrived: Vec<Reply> = Vec::with_capacity(count + 1);
        while arrived.len() < count + 1 || self.link.records.under_way() > 0 {
            let known = arrived.len();
            let outcome = self.turn(&mut Take::Beats(&mut |reply| arrived.push(reply)));
            let wrong = (known..arrived.len().min(count)).find(|n| arrived[*n].value != token(*n));
            if outcome.is_err() || wrong.is_some() {
                return Err(self.explain(outcome.err(), wrong.map(|n| (n, token(n), arrived[n].value))));
            }
        }
        Ok(())
    }

    /// Why the pattern did not come back.
    fn explain(&mut self, error: Option<DmaError>, wrong: Option<(usize, u64, u64)>) -> DmaError {
        match self.counted() {
            Ok((_, rejected, _)) if rejected > 0 => DmaError::StreamWidth { rejected, records: self.sent },
            Err(error) => error,
            Ok(_) => match (error, wrong) {
                // The descriptor's length was not zero when it was written: its low bits are. In direct mode the width is known.
                (Some(DmaError::Transfer { channel: Channel::Mm2s, bit: ErrorBit::Internal, .. }), _)
                    if self.link.mode == Mode::ScatterGather =>
                {
                    let (channel, expected) = (Channel::Mm2s, self.link.settings.batch_bytes);
                    DmaError::Short { channel, expected, found: 0, bits: bits_for(expected) }
                }
                (Some(error), _) => error,
                (None, Some((index, expected, found))) => DmaError::Loopback { index, expected, found },
                (None, None) => DmaError::NoEnd { beats: self.link.beats, limit_us: self.link.settings.time_limit_us },
            },
        }
    }

    /// The engine's counts of records accepted, records rejected and reply beats.
    fn counted(&mut self) -> Result<(u64, u64, u64), DmaError> {
        self.engine.write32(offset::CONTROL, CONTROL_LATCH.mask())?;
        let mut word = |counter: Counter| -> Result<u64, DmaError> {
            let low = self.engine.read32(counter.offset())?;
            let high = self.engine.read32(counter.offset() + 4)?;
            Ok(u64::from(low) | u64::from(high) << 32)
        };
        Ok((word(Counter::Accepted)?, word(Counter::Rejected)?, word(Counter::ReplyBeats)?))
    }

    /// Says why nothing moves, from what the engine counted and what arrived.
    pub(super) fn diagnose(&mut self, limit_us: u64) -> Result<DmaError, DmaError> {
        let (accepted, rejected, beats) = self.counted()?;
        let (sent, received) = (self.sent, self.link.beats);
        if self.link.records.under_way() > 0 && accepted >= sent && self.link.mode == Mode::ScatterGather {
            let (channel, index) = (Channel::Mm2s, self.link.records.oldest());
            let status = self.link.records.status(&mut self.link.words);
            return Ok(DmaError::DescriptorStuck { channel, index, limit_us, status });
        }
        if self.link.records.under_way() > 0 {
            return Ok(match beats > received {
                true => DmaError::RepliesStuck { waiting: beats, received, limit_us },
                false => DmaError::TransferStuck { sent, accepted, limit_us },
            });
        }
        if accepted != sent && rejected == 0 {
            return Ok(DmaError::Records { sent, accepted });
        }
        if beats <= received {
            return Ok(DmaError::NoEnd { beats, limit_us });
        }
        if self.link.mode == Mode::ScatterGather {
            let (channel, index) = (Channel::S2mm, self.link.replies.oldest());
            let current = channel::read(&mut self.link.dma, channel, Register::CurrentDescriptor)?;
            if current != self.link.replies.address(index) {
                let status = self.link.replies.status(&mut self.link.words);
                return Ok(DmaError::DescriptorStuck { channel, index, limit_us, status });
            }
        }
        Ok(DmaError::NoLast { bytes: (beats - received) * RECORD_BYTES as u64 })
    }
}
