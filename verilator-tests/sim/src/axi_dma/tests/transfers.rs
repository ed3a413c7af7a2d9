//! What moves, where it goes, and when it counts as moved.

use super::super::config::{DmaConfig, Timing};
use super::super::faults::Fault;
use super::super::memory::Memory;
use super::super::mm2s::StreamBeat;
use super::super::pg021::Channel::{Mm2s, S2mm};
use super::super::pg021::{COMPLETE, Channel, END_OF_FRAME, LENGTH_MASK, Register, START_OF_FRAME, control, status};
use super::bed::{Bed, DATA, both_at_work};

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
    bed.run(10);
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
fn full_direct_buffer_without_last_is_an_internal_error() {
    let mut bed = Bed::new(DmaConfig { last_connected: false, ..DmaConfig::board(false) });
    bed.write(S2mm, Register::Control, control::RUN);
    bed.write(S2mm, Register::Address, DATA as u32);
    bed.write(S2mm, Register::Length, 64);
    // No ninth beat follows.
    bed.reply(8);
    bed.run_until(S2mm, status::INTERNAL_ERROR);
    assert_eq!((bed.word(DATA), bed.word(DATA + 56)), (1, 8));
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
fn replies_mark_where_a_packet_begins_and_ends() {
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
    // More than fits between memory and stream.
    bed.descriptor(0, 2, DATA, 2_048 | START_OF_FRAME | END_OF_FRAME);
    bed.memory.write(DATA, &[7; 2_048]);
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
    // Halting waits for the rest, which has no room before it is taken.
    bed.write(Mm2s, Register::Control, 0);
    bed.run(100);
    assert_eq!(bed.read(Mm2s, Register::Status) & status::HALTED, 0);
    bed.takes = true;
    bed.run_until(Mm2s, status::HALTED);
    bed.run(200);
    assert_eq!((bed.taken.len(), bed.status_of(0)), (256, COMPLETE | 2_048));
}

#[test]
fn descriptor_is_complete_before_the_stream_has_taken_it() {
    let mut bed = Bed::new(DmaConfig::board(true));
    bed.descriptor(0, 2, DATA, 256 | START_OF_FRAME | END_OF_FRAME);
    bed.takes = false;
    bed.start(Mm2s, 0);
    bed.tail(Mm2s, 0);
    bed.run_until(Mm2s, status::IDLE);
    assert_eq!((bed.taken.len(), bed.status_of(0)), (0, COMPLETE | 256));
    // The channel halts, and its words are on offer all the same.
    bed.write(Mm2s, Register::Control, 0);
    bed.run_until(Mm2s, status::HALTED);
    bed.takes = true;
    bed.run(100);
    assert_eq!(bed.taken.len(), 32);
    assert!(bed.taken[31].last);
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
fn stopped_channel_halts_after_every_command_that_it_has_begun() {
    let mut bed = Bed::new(DmaConfig::board(true));
    for n in 0..8 {
        bed.descriptor(n, 8, DATA + n * 64, 64);
    }
    bed.start(S2mm, 0);
    bed.tail(S2mm, 7);
    bed.run(2_000);
    bed.write(S2mm, Register::Control, 0);
    for packet in 1..=3 {
        bed.reply(2);
        bed.run(1_000);
        assert_eq!(bed.read(S2mm, Register::Status) & status::HALTED, 0, "after {packet} packets");
    }
    bed.reply(2);
    bed.run_until(S2mm, status::HALTED);
    // Those that were fetched and not begun are dropped.
    assert_eq!((bed.status_of(3) & COMPLETE, bed.status_of(4)), (COMPLETE, 0));
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
