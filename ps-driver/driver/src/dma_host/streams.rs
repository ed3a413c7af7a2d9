//! Records and replies through the DMA, as [`crate::engine::EngineDriver`] wants them.

use deltascope_abi::record::{RECORD_BYTES, Record};
use deltascope_abi::registers::{CONTROL_SOFT_RESET, offset};
use deltascope_abi::reply::{REPLY_BYTES, Reply};

use super::HostError;
use super::host::DmaHost;
use super::records::{put_records, take_packet};
use crate::axi_dma::{DmaSettings, Take};
use crate::seams::{BusError, Clock, DmaBuffer, Irq, RecordStreams, Registers, StreamError};

/// Records of the largest batch.
pub(super) const fn batch_records(settings: &DmaSettings) -> usize {
    settings.batch_bytes as usize / RECORD_BYTES
}

impl<E: Registers, D: Registers, B: DmaBuffer, I: Irq, C: Clock> DmaHost<E, D, B, I, C> {
    /// Sends records as one batch.
    pub(super) fn send_records(&mut self, batch: &[Record]) -> Result<(), HostError> {
        let bytes = batch.len() * RECORD_BYTES;
        Ok(self.link.send(bytes, |words, offset| put_records(words, offset, batch))?)
    }

    /// Packets of replies that a batch may need: the beat that ends it closes its last one.
    fn packets_for(&self, beats: usize) -> usize {
        let most = self.link.layout().packet_stride / REPLY_BYTES;
        beats.div_ceil(most).max(1)
    }

    /// Fails with the fault that stopped the streams, if there is one.
    fn refuse_faulty(&self) -> Result<(), StreamError> {
        match &self.fault {
            Some(fault) => Err(fault.clone().into()),
            None => Ok(()),
        }
    }

    fn keep_fault<T>(&mut self, outcome: Result<T, HostError>) -> Result<T, StreamError> {
        outcome.map_err(|fault| {
            self.fault = Some(fault.clone());
            fault.into()
        })
    }

    fn try_send(&mut self, batch: &[Record], reply_beats: usize) -> Result<(), HostError> {
        let room = self.room();
        if batch.is_empty() || batch.len() > room {
            return Err(HostError::NoRoom { room, found: batch.len() });
        }
        if self.batches.is_empty() {
            self.progress_now();
        }
        self.send_records(batch)?;
        let packets = self.packets_for(reply_beats);
        self.batches.push_back(packets);
        self.reserved += packets;
        self.sent += batch.len() as u64;
        Ok(())
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
            self.link.forget();
        }
        Ok(())
    }
}

impl<E: Registers, D: Registers, B: DmaBuffer, I: Irq, C: Clock> RecordStreams for DmaHost<E, D, B, I, C> {
    fn room(&self) -> usize {
        match self.paused || self.fault.is_some() || self.link.room() == 0 || self.reply_room() == 0 {
            true => 0,
            false => batch_records(self.link.settings()),
        }
    }

    fn reply_room(&self) -> usize {
        let most = self.link.layout().packet_stride / REPLY_BYTES;
        self.link.packets().saturating_sub(self.reserved) * most
    }

    fn send(&mut self, batch: &[Record], reply_beats: usize) -> Result<(), StreamError> {
        self.refuse_faulty()?;
        let outcome = self.try_send(batch, reply_beats);
        self.keep_fault(outcome)
    }

    fn busy(&self) -> bool {
        self.fault.is_none() && self.link.batches_under_way() > 0
    }

    fn service(&mut self, sink: &mut dyn FnMut(Reply)) -> Result<(), StreamError> {
        self.refuse_faulty()?;
        let outcome = self.turn(&mut Take::Packets(&mut |packet| take_packet(packet, sink)));
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
