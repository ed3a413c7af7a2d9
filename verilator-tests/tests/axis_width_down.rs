//! `axis_width_down.v`: beats in, halves out, TLAST on the second half, marks when that half was taken.
#![cfg(feature = "verilate")]

use std::collections::VecDeque;

use deltascope_sim::bench::Failure;
use deltascope_sim::flow::{Flow, Pattern};
use deltascope_sim::session::{self, Session};
use deltascope_sim::stream::{Beat, Sink, Source, StreamPorts};

const BEATS: u64 = 400;

fn cross(session: &mut Session, input: Pattern, output: Pattern) -> Result<u64, Failure> {
    let mut bench = session.bench("axis_width_down")?;
    let random = &mut session.random;
    let (mark, taken_mark) = (bench.dut().port("s_mark")?, bench.dut().port("taken_mark")?);
    let mut source = Source::new(StreamPorts::axis(bench.dut(), "s")?, Flow::new(input, random), random);
    let mut sink = Sink::new(StreamPorts::axis(bench.dut(), "m")?, Flow::new(output, random));
    bench.reset(2)?;
    let mut marks = VecDeque::new();
    for _ in 0..BEATS {
        source.push(Beat { data: random.next128(), last: random.one_in(4) });
        marks.push_back(random.below(4));
    }
    let mut expected: VecDeque<(Beat, u64)> = VecDeque::new();
    let mut mark_due = 0;
    let begin = bench.clocks();
    while source.waiting() > 0 || !expected.is_empty() {
        if bench.clocks() > begin + 40_000 {
            return Err(bench.mismatch(format!("{} halves never came out", expected.len())));
        }
        source.drive(&mut bench);
        let offered = if source.offering() { marks.front().copied().unwrap_or(0) } else { random.below(4) };
        bench.dut_mut().set(mark, offered);
        sink.drive(&mut bench);
        bench.settle()?;
        bench.expect("mark", bench.dut().get(taken_mark), mark_due)?;
        mark_due = 0;
        if let (Some(beat), Some(mark)) = (source.sample(&bench), None.or_else(|| marks.front().copied())) {
            marks.pop_front();
            expected.push_back((Beat { data: u128::from(beat.data as u64), last: false }, 0));
            expected.push_back((Beat { data: beat.data >> 64, last: beat.last }, mark));
        }
        if let Some(half) = sink.sample(&bench)? {
            let (beat, mark) = expected.pop_front().unzip();
            bench.expect("half", Some(half), beat)?;
            mark_due = mark.unwrap_or(0);
        }
        bench.edge();
    }
    bench.settle()?;
    bench.expect("mark", bench.dut().get(taken_mark), mark_due)?;
    Ok(bench.clocks() - begin)
}

#[test]
fn splits_beats_under_every_crossing() {
    session::check("axis_width_down", 3, |session| {
        for input in Pattern::KINDS {
            for output in Pattern::KINDS {
                cross(session, input, output)?;
            }
        }
        Ok(())
    });
}

#[test]
fn loses_no_clock() {
    session::check("axis_width_down-rate", 1, |session| {
        let clocks = cross(session, Pattern::Always, Pattern::Always)?;
        assert!(clocks <= 2 * BEATS + 2, "{BEATS} beats took {clocks} clocks");
        Ok(())
    });
}
