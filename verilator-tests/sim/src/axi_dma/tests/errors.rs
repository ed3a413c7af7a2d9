//! What an error does, and when it shows.

use super::super::config::{DmaConfig, Timing};
use super::super::faults::Fault;
use super::super::memory::Response;
use super::super::pg021::Channel::{Mm2s, S2mm};
use super::super::pg021::{COMPLETE, Channel, END_OF_FRAME, Register, START_OF_FRAME, control, status};
use super::bed::{Bed, DATA, RING, both_at_work};

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
fn failed_descriptor_is_complete_with_its_length_and_its_error() {
    let mut bed = Bed::new(DmaConfig::board(true));
    for n in 0..4 {
        bed.descriptor(n, 4, DATA, 64 | START_OF_FRAME | END_OF_FRAME);
    }
    bed.faults.plan(Fault::Data(Mm2s, Response::SlaveError));
    bed.start(Mm2s, control::IRQ_COMPLETE);
    bed.tail(Mm2s, 3);
    bed.run_until(Mm2s, status::SLAVE_ERROR);
    assert_eq!(bed.status_of(0), COMPLETE | status::SLAVE_ERROR << 24 | 64);
    // It is the end of a packet as well, and counts for the interrupt.
    assert_ne!(bed.read(Mm2s, Register::Status) & status::IRQ_COMPLETE, 0);
    assert_eq!(bed.dma.interrupts(), [true, false]);
    // CURDESC has the descriptor that was fetched last, not the one that failed, and keeps it.
    let current = bed.read(Mm2s, Register::CurrentDescriptor);
    assert!(u64::from(current) > RING, "CURDESC {current:#x}");
    bed.write(Mm2s, Register::CurrentDescriptor, DATA as u32);
    assert_eq!(bed.read(Mm2s, Register::CurrentDescriptor), current);
}

#[test]
fn words_read_with_an_error_reach_the_stream_before_it_shows() {
    for scatter_gather in [false, true] {
        let mut bed = Bed::new(DmaConfig::board(scatter_gather));
        bed.faults.plan(Fault::Data(Mm2s, Response::DecodeError));
        if scatter_gather {
            bed.descriptor(0, 2, DATA, 1_024 | START_OF_FRAME | END_OF_FRAME);
            bed.start(Mm2s, 0);
            bed.tail(Mm2s, 0);
        } else {
            bed.write(Mm2s, Register::Control, control::RUN);
            bed.write(Mm2s, Register::Address, DATA as u32);
            bed.write(Mm2s, Register::Length, 1_024);
        }
        bed.run_until(Mm2s, status::DECODE_ERROR);
        // The first burst failed; the others follow, to the last beat of the packet.
        assert_eq!(bed.taken.len(), 128);
        assert!(bed.taken[..16].iter().all(|beat| beat.data != 0) && bed.taken[16..].iter().all(|beat| beat.data == 0));
        assert!(bed.taken[127].last);
    }
}

#[test]
fn writes_follow_one_that_failed_and_the_error_shows_at_the_end() {
    for scatter_gather in [false, true] {
        let mut bed = Bed::new(DmaConfig::board(scatter_gather));
        bed.faults.plan(Fault::Data(S2mm, Response::SlaveError));
        if scatter_gather {
            bed.descriptor(0, 2, DATA, 512);
            bed.start(S2mm, 0);
            bed.tail(S2mm, 0);
        } else {
            bed.write(S2mm, Register::Control, control::RUN);
            bed.write(S2mm, Register::Address, DATA as u32);
            bed.write(S2mm, Register::Length, 512);
        }
        bed.reply(40);
        bed.run_until(S2mm, status::SLAVE_ERROR);
        // The first burst failed; the others are in memory.
        assert_eq!((bed.word(DATA), bed.word(DATA + 128), bed.word(DATA + 312)), (0, 17, 40));
        if scatter_gather {
            let ends = START_OF_FRAME | END_OF_FRAME;
            assert_eq!(bed.status_of(0), COMPLETE | status::SLAVE_ERROR << 24 | ends | 320);
        }
    }
}

#[test]
fn other_channel_halts_before_the_error_shows() {
    for (failed, other) in [(S2mm, Mm2s), (Mm2s, S2mm)] {
        // The write-back that shows the error takes as long as memory.
        let timing = Timing { ddr_latency: 400, ..Timing::default() };
        let mut bed = both_at_work(DmaConfig { timing, ..DmaConfig::board(true) });
        bed.run(2_000);
        bed.faults.plan(Fault::Data(failed, Response::DecodeError));
        bed.takes = true;
        if failed == Mm2s {
            bed.tail(Mm2s, 1);
        }
        bed.reply(8);
        bed.run_until(other, status::HALTED);
        assert_eq!(bed.read(failed, Register::Status) & (status::ERRORS | status::HALTED), 0, "{failed}");
        bed.run_until(failed, status::DECODE_ERROR);
        bed.run_until(failed, status::HALTED);
    }
}

#[test]
fn what_is_complete_is_written_back_after_an_error() {
    // Write-backs lag behind the data.
    let timing = Timing { ddr_latency: 200, ..Timing::default() };
    let mut bed = Bed::new(DmaConfig { timing, ..DmaConfig::board(true) });
    for n in 0..8 {
        bed.descriptor(n, 8, DATA + n * 64, 64 | START_OF_FRAME | END_OF_FRAME);
    }
    // The fourth is longer than its length field has bits for: nothing of it is left.
    bed.descriptor(3, 8, DATA, START_OF_FRAME | END_OF_FRAME);
    bed.start(Mm2s, 0);
    bed.tail(Mm2s, 7);
    bed.run_until(Mm2s, status::INTERNAL_ERROR);
    let found: Vec<u32> = (0..8).map(|n| bed.status_of(n)).collect();
    let failed = COMPLETE | status::INTERNAL_ERROR << 24;
    assert_eq!(found[..4], [COMPLETE | 64, COMPLETE | 64, COMPLETE | 64, failed]);
}

#[test]
fn an_error_lets_out_invalid_beats_without_last() {
    let mut bed = both_at_work(DmaConfig::board(true));
    // MM2S offers a packet that is not taken; S2MM fails.
    bed.faults.plan(Fault::Data(S2mm, Response::DecodeError));
    bed.reply(8);
    bed.run_until(S2mm, status::DECODE_ERROR);
    bed.run_until(Mm2s, status::HALTED);
    bed.takes = true;
    bed.run(100);
    assert_eq!(bed.taken.iter().map(|beat| beat.data != 0).collect::<Vec<_>>(), [false, true, true, true]);
    assert!(bed.taken.iter().all(|beat| !beat.last));
}
