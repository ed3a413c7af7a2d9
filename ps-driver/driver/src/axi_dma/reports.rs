//! What the channels of a link report: interrupts, errors, descriptors that failed.

use super::channel;
use super::descriptor::{ERRORS, ERRORS_SHIFT};
use super::error::{DmaError, ErrorBit};
use super::link::Link;
use super::registers::{Channel, Register, control};
use super::settings::{Completion, Mode};
use crate::seams::{Clock, DmaBuffer, Registers};

impl<D: Registers, B: DmaBuffer> Link<D, B> {
    /// The interrupts of the channel that may raise its line. Only replies raise one when they are complete.
    pub(super) fn enabled_interrupts(&self, channel: Channel) -> u32 {
        match (self.settings.completion, channel) {
            (Completion::Interrupt { .. }, Channel::S2mm) => {
                control::IRQ_ERROR | control::IRQ_COMPLETE | control::IRQ_DELAY
            }
            (Completion::Interrupt { .. }, Channel::Mm2s) => control::IRQ_ERROR,
            _ => 0,
        }
    }

    /// Clears the interrupts of both channels, and gives those that raised a line. DMASR sets the bit of an interrupt that
    /// is not enabled too; a bit has the place of its enable in DMACR.
    ///
    /// # Errors
    /// The registers cannot be accessed.
    pub fn acknowledge(&mut self) -> Result<u32, DmaError> {
        let mut causes = 0;
        for channel in Channel::BOTH {
            let found = channel::acknowledge(&mut self.dma, channel)?;
            self.transfers.note(channel, found);
            causes |= found & self.enabled_interrupts(channel);
        }
        Ok(causes)
    }

    /// Index and STATUS of the oldest descriptor that the DMA has.
    pub fn oldest(&mut self, channel: Channel) -> (usize, u32) {
        let Link { mm2s, s2mm, words, .. } = self;
        let ring = if channel == Channel::Mm2s { mm2s } else { s2mm };
        (ring.oldest(), ring.status(words))
    }

    /// Fails when a descriptor came back with an error. DMASR may not show it yet.
    pub(super) fn refuse_errors(&mut self, channel: Channel, found: u32) -> Result<(), DmaError> {
        let Some(bit) = ErrorBit::first_in((found & ERRORS) >> ERRORS_SHIFT) else { return Ok(()) };
        let status = channel::read(&mut self.dma, channel, Register::Status)?;
        let ring = self.ring(channel);
        Err(DmaError::Transfer { channel, bit, status, descriptor: ring.address(ring.oldest()) })
    }

    /// Fails when a channel reports an error or has halted.
    pub fn check(&mut self, clock: &mut impl Clock) -> Result<(), DmaError> {
        let checked = channel::check(&mut self.dma, clock, self.mode, self.settings.reset_limit);
        checked.map_err(|error| match error {
            DmaError::Transfer { channel, bit, status, descriptor } if self.mode == Mode::ScatterGather => {
                // CURDESC gives what was fetched last, by either channel (axi_sg v4.1, `ftch_error_addr`).
                let Link { mm2s, s2mm, words, .. } = self;
                let ring = if channel == Channel::Mm2s { mm2s } else { s2mm };
                let failed = ring.find(words, |status| status & ERRORS != 0);
                DmaError::Transfer { channel, bit, status, descriptor: failed.unwrap_or(descriptor) }
            }
            error => error,
        })
    }
}
