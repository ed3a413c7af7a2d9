//! The DMA alone between a memory and two streams that the test drives.

use super::super::config::DmaConfig;
use super::super::dma::AxiDma;
use super::super::faults::Faults;
use super::super::memory::{Memory, Ram};
use super::super::mm2s::StreamBeat;
use super::super::pg021::{Channel, DESCRIPTOR_BYTES, END_OF_FRAME, Register, START_OF_FRAME, control, word};

/// Bus address of the memory.
const BASE: u64 = 0x4000;
/// Bus address of the one ring that both channels use.
pub const RING: u64 = BASE;
/// Bus address of buffers.
pub const DATA: u64 = BASE + 0x1000;

/// A DMA whose stream of records is taken, or not, and whose stream of replies is a queue.
pub struct Bed {
    pub dma: AxiDma,
    pub memory: Ram,
    pub faults: Faults,
    pub takes: bool,
    pub taken: Vec<StreamBeat>,
    replies: std::collections::VecDeque<StreamBeat>,
    pub clocks: u64,
}

impl Bed {
    pub fn new(config: DmaConfig) -> Bed {
        let memory = Ram::new(BASE, 1 << 20);
        let (taken, replies) = (Vec::new(), Default::default());
        Bed { dma: AxiDma::new(config), memory, faults: Faults::default(), takes: true, taken, replies, clocks: 0 }
    }

    pub fn clock(&mut self) {
        let (offer, ready) = (self.dma.offer(), self.dma.ready());
        let taken = offer.is_some() && self.takes;
        self.taken.extend(offer.filter(|_| taken));
        let arrived = if ready { self.replies.pop_front() } else { None };
        self.dma.clock(taken, arrived, &mut self.memory, &mut self.faults);
        self.clocks += 1;
    }

    pub fn run(&mut self, clocks: u64) {
        (0..clocks).for_each(|_| self.clock());
    }

    pub fn read(&mut self, channel: Channel, register: Register) -> u32 {
        self.dma.read(channel.at(register), &self.faults)
    }

    pub fn write(&mut self, channel: Channel, register: Register, value: u32) {
        self.dma.write(channel.at(register), value, &self.faults);
    }

    pub fn run_until(&mut self, channel: Channel, bits: u32) -> u64 {
        let start = self.clocks;
        while self.read(channel, Register::Status) & bits == 0 {
            self.clock();
            assert!(self.clocks - start < 50_000, "DMASR never has {bits:#x}");
        }
        self.clocks - start
    }

    pub fn word(&mut self, address: u64) -> u32 {
        let mut bytes = [0; 4];
        self.memory.read(address, &mut bytes);
        u32::from_le_bytes(bytes)
    }

    pub fn descriptor(&mut self, n: u64, count: u64, buffer: u64, control: u32) {
        let at = RING + n * DESCRIPTOR_BYTES as u64;
        let next = RING + (n + 1) % count * DESCRIPTOR_BYTES as u64;
        for (offset, value) in
            [(word::NEXT, next as u32), (word::BUFFER, buffer as u32), (word::CONTROL, control), (word::STATUS, 0)]
        {
            self.memory.write(at + offset as u64, &value.to_le_bytes());
        }
    }

    pub fn start(&mut self, channel: Channel, control: u32) {
        self.write(channel, Register::CurrentDescriptor, RING as u32);
        self.write(channel, Register::Control, control | control::RUN);
    }

    pub fn tail(&mut self, channel: Channel, n: u64) {
        self.write(channel, Register::TailDescriptor, (RING + n * DESCRIPTOR_BYTES as u64) as u32);
    }

    pub fn status_of(&mut self, n: u64) -> u32 {
        self.word(RING + n * DESCRIPTOR_BYTES as u64 + word::STATUS as u64)
    }

    pub fn reply(&mut self, beats: u64) {
        self.replies.extend((1..=beats).map(|n| StreamBeat { data: n, keep: 0xFF, last: n == beats }));
    }
}

/// Both channels at work: MM2S with a packet that the stream does not take, S2MM with a buffer posted.
pub fn both_at_work(config: DmaConfig) -> Bed {
    let mut bed = Bed::new(config);
    bed.takes = false;
    if bed.dma.config().scatter_gather {
        for n in 0..4 {
            bed.descriptor(n, 4, DATA + n * 256, 256 | START_OF_FRAME | END_OF_FRAME);
        }
        bed.start(Channel::Mm2s, control::IRQ_ERROR);
        bed.tail(Channel::Mm2s, 0);
        // One ring for both: S2MM begins at the last descriptor.
        bed.write(Channel::S2mm, Register::CurrentDescriptor, (RING + 3 * 64) as u32);
        bed.write(Channel::S2mm, Register::Control, control::RUN | control::IRQ_ERROR);
        bed.tail(Channel::S2mm, 3);
    } else {
        for channel in Channel::BOTH {
            bed.write(channel, Register::Control, control::RUN | control::IRQ_ERROR);
            bed.write(channel, Register::Address, (DATA + 4096 * channel as u64) as u32);
            bed.write(channel, Register::Length, 256);
        }
    }
    bed.run(300);
    bed
}
