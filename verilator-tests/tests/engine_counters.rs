//! `engine_counters.v`: every counter by itself, copied in one clock, cleared by a reset.
#![cfg(feature = "verilate")]

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

fn lockstep(session: &mut Session) -> Result<(), Failure> {
    let mut bench = session.bench("engine_counters")?;
    let random = &mut session.random;
    let dut = bench.dut();
    let [latch, taken, rejected, op, journals, reply_beat] =
        ["latch", "taken", "rejected", "op", "journals", "reply_beat"].map(|name| dut.port(name));
    let (latch, taken, rejected, op, journals, reply_beat) = (latch?, taken?, rejected?, op?, journals?, reply_beat?);
    let [accepted_after, position_after, latched] =
        ["accepted_after", "position_after", "latched"].map(|name| dut.port(name));
    let (accepted_after, position_after, latched) = (accepted_after?, position_after?, latched?);
    let mut classes = Vec::new();
    for (name, counter) in CLOCK_CLASSES {
        classes.push((dut.port(name)?, counter));
    }

    let mut counts = [0_u64; Counter::ALL.len()];
    let mut copies = [0_u64; Counter::ALL.len()];
    bench.reset(2)?;
    for clock in 0..60_000 {
        let reset = random.one_in(5_000);
        let copy = random.one_in(7);
        let (takes, rejects, moves) = (random.one_in(2), random.one_in(3), random.one_in(2));
        // Codes that no valid record has are rejected by the decoder.
        let code = if rejects { random.below(16) } else { random.below(Op::ALL.len() as u64) };
        let beat = random.one_in(2);
        let class = random.below(classes.len() as u64) as usize;
        bench.set_reset(reset);
        let dut = bench.dut_mut();
        for (port, value) in
            [(latch, copy), (taken, takes), (rejected, rejects), (journals, takes && moves), (reply_beat, beat)]
        {
            dut.set(port, u64::from(value));
        }
        dut.set(op, code);
        for (i, (port, _)) in classes.iter().enumerate() {
            dut.set(*port, u64::from(i == class));
        }
        bench.settle()?;

        let before = counts;
        counts[Counter::Accepted as usize] += u64::from(takes);
        counts[Counter::Rejected as usize] += u64::from(takes && rejects);
        counts[Counter::JournalPosition as usize] += u64::from(takes && moves);
        counts[Counter::ReplyBeats as usize] += u64::from(beat);
        counts[classes[class].1 as usize] += 1;
        if takes && !rejects {
            counts[Counter::OpNop as usize + code as usize] += 1;
        }
        let dut = bench.dut();
        bench.expect("accepted_after", dut.get(accepted_after), counts[Counter::Accepted as usize])?;
        bench.expect("position_after", dut.get(position_after), counts[Counter::JournalPosition as usize])?;
        if clock % 16 == 0 || copy {
            for counter in Counter::ALL {
                let found = dut.slice(latched, 64 * counter as u32);
                bench.expect(&format!("{counter:?}"), found, copies[counter as usize])?;
            }
        }
        if copy {
            copies = before;
        }
        if reset {
            counts = [0; Counter::ALL.len()];
            copies = counts;
        }
        bench.edge();
    }
    Ok(())
}

#[test]
fn counts_and_copies() {
    session::check("engine_counters", 2, lockstep);
}
