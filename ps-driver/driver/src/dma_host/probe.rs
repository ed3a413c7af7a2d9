//! What is proved before the first record counts, and how the streams are made clean.

use alloc::vec::Vec;
use core::time::Duration;

use deltascope_abi::ABI_VERSION;
use deltascope_abi::record::{RECORD_BYTES, Record};
use deltascope_abi::registers::{
    CAP_AXIS_BITS, CAP_REPLY_PACKET, CONTROL_SOFT_RESET, IDENTITY_VALUE, IRQ_BATCH_END, IRQ_ERROR, IRQ_SNAPSHOT,
    STATUS_CLEARING, STATUS_DRAINING, offset,
};
use deltascope_abi::reply::{REPLY_BYTES, Reply};

use super::HostError;
use super::host::DmaHost;
use super::records::take_packet;
use super::streams::batch_records;
use crate::axi_dma::{self, DmaError, Mode, Take, Words};
use crate::seams::{Clock, DmaBuffer, Irq, Registers};

/// Refuses what is no delta engine, before anything of the DMA is touched: a wrong address map shows here.
pub(super) fn identify_engine(engine: &mut impl Registers) -> Result<(), HostError> {
    let found = engine.read32(offset::IDENTITY)?;
    if found != IDENTITY_VALUE {
        return Err(HostError::Identity { expected: IDENTITY_VALUE, found });
    }
    Ok(())
}

/// Refuses a delta engine that this driver does not know. Gives the beats of its longest reply packet. A DMA at work is
/// stopped before: a driver of another version may have left it so.
pub(super) fn refuse_unknown_engine(engine: &mut impl Registers) -> Result<u32, HostError> {
    let (expected, found) = (ABI_VERSION >> 16, engine.read32(offset::ABI_VERSION)? >> 16);
    if found != expected {
        return Err(HostError::Abi { expected, found });
    }
    let streams = engine.read32(offset::CAP_STREAM)?;
    let (packet, bits) = (CAP_REPLY_PACKET.get(streams), CAP_AXIS_BITS.get(streams));
    match (packet, bits) {
        (1.., 64) => Ok(packet),
        _ => Err(HostError::Streams { packet, bits }),
    }
}

/// Stops a DMA that a process before this one has left at work: for a host that may still refuse to continue before
/// [`DmaHost::open`], which does the same. Does nothing where no engine and no DMA are found; then `open` reports it.
///
/// # Errors
/// The reset of the DMA does not end within `limit`.
pub fn stop_left_over(
    engine: &mut impl Registers,
    dma: &mut impl Registers,
    clock: &mut impl Clock,
    limit: Duration,
) -> Result<(), HostError> {
    if identify_engine(engine).is_err() || axi_dma::identify(dma).is_err() {
        return Ok(());
    }
    Ok(axi_dma::reset(dma, clock, limit)?)
}

impl<E: Registers, D: Registers, B: DmaBuffer, I: Irq, C: Clock> DmaHost<E, D, B, I, C> {
    /// Proves that the DMA, which was reset, suits: lengths, ends of packets, widths, addresses.
    pub(super) fn probe(&mut self) -> Result<(), HostError> {
        if self.link.mode() == Mode::Direct {
            self.link.check_lengths()?;
        }
        self.clean_start()?;
        if self.link.mode() == Mode::Direct {
            self.prove_reported_length()?;
        }
        self.loop_back()?;
        self.reset_engine()
    }

    /// Sends one SYNC, which two beats answer, and expects LENGTH of S2MM to report it. A DMA built with `Enable Micro DMA`
    /// leaves the register as it was written, and each packet would seem to fill its buffer.
    fn prove_reported_length(&mut self) -> Result<(), HostError> {
        let (answer, whole) = (2 * REPLY_BYTES, self.link.layout().packet_stride);
        self.send_records(&[Record::sync(1)])?;
        self.sent = 1;
        self.progress_now();
        let mut bytes = 0;
        while bytes == 0 || self.link.batches_under_way() > 0 {
            if let Err(error) = self.turn(&mut Take::Packets(&mut |packet| bytes += packet.bytes)) {
                return Err(self.explain(Some(error), None));
            }
        }
        if bytes == whole {
            return Err(DmaError::Micro { expected: answer as u32, found: whole as u32 }.into());
        }
        // Any other length is looked into by the loopback.
        self.reset_engine()
    }

    /// Sends eight bytes of zeros: half a record, with TLAST.
    fn send_half(&mut self) -> Result<(), HostError> {
        Ok(self.link.send(RECORD_BYTES / 2, |words, offset| words.write64(offset, 0))?)
    }

    /// Resets DMA and engine so that nothing of before is left in either.
    ///
    /// A reset of the DMA may cut a record in half, and may send beats that were never written (PG022, "MM2S Soft
    /// Shutdown"). The width converter in front of the engine keeps a half until its other half comes, also over a
    /// soft reset. So half a record with TLAST follows: it completes the old half or is a fragment itself, and either
    /// way ends a batch. The second soft reset forgets what that record did.
    pub(super) fn clean_start(&mut self) -> Result<(), HostError> {
        self.forget();
        // The engine shares the DMA's line, and a program before this one may have left its interrupts enabled: each batch
        // would seem to raise one without a cause.
        self.engine.write32(offset::IRQ_MASK, 0)?;
        self.engine.write32(offset::IRQ_STATUS, IRQ_SNAPSHOT.mask() | IRQ_BATCH_END.mask() | IRQ_ERROR.mask())?;
        self.link.start(&mut self.clock)?;
        self.reset_engine()?;
        self.send_half()?;
        self.progress_now();
        let mut ended = false;
        while !ended || self.link.batches_under_way() > 0 {
            let before = self.link.packets_taken();
            self.turn(&mut Take::Nowhere)?;
            ended |= self.link.packets_taken() > before;
        }
        self.reset_engine()?;
        self.link.start(&mut self.clock)?;
        self.forget();
        Ok(())
    }

    /// Soft reset of the engine; what it still has to say is thrown away.
    fn reset_engine(&mut self) -> Result<(), HostError> {
        self.engine.write32(offset::CONTROL, CONTROL_SOFT_RESET.mask())?;
        let limit = self.link.settings().time_limit;
        let end = self.clock.now().saturating_add(limit);
        loop {
            let status = self.engine.read32(offset::STATUS)?;
            self.link.take_packets(&mut Take::Nowhere)?;
            if status & (STATUS_CLEARING.mask() | STATUS_DRAINING.mask()) == 0 {
                self.forget();
                self.acknowledge()?;
                return Ok(());
            }
            if self.clock.now() > end {
                return Err(HostError::EngineStuck { status, limit });
            }
        }
    }

    /// Sends the largest batch as SYNCs that carry a pattern, and expects the pattern back: the length register is
    /// wide enough (without LENGTH, as with scatter-gather, nothing else shows it), every half of every record
    /// arrives, packets end, and both sides see the same memory.
    fn loop_back(&mut self) -> Result<(), HostError> {
        let token = |n: usize| (n as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let count = batch_records(self.link.settings());
        let batch: Vec<Record> = (0..count).map(|n| Record::sync(token(n))).collect();
        self.send_records(&batch)?;
        self.sent = count as u64;
        self.progress_now();
        // Every SYNC answers its token, and one beat ends the batch.
        let mut arrived: Vec<Reply> = Vec::with_capacity(count + 1);
        while arrived.len() < count + 1 || self.link.batches_under_way() > 0 {
            let known = arrived.len();
            let outcome =
                self.turn(&mut Take::Packets(&mut |packet| take_packet(packet, &mut |reply| arrived.push(reply))));
            let wrong = (known..arrived.len().min(count)).find(|n| arrived[*n].value != token(*n));
            if outcome.is_err() || wrong.is_some() {
                return Err(self.explain(outcome.err(), wrong.map(|n| (n, token(n), arrived[n].value))));
            }
        }
        Ok(())
    }
}
