//! What the registers show and take.

use super::super::config::DmaConfig;
use super::super::pg021::Channel::{Mm2s, S2mm};
use super::super::pg021::{Channel, END_OF_FRAME, Register, START_OF_FRAME, control, status};
use super::bed::{Bed, DATA, RING};

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

#[test]
fn length_keeps_what_is_written_during_a_transfer() {
    let mut bed = Bed::new(DmaConfig::board(false));
    bed.takes = false;
    bed.write(Mm2s, Register::Control, control::RUN);
    bed.write(Mm2s, Register::Address, DATA as u32);
    bed.write(Mm2s, Register::Length, 2_048);
    bed.run(100);
    bed.write(Mm2s, Register::Length, 64);
    assert_eq!(bed.read(Mm2s, Register::Length), 64);
    // It starts nothing: the transfer under way is the only one.
    bed.takes = true;
    bed.run(2_000);
    assert_eq!(bed.taken.len(), 256);
}

#[test]
fn current_descriptor_is_the_one_begun_last() {
    let mut bed = Bed::new(DmaConfig::board(true));
    for n in 0..4 {
        bed.descriptor(n, 4, DATA, 64 | START_OF_FRAME | END_OF_FRAME);
    }
    bed.start(Mm2s, 0);
    bed.tail(Mm2s, 1);
    bed.run_until(Mm2s, status::IDLE);
    assert_eq!(u64::from(bed.read(Mm2s, Register::CurrentDescriptor)), RING + 64);
    // Without another CURDESC it begins there again, where the descriptor is complete.
    bed.write(Mm2s, Register::Control, 0);
    bed.run_until(Mm2s, status::HALTED);
    bed.write(Mm2s, Register::Control, control::RUN);
    bed.run(10);
    bed.tail(Mm2s, 3);
    bed.run_until(Mm2s, status::SG_INTERNAL_ERROR);
    assert_eq!(bed.taken.len(), 16);
}

#[test]
fn descriptors_out_of_turn_are_counted() {
    let mut bed = Bed::new(DmaConfig::board(true));
    bed.start(Mm2s, 0);
    assert_eq!(bed.dma.misuses(), 0);
    bed.write(Mm2s, Register::CurrentDescriptor, DATA as u32);
    assert_eq!(bed.dma.misuses(), 1);
    bed.tail(S2mm, 0);
    assert_eq!(bed.dma.misuses(), 2);
}
