//! `group_counters.v` in lockstep with `CounterRow`: an add or a read every clock, every forward distance,
//! resets of a dirty table, traffic during reset and clearing.
#![cfg(feature = "verilate")]

use std::collections::VecDeque;

use deltascope_abi::counters::CounterRow;
use deltascope_abi::random::Random;
use deltascope_sim::bench::Failure;
use deltascope_sim::session::{self, Session};

const ROWS: usize = 4_096;
/// Stages between the clock of entry and the clock of the result.
const LATENCY: usize = 3;
const CLOCKS_A_ROUND: u64 = 40_000;

fn row(random: &mut Random, spread: u64) -> usize {
    match spread {
        0 => 7,
        1 => random.pick(&[0, ROWS - 1]),
        2 => random.below(4) as usize,
        _ => random.below(ROWS as u64) as usize,
    }
}

fn lockstep(session: &mut Session) -> Result<(), Failure> {
    let mut bench = session.bench("group_counters")?;
    let random = &mut session.random;
    let dut = bench.dut();
    let [clearing, add, read, id] = ["clearing", "add", "read", "row_id"].map(|name| dut.port(name));
    let [redundant, length, valid, result] =
        ["redundant", "length", "result_valid", "result"].map(|name| dut.port(name));
    let (clearing, add, read, id) = (clearing?, add?, read?, id?);
    let (redundant, length, valid, result) = (redundant?, length?, valid?, result?);

    bench.reset(2)?;
    let mut rows = vec![CounterRow::default(); ROWS];
    let mut to_clear = ROWS;
    let mut stages: VecDeque<Option<CounterRow>> = VecDeque::from([None; LATENCY]);
    let mut distances = [0_u64; 5];
    for round in 0..6 {
        let mut last_seen: Vec<u64> = vec![0; ROWS];
        let mut spread = 0;
        for clock in 1..=CLOCKS_A_ROUND {
            if random.one_in(500) {
                spread = random.below(4);
            }
            // Before each reset the whole table is made dirty, its ends among them.
            if clock > CLOCKS_A_ROUND - 5_000 {
                spread = if clock > CLOCKS_A_ROUND - 50 { 1 } else { 3 };
            }
            let (adds, reads) = match random.below(10) {
                0 => (false, false),
                1 | 2 => (false, true),
                _ => (true, false),
            };
            let index = row(random, spread);
            let bytes = if random.one_in(2) { random.below(1 << 24) } else { (1 << 24) - 1 - random.below(2) };
            let wasted = random.one_in(2);
            let dut = bench.dut_mut();
            dut.set(add, u64::from(adds));
            dut.set(read, u64::from(reads));
            dut.set(id, index as u64);
            dut.set(length, bytes);
            dut.set(redundant, u64::from(wasted));
            bench.settle()?;

            let dut = bench.dut();
            bench.expect("clearing", dut.high(clearing), to_clear > 0)?;
            let found = dut.high(valid).then(|| CounterRow {
                events: dut.slice(result, 0) & ((1 << 48) - 1),
                bytes: dut.slice(result, 48),
                redundant_events: dut.slice(result, 112) & ((1 << 48) - 1),
                redundant_bytes: dut.slice(result, 160),
            });
            bench.expect("result", found, stages.front().copied().flatten())?;

            stages.pop_front();
            let open = to_clear == 0;
            if open && (adds || reads) {
                let distance = clock - last_seen[index];
                if last_seen[index] > 0 && distance <= 4 {
                    distances[distance as usize] += 1;
                }
                last_seen[index] = clock;
            }
            if open && adds {
                rows[index].count(bytes as u32, wasted);
            }
            stages.push_back((open && reads).then_some(rows[index]));
            to_clear = to_clear.saturating_sub(1);
            bench.edge();
        }
        assert!(rows.iter().filter(|r| !r.is_zero()).count() > 1_000, "the table must be dirty");
        bench.reset(1 + round)?;
        if round % 2 == 1 {
            for _ in 0..100 * round {
                bench.settle()?;
                bench.edge();
            }
            bench.reset(1)?;
        }
        rows.fill(CounterRow::default());
        to_clear = ROWS;
        stages = VecDeque::from([None; LATENCY]);
    }
    assert!(distances[1..].iter().all(|n| *n > 1_000), "distances 1 to 4 were met {distances:?} times");
    Ok(())
}

#[test]
fn counts_as_in_the_abi() {
    session::check("group_counters", 2, lockstep);
}
