//! The engine's registers and the DMA in front of it, with interrupts, notices and faults.

use alloc::collections::VecDeque;
use core::time::Duration;

use super::HostError;
use crate::axi_dma::registers::status;
use crate::axi_dma::{Completion, DmaSettings, Link, Mode, Notice, Take};
use crate::seams::{Clock, DmaBuffer, Irq, Registers};

/// Notices kept until they are taken; further ones are only counted.
const NOTICES: usize = 64;

/// How long an interrupt may lag behind the memory that it speaks of.
const GRACE: Duration = Duration::from_micros(100);

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
    fn wait(&mut self, _timeout: Duration) -> bool {
        false
    }
    fn rearm(&mut self) {}
}

/// An engine behind an AXI DMA. It implements [`Registers`] (the engine's) and [`RecordStreams`], so that
/// [`crate::engine::EngineDriver`] drives it.
///
/// After an error it refuses everything with that error until [`RecordStreams::restart`]. When it goes, however it goes,
/// the DMA is reset first: it moves nothing any more and holds no address of the buffer.
///
/// [`RecordStreams`]: crate::seams::RecordStreams
/// [`RecordStreams::restart`]: crate::seams::RecordStreams::restart
#[derive(Debug)]
pub struct DmaHost<E, D: Registers, B: DmaBuffer, I, C: Clock> {
    pub(super) engine: E,
    pub(super) link: Link<D, B>,
    pub(super) irq: I,
    pub(super) clock: C,
    pub(super) fault: Option<HostError>,
    pub(super) notices: VecDeque<Notice>,
    pub(super) noticed: u64,
    /// When an interrupt was found missing that may still come.
    pub(super) missing: Option<Duration>,
    /// The delay timer has raised the last interrupt, which may be ahead of the packet that it speaks of.
    pub(super) announced: bool,
    /// For each batch that has not ended, the reply packets that it may need.
    pub(super) batches: VecDeque<usize>,
    /// Sum of `batches`.
    pub(super) reserved: usize,
    /// Records sent since the engine's last reset.
    pub(super) sent: u64,
    /// When something moved for the last time.
    pub(super) progress: Duration,
    /// Halted on request.
    pub(super) paused: bool,
}

impl<E: Registers, D: Registers, B: DmaBuffer, I: Irq, C: Clock> DmaHost<E, D, B, I, C> {
    /// The mode that the DMA has.
    pub fn mode(&self) -> Mode {
        self.link.mode()
    }

    /// The settings it is driven with.
    pub fn settings(&self) -> &DmaSettings {
        self.link.settings()
    }

    /// The error that stopped the streams, until they are restarted.
    pub fn fault(&self) -> Option<&HostError> {
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
    pub fn halt(&mut self) -> Result<(), HostError> {
        if !self.batches.is_empty() || self.link.batches_under_way() > 0 {
            return Err(HostError::Busy { batches: self.batches.len() });
        }
        self.link.reset(&mut self.clock)?;
        self.paused = true;
        Ok(())
    }

    /// Runs on after [`DmaHost::halt`].
    ///
    /// # Errors
    /// A channel does not start within the limit.
    pub fn resume(&mut self) -> Result<(), HostError> {
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
    pub(super) fn advance(&mut self, take: &mut Take<'_, B>) -> Result<(u64, bool), HostError> {
        let packets = self.link.take_packets(take)?;
        let moved = self.link.finish_batches()? || packets > 0;
        if moved {
            self.progress_now();
        }
        Ok((packets, moved))
    }

    /// One service: moves what can be moved, else waits as the settings define, and looks at what the channels report.
    pub(super) fn turn(&mut self, take: &mut Take<'_, B>) -> Result<(), HostError> {
        if self.advance(take)?.1 {
            return Ok(());
        }
        // Only replies raise an interrupt: with none due there is nothing to wait for.
        if let Completion::Interrupt { wait: longest } = self.link.settings().completion
            && !self.batches.is_empty()
            && self.wait(longest, take)?
        {
            return Ok(());
        }
        self.link.check(&mut self.clock)?;
        let limit = self.link.settings().time_limit;
        if self.clock.now().saturating_sub(self.progress) > limit {
            // What came in the same poll is no fault.
            return match self.advance(take)?.1 {
                true => Ok(()),
                false => Err(self.diagnose(limit)?),
            };
        }
        Ok(())
    }

    /// Waits for the interrupt; gives whether anything moved after it, or after the wait for it.
    ///
    /// The delay timer begins at the last beat of a packet, not when it is in memory (axi_sg v4.1, `ch2_packet_eof`). In slow
    /// memory its interrupt comes first, and the packet raises none: so the wait after it is short.
    fn wait(&mut self, longest: Duration, take: &mut Take<'_, B>) -> Result<bool, HostError> {
        let announced = core::mem::take(&mut self.announced);
        let mut raised = self.irq.wait(if announced { longest.min(GRACE) } else { longest });
        let (mut packets, mut moved) = (0, false);
        if !raised {
            (packets, moved) = self.advance(take)?;
            if packets == 0 || announced {
                return Ok(moved);
            }
            // Packets that were complete just now may still be about to raise it.
            raised = self.irq.wait(GRACE);
            if !raised {
                self.missing = Some(self.clock.now());
                self.notice(Notice::InterruptLost { waited: longest, packets });
            }
        }
        let causes = self.acknowledge()?;
        self.announced = causes & status::IRQ_DELAY != 0;
        // What was complete before the interrupts were cleared will raise none any more.
        let (more, moved_now) = self.advance(take)?;
        packets += more;
        moved |= moved_now;
        if raised && packets == 0 && causes == 0 {
            let limit = self.link.settings().time_limit;
            let now = self.clock.now();
            let late = self.missing.take().is_some_and(|since| now.saturating_sub(since) <= limit);
            self.notice(if late { Notice::InterruptLate } else { Notice::InterruptSpurious });
        }
        Ok(moved)
    }

    /// Clears the interrupts of both channels, and gives those that raised a line.
    pub(super) fn acknowledge(&mut self) -> Result<u32, HostError> {
        let causes = self.link.acknowledge()?;
        self.irq.rearm();
        Ok(causes)
    }

    /// The time limit counts from now.
    pub(super) fn progress_now(&mut self) {
        self.progress = self.clock.now();
    }

    /// Forgets every batch: the engine was reset, or is about to be.
    pub(super) fn forget(&mut self) {
        self.batches.clear();
        self.reserved = 0;
        self.sent = 0;
        self.link.forget();
        self.progress_now();
    }
}

impl<E, D: Registers, B: DmaBuffer, I, C: Clock> Drop for DmaHost<E, D, B, I, C> {
    /// Resets the DMA and waits for the end of it, so that the buffer can be given away afterwards. What fails here, a bus
    /// that answers with an error or a reset that does not end, has no one left to be reported to.
    fn drop(&mut self) {
        let _ = self.link.reset(&mut self.clock);
    }
}
