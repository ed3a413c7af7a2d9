//! `axis_width_up.v`: halves in, records out, under every crossing of idle and back-pressure; fragments are
//! never lost.
#![cfg(feature = "verilate")]

use std::collections::VecDeque;

use deltascope_abi::random::Random;
use deltascope_sim::bench::{Bench, Failure};
use deltascope_sim::flow::{Flow, Pattern};
use deltascope_sim::session::{self, Session};
use deltascope_sim::stream::{Beat, Sink, Source, StreamPorts};

/// Op of the record that marks a fragment; no op has this number.
const FRAGMENT_OP: u64 = 0xF;

/// A half with the bytes that are there.
#[derive(Clone, Copy, Debug)]
struct Half {
    data: u64,
    keep: u8,
    last: bool,
}

/// What comes out: a record, or for a fragment only its op and TLAST are promised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expected {
    Record(Beat),
    Fragment { last: bool },
}

/// Joins halves as the block's description defines.
#[derive(Default)]
struct Joiner {
    low: Option<Half>,
}

impl Joiner {
    fn push(&mut self, half: Half) -> Option<Expected> {
        match self.low.take() {
            None if half.last => Some(Expected::Fragment { last: true }),
            None => {
                self.low = Some(half);
                None
            }
            Some(low) if low.keep != 0xFF || half.keep != 0xFF => Some(Expected::Fragment { last: half.last }),
            Some(low) => {
                let data = u128::from(low.data) | u128::from(half.data) << 64;
                Some(Expected::Record(Beat { data, last: half.last }))
            }
        }
    }
}

fn half(random: &mut Random, fragments: bool) -> Half {
    let keep = if fragments && random.one_in(9) { random.below(255) as u8 } else { 0xFF };
    Half { data: random.next(), keep, last: fragments && random.one_in(5) }
}

/// The source drives TKEEP beside the beat it offers, so halves carry it in bits 71:64 of the beat's data.
fn pack(half: Half) -> Beat {
    Beat { data: u128::from(half.data), last: half.last }
}

fn cross(session: &mut Session, input: Pattern, output: Pattern, fragments: bool) -> Result<(), Failure> {
    let mut bench = session.bench("axis_width_up")?;
    let random = &mut session.random;
    let keep = bench.dut().port("s_tkeep")?;
    let flag = bench.dut().port("fragment")?;
    let mut source = Source::new(StreamPorts::axis(bench.dut(), "s")?, Flow::new(input, random), random);
    let mut sink = Sink::new(StreamPorts::axis(bench.dut(), "m")?, Flow::new(output, random));
    bench.reset(2)?;
    let mut halves: VecDeque<Half> = VecDeque::new();
    let mut last_in_pair = false;
    for _ in 0..600 {
        let mut next = half(random, fragments);
        if !fragments {
            next.last = last_in_pair && random.one_in(5);
            last_in_pair = !last_in_pair;
        }
        source.push(pack(next));
        halves.push_back(next);
    }
    let (mut joiner, mut expected) = (Joiner::default(), VecDeque::new());
    let (mut made, mut flagged) = (0, 0);
    let limit = bench.clocks() + 40_000;
    while source.waiting() > 0 || !expected.is_empty() {
        if bench.clocks() > limit {
            return Err(bench.mismatch(format!("{} records never came out", expected.len())));
        }
        source.drive(&mut bench);
        let kept = if source.offering() { halves.front().map_or(0, |h| h.keep) } else { random.next() as u8 };
        bench.dut_mut().set(keep, u64::from(kept));
        sink.drive(&mut bench);
        bench.settle()?;
        flagged += u64::from(bench.dut().high(flag));
        if source.sample(&bench).is_some()
            && let Some(record) = halves.pop_front().and_then(|h| joiner.push(h))
        {
            made += u64::from(matches!(record, Expected::Fragment { .. }));
            expected.push_back(record);
        }
        if let Some(beat) = sink.sample(&bench)? {
            let found = match expected.front() {
                Some(Expected::Fragment { .. }) if beat.data as u64 & 0xF == FRAGMENT_OP => {
                    Expected::Fragment { last: beat.last }
                }
                _ => Expected::Record(beat),
            };
            bench.expect("record", Some(found), expected.pop_front())?;
        }
        bench.edge();
    }
    bench.settle()?;
    flagged += u64::from(bench.dut().high(flag));
    bench.expect("pulses of `fragment`", flagged, made)
}

#[test]
fn joins_halves_under_every_crossing() {
    session::check("axis_width_up", 3, |session| {
        for input in Pattern::KINDS {
            for output in Pattern::KINDS {
                cross(session, input, output, false)?;
                cross(session, input, output, true)?;
            }
        }
        Ok(())
    });
}

/// One half enters every clock when a record may leave every second clock.
fn rate(session: &mut Session) -> Result<(), Failure> {
    let mut bench = session.bench("axis_width_up")?;
    let keep = bench.dut().port("s_tkeep")?;
    let random = &mut session.random;
    let mut source = Source::new(StreamPorts::axis(bench.dut(), "s")?, Flow::always(), random);
    let mut sink = Sink::new(StreamPorts::axis(bench.dut(), "m")?, Flow::always());
    bench.dut_mut().set(keep, 0xFF);
    bench.reset(2)?;
    let step = |bench: &mut Bench, source: &mut Source, sink: &mut Sink| -> Result<bool, Failure> {
        source.drive(bench);
        sink.drive(bench);
        bench.settle()?;
        let taken = source.sample(bench).is_some();
        sink.sample(bench)?;
        bench.edge();
        Ok(taken)
    };
    for clock in 0..2_000 {
        source.push(Beat { data: u128::from(random.next()), last: false });
        let taken = step(&mut bench, &mut source, &mut sink)?;
        bench.expect(&format!("a half taken in clock {clock}"), taken, true)?;
    }
    Ok(())
}

#[test]
fn loses_no_clock() {
    session::check("axis_width_up-rate", 1, rate);
}
