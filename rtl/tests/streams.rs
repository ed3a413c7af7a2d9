//! Width converters, reply queue and packets: nothing lost, repeated or reordered, at full rate.
//!
//! These run in rust-hdl's simulator; the emitted Verilog meets the model in `verilator-tests`.
#![allow(clippy::unwrap_used, reason = "a test that cannot continue fails")]

mod support;

use std::collections::VecDeque;

use deltascope_abi::random::Random;
use deltascope_rtl::axis_width::{AxisWidthDown, AxisWidthUp, FRAGMENT_OP};
use deltascope_rtl::reply_fifo::ReplyFifo;
use deltascope_rtl::reply_packets::ReplyPackets;
use rust_hdl::prelude::*;
use support::settle;

fn bits<const N: usize>(value: u128) -> Bits<N> {
    (0..N).fold(Bits::<N>::default(), |word, i| word.replace_bit(i, value >> i & 1 == 1))
}

fn number<const N: usize>(word: Bits<N>) -> u128 {
    (0..N).filter(|&i| word.get_bit(i)).fold(0, |value, i| value | 1 << i)
}

/// Runs one clock: low, then the edge.
macro_rules! clock {
    ($block:expr) => {
        $block.clock.next = Clock { clk: true };
        settle(&mut *$block);
        $block.clock.next = Clock { clk: false };
        settle(&mut *$block);
    };
}

macro_rules! started {
    ($ty:ty) => {{
        let mut block: Box<$ty> = Box::default();
        block.connect_all();
        block.resetn.next = false;
        settle(&mut *block);
        clock!(block);
        block.resetn.next = true;
        settle(&mut *block);
        block
    }};
}

/// How often the source offers and the sink takes: always, or at random.
#[derive(Clone, Copy)]
struct Rates {
    offer: u64,
    take: u64,
}

const RATES: [Rates; 4] = [
    Rates { offer: 1, take: 1 },
    Rates { offer: 2, take: 1 },
    Rates { offer: 1, take: 3 },
    Rates { offer: 3, take: 2 },
];

/// A 64-bit beat: data, all bytes there, last.
type Half = (u64, bool, bool);

/// What the widener must make of `halves`.
fn widened(halves: &[Half]) -> Vec<(u128, bool, bool)> {
    let mut records = Vec::new();
    let mut low: Option<Half> = None;
    for &half in halves {
        match low.take() {
            None if half.2 => records.push((half.0 as u128 | FRAGMENT_OP as u128, true, true)),
            None => low = Some(half),
            Some(first) if first.1 && half.1 => {
                records.push((first.0 as u128 | (half.0 as u128) << 64, half.2, false));
            }
            Some(first) => records.push((first.0 as u128 | FRAGMENT_OP as u128, half.2, true)),
        }
    }
    records
}

#[test]
fn the_widener_joins_halves_and_turns_fragments_into_rejects() {
    for (seed, rates) in RATES.into_iter().enumerate() {
        let mut random = Random::new(seed as u64);
        let halves: Vec<Half> = (0..2000)
            .map(|_| (random.bits(64), !random.one_in(20), random.one_in(5)))
            .chain([(1, true, true)])
            .collect();
        let expected = widened(&halves);
        assert!(expected.iter().filter(|r| r.2).count() > 50, "fragments are among them");
        let mut block = started!(AxisWidthUp);
        let (mut sent, mut found, mut fragments, mut offered, mut clocks) = (0, Vec::new(), 0, false, 0);
        while found.len() < expected.len() {
            offered = offered || random.one_in(rates.offer);
            block.s_tvalid.next = offered && sent < halves.len();
            let half = halves.get(sent).copied().unwrap_or_default();
            block.s_tdata.next = bits(half.0.into());
            block.s_tkeep.next = bits(if half.1 { 0xff } else { 0x7f });
            block.s_tlast.next = half.2;
            block.m_tready.next = random.one_in(rates.take);
            settle(&mut *block);
            if block.s_tvalid.val() && block.s_tready.val() {
                sent += 1;
                offered = false;
            }
            if block.m_tvalid.val() && block.m_tready.val() {
                found.push((number(block.m_tdata.val()), block.m_tlast.val()));
            }
            fragments += usize::from(block.fragment.val());
            clock!(block);
            clocks += 1;
            assert!(clocks < 40_000, "stuck after {} of {} records", found.len(), expected.len());
        }
        assert_eq!(found, expected.iter().map(|r| (r.0, r.1)).collect::<Vec<_>>());
        assert_eq!(fragments, expected.iter().filter(|r| r.2).count());
    }
}

#[test]
fn the_widener_takes_a_half_every_clock() {
    let mut block = started!(AxisWidthUp);
    block.s_tvalid.next = true;
    block.s_tkeep.next = bits(0xff);
    block.m_tready.next = true;
    settle(&mut *block);
    for n in 0..100 {
        assert!(block.s_tready.val(), "clock {n}");
        clock!(block);
    }
}

#[test]
fn the_narrower_splits_beats_and_reports_marks_when_they_have_left() {
    for (seed, rates) in RATES.into_iter().enumerate() {
        let mut random = Random::new(100 + seed as u64);
        let beats: Vec<(u128, bool, u64)> = (0..1000)
            .map(|_| ((random.bits(64) as u128) << 64 | random.bits(64) as u128, random.one_in(4), random.bits(2)))
            .collect();
        let mut block = started!(AxisWidthDown);
        let (mut sent, mut found, mut marks, mut offered, mut clocks) = (0, Vec::new(), Vec::new(), false, 0);
        let mut due = 0;
        while found.len() < 2 * beats.len() {
            offered = offered || random.one_in(rates.offer);
            let beat = beats.get(sent).copied().unwrap_or_default();
            block.s_tvalid.next = offered && sent < beats.len();
            block.s_tdata.next = bits(beat.0);
            block.s_tlast.next = beat.1;
            block.s_mark.next = bits(beat.2.into());
            block.m_tready.next = random.one_in(rates.take);
            settle(&mut *block);
            let mark = number(block.taken_mark.val());
            assert_eq!(mark, due, "marks come in the clock after the second half");
            if mark != 0 {
                marks.push(mark as u64);
            }
            due = 0;
            if block.s_tvalid.val() && block.s_tready.val() {
                sent += 1;
                offered = false;
            }
            if block.m_tvalid.val() && block.m_tready.val() {
                if found.len() % 2 == 1 {
                    due = beats[found.len() / 2].2.into();
                }
                found.push((number(block.m_tdata.val()) as u64, block.m_tlast.val()));
            }
            if rates.offer == 1 && rates.take == 1 && clocks > 1 {
                assert!(block.m_tvalid.val(), "a half every clock");
            }
            clock!(block);
            clocks += 1;
            assert!(clocks < 40_000, "stuck");
        }
        let expected: Vec<_> = beats.iter().flat_map(|b| [(b.0 as u64, false), ((b.0 >> 64) as u64, b.1)]).collect();
        assert_eq!(found, expected);
    }
}

#[test]
fn the_queue_keeps_order_and_counts_itself() {
    for (seed, rates) in RATES.into_iter().enumerate() {
        let mut random = Random::new(200 + seed as u64);
        let mut block = started!(ReplyFifo<3, 4, 8>);
        let mut inside = VecDeque::new();
        let mut next = 0_u8;
        let mut was_full = false;
        for _ in 0..3000 {
            block.write.next = random.one_in(rates.offer);
            block.write_data.next = bits(next.into());
            block.ready.next = random.one_in(rates.take);
            settle(&mut *block);
            assert_eq!(number(block.occupancy.val()) as usize, inside.len());
            assert_eq!(block.valid.val(), !inside.is_empty());
            assert_eq!(block.write_ready.val(), inside.len() < 8);
            was_full |= inside.len() == 8;
            if let Some(oldest) = inside.front() {
                assert_eq!(number(block.data.val()), u128::from(*oldest));
            }
            let enters = block.write.val() && block.write_ready.val();
            if block.valid.val() && block.ready.val() {
                inside.pop_front();
            }
            if enters {
                inside.push_back(next);
                next = next.wrapping_add(1);
            }
            clock!(block);
        }
        assert!(was_full || rates.take <= rates.offer, "a slow sink fills it");
    }
}

#[test]
fn packets_close_at_batch_ends_and_when_full() {
    for (seed, rates) in RATES.into_iter().enumerate() {
        let mut random = Random::new(300 + seed as u64);
        let mut block = started!(ReplyPackets<4>);
        let mut open = 0;
        for n in 0..3000_u64 {
            block.s_tvalid.next = random.one_in(rates.offer);
            block.s_tdata.next = bits(n.into());
            block.s_batch_end.next = random.one_in(6);
            block.s_snapshot_end.next = random.one_in(7);
            block.m_tready.next = random.one_in(rates.take);
            settle(&mut *block);
            assert_eq!(block.m_tvalid.val(), block.s_tvalid.val());
            assert_eq!(block.s_tready.val(), block.m_tready.val());
            assert_eq!(number(block.m_tdata.val()), u128::from(n));
            assert_eq!(block.packet_open.val(), open > 0);
            let (snapshot, batch) = (block.s_snapshot_end.val(), block.s_batch_end.val());
            assert_eq!(number(block.m_mark.val()), u128::from(snapshot) | u128::from(batch) << 1);
            if block.m_tvalid.val() {
                assert_eq!(block.m_tlast.val(), batch || open == 3, "{open} beats since the last TLAST");
                if block.m_tready.val() {
                    open = if block.m_tlast.val() { 0 } else { open + 1 };
                }
            }
            clock!(block);
        }
    }
}
