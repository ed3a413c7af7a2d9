//! Looking back without a server: every mark against a memory of all states, records in flight, an engine that takes
//! one record at a time.
#![allow(clippy::unwrap_used, reason = "tests stop at the first surprise")]

use deltascope_abi::record::{Op, Record};
use deltascope_abi::reply::Reply;
use deltascope_model::{Capabilities, Config, Engine, EngineError, GoldenEngine, Latched};
use deltascope_protocol::state_at::{History, StateAtError};

const CONTEXTS: u16 = 3;

/// Takes one record for each submit, and none on every second.
struct Reluctant {
    inner: GoldenEngine,
    willing: bool,
}

impl Engine for Reluctant {
    fn info(&self) -> Capabilities {
        self.inner.info()
    }

    fn submit(&mut self, records: &[Record]) -> Result<usize, EngineError> {
        self.willing = !self.willing;
        if self.willing { self.inner.submit(&records[..1]) } else { Ok(0) }
    }

    fn poll(&mut self, sink: &mut dyn FnMut(Reply)) -> Result<usize, EngineError> {
        self.inner.poll(sink)
    }

    fn counters(&mut self) -> Result<Latched, EngineError> {
        self.inner.counters()
    }

    fn reset(&mut self) -> Result<(), EngineError> {
        self.inner.reset()
    }
}

fn engine(lanes: u32, depth: u32) -> GoldenEngine {
    GoldenEngine::new(Config::with_tables(u32::from(CONTEXTS), 2).with_journal(lanes, depth)).unwrap()
}

/// Asks for every context at every mark after each of 60 deltas, 20 of which came before the session.
fn travel(engine: &mut impl Engine, horizon: u64) {
    let submit = |engine: &mut dyn Engine, record| while engine.submit(&[record]).unwrap() == 0 {};
    let mut states = vec![[0_u64; CONTEXTS as usize]];
    let mut history = None;
    for step in 0..60_u64 {
        let context = (step * 7 % 3) as u16;
        let mut next = states[step as usize];
        next[usize::from(context)] ^= 1 << step;
        states.push(next);
        // In flight when the question comes: a delta and a READ whose reply is somebody else's.
        submit(engine, Record::accum(context, 1 << step));
        submit(engine, Record::read(context));
        let mut others = Vec::new();
        if step == 19 {
            history = Some(History::begin(engine, &mut |reply| others.push(reply)).unwrap());
        }
        let Some(history) = history else { continue };
        let now = step + 1;
        for context in 0..CONTEXTS {
            for mark in 0..now + 3 {
                let found = history.state_at(engine, context, mark, &mut |reply| others.push(reply));
                if mark < 20 || mark > now || now - mark > horizon {
                    assert_eq!(found, Err(StateAtError::TooOld { mark, first: 20, horizon }), "{now}");
                } else {
                    assert_eq!(found, Ok(states[mark as usize][usize::from(context)]), "mark {mark} at {now}");
                }
            }
        }
        let reads: Vec<_> =
            others.iter().filter(|reply| reply.op() == Some(Op::Read)).map(|reply| reply.value).collect();
        let mine = &states[now as usize][usize::from(context)];
        assert_eq!(reads.last(), Some(mine), "the reply in flight is handed on");
        assert!(others.iter().all(|reply| !matches!(reply.op(), Some(Op::Query | Op::Sync))));
    }
}

#[test]
fn every_mark_is_answered_or_too_old() {
    travel(&mut engine(4, 8), 32);
    travel(&mut engine(1, 1), 1);
}

#[test]
fn an_engine_that_takes_one_record_at_a_time_answers_the_same() {
    travel(&mut Reluctant { inner: engine(3, 4), willing: false }, 12);
}

#[test]
fn what_cannot_be_asked_is_refused() {
    let mut without = engine(0, 0);
    let history = History::begin(&mut without, &mut |_| {}).unwrap();
    let found = history.state_at(&mut without, 0, 0, &mut |_| {});
    assert_eq!(found, Err(StateAtError::TooOld { mark: 0, first: 0, horizon: 0 }));
    let mut with = engine(2, 2);
    let found = history.state_at(&mut with, CONTEXTS, 0, &mut |_| {});
    assert_eq!(found, Err(StateAtError::Context { context: CONTEXTS, contexts: 3 }));
}
