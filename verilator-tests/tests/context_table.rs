//! `context_table.v` in lockstep with the algebra: one record a clock, every forward distance, resets of a
//! dirty table, records during reset and clearing.
#![cfg(feature = "verilate")]

use std::collections::VecDeque;

use deltascope_abi::random::Random;
use deltascope_abi::record::Op;
use deltascope_model::Context;
use deltascope_sim::bench::Failure;
use deltascope_sim::session::{self, Session};

const CONTEXTS: usize = deltascope_abi::DEFAULT_CONTEXTS as usize;
/// Stages between the clock of entry and the clock of the result.
const LATENCY: usize = 3;
const CLOCKS_A_ROUND: u64 = 40_000;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Answer {
    state: u64,
    zero: bool,
    redundant: bool,
    operand: u64,
}

struct Table {
    contexts: Vec<Context>,
    clearing: usize,
    /// What is in S1, S2 and S3: oldest first.
    stages: VecDeque<Option<Answer>>,
}

impl Table {
    fn new() -> Table {
        Table { contexts: vec![Context::default(); CONTEXTS], clearing: 0, stages: VecDeque::from([None; LATENCY]) }
    }

    fn reset(&mut self) {
        self.contexts.fill(Context::default());
        self.clearing = CONTEXTS;
        self.stages = VecDeque::from([None; LATENCY]);
    }

    fn clock(&mut self, record: Option<(u64, bool, usize, u64)>) {
        self.stages.pop_front();
        if self.clearing > 0 {
            self.clearing -= 1;
            self.stages.push_back(None);
            return;
        }
        self.stages.push_back(record.map(|(op, rebase, context, operand)| {
            let context = &mut self.contexts[context];
            let (state, zero) = (context.read(), context.is_zero());
            let op = Op::from_code(op as u8);
            match op {
                Some(Op::Accum) => context.accum(operand),
                Some(Op::Swap) if rebase => _ = context.rebase(),
                Some(Op::Load | Op::Swap | Op::Send) => context.load(operand),
                _ => {}
            }
            Answer { state, zero, redundant: op == Some(Op::Send) && state == operand, operand }
        }));
    }
}

/// The distances between records of one context are what matters: few contexts, the ends of the table among them.
fn context(random: &mut Random, spread: u64) -> usize {
    match spread {
        0 => 5,
        1 => random.pick(&[0, CONTEXTS - 1]),
        2 => random.below(4) as usize,
        3 => random.below(16) as usize * 1_024 + random.below(2) as usize,
        _ => random.below(CONTEXTS as u64) as usize,
    }
}

fn lockstep(session: &mut Session) -> Result<(), Failure> {
    let mut bench = session.bench("context_table")?;
    let random = &mut session.random;
    let dut = bench.dut();
    let [clearing, valid, op, rebase, id, operand] =
        ["clearing", "valid", "op", "rebase", "context_id", "operand"].map(|name| dut.port(name));
    let (clearing, valid, op, rebase, id, operand) = (clearing?, valid?, op?, rebase?, id?, operand?);
    let [result_valid, state, zero, redundant, result_operand] =
        ["result_valid", "state_before", "accumulator_zero", "redundant", "result_operand"].map(|name| dut.port(name));
    let (result_valid, state, zero, redundant, result_operand) =
        (result_valid?, state?, zero?, redundant?, result_operand?);

    bench.reset(2)?;
    let mut table = Table::new();
    table.reset();
    let mut distances = [0_u64; 5];
    for round in 0..6 {
        let mut last_seen: Vec<u64> = vec![0; CONTEXTS];
        let mut spread = 0;
        for clock in 1..=CLOCKS_A_ROUND {
            if random.one_in(500) {
                spread = random.below(5);
            }
            // Before each reset the whole table is made dirty, its ends among them.
            if clock > CLOCKS_A_ROUND - 5_000 {
                spread = if clock > CLOCKS_A_ROUND - 50 { 1 } else { 4 };
            }
            let busy = random.below(100) < 90;
            let index = context(random, spread);
            let current = table.contexts[index].read();
            let word = if random.one_in(3) { current } else { random.next() };
            // Every code: those that are no op of a context must leave it as it is.
            let code = if random.one_in(8) { random.below(16) } else { random.pick(&[1, 2, 3, 4, 6]) };
            let swap = random.one_in(2);
            let dut = bench.dut_mut();
            dut.set(valid, u64::from(busy));
            dut.set(op, code);
            dut.set(rebase, u64::from(swap));
            dut.set(id, index as u64);
            dut.set(operand, word);
            bench.settle()?;

            let dut = bench.dut();
            bench.expect("clearing", dut.high(clearing), table.clearing > 0)?;
            let found = dut.high(result_valid).then(|| Answer {
                state: dut.get(state),
                zero: dut.high(zero),
                redundant: dut.high(redundant),
                operand: dut.get(result_operand),
            });
            bench.expect("result", found, table.stages.front().copied().flatten())?;
            if busy && table.clearing == 0 {
                let distance = clock - last_seen[index];
                if last_seen[index] > 0 && distance <= 4 {
                    distances[distance as usize] += 1;
                }
                last_seen[index] = clock;
            }
            table.clock(busy.then_some((code, swap, index, word)));
            bench.edge();
        }
        // A reset in the middle of records; odd rounds interrupt the clearing too.
        assert!(table.contexts.iter().filter(|c| c.read() != 0).count() > 1_000, "the table must be dirty");
        bench.set_reset(true);
        for _ in 0..=round {
            bench.settle()?;
            bench.edge();
        }
        bench.set_reset(false);
        table.reset();
        if round % 2 == 1 {
            for _ in 0..100 * round {
                bench.settle()?;
                bench.edge();
            }
            bench.reset(1)?;
        }
    }
    assert!(distances[1..].iter().all(|n| *n > 1_000), "distances 1 to 4 were met {distances:?} times");
    Ok(())
}

#[test]
fn follows_the_algebra() {
    session::check("context_table", 2, lockstep);
}
