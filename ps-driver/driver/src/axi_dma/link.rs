//! Both channels with their buffer: batches out, packets in. Knows both modes; knows nothing of what the bytes mean.

use super::channel;
use super::descriptor::{COMPLETE, END_OF_FRAME, LENGTH_MASK, START_OF_FRAME};
use super::error::{DmaError, bits_for};
use super::registers::{Channel, Register, control, status};
use super::ring::Ring;
use super::settings::{DmaSettings, Layout, Mode, UNIT_BYTES};
use super::transfers::Transfers;
use super::words::Volatile;
use crate::seams::{Clock, DmaBuffer, Registers};

/// A packet that arrived, in place.
#[derive(Clone, Copy, Debug)]
pub struct Packet<'a, B> {
    /// The buffer.
    pub words: &'a Volatile<B>,
    /// Offset of the packet's first byte.
    pub offset: usize,
    /// Its bytes, a whole number of units ([`UNIT_BYTES`], or [`Link::of_units`]).
    pub bytes: usize,
}

/// What happens to a packet that arrived.
pub enum Take<'a, B> {
    /// It must be whole, and goes here.
    Packets(&'a mut dyn FnMut(Packet<'_, B>)),
    /// It is thrown away, whatever it is.
    Nowhere,
}

/// The DMA's registers and its buffer.
#[derive(Debug)]
pub struct Link<D, B> {
    pub(super) dma: D,
    pub(super) words: Volatile<B>,
    pub(super) mode: Mode,
    pub(super) settings: DmaSettings,
    layout: Layout,
    /// Batches. In direct mode the ring only counts: its descriptors are not used by the DMA.
    pub(super) mm2s: Ring,
    /// Reply packets, likewise.
    pub(super) s2mm: Ring,
    /// Direct mode: the batch and the reply packet's buffer that are in the hands of the DMA.
    pub(super) transfers: Transfers,
    /// Bytes that arrived since the last [`Link::start`] or [`Link::forget`].
    received: u64,
    /// A reply packet has come with its end: TLAST is connected.
    ends: bool,
    /// Bytes in whose multiples packets come.
    unit: usize,
}

impl<D: Registers, B: DmaBuffer> Link<D, B> {
    /// Drives the DMA behind `dma`, whose mode is `mode`, with a buffer that [`super::check_buffer`] accepted.
    pub fn new(dma: D, buffer: B, mode: Mode, settings: &DmaSettings, layout: Layout) -> Link<D, B> {
        let words = Volatile(buffer);
        let mm2s = Ring::new(&words, layout.mm2s_ring, usize::from(settings.batches));
        let s2mm = Ring::new(&words, layout.s2mm_ring, usize::from(settings.reply_packets));
        let settings = *settings;
        let transfers = Transfers::default();
        let unit = UNIT_BYTES;
        Link { dma, words, mode, settings, layout, mm2s, s2mm, transfers, received: 0, ends: false, unit }
    }

    /// The same link for packets whose bytes are a multiple of `unit`, and of nothing larger.
    pub fn of_units(self, unit: usize) -> Link<D, B> {
        Link { unit, ..self }
    }

    /// Resets the DMA and starts it with every buffer for replies posted.
    pub fn start(&mut self, clock: &mut impl Clock) -> Result<(), DmaError> {
        channel::reset(&mut self.dma, clock, self.settings.reset_limit)?;
        for ring in [&mut self.mm2s, &mut self.s2mm] {
            ring.clear(&mut self.words);
        }
        (self.transfers, self.received) = (Transfers::default(), 0);
        self.run(clock)
    }

    /// Starts both channels where their rings are.
    fn run(&mut self, clock: &mut impl Clock) -> Result<(), DmaError> {
        for channel in Channel::BOTH {
            let mut value = self.enabled_interrupts(channel);
            value |= match value & control::IRQ_COMPLETE {
                0 => 1 << control::THRESHOLD_SHIFT,
                _ => {
                    u32::from(self.settings.coalesce) << control::THRESHOLD_SHIFT
                        | u32::from(self.settings.delay) << control::DELAY_SHIFT
                }
            };
            if self.mode == Mode::ScatterGather {
                let ring = self.ring(channel);
                let first = ring.address(ring.oldest());
                channel::write(&mut self.dma, channel, Register::CurrentDescriptor, first)?;
            }
            channel::start(&mut self.dma, clock, channel, value, self.settings.reset_limit)?;
        }
        if self.mode == Mode::ScatterGather && self.s2mm.under_way() > 0 {
            channel::write(&mut self.dma, Channel::S2mm, Register::TailDescriptor, self.s2mm.tail())?;
        }
        self.post_replies()
    }

    /// Starts both channels again after a halt. In direct mode the buffer for replies is posted again, since the reset has
    /// ended its transfer.
    pub fn resume(&mut self, clock: &mut impl Clock) -> Result<(), DmaError> {
        if self.mode == Mode::Direct && self.transfers.take(Channel::S2mm) {
            self.s2mm.unpost();
        }
        self.run(clock)
    }

    /// The mode that the DMA has.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// The settings it is driven with.
    pub fn settings(&self) -> &DmaSettings {
        &self.settings
    }

    /// How its buffer is divided.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Batches that the DMA has.
    pub fn batches_under_way(&self) -> usize {
        self.mm2s.under_way()
    }

    /// Batches that may be sent now.
    pub fn room(&self) -> usize {
        self.mm2s.room()
    }

    /// Packets that arrived since the last [`Link::start`].
    pub fn packets_taken(&self) -> u64 {
        self.s2mm.taken()
    }

    /// Bytes that arrived since the last [`Link::start`] or [`Link::forget`].
    pub fn received(&self) -> u64 {
        self.received
    }

    /// Counts the bytes that arrive from 0 again.
    pub fn forget(&mut self) {
        self.received = 0;
    }

    /// Resets both channels; what they had is gone.
    ///
    /// # Errors
    /// The reset does not end within [`DmaSettings::reset_limit`].
    pub fn reset(&mut self, clock: &mut impl Clock) -> Result<(), DmaError> {
        channel::reset(&mut self.dma, clock, self.settings.reset_limit)
    }

    /// Refuses a length register that is too narrow for the largest transfer. Only in direct mode it can be read.
    ///
    /// # Errors
    /// [`DmaError::LengthWidth`].
    pub fn check_lengths(&mut self) -> Result<(), DmaError> {
        let lengths = [self.settings.batch_bytes, self.layout.packet_stride as u32];
        for (channel, bytes) in Channel::BOTH.into_iter().zip(lengths) {
            let (needed, found) = (bits_for(bytes), channel::length_bits(&mut self.dma, channel)?);
            if found < needed {
                return Err(DmaError::LengthWidth { channel, needed, found });
            }
        }
        Ok(())
    }

    /// Whether a reply packet has come with its end since this was made.
    pub fn has_seen_ends(&self) -> bool {
        self.ends
    }

    pub(super) fn ring(&self, channel: Channel) -> &Ring {
        match channel {
            Channel::Mm2s => &self.mm2s,
            Channel::S2mm => &self.s2mm,
        }
    }

    /// Gives the DMA every free buffer for replies: all of them, or in direct mode the one that it can have.
    fn post_replies(&mut self) -> Result<(), DmaError> {
        let bytes = self.layout.packet_stride;
        match self.mode {
            Mode::ScatterGather => {
                if self.s2mm.room() == 0 {
                    return Ok(());
                }
                while self.s2mm.room() > 0 {
                    let buffer = self.layout.packet(self.s2mm.next(), bytes);
                    self.words.hand_to_device(buffer.clone());
                    self.s2mm.post(&mut self.words, buffer.start, bytes as u32);
                }
                channel::write(&mut self.dma, Channel::S2mm, Register::TailDescriptor, self.s2mm.tail())?;
            }
            Mode::Direct if !self.transfers.is_under_way(Channel::S2mm) => {
                let buffer = self.layout.packet(self.s2mm.next(), bytes);
                self.words.hand_to_device(buffer.clone());
                self.s2mm.post(&mut self.words, buffer.start, bytes as u32);
                self.transfer(Channel::S2mm, buffer.start, bytes as u32)?;
            }
            Mode::Direct => {}
        }
        Ok(())
    }

    /// Starts one transfer of direct mode. What DMASR states of the end of the one before is cleared first.
    fn transfer(&mut self, channel: Channel, offset: usize, bytes: u32) -> Result<(), DmaError> {
        let address = self.words.0.bus_addr() + offset as u64;
        channel::write(&mut self.dma, channel, Register::Status, status::IRQ_COMPLETE)?;
        channel::write(&mut self.dma, channel, Register::Address, address as u32)?;
        channel::write(&mut self.dma, channel, Register::Length, bytes)?;
        self.transfers.begin(channel);
        Ok(())
    }

    /// Packets that room is posted for when nothing is under way.
    pub fn packets(&self) -> usize {
        match self.mode {
            Mode::Direct => 1,
            Mode::ScatterGather => usize::from(self.settings.reply_packets) - 1,
        }
    }

    /// Sends `bytes` as one batch, which `fill` writes at the offset that it is given.
    ///
    /// # Errors
    /// The DMA's registers cannot be written.
    pub fn send(&mut self, bytes: usize, fill: impl FnOnce(&mut Volatile<B>, usize)) -> Result<(), DmaError> {
        let place = self.layout.batch(self.mm2s.next(), bytes);
        fill(&mut self.words, place.start);
        self.queue(place.start, place.len() as u32)
    }

    fn queue(&mut self, offset: usize, bytes: u32) -> Result<(), DmaError> {
        self.words.hand_to_device(offset..offset + bytes as usize);
        self.mm2s.post(&mut self.words, offset, bytes | START_OF_FRAME | END_OF_FRAME);
        match self.mode {
            Mode::ScatterGather => {
                Ok(channel::write(&mut self.dma, Channel::Mm2s, Register::TailDescriptor, self.mm2s.tail())?)
            }
            Mode::Direct => self.send_next(),
        }
    }

    /// Direct mode: gives the DMA the oldest batch that waits.
    fn send_next(&mut self) -> Result<(), DmaError> {
        if self.transfers.is_under_way(Channel::Mm2s) || self.mm2s.under_way() == 0 {
            return Ok(());
        }
        let bytes = self.mm2s.control(&self.words) & LENGTH_MASK;
        let offset = self.layout.batch(self.mm2s.oldest(), 0).start;
        self.transfer(Channel::Mm2s, offset, bytes)
    }

    /// Takes back the batches that the DMA is done with; gives whether there were any.
    pub fn finish_batches(&mut self) -> Result<bool, DmaError> {
        let mut moved = false;
        while self.mm2s.under_way() > 0 {
            match self.mode {
                Mode::ScatterGather => {
                    let found = self.mm2s.status(&mut self.words);
                    if found & COMPLETE == 0 {
                        break;
                    }
                    self.refuse_errors(Channel::Mm2s, found)?;
                    let expected = self.mm2s.control(&self.words) & LENGTH_MASK;
                    let bytes = found & LENGTH_MASK;
                    if bytes == 0 {
                        return Err(DmaError::MicroDescriptor { channel: Channel::Mm2s, expected });
                    }
                    if bytes != expected {
                        let (channel, bits) = (Channel::Mm2s, bits_for(expected));
                        return Err(DmaError::Short { channel, expected, found: bytes, bits });
                    }
                }
                Mode::Direct => {
                    if !self.is_over(Channel::Mm2s)? {
                        break;
                    }
                    self.transfers.take(Channel::Mm2s);
                }
            }
            self.mm2s.take();
            moved = true;
            if self.mode == Mode::Direct {
                self.send_next()?;
            }
        }
        Ok(moved)
    }

    /// Takes every reply packet that is complete; gives how many there were. Their buffers are posted again.
    pub fn take_packets(&mut self, take: &mut Take<'_, B>) -> Result<u64, DmaError> {
        let mut packets = 0;
        while let Some(bytes) = self.packet(matches!(take, Take::Packets(_)))? {
            let index = self.s2mm.oldest();
            self.s2mm.take();
            self.transfers.take(Channel::S2mm);
            packets += 1;
            let (found, most) = (bytes as usize, self.layout.packet_stride);
            if let Take::Packets(sink) = take {
                let unit = self.unit;
                if found == 0 || found > most || !found.is_multiple_of(unit) {
                    return Err(DmaError::Fragment { unit, most, found });
                }
                let place = self.layout.packet(index, found);
                self.words.hand_to_cpu(place.clone());
                sink(Packet { words: &self.words, offset: place.start, bytes: found });
                self.received += found as u64;
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
        if self.s2mm.under_way() == 0 {
            return Ok(None);
        }
        if self.mode == Mode::Direct {
            return Ok(match self.is_over(Channel::S2mm)? {
                true => Some(channel::read(&mut self.dma, Channel::S2mm, Register::Length)?),
                false => None,
            });
        }
        let found = self.s2mm.status(&mut self.words);
        if found & COMPLETE == 0 {
            return Ok(None);
        }
        self.refuse_errors(Channel::S2mm, found)?;
        let bytes = found & LENGTH_MASK;
        self.ends |= found & END_OF_FRAME != 0;
        if whole && found & (START_OF_FRAME | END_OF_FRAME) != START_OF_FRAME | END_OF_FRAME {
            return Err(DmaError::NoLast { bytes: bytes.into() });
        }
        Ok(Some(bytes))
    }

    /// Direct mode: whether the channel had a transfer, which is complete.
    ///
    /// Idle alone does not report it: it falls some clocks after the write of LENGTH, and later still where the DMA's clocks
    /// differ, so that it may be that of the transfer before. IOC_Irq was cleared before that write.
    fn is_over(&mut self, channel: Channel) -> Result<bool, DmaError> {
        if !self.transfers.is_under_way(channel) {
            return Ok(false);
        }
        let found = channel::read(&mut self.dma, channel, Register::Status)?;
        self.transfers.note(channel, found);
        Ok(self.transfers.has_ended(channel)
            && found & status::IDLE != 0
            && found & (status::ERRORS | status::HALTED) == 0)
    }
}
