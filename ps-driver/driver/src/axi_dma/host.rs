//! The host of an engine behind an AXI DMA: registers of the engine, streams through the DMA.

use alloc::collections::VecDeque;

use deltascope_abi::record::Record;
use deltascope_abi::registers::{CONTROL_SOFT_RESET, offset};
use deltascope_abi::reply::Reply;

use super::channel;
use super::error::{DmaError, Notice};
use super::link::{Link, Take};
use super::registers::Channel;
use super::settings::{Completion, DmaSettings, Layout, Mode};
use crate::seams::{BusError, Clock, DmaBuffer, Fabric, Irq, RecordStreams, Registers, StreamError};

/// Notices kept until they are taken; further ones are only counted.
const NOTICES: usize = 64;

/// How long an interrupt may lag behind the memory that it speaks of.
const GRACE_US: u64 = 100;

/// What a host brings.
#[derive(Debug)]
pub struct DmaParts<E, D, B, I, C> {
    /// Registers of the engine.
    pub engine: E,
    /// Registers of the DMA.
    pub dma: D,
    /// Memory for descriptors, batches and reply packets: at least [`DmaSettings::buffer_bytes`], at a bus address
    /// that is a multiple of 64 and ends below 4 GiB.
    pub buffer: B,
    /// One line for both channels of the DMA, high while either of them raises its interrupt.
    pub irq: I,
    /// Time, for every limit.
    pub clock: C,
}

/// For a host whose DMA interrupts are not connected: it never comes. Only with [`Completion::Poll`].
#[derive(Clone, Copy, Debug, Default)]
pub struct NoIrq;

impl Irq for NoIrq {
    fn wait(&mut self, _timeout_us: u64) -> bool {
        false
    }
    fn rearm(&mut self) {}
}

/// An engine behind an AXI DMA. It implements [`Registers`] (the engine's) and [`RecordStreams`], so that
/// [`crate::engine::EngineDriver`] drives it.
///
/// After an error it refuses everything with that error until [`RecordStreams::restart`]. When it goes, however it goes,
/// the DMA is reset first: it moves nothing any more and holds no address of the buffer.
#[derive(Debug)]
pub struct DmaHost<E, D: Registers, B: DmaBuffer, I, C: Clock> {
    pub(super) engine: E,
    pub(super) link: Link<D, B>,
    irq: I,
    pub(super) clock: C,
    fault: Option<DmaError>,
    notices: VecDeque<Notice>,
    noticed: u64,
    /// When an interrupt was found missing that may still come.
    missing: Option<u64>,
    /// For each batch that has not ended, the reply packets that it may need.
    batches: VecDeque<usize>,
    /// Sum of `batches`.
    reserved: usize,
    /// Records sent since the engine's last reset.
    pub(super) sent: u64,
    /// When something moved for the last time.
    progress: u64,
    /// Halted on request.
    paused: bool,
}

impl<E: Registers, D: Registers, B: DmaBuffer, I: Irq, C: Clock> DmaHost<E, D, B, I, C> {
    /// Asks whether the logic may be touched, finds out what the DMA can do, resets it and the engine, and sends
    /// records through both as a proof. The engine's tables are cleared.
    ///
    /// # Errors
    /// The logic may not be touched; the DMA's configuration does not suit, with the name of the Vivado setting to
    /// change; the proof failed.
    pub fn open(
        fabric: &mut impl Fabric,
        parts: DmaParts<E, D, B, I, C>,
        settings: &DmaSettings,
    ) -> Result<DmaHost<E, D, B, I, C>, DmaError> {
        fabric.check()?;
        let DmaParts { mut engine, mut dma, buffer, irq, mut clock } = parts;
        let packet_beats = super::probe::identify_engine(&mut engine)?;
        let mode = channel::identify(&mut dma)?;
        // Before any refusal: a process that was killed has left the DMA at work on its buffers.
        channel::reset(&mut dma, &mut clock, settings.reset_limit_us)?;
        settings.check()?;
        channel::refuse_wide(&mut dma, mode)?;
        if let Some(expected) = settings.mode
            && expected != mode
        {
            return Err(DmaError::Mode { expected: expected.name(), found: mode.name() });
        }
        let layout = Layout::new(settings, packet_beats);
        super::probe::check_buffer(&buffer, &layout)?;
        let link = Link::new(dma, buffer, mode, settings, layout);
        let mut host = DmaHost {
            engine,
            link,
            irq,
            clock,
            fault: None,
            notices: VecDeque::new(),
            noticed: 0,
            missing: None,
            batches: VecDeque::new(),
            reserved: 0,
            sent: 0,
            progress: 0,
            paused: false,
        };
        host.probe()?;
        Ok(host)
    }

    /// The mode that the DMA has.
    pub fn mode(&self) -> Mode {
        self.link.mode
    }

    /// The settings it is driven with.
    pub fn settings(&self) -> &DmaSettings {
        &self.link.settings
    }

    /// The error that stopped the streams, until they are restarted.
    pub fn fault(&self) -> Option<&DmaError> {
        self.fault.as_ref()
    }

    /// Takes the notices of what was not as it should be and was put right.
    pub fn take_notices(&mut self) -> impl Iterator<Item = Notice> + '_ {
        self.notices.drain(..)
    }

    /// Notices so far, those that were not kept among them.
    pub fn noticed(&self) -> u64 {
        self.noticed
    }

    /// Stops both channels of the DMA, for instance before the logic's clock is changed. Nothing may be under way.
    ///
    /// This is a reset: a channel whose RS bit is cleared halts only when the commands that it has begun are complete, and a
    /// buffer that waits for replies is such a command (axi_dma v7.1). A reset with nothing under way loses nothing.
    ///
    /// # Errors
    /// A batch is under way, or the reset does not end within the limit.
    pub fn halt(&mut self) -> Result<(), DmaError> {
        if !self.batches.is_empty() || self.link.records.under_way() > 0 {
            return Err(DmaError::Busy { batches: self.batches.len() });
        }
        channel::reset(&mut self.link.dma, &mut self.clock, self.link.settings.reset_limit_us)?;
        self.paused = true;
        Ok(())
    }

    /// Runs on after [`DmaHost::halt`].
    ///
    /// # Errors
    /// A channel does not start within the limit.
    pub fn resume(&mut self) -> Result<(), DmaError> {
        self.link.resume(&mut self.clock)?;
        self.paused = false;
        Ok(())
    }

    fn notice(&mut self, notice: Notice) {
        self.noticed += 1;
        if self.notices.len() < NOTICES {
            self.notices.push_back(notice);
        }
    }

    /// Moves what can be moved; gives the packets and whether anything moved.
    pub(super) fn advance(&mut self, take: &mut Take<'_>) -> Result<(u64, bool), DmaError> {
        let packets = self.link.take_packets(take)?;
        let moved = self.link.finish_batches()? || packets > 0;
        if moved {
            self.progress_now();
        }
        Ok((packets, moved))
    }

    /// One service: moves what can be moved, else waits as the settings say, and looks at what the channels report.
    pub(super) fn turn(&mut self, take: &mut Take<'_>) -> Result<(), DmaError> {
        if self.advance(take)?.1 {
            return Ok(());
        }
        // Only replies raise an interrupt: with none due there is nothing to wait for.
        if let Completion::Interrupt { wait_us } = self.link.settings.completion
            && !self.batches.is_empty()
            && self.wait(wait_us, take)?
        {
            return Ok(());
        }
        self.link.check()?;
        let limit = self.link.settings.time_limit_us;
        if self.clock.now_us().saturating_sub(self.progress) > limit {
            // What came in the very last moment is no fault.
            return match self.advance(take)?.1 {
                true => Ok(()),
                false => Err(self.diagnose(limit)?),
            };
        }
        Ok(())
    }

    /// Waits for the interrupt; gives whether anything moved after it, or after the wait for it.
    fn wait(&mut self, wait_us: u64, take: &mut Take<'_>) -> Result<bool, DmaError> {
        let mut raised = self.irq.wait(wait_us);
        let (mut packets, mut moved) = (0, false);
        if !raised {
            (packets, moved) = self.advance(take)?;
            if packets == 0 {
                return Ok(moved);
            }
            // Packets that were complete just now may still be about to raise it.
            raised = self.irq.wait(GRACE_US);
            if !raised {
                self.missing = Some(self.clock.now_us());
                self.notice(Notice::InterruptLost { waited_us: wait_us, packets });
            }
        }
        let causes = self.acknowledge()?;
        // What was complete before the interrupts were cleared will raise none any more.
        let (more, moved_now) = self.advance(take)?;
        packets += more;
        moved |= moved_now;
        if raised && packets == 0 && causes == 0 {
            let limit = self.link.settings.time_limit_us;
            let now = self.clock.now_us();
            let late = self.missing.take().is_some_and(|since| now.saturating_sub(since) <= limit);
            self.notice(if late { Notice::InterruptLate } else { Notice::InterruptSpurious });
        }
        Ok(moved)
    }

    /// Clears the interrupts of both channels, and gives which there were.
    pub(super) fn acknowledge(&mut self) -> Result<u32, DmaError> {
        let mut causes = 0;
        for channel in Channel::BOTH {
            causes |= channel::acknowledge(&mut self.link.dma, channel)?;
        }
        self.irq.rearm();
        Ok(causes)
    }

    /// Packets of replies that a batch may need: the beat that ends it closes its last one.
    fn packets_for(&self, beats: usize) -> usize {
        let most = self.link.layout.reply_stride / deltascope_abi::reply::REPLY_BYTES;
        beats.div_ceil(most).max(1)
    }

    /// Fails with the fault that stopped the streams, if there is one.
    fn refuse_faulty(&self) -> Result<(), StreamError> {
        match &self.fault {
            Some(fault) => Err(fault.clone().into()),
            None => Ok(()),
        }
    }

    fn keep_fault<T>(&mut self, outcome: Result<T, DmaError>) -> Result<T, StreamError> {
        outcome.map_err(|fault| {
            self.fault = Some(fault.clone());
            fault.into()
        })
    }

    /// The time limit counts from now.
    pub(super) fn progress_now(&mut self) {
        self.progress = self.clock.now_us();
    }

    /// Forgets every batch: the engine was reset, or is about to be.
    pub(super) fn forget(&mut self) {
        self.batches.clear();
        self.reserved = 0;
        self.sent = 0;
        self.link.beats = 0;
        self.progress_now();
    }

    fn try_send(&mut self, batch: &[Record], reply_beats: usize) -> Result<(), DmaError> {
        let room = self.room();
        if batch.is_empty() || batch.len() > room {
            return Err(DmaError::NoRoom { room, found: batch.len() });
        }
        if self.batches.is_empty() {
            self.progress_now();
        }
        self.link.send(batch)?;
        let packets = self.packets_for(reply_beats);
        self.batches.push_back(packets);
        self.reserved += packets;
        self.sent += batch.len() as u64;
        Ok(())
    }
}

impl<E, D: Registers, B: DmaBuffer, I, C: Clock> Drop for DmaHost<E, D, B, I, C> {
    /// Resets the DMA and waits for the end of it, so that the buffer can be given away afterwards. What fails here, a bus
    /// that answers with an error or a reset that does not end, has no one left to be reported to.
    fn drop(&mut self) {
        let limit = self.link.settings.reset_limit_us;
        let _ = channel::reset(&mut self.link.dma, &mut self.clock, limit);
    }
}

impl<E: Registers, D: Registers, B: DmaBuffer, I, C: Clock> Registers for DmaHost<E, D, B, I, C> {
    fn read32(&mut self, offset: u32) -> Result<u32, BusError> {
        self.engine.read32(offset)
    }

    fn write32(&mut self, at: u32, value: u32) -> Result<(), BusError> {
        self.engine.write32(at, value)?;
        if at == offset::CONTROL && value & CONTROL_SOFT_RESET.mask() != 0 {
            // The engine counts from zero again.
            self.sent = 0;
            self.link.beats = 0;
        }
        Ok(())
    }
}

impl<E: Registers, D: Registers, B: DmaBuffer, I: Irq, C: Clock> RecordStreams for DmaHost<E, D, B, I, C> {
    fn room(&self) -> usize {
        match self.paused || self.fault.is_some() || self.link.records.room() == 0 || self.reply_room() == 0 {
            true => 0,
            false => self.link.settings.batch_records(),
        }
    }

    fn reply_room(&self) -> usize {
        let most = self.link.layout.reply_stride / deltascope_abi::reply::REPLY_BYTES;
        self.link.packets().saturating_sub(self.reserved) * most
    }

    fn send(&mut self, batch: &[Record], reply_beats: usize) -> Result<(), StreamError> {
        self.refuse_faulty()?;
        let outcome = self.try_send(batch, reply_beats);
        self.keep_fault(outcome)
    }

    fn busy(&self) -> bool {
        self.fault.is_none() && self.link.records.under_way() > 0
    }

    fn service(&mut self, sink: &mut dyn FnMut(Reply)) -> Result<(), StreamError> {
        self.refuse_faulty()?;
        let outcome = self.turn(&mut Take::Beats(sink));
        self.keep_fault(outcome)
    }

    fn end_batches(&mut self, count: usize) {
        for packets in self.batches.drain(..count.min(self.batches.len())) {
            self.reserved -= packets;
        }
    }

    fn restart(&mut self) -> Result<(), StreamError> {
        let outcome = self.clean_start();
        if outcome.is_ok() {
            self.fault = None;
            self.paused = false;
        }
        self.keep_fault(outcome)
    }
}
