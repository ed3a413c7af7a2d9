//! `engine_counters.v`: every counter by itself, copied in one clock, cleared by a reset; a record's own number in S3.
#![cfg(feature = "verilate")]

use std::collections::VecDeque;

use deltascope_abi::record::Op;
use deltascope_abi::registers::Counter;
use deltascope_sim::bench::Failure;
use deltascope_sim::session::{self, Session};

const CLOCK_CLASSES: [(&str, Counter); 5] = [
    ("clock_moving", Counter::ClocksMoving),
    ("clock_starved", Counter::ClocksStarved),
    ("clock_blocked", Counter::ClocksBlocked),
    ("clock_clearing", Counter::ClocksClearing),
    ("clock_answering", Counter::ClocksAnswering),
];

type Counts = [u64; Counter::ALL.len()];

/// What the copies become: the clock in which they are there, and what; `None` while they have no meaning.
type Copies = VecDeque<(u64, Option<Counts>)>;

fn lockstep(session: &mut Session) -> Result<(), Failure> {
    let mut bench = session.bench("engine_counters")?;
    let random = &mut session.random;
    let dut = bench.dut();
    let [latch, taken, rejected, op, journals, reply_beat] =
        ["latch", "taken", "rejected", "op", "journals", "reply_beat"].map(|name| dut.port(name));
    let (latch, taken, rejected, op, journals, reply_beat) = (latch?, taken?, rejected?, op?, journals?, reply_beat?);
    let [near_taken, near_journals] = ["near_taken", "near_journals"].map(|name| dut.port(name));
    let (near_taken, near_journals) = (near_taken?, near_journals?);
    let [accepted_after, position_after, latched] =
        ["accepted_after", "position_after", "latched"].map(|name| dut.port(name));
    let (accepted_after, position_after, latched) = (accepted_after?, position_after?, latched?);
    let mut classes = Vec::new();
    for (name, counter) in CLOCK_CLASSES {
        classes.push((dut.port(name)?, counter));
    }

    // Counts before this clock and before the last one; records in S1, S2, S3: taken, moves the position.
    let (mut counts, mut counts_before) = ([0; Counter::ALL.len()], [0; Counter::ALL.len()]);
    let mut slots = [(false, false); 3];
    let (mut copies, mut coming) = (Some(counts), Copies::new());
    // A hard reset empties the slots; the counters' reset comes a clock later.
    let (mut emptied, mut was_reset) = (false, false);
    bench.reset(4)?;
    for clock in 0..60_000_u64 {
        let (reset, empties) = (emptied, random.one_in(5_000));
        let copy = random.one_in(7);
        let takes = random.one_in(2) && !reset;
        slots = [(takes, takes && random.one_in(2)), slots[0], slots[1]];
        let (takes, moves) = slots[2];
        let rejects = random.one_in(3);
        // Codes that no valid record has are rejected by the decoder.
        let code = if rejects { random.below(16) } else { random.below(Op::ALL.len() as u64) };
        let beat = random.one_in(2);
        let class = random.below(classes.len() as u64) as usize;
        bench.set_reset(reset);
        let dut = bench.dut_mut();
        for (port, value) in [
            (latch, copy),
            (near_taken, slots[0].0),
            (near_journals, slots[0].1),
            (taken, takes),
            (rejected, rejects),
            (journals, moves),
            (reply_beat, beat),
        ] {
            dut.set(port, u64::from(value));
        }
        dut.set(op, code);
        for (i, (port, _)) in classes.iter().enumerate() {
            dut.set(*port, u64::from(i == class));
        }
        bench.settle()?;

        while let Some((_, found)) = coming.pop_front_if(|(from, _)| *from <= clock) {
            copies = found;
        }
        if copy {
            coming.push_back((clock + 2, Some(counts_before)));
        }
        if reset {
            counts = [0; Counter::ALL.len()];
            coming.retain(|(from, _)| *from < clock + 2);
            coming.extend([(clock + 2, None), (clock + 3, Some(counts))]);
        }
        counts_before = counts;
        counts[Counter::Accepted as usize] += u64::from(takes);
        counts[Counter::Rejected as usize] += u64::from(takes && rejects);
        counts[Counter::JournalPosition as usize] += u64::from(moves);
        counts[Counter::ReplyBeats as usize] += u64::from(beat);
        counts[classes[class].1 as usize] += 1;
        if takes && !rejects {
            counts[Counter::OpNop as usize + code as usize] += 1;
        }
        let dut = bench.dut();
        if !reset && !was_reset {
            bench.expect("accepted_after", dut.get(accepted_after), counts[Counter::Accepted as usize])?;
            bench.expect("position_after", dut.get(position_after), counts[Counter::JournalPosition as usize])?;
        }
        if let Some(copies) = copies
            && (clock % 16 == 0 || copy)
        {
            for counter in Counter::ALL {
                let found = dut.slice(latched, 64 * counter as u32);
                bench.expect(&format!("{counter:?}"), found, copies[counter as usize])?;
            }
        }
        if empties {
            slots = [(false, false); 3];
        }
        (emptied, was_reset) = (empties, reset);
        bench.edge();
    }
    Ok(())
}

#[test]
fn counts_and_copies() {
    session::check("engine_counters", 2, lockstep);
}
