//! The DMA alone against what PG021 says: registers, descriptors, interrupts, rates. Its streams are driven here.

use super::pg021::Channel::{Mm2s, S2mm};
use super::pg021::{COMPLETE, DESCRIPTOR_BYTES, END_OF_FRAME, LENGTH_MASK, START_OF_FRAME, word};
use super::pg021::{Channel, Register, control, status};

use super::config::{DmaConfig, Timing};
use super::dma::AxiDma;
use super::faults::{Fault, Faults};
use super::memory::{Memory, Ram, Response};
use super::mm2s::StreamBeat;

const BASE: u64 = 0x4000;
const RING: u64 = BASE;
const DATA: u64 = BASE + 0x1000;

/// A DMA whose stream of records is taken, or not, and whose stream of replies is a queue.
struct Bed {
    dma: AxiDma,
    memory: Ram,
    faults: Faults,
    takes: bool,
    taken: Vec<StreamBeat>,
    replies: std::collections::VecDeque<StreamBeat>,
    clocks: u64,
}

impl Bed {
    fn new(config: DmaConfig) -> Bed {
        let memory = Ram::new(BASE, 1 << 20);
        let (taken, replies) = (Vec::new(), Default::default());
        Bed { dma: AxiDma::new(config), memory, faults: Faults::default(), takes: true, taken, replies, clocks: 0 }
    }

    fn clock(&mut self) {
        let (offer, ready) = (self.dma.offer(), self.dma.ready());
        let taken = offer.is_some() && self.takes;
        self.taken.extend(offer.filter(|_| taken));
        let arrived = if ready { self.replies.pop_front() } else { None };
        self.dma.clock(taken, arrived, &mut self.memory, &mut self.faults);
        self.clocks += 1;
    }

    fn run(&mut self, clocks: u64) {
        (0..clocks).for_each(|_| self.clock());
    }

    fn read(&mut self, channel: Channel, register: Register) -> u32 {
        self.dma.read(channel.at(register), &self.faults)
    }

    fn write(&mut self, channel: Channel, register: Register, value: u32) {
        self.dma.write(channel.at(register), value, &self.faults);
    }

    fn run_until(&mut self, channel: Channel, bits: u32) -> u64 {
        let start = self.clocks;
        while self.read(channel, Register::Status) & bits == 0 {
            self.clock();
            assert!(self.clocks - start < 50_000, "DMASR never has {bits:#x}");
        }
        self.clocks - start
    }

    fn word(&mut self, address: u64) -> u32 {
        let mut bytes = [0; 4];
        self.memory.read(address, &mut bytes);
        u32::from_le_bytes(bytes)
    }

    fn descriptor(&mut self, n: u64, count: u64, buffer: u64, control: u32) {
        let at = RING + n * DESCRIPTOR_BYTES as u64;
        let next = RING + (n + 1) % count * DESCRIPTOR_BYTES as u64;
        for (offset, value) in
            [(word::NEXT, next as u32), (word::BUFFER, buffer as u32), (word::CONTROL, control), (word::STATUS, 0)]
        {
            self.memory.write(at + offset as u64, &value.to_le_bytes());
        }
    }

    fn start(&mut self, channel: Channel, control: u32) {
        self.write(channel, Register::CurrentDescriptor, RING as u32);
        self.write(channel, Register::Control, control | control::RUN);
    }

    fn tail(&mut self, channel: Channel, n: u64) {
        self.write(channel, Register::TailDescriptor, (RING + n * DESCRIPTOR_BYTES as u64) as u32);
    }

    fn status_of(&mut self, n: u64) -> u32 {
        self.word(RING + n * DESCRIPTOR_BYTES as u64 + word::STATUS as u64)
    }

    fn reply(&mut self, beats: u64) {
        self.replies.extend((1..=beats).map(|n| StreamBeat { data: n, keep: 0xFF, last: n == beats }));
    }
}

#[test]
fn registers_after_reset_are_those_of_pg021() {
    for scatter_gather in [false, true] {
        let mut bed = Bed::new(DmaConfig::board(scatter_gather));
        for channel in Channel::BOTH {
            assert_eq!(bed.read(channel, Register::Control), 0x0001_0002);
            let expected = if scatter_gather { 0x0001_0009 } else { 0x0000_0001 };
            assert_eq!(bed.read(channel, Register::Status), expected);
            bed.write(channel, Register::Length, 0x1234);
            assert_eq!(bed.read(channel, Register::Length), if scatter_gather { 0 } else { 0x1234 });
            bed.write(channel, Register::CurrentDescriptor, 0x4FFF);
            assert_eq!(bed.read(channel, Register::CurrentDescriptor), if scatter_gather { 0x4FC0 } else { 0 });
        }
        // One Reset bit resets both channels, and reads as one until it is over.
        bed.write(S2mm, Register::Control, control::RESET);
        assert_ne!(bed.read(Mm2s, Register::Control) & control::RESET, 0);
        bed.run(200);
        assert_eq!(bed.read(Mm2s, Register::Control), 0x0001_0002);
        assert_eq!(bed.read(Mm2s, Register::Length), 0);
    }
}

#[test]
fn a_direct_transfer_starts_at_its_length_and_only_while_running() {
    let mut bed = Bed::new(DmaConfig { length_bits: 14, ..DmaConfig::board(false) });
    bed.write(Mm2s, Register::Length, u32::MAX);
    assert_eq!(bed.read(Mm2s, Register::Length), 0x3FFF);
    bed.run(200);
    assert!(bed.taken.is_empty(), "a halted channel moved data");

    bed.memory.write(DATA, &[1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 3]);
    bed.write(Mm2s, Register::Control, control::RUN | control::IRQ_COMPLETE);
    assert_eq!(bed.read(Mm2s, Register::Status) & status::IDLE, 0, "Idle before the first transfer");
    bed.write(Mm2s, Register::Address, DATA as u32);
    bed.write(Mm2s, Register::Length, 17);
    bed.run_until(Mm2s, status::IDLE);
    let beat = |data, keep, last| StreamBeat { data, keep, last };
    assert_eq!(bed.taken, [beat(1, 0xFF, false), beat(2, 0xFF, false), beat(3, 0x01, true)]);
    assert_eq!(bed.dma.interrupts(), [true, false]);
    bed.write(Mm2s, Register::Status, status::IRQ_COMPLETE);
    assert_eq!(bed.dma.interrupts(), [false, false]);
}

#[test]
fn a_direct_packet_longer_than_its_buffer_is_an_internal_error() {
    let mut bed = Bed::new(DmaConfig::board(false));
    bed.write(S2mm, Register::Control, control::RUN | control::IRQ_ERROR);
    bed.write(S2mm, Register::Address, DATA as u32);
    bed.write(S2mm, Register::Length, 64);
    bed.reply(8);
    bed.run_until(S2mm, status::IDLE);
    assert_eq!(bed.read(S2mm, Register::Length), 64);
    bed.write(S2mm, Register::Length, 64);
    bed.reply(9);
    bed.run_until(S2mm, status::INTERNAL_ERROR);
    bed.run_until(S2mm, status::HALTED);
    let found = bed.read(S2mm, Register::Status);
    assert!(found & status::HALTED != 0 && found & status::IRQ_ERROR != 0 && bed.dma.interrupts()[1]);
    assert_eq!(bed.read(S2mm, Register::Control) & control::RUN, 0);
}

#[test]
fn descriptors_are_written_back_and_the_tail_pauses_and_restarts() {
    let mut bed = Bed::new(DmaConfig::board(true));
    for n in 0..4 {
        bed.descriptor(n, 4, DATA, 64 | START_OF_FRAME | END_OF_FRAME);
    }
    bed.start(Mm2s, 0);
    bed.tail(Mm2s, 1);
    bed.run_until(Mm2s, status::IDLE);
    assert_eq!(bed.taken.len(), 16);
    assert_eq!((0..4).map(|n| bed.status_of(n)).collect::<Vec<_>>(), [COMPLETE | 64, COMPLETE | 64, 0, 0]);
    assert_eq!(bed.taken.iter().filter(|beat| beat.last).count(), 2);
    // Round the ring: the third, the fourth, and the first again, which is ready again.
    bed.descriptor(0, 4, DATA, 8 | END_OF_FRAME);
    bed.tail(Mm2s, 0);
    // Idle stays set for some clocks after the write.
    bed.run(20);
    bed.run_until(Mm2s, status::IDLE);
    assert_eq!((bed.taken.len(), bed.status_of(0) & LENGTH_MASK), (16 + 16 + 1, 8));
    // A descriptor that is still complete is stale.
    bed.tail(Mm2s, 1);
    bed.run_until(Mm2s, status::SG_INTERNAL_ERROR);
    assert_eq!(bed.taken.len(), 33, "the stale descriptor was sent");
}

#[test]
fn replies_say_where_a_packet_begins_and_ends() {
    let mut bed = Bed::new(DmaConfig::board(true));
    for n in 0..4 {
        bed.descriptor(n, 4, DATA + n * 64, 64);
    }
    bed.start(S2mm, 0);
    bed.tail(S2mm, 3);
    bed.reply(12);
    bed.reply(8);
    bed.run(2_000);
    let expected = [
        COMPLETE | START_OF_FRAME | 64,
        COMPLETE | END_OF_FRAME | 32,
        COMPLETE | START_OF_FRAME | END_OF_FRAME | 64,
        0,
    ];
    assert_eq!((0..4).map(|n| bed.status_of(n)).collect::<Vec<_>>(), expected);
    assert_eq!((bed.word(DATA), bed.word(DATA + 64), bed.word(DATA + 128)), (1, 9, 1));
}

#[test]
fn interrupts_wait_for_the_threshold_or_the_delay() {
    let mut bed = Bed::new(DmaConfig::board(true));
    for n in 0..8 {
        bed.descriptor(n, 8, DATA, 64);
    }
    let coalesced = control::IRQ_COMPLETE | control::IRQ_DELAY | 3 << control::THRESHOLD_SHIFT;
    bed.start(S2mm, coalesced | 2 << control::DELAY_SHIFT);
    bed.tail(S2mm, 7);
    (0..3).for_each(|_| bed.reply(2));
    bed.run_until(S2mm, status::IRQ_COMPLETE);
    assert_ne!(bed.status_of(2) & COMPLETE, 0, "an interrupt before the third packet");
    bed.write(S2mm, Register::Status, status::INTERRUPTS);
    // One packet alone: the delay timer, two units of 125 clocks after it.
    bed.reply(2);
    while bed.status_of(3) & COMPLETE == 0 {
        bed.clock();
    }
    let waited = bed.run_until(S2mm, status::IRQ_DELAY);
    assert!((249..=252).contains(&waited), "the delay took {waited} clocks");
    assert_eq!(bed.read(S2mm, Register::Status) & status::IRQ_COMPLETE, 0);
}

/// Clocks from the first beat to the end of 10,000 bytes, as PG021 measures ("Performance"), with memory that answers
/// at once.
fn share_of_the_bus(channel: Channel) -> f64 {
    let timing = Timing { ddr_latency: 1, ..Timing::default() };
    let mut bed = Bed::new(DmaConfig { timing, ..DmaConfig::board(true) });
    bed.descriptor(0, 2, DATA, 10_000 | START_OF_FRAME | END_OF_FRAME);
    bed.start(channel, control::IRQ_COMPLETE);
    bed.tail(channel, 0);
    bed.run(timing.tail_to_fetch + timing.fetch_to_data + 2);
    if channel == S2mm {
        bed.reply(1_250);
    }
    1_250.0 / bed.run_until(channel, status::IRQ_COMPLETE) as f64
}

#[test]
fn it_is_as_fast_as_pg021_says() {
    let (mm2s, s2mm) = (share_of_the_bus(Mm2s), share_of_the_bus(S2mm));
    assert!((0.99..=1.0).contains(&mm2s), "MM2S: PG021 says 99.76 %, found {mm2s}");
    assert!((0.72..=0.76).contains(&s2mm), "S2MM: PG021 says 74.64 %, found {s2mm}");
}

#[test]
fn an_offered_beat_stands_until_it_is_taken() {
    let mut bed = Bed::new(DmaConfig::board(true));
    bed.descriptor(0, 2, DATA, 256 | START_OF_FRAME | END_OF_FRAME);
    bed.memory.write(DATA, &[7; 256]);
    bed.start(Mm2s, 0);
    bed.tail(Mm2s, 0);
    bed.takes = false;
    bed.run(400);
    let offered = bed.dma.offer();
    assert!(offered.is_some());
    for _ in 0..100 {
        bed.clock();
        assert_eq!(bed.dma.offer(), offered);
    }
    // Halting waits for it.
    bed.write(Mm2s, Register::Control, 0);
    bed.run(100);
    assert_eq!(bed.read(Mm2s, Register::Status) & status::HALTED, 0);
    bed.takes = true;
    bed.run_until(Mm2s, status::HALTED);
    assert_eq!((bed.taken.len(), bed.status_of(0)), (32, COMPLETE | 256));
}

/// Both channels at work: MM2S with a packet that the stream does not take, S2MM with a buffer posted.
fn both_at_work(config: DmaConfig) -> Bed {
    let mut bed = Bed::new(config);
    bed.takes = false;
    if bed.dma.config().scatter_gather {
        for n in 0..4 {
            bed.descriptor(n, 4, DATA + n * 256, 256 | START_OF_FRAME | END_OF_FRAME);
        }
        bed.start(Mm2s, control::IRQ_ERROR);
        bed.tail(Mm2s, 0);
        // One ring for both: S2MM begins at the last descriptor.
        bed.write(S2mm, Register::CurrentDescriptor, (RING + 3 * 64) as u32);
        bed.write(S2mm, Register::Control, control::RUN | control::IRQ_ERROR);
        bed.tail(S2mm, 3);
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

#[test]
fn an_error_of_one_channel_halts_both() {
    for scatter_gather in [false, true] {
        for (failed, other) in [(S2mm, Mm2s), (Mm2s, S2mm)] {
            let mut bed = both_at_work(DmaConfig::board(scatter_gather));
            bed.faults.plan(Fault::Data(failed, Response::DecodeError));
            // MM2S has read its first packet: the next one fails.
            bed.takes = true;
            if failed == Mm2s {
                bed.run_until(Mm2s, status::IDLE);
                match scatter_gather {
                    true => bed.tail(Mm2s, 1),
                    false => bed.write(Mm2s, Register::Length, 256),
                }
                bed.run(20);
            }
            bed.reply(8);
            bed.run_until(failed, status::DECODE_ERROR);
            bed.run_until(other, status::HALTED);
            bed.run_until(failed, status::HALTED);
            let (own, its) = (bed.read(failed, Register::Status), bed.read(other, Register::Status));
            assert_eq!(own & status::ERRORS, status::DECODE_ERROR);
            assert_eq!(
                its & (status::ERRORS | status::IRQ_ERROR | status::IDLE),
                0,
                "{other} shows an error of {failed}"
            );
            assert_eq!(bed.dma.interrupts(), [failed == Mm2s, failed == S2mm]);
            // Neither runs again before a reset.
            for channel in Channel::BOTH {
                bed.write(channel, Register::Control, control::RUN);
                bed.run(50);
                assert_eq!(bed.read(channel, Register::Control) & control::RUN, 0, "{channel} after {failed}");
                assert_ne!(bed.read(channel, Register::Status) & status::HALTED, 0);
            }
            bed.write(S2mm, Register::Control, control::RESET);
            bed.run(200);
            assert_eq!(bed.read(failed, Register::Status) & (status::ERRORS | status::HALTED), status::HALTED);
            assert!(bed.dma.is_stopped());
        }
    }
}

#[test]
fn a_failed_descriptor_is_complete_with_its_error() {
    let mut bed = Bed::new(DmaConfig::board(true));
    bed.descriptor(0, 2, DATA, 64 | START_OF_FRAME | END_OF_FRAME);
    bed.faults.plan(Fault::Data(Mm2s, Response::SlaveError));
    bed.start(Mm2s, 0);
    bed.tail(Mm2s, 0);
    bed.run_until(Mm2s, status::SLAVE_ERROR);
    bed.run(200);
    assert_eq!(bed.status_of(0), COMPLETE | status::SLAVE_ERROR << 24);
    // CURDESC keeps the descriptor that failed.
    bed.write(Mm2s, Register::CurrentDescriptor, DATA as u32);
    assert_eq!(u64::from(bed.read(Mm2s, Register::CurrentDescriptor)), RING);
}

#[test]
fn idle_falls_some_clocks_after_length() {
    let mut bed = Bed::new(DmaConfig::board(false));
    bed.write(Mm2s, Register::Control, control::RUN);
    bed.write(Mm2s, Register::Address, DATA as u32);
    bed.write(Mm2s, Register::Length, 64);
    bed.run_until(Mm2s, status::IDLE);
    bed.write(Mm2s, Register::Length, 64);
    assert_ne!(bed.read(Mm2s, Register::Status) & status::IDLE, 0);
    bed.run(8);
    assert_eq!(bed.read(Mm2s, Register::Status) & status::IDLE, 0);
}

#[test]
fn a_posted_buffer_keeps_a_stopped_channel_from_halting() {
    for scatter_gather in [false, true] {
        let mut bed = both_at_work(DmaConfig::board(scatter_gather));
        bed.write(S2mm, Register::Control, 0);
        bed.run(1_000);
        assert_eq!(bed.read(S2mm, Register::Status) & status::HALTED, 0);
        bed.reply(2);
        bed.run_until(S2mm, status::HALTED);
    }
}

#[test]
fn neither_halt_nor_reset_ends_while_memory_owes_an_answer() {
    let mut bed = Bed::new(DmaConfig::board(false));
    bed.faults.plan(Fault::NoData);
    bed.write(Mm2s, Register::Control, control::RUN);
    bed.write(Mm2s, Register::Address, DATA as u32);
    bed.write(Mm2s, Register::Length, 64);
    bed.run(500);
    bed.write(Mm2s, Register::Control, control::RESET);
    bed.run(5_000);
    for channel in Channel::BOTH {
        assert_ne!(bed.read(channel, Register::Control) & control::RESET, 0, "{channel}");
    }
}

#[test]
fn wide_addresses_start_at_the_upper_half_of_the_tail() {
    let mut bed = Bed::new(DmaConfig { address_bits: 64, ..DmaConfig::board(true) });
    for register in [Register::TailDescriptorHigh, Register::CurrentDescriptorHigh] {
        bed.write(Mm2s, register, 0xABCD);
        assert_eq!(bed.read(Mm2s, register), 0xABCD);
        bed.write(Mm2s, register, 0);
    }
    bed.descriptor(0, 2, DATA, 64 | START_OF_FRAME | END_OF_FRAME);
    bed.start(Mm2s, 0);
    bed.tail(Mm2s, 0);
    bed.run(500);
    assert!(bed.taken.is_empty(), "TAILDESC alone started the DMA");
    bed.write(Mm2s, Register::TailDescriptorHigh, 0);
    bed.run_until(Mm2s, status::IDLE);
    assert_eq!(bed.taken.len(), 8);
    // With 32 bits the upper halves are not there.
    let mut narrow = Bed::new(DmaConfig::board(true));
    narrow.write(Mm2s, Register::TailDescriptorHigh, 0xABCD);
    assert_eq!(narrow.read(Mm2s, Register::TailDescriptorHigh), 0);
}
