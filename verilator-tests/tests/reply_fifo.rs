//! `reply_fifo.v` in lockstep with a queue: every word once, in order, writes when full ignored.
#![cfg(feature = "verilate")]

use std::collections::VecDeque;

use deltascope_sim::bench::Failure;
use deltascope_sim::flow::{Flow, Pattern};
use deltascope_sim::session::{self, Session};
use deltascope_sim::stream::{Sink, StreamPorts};

fn lockstep(session: &mut Session) -> Result<(), Failure> {
    let mut bench = session.bench("reply_fifo")?;
    let random = &mut session.random;
    let dut = bench.dut();
    let [write, write_data, write_ready, occupancy] =
        ["write", "write_data", "write_ready", "occupancy"].map(|name| dut.port(name));
    let (write, write_data, write_ready, occupancy) = (write?, write_data?, write_ready?, occupancy?);
    let data = dut.port("data")?;
    // Words are 128 bits of beat and a few of marks above it.
    let marks = dut.bits(data) - 128;
    let depth = 1_usize << (dut.bits(occupancy) - 1);
    let mut sink = Sink::new(StreamPorts::named(dut, "valid", "ready", "data", None)?, Flow::always());
    bench.reset(2)?;
    let (mut full, mut emptied) = (0_u64, 0_u64);
    for input in Pattern::KINDS {
        for output in Pattern::KINDS {
            let mut writes = Flow::new(input, random);
            sink.set_flow(Flow::new(output, random));
            let mut words: VecDeque<(u128, u64)> = VecDeque::new();
            for _ in 0..3_000 {
                let writing = writes.willing();
                let word = (random.next128(), random.below(1 << marks));
                bench.dut_mut().set(write, u64::from(writing));
                bench.dut_mut().set128(write_data, word.0);
                bench.dut_mut().set_word(write_data, 4, word.1 as u32);
                sink.drive(&mut bench);
                bench.settle()?;
                let room = words.len() < depth;
                bench.expect("write_ready", bench.dut().high(write_ready), room)?;
                bench.expect("occupancy", bench.dut().get(occupancy), words.len() as u64)?;
                full += u64::from(!room && writing);
                if let Some(beat) = sink.sample(&bench)? {
                    let found = (beat.data, bench.dut().slice(data, 128));
                    bench.expect("word", Some(found), words.pop_front())?;
                    emptied += u64::from(words.is_empty());
                } else if !words.is_empty() && !sink.stalling() {
                    return Err(bench.mismatch("a word waits and is not offered"));
                }
                if writing && room {
                    words.push_back(word);
                }
                bench.edge();
            }
            // A reset with words inside.
            sink.clear();
            bench.dut_mut().set(write, 0);
            bench.reset(1)?;
        }
    }
    assert!(full > 1_000 && emptied > 1_000, "full {full}, emptied {emptied}");
    Ok(())
}

#[test]
fn is_a_queue() {
    session::check("reply_fifo", 2, lockstep);
}
