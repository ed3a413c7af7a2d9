//! Both channels with their buffer: batches out, reply packets in. Knows the modes; knows nothing of the engine.

use super::channel;
use super::descriptor::{COMPLETE, END_OF_FRAME, ERRORS, LENGTH_MASK, START_OF_FRAME};
use super::error::{DmaError, ErrorBit, bits_for};
use super::registers::{Channel, Register, control, status};
use super::ring::Ring;
use super::settings::{Completion, DmaSettings, Layout, Mode};
use super::words::{Volatile, Words, put_records, take_replies};
use crate::seams::{Clock, DmaBuffer, Registers};
use deltascope_abi::record::{RECORD_BYTES, Record};
use deltascope_abi::reply::{REPLY_BYTES, Reply};

/// What happens to a reply packet that arrived.
pub(super) enum Take<'a> {
    /// It must be whole, and its beats go here.
    Beats(&'a mut dyn FnMut(Reply)),
    /// It is thrown away, whatever it is.
    Nowhere,
}

/// The DMA's registers and its buffer.
#[derive(Debug)]
pub(super) struct Link<D, B> {
    pub dma: D,
    pub words: Volatile<B>,
    pub mode: Mode,
    pub settings: DmaSettings,
    pub layout: Layout,
    /// Batches. In direct mode the ring only counts: its descriptors are not used by the DMA.
    pub records: Ring,
    /// Reply packets, likewise.
    pub replies: Ring,
    /// Direct mode: a batch is in the hands of the DMA.
    sending: bool,
    /// Direct mode: a reply packet's buffer is in the hands of the DMA.
    receiving: bool,
    /// Reply beats that arrived since the last [`Link::start`].
    pub beats: u64,
}

impl<D: Registers, B: DmaBuffer> Link<D, B> {
    pub fn new(dma: D, buffer: B, mode: Mode, settings: &DmaSettings, layout: Layout) -> Link<D, B> {
        let words = Volatile(buffer);
        let records = Ring::new(&words, layout.record_ring, usize::from(settings.batches));
        let replies = Ring::new(&words, layout.reply_ring, usize::from(settings.reply_packets));
        let settings = *settings;
        Link { dma, words, mode, settings, layout, records, replies, sending: false, receiving: false, beats: 0 }
    }

    /// Resets the DMA and starts it with every buffer for replies posted.
    pub fn start(&mut self, clock: &mut impl Clock) -> Result<(), DmaError> {
        channel::reset(&mut self.dma, clock, self.settings.reset_limit_us)?;
        for ring in [&mut self.records, &mut self.replies] {
            ring.clear(&mut self.words);
        }
        (self.sending, self.receiving, self.beats) = (false, false, 0);
        self.run(clock)
    }

    /// Starts both channels where their rings stand.
    pub fn run(&mut self, clock: &mut impl Clock) -> Result<(), DmaError> {
        for channel in Channel::BOTH {
            let mut value = 1 << control::THRESHOLD_SHIFT;
            if self.mode == Mode::ScatterGather {
                let ring = self.ring(channel);
                let first = ring.address(ring.oldest());
                channel::write(&mut self.dma, channel, Register::CurrentDescriptor, first)?;
            }
            if let Completion::Interrupt { .. } = self.settings.completion {
                value |= control::IRQ_ERROR;
                if channel == Channel::S2mm {
                    value = control::IRQ_ERROR | control::IRQ_COMPLETE | control::IRQ_DELAY;
                    value |= u32::from(self.settings.coalesce) << control::THRESHOLD_SHIFT;
                    value |= u32::from(self.settings.delay) << control::DELAY_SHIFT;
                }
            }
            channel::start(&mut self.dma, clock, channel, value, self.settings.reset_limit_us)?;
        }
        if self.mode == Mode::ScatterGather && self.replies.under_way() > 0 {
            channel::write(&mut self.dma, Channel::S2mm, Register::TailDescriptor, self.replies.tail())?;
        }
        self.post_replies()
    }

    /// Starts both channels again after a halt. In direct mode the buffer for replies is posted again, since the reset has
    /// ended its transfer.
    pub fn resume(&mut self, clock: &mut impl Clock) -> Result<(), DmaError> {
        if self.mode == Mode::Direct && self.receiving {
            self.receiving = false;
            self.replies.unpost();
        }
        self.run(clock)
    }

    /// Reply packets that arrived since the last [`Link::start`].
    pub fn replies_taken(&self) -> u64 {
        self.replies.taken()
    }

    fn ring(&self, channel: Channel) -> &Ring {
        match channel {
            Channel::Mm2s => &self.records,
            Channel::S2mm => &self.replies,
        }
    }

    /// Gives the DMA every free buffer for replies: all of them, or in direct mode the one that it can have.
    pub fn post_replies(&mut self) -> Result<(), DmaError> {
        let bytes = self.layout.reply_stride;
        match self.mode {
            Mode::ScatterGather => {
                if self.replies.room() == 0 {
                    return Ok(());
                }
                while self.replies.room() > 0 {
                    let buffer = self.layout.packet(self.replies.next(), bytes);
                    self.words.hand_to_device(buffer.clone());
                    self.replies.post(&mut self.words, buffer.start, bytes as u32);
                }
                channel::write(&mut self.dma, Channel::S2mm, Register::TailDescriptor, self.replies.tail())?;
            }
            Mode::Direct if !self.receiving => {
                let buffer = self.layout.packet(self.replies.next(), bytes);
                self.words.hand_to_device(buffer.clone());
                self.replies.post(&mut self.words, buffer.start, bytes as u32);
                self.transfer(Channel::S2mm, buffer.start, bytes as u32)?;
                self.receiving = true;
            }
            Mode::Direct => {}
        }
        Ok(())
    }

    /// Starts one transfer of direct mode.
    fn transfer(&mut self, channel: Channel, offset: usize, bytes: u32) -> Result<(), DmaError> {
        let address = self.words.0.bus_addr() + offset as u64;
        channel::write(&mut self.dma, channel, Register::Address, address as u32)?;
        Ok(channel::write(&mut self.dma, channel, Register::Length, bytes)?)
    }

    /// Packets that room is posted for when nothing is under way.
    pub fn packets(&self) -> usize {
        match self.mode {
            Mode::Direct => 1,
            Mode::ScatterGather => usize::from(self.settings.reply_packets) - 1,
        }
    }

    /// Sends records as one batch.
    pub fn send(&mut self, batch: &[Record]) -> Result<(), DmaError> {
        let place = self.layout.batch(self.records.next(), batch.len() * RECORD_BYTES);
        put_records(&mut self.words, place.start, batch);
        self.queue(place.start, place.len() as u32)
    }

    /// Sends eight bytes of zeros: half a record, with TLAST.
    pub fn send_half(&mut self) -> Result<(), DmaError> {
        let place = self.layout.batch(self.records.next(), RECORD_BYTES / 2);
        self.words.write64(place.start, 0);
        self.queue(place.start, place.len() as u32)
    }

    fn queue(&mut self, offset: usize, bytes: u32) -> Result<(), DmaError> {
        self.words.hand_to_device(offset..offset + bytes as usize);
        self.records.post(&mut self.words, offset, bytes | START_OF_FRAME | END_OF_FRAME);
        match self.mode {
            Mode::ScatterGather => {
                Ok(channel::write(&mut self.dma, Channel::Mm2s, Register::TailDescriptor, self.records.tail())?)
            }
            Mode::Direct => self.send_next(),
        }
    }

    /// Direct mode: gives the DMA the oldest batch that waits.
    fn send_next(&mut self) -> Result<(), DmaError> {
        if self.sending || self.records.under_way() == 0 {
            return Ok(());
        }
        let bytes = self.records.control(&self.words) & LENGTH_MASK;
        let offset = self.layout.batch(self.records.oldest(), 0).start;
        self.transfer(Channel::Mm2s, offset, bytes)?;
        self.sending = true;
        Ok(())
    }

    /// Takes back the batches that the DMA is done with; gives whether there were any.
    pub fn finish_batches(&mut self) -> Result<bool, DmaError> {
        let mut moved = false;
        while self.records.under_way() > 0 {
            match self.mode {
                Mode::ScatterGather => {
                    let found = self.records.status(&mut self.words);
                    if found & COMPLETE == 0 {
                        break;
                    }
                    self.refuse_errors(Channel::Mm2s, found)?;
                    let expected = self.records.control(&self.words) & LENGTH_MASK;
                    let bytes = found & LENGTH_MASK;
                    if bytes != expected {
                        let (channel, bits) = (Channel::Mm2s, bits_for(expected));
                        return Err(DmaError::Short { channel, expected, found: bytes, bits });
                    }
                }
                Mode::Direct => {
                    if !self.sending || !self.idle(Channel::Mm2s)? {
                        break;
                    }
                    self.sending = false;
                }
            }
            self.records.take();
            moved = true;
            if self.mode == Mode::Direct {
                self.send_next()?;
            }
        }
        Ok(moved)
    }

    /// Takes every reply packet that is complete; gives how many there were. Their buffers are posted again.
    pub fn take_packets(&mut self, take: &mut Take<'_>) -> Result<u64, DmaError> {
        let mut packets = 0;
        while let Some(bytes) = self.packet(matches!(take, Take::Beats(_)))? {
            let index = self.replies.oldest();
            self.replies.take();
            self.receiving = false;
            packets += 1;
            let (found, most) = (bytes as usize, self.layout.reply_stride);
            if let Take::Beats(sink) = take {
                if found == 0 || found > most || !found.is_multiple_of(REPLY_BYTES) {
                    return Err(DmaError::Fragment { most, found });
                }
                let place = self.layout.packet(index, found);
                self.words.hand_to_cpu(place.clone());
                take_replies(&self.words, place.start, found / REPLY_BYTES, *sink);
                self.beats += (found / REPLY_BYTES) as u64;
            }
            if self.mode == Mode::Direct {
                self.post_replies()?;
            }
        }
        if packets > 0 {
            self.post_replies()?;
        }
        Ok(packets)
    }

    /// Bytes of the oldest reply packet, once it is complete; when `whole`, it must have its start and its end.
    fn packet(&mut self, whole: bool) -> Result<Option<u32>, DmaError> {
        if self.replies.under_way() == 0 {
            return Ok(None);
        }
        if self.mode == Mode::Direct {
            return Ok(match self.receiving && self.idle(Channel::S2mm)? {
                true => Some(channel::read(&mut self.dma, Channel::S2mm, Register::Length)?),
                false => None,
            });
        }
        let found = self.replies.status(&mut self.words);
        if found & COMPLETE == 0 {
            return Ok(None);
        }
        self.refuse_errors(Channel::S2mm, found)?;
        let bytes = found & LENGTH_MASK;
        if whole && found & (START_OF_FRAME | END_OF_FRAME) != START_OF_FRAME | END_OF_FRAME {
            return Err(DmaError::NoLast { bytes: bytes.into() });
        }
        Ok(Some(bytes))
    }

    /// Direct mode: whether the channel's transfer is complete.
    fn idle(&mut self, channel: Channel) -> Result<bool, DmaError> {
        let found = channel::read(&mut self.dma, channel, Register::Status)?;
        Ok(found & status::IDLE != 0 && found & (status::ERRORS | status::HALTED) == 0)
    }

    /// Fails when a descriptor came back with an error.
    fn refuse_errors(&mut self, channel: Channel, found: u32) -> Result<(), DmaError> {
        if found & ERRORS == 0 {
            return Ok(());
        }
        channel::check(&mut self.dma, self.mode)?;
        // The register was cleared meanwhile; the descriptor's own bits say the same, 24 higher.
        let status = found >> 24;
        let bit = ErrorBit::first_in(status).unwrap_or(ErrorBit::Internal);
        let ring = self.ring(channel);
        Err(DmaError::Transfer { channel, bit, status, descriptor: ring.address(ring.oldest()) })
    }

    /// Fails when a channel reports an error or has halted.
    pub fn check(&mut self) -> Result<(), DmaError> {
        channel::check(&mut self.dma, self.mode)
    }
}
