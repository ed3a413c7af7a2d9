//! When the interrupts come.

use super::super::config::{DmaConfig, Timing};
use super::super::pg021::Channel::S2mm;
use super::super::pg021::{COMPLETE, Register, control, status};
use super::bed::{Bed, DATA};

/// S2MM with a threshold of three packets and a delay, and buffers for eight packets.
fn coalescing(config: DmaConfig, enables: u32, delay: u32) -> Bed {
    let mut bed = Bed::new(config);
    for n in 0..8 {
        bed.descriptor(n, 8, DATA, 64);
    }
    bed.start(S2mm, enables | 3 << control::THRESHOLD_SHIFT | delay << control::DELAY_SHIFT);
    bed.tail(S2mm, 7);
    bed.run(1_000);
    bed
}

/// Sends a packet of two beats and waits until its descriptor is written back.
fn packet(bed: &mut Bed, n: u64) {
    bed.reply(2);
    while bed.status_of(n) & COMPLETE == 0 {
        bed.clock();
    }
}

const BOTH: u32 = control::IRQ_COMPLETE | control::IRQ_DELAY;

#[test]
fn threshold_counts_packets_that_are_written_back() {
    let mut bed = coalescing(DmaConfig::board(true), BOTH, 0);
    (0..3).for_each(|_| bed.reply(2));
    bed.run_until(S2mm, status::IRQ_COMPLETE);
    assert_ne!(bed.status_of(2) & COMPLETE, 0, "an interrupt before the third packet");
    assert_eq!(bed.status_of(3) & COMPLETE, 0);
}

#[test]
fn delay_is_one_unit_longer_and_begins_at_the_last_beat() {
    let mut bed = coalescing(DmaConfig::board(true), BOTH, 2);
    bed.reply(2);
    // Both beats are taken in the two clocks that follow.
    bed.run(2);
    let waited = bed.run_until(S2mm, status::IRQ_DELAY);
    assert!((374..=376).contains(&waited), "three units of 125 clocks, found {waited} clocks");
    assert_eq!(bed.read(S2mm, Register::Status) & status::IRQ_COMPLETE, 0);
}

#[test]
fn delay_interrupt_may_come_before_the_packet_is_in_memory() {
    let timing = Timing { ddr_latency: 400, ..Timing::default() };
    let mut bed = coalescing(DmaConfig { timing, ..DmaConfig::board(true) }, BOTH, 1);
    bed.run(2_000);
    bed.reply(2);
    bed.run_until(S2mm, status::IRQ_DELAY);
    assert_eq!(bed.status_of(0), 0);
    // Nothing else reports that it has arrived.
    bed.write(S2mm, Register::Status, status::INTERRUPTS);
    bed.run(5_000);
    assert_eq!(bed.read(S2mm, Register::Status) & status::INTERRUPTS, 0);
    assert_ne!(bed.status_of(0) & COMPLETE, 0);
}

#[test]
fn packet_that_ends_while_dly_irq_is_set_starts_no_timer() {
    let mut bed = coalescing(DmaConfig::board(true), BOTH, 2);
    packet(&mut bed, 0);
    bed.run_until(S2mm, status::IRQ_DELAY);
    packet(&mut bed, 1);
    bed.write(S2mm, Register::Status, status::IRQ_DELAY);
    bed.run(5_000);
    assert_eq!(bed.read(S2mm, Register::Status) & status::INTERRUPTS, 0);
    // The next one does.
    packet(&mut bed, 2);
    bed.run_until(S2mm, status::IRQ_DELAY);
}

#[test]
fn delay_timer_runs_on_when_the_threshold_is_reached() {
    let mut bed = coalescing(DmaConfig::board(true), BOTH, 2);
    (0..3).for_each(|_| bed.reply(2));
    bed.run_until(S2mm, status::IRQ_COMPLETE);
    bed.write(S2mm, Register::Status, status::IRQ_COMPLETE);
    assert_eq!(bed.dma.interrupts(), [false, false]);
    bed.run_until(S2mm, status::IRQ_DELAY);
}

#[test]
fn delay_starts_the_threshold_again_only_where_it_is_enabled() {
    for (enables, left) in [(BOTH, 3), (control::IRQ_COMPLETE, 2)] {
        let mut bed = coalescing(DmaConfig::board(true), enables, 2);
        packet(&mut bed, 0);
        bed.run_until(S2mm, status::IRQ_DELAY);
        assert_eq!(bed.read(S2mm, Register::Status) >> control::THRESHOLD_SHIFT & 0xFF, left);
    }
}

#[test]
fn rise_of_rs_keeps_the_count_of_packets() {
    let mut bed = coalescing(DmaConfig::board(true), BOTH, 0);
    packet(&mut bed, 0);
    let control = bed.read(S2mm, Register::Control);
    bed.write(S2mm, Register::Control, control & !control::RUN);
    // The buffers that S2MM has begun must be filled first.
    for _ in 0..4 {
        bed.reply(2);
        bed.run(1_000);
    }
    assert_ne!(bed.read(S2mm, Register::Status) & status::HALTED, 0);
    let left = bed.read(S2mm, Register::Status) >> control::THRESHOLD_SHIFT & 0xFF;
    assert_eq!(left, 1, "five packets, three to the interrupt");
    bed.write(S2mm, Register::Control, control);
    bed.run(10);
    assert_eq!(bed.read(S2mm, Register::Status) >> control::THRESHOLD_SHIFT & 0xFF, left);
}
