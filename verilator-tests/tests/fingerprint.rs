//! `fingerprint.v` in lockstep with the crate `crc32c`: every packet once and in order, whatever its length, its place
//! in the beats, the idle clocks and the back-pressure.
#![cfg(feature = "verilate")]

use std::collections::VecDeque;

use deltascope_abi::crc::crc32c;
use deltascope_abi::random::Random;
use deltascope_sim::bench::{Bench, Failure};
use deltascope_sim::flow::{Flow, Pattern};
use deltascope_sim::session::{self, Session};
use deltascope_sim::stream::{Beat, Sink, Source, StreamPorts};

const LANES: usize = 16;
/// Result of a packet with a gap.
const BROKEN: u64 = 1 << 63;
/// Results that the block holds at most: packets that may have entered before the first leaves.
const PLACES: usize = 32;

/// A beat with its TKEEP.
type Kept = (Beat, u16);

/// A packet and what must come of it.
struct Packet {
    beats: Vec<Kept>,
    result: u64,
}

fn packet(random: &mut Random) -> Packet {
    let length = match random.below(8) {
        0 => random.below(4) as usize,
        1 => 16 * random.below(4) as usize,
        2 => random.between(500, 4_200) as usize,
        _ => random.below(100) as usize,
    };
    let lead = if random.one_in(2) && length > 0 { random.below(LANES as u64) as usize } else { 0 };
    let bytes: Vec<u8> = (0..length).map(|_| random.next() as u8).collect();
    let mut lanes = vec![None; lead];
    lanes.extend(bytes.iter().map(|byte| Some(*byte)));
    lanes.resize(lanes.len().next_multiple_of(LANES).max(LANES), None);
    let mut result = (length as u64) << 32 | u64::from(crc32c(&bytes));
    if length > 2 && random.one_in(6) {
        // A byte in the midst of the others is missing: this packet has no fingerprint.
        let hole = lead + random.between(1, length as u64 - 2) as usize;
        lanes[hole] = None;
        result = BROKEN;
    }
    let mut beats = Vec::new();
    for chunk in lanes.chunks(LANES) {
        while random.one_in(12) {
            beats.push([None; LANES]);
        }
        beats.push(std::array::from_fn(|lane| chunk[lane]));
    }
    while random.one_in(12) {
        beats.push([None; LANES]);
    }
    let last = beats.len() - 1;
    // Lanes without TKEEP carry anything.
    let beat = |(at, lanes): (usize, [Option<u8>; LANES])| {
        let data = lanes.map(|byte| byte.unwrap_or(random.next() as u8));
        let keep = lanes.iter().enumerate().fold(0, |keep, (lane, byte)| keep | u16::from(byte.is_some()) << lane);
        (Beat { data: u128::from_le_bytes(data), last: at == last }, keep)
    };
    Packet { beats: beats.into_iter().enumerate().map(beat).collect(), result }
}

fn cross(session: &mut Session, input: Pattern, output: Pattern) -> Result<(), Failure> {
    let mut bench = session.bench("fingerprint")?;
    let random = &mut session.random;
    let keep = bench.dut().port("s_axis_tkeep")?;
    let result_keep = bench.dut().port("m_axis_tkeep")?;
    let mut source = Source::new(StreamPorts::axis(bench.dut(), "s_axis")?, Flow::new(input, random), random);
    let mut sink = Sink::new(StreamPorts::axis(bench.dut(), "m_axis")?, Flow::new(output, random));
    bench.reset(2)?;
    for round in 0..2 {
        let (mut keeps, mut expected) = (VecDeque::new(), VecDeque::new());
        for _ in 0..150 {
            let Packet { beats, result } = packet(random);
            for (beat, keep) in beats {
                source.push(beat);
                keeps.push_back(keep);
            }
            expected.push_back(result);
        }
        let (limit, stop) = (bench.clocks() + 200_000, bench.clocks() + 700);
        while source.waiting() > 0 || !expected.is_empty() {
            if bench.clocks() > limit {
                return Err(bench.mismatch(format!("{} results never came", expected.len())));
            }
            source.drive(&mut bench);
            let kept = if source.offering() { keeps[0] } else { random.next() as u16 };
            bench.dut_mut().set(keep, u64::from(kept));
            sink.drive(&mut bench);
            bench.settle()?;
            if source.sample(&bench).is_some() {
                keeps.pop_front();
            }
            if let Some(beat) = sink.sample(&bench)? {
                bench.expect("TKEEP and TLAST of a result", (bench.dut().get(result_keep), beat.last), (0xFF, true))?;
                bench.expect("result", Some(beat.data as u64), expected.pop_front())?;
            }
            bench.edge();
            if round == 0 && bench.clocks() == stop {
                break;
            }
        }
        // A reset in the midst of everything: nothing of it is seen afterwards.
        source.clear();
        sink.clear();
        bench.reset(1)?;
    }
    Ok(())
}

#[test]
fn agrees_with_the_crate_under_every_crossing() {
    session::check("fingerprint", 2, |session| {
        for input in Pattern::KINDS {
            for output in Pattern::KINDS {
                cross(session, input, output)?;
            }
        }
        Ok(())
    });
}

/// Sixteen bytes enter every clock, in packets of one beat too, when the sink takes what comes.
fn rate(session: &mut Session) -> Result<(), Failure> {
    let mut bench = session.bench("fingerprint")?;
    let keep = bench.dut().port("s_axis_tkeep")?;
    let random = &mut session.random;
    let mut source = Source::new(StreamPorts::axis(bench.dut(), "s_axis")?, Flow::always(), random);
    let mut sink = Sink::new(StreamPorts::axis(bench.dut(), "m_axis")?, Flow::always());
    bench.dut_mut().set(keep, 0xFFFF);
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
    step(&mut bench, &mut source, &mut sink)?;
    for clock in 0..3_000 {
        let last = clock < 1_000 || random.one_in(256);
        source.push(Beat { data: random.next128(), last });
        let taken = step(&mut bench, &mut source, &mut sink)?;
        bench.expect(&format!("a beat taken in clock {clock}"), taken, true)?;
    }
    // A sink that takes nothing stops the input before a result is lost.
    sink.set_flow(Flow::new(Pattern::Never, random));
    let mut taken = 0;
    for _ in 0..200 {
        source.push(Beat { data: random.next128(), last: true });
        taken += usize::from(step(&mut bench, &mut source, &mut sink)?);
    }
    assert!((PLACES / 2..=PLACES).contains(&taken), "{taken} packets entered while no result left");
    Ok(())
}

#[test]
fn takes_sixteen_bytes_every_clock() {
    session::check("fingerprint-rate", 1, rate);
}
