//! Broken engines: each fault is seen by the test that is there for it.
#![allow(clippy::unwrap_used, reason = "tests stop at the first surprise")]

use super::vectors::{expected_rows, rows};
use super::*;
use crate::engines::Device;
use deltascope_abi::record::Op;
use deltascope_abi::reply::Reply;
use deltascope_abi::{DEFAULT_CONTEXTS, DEFAULT_GROUPS};
use deltascope_driver::seams::{BusError, Registers};
use deltascope_model::{Capabilities, EngineError, Latched};

/// What is broken.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    Nothing,
    /// A bit of every reply's value reads as one.
    StuckReplyBit,
    /// The last reply of each batch but the end comes before the one in front of it.
    SwappedReplies,
    /// A record in the middle becomes a NOP.
    LostRecord,
    /// The class of PAIRs is taken for another.
    WrongClass,
    /// The scratch register has a bit that is always zero.
    ScratchBit,
    /// Every register reads what was last written to any.
    BusHolds,
    /// Registers answer SLVERR.
    SlaveError,
}

/// The model with registers and a fault.
struct Broken {
    engine: GoldenEngine,
    fault: Fault,
    scratch: u32,
    records: u64,
}

fn broken(fault: Fault) -> AnyEngine {
    AnyEngine::of(Broken { engine: GoldenEngine::default(), fault, scratch: 0, records: 0 })
}

impl Registers for Broken {
    fn read32(&mut self, at: u32) -> Result<u32, BusError> {
        let info = self.engine.info();
        Ok(match at {
            _ if self.fault == Fault::SlaveError => return Err(BusError::Response { offset: at, response: 2 }),
            _ if self.fault == Fault::BusHolds => self.scratch,
            offset::SCRATCH if self.fault == Fault::ScratchBit => self.scratch & !(1 << 13),
            offset::SCRATCH => self.scratch,
            offset::IDENTITY => IDENTITY_VALUE,
            offset::ABI_VERSION => ABI_VERSION,
            offset::CAP_CONTEXTS => info.contexts,
            offset::CAP_GROUPS => info.groups,
            _ => 0,
        })
    }

    fn write32(&mut self, _: u32, value: u32) -> Result<(), BusError> {
        self.scratch = value;
        Ok(())
    }
}

impl Engine for Broken {
    fn info(&self) -> Capabilities {
        self.engine.info()
    }

    fn submit(&mut self, records: &[Record]) -> Result<usize, EngineError> {
        let mut records = records.to_vec();
        for record in &mut records {
            self.records += 1;
            match self.fault {
                Fault::LostRecord if self.records == 7 => *record = Record::nop(),
                Fault::WrongClass if record.op() == Some(Op::Pair) => record.head ^= 1 << 6,
                _ => {}
            }
        }
        let taken = self.engine.submit(&records)?;
        self.records -= (records.len() - taken) as u64;
        Ok(taken)
    }

    fn poll(&mut self, sink: &mut dyn FnMut(Reply)) -> Result<usize, EngineError> {
        let mut replies = Vec::new();
        self.engine.poll(&mut |reply| replies.push(reply))?;
        // Ends of batches and snapshots are left alone: the stream would no longer be one.
        let is_sync = |reply: &Reply| reply.head & 0xF == 8;
        for n in 0..replies.len() {
            match self.fault {
                Fault::StuckReplyBit if is_sync(&replies[n]) => replies[n].value |= 1 << 40,
                Fault::SwappedReplies if n == 1 && is_sync(&replies[0]) && is_sync(&replies[1]) => replies.swap(0, 1),
                _ => {}
            }
        }
        let count = replies.len();
        replies.into_iter().for_each(sink);
        Ok(count)
    }

    fn counters(&mut self) -> Result<Latched, EngineError> {
        self.engine.counters()
    }

    fn reset(&mut self) -> Result<(), EngineError> {
        self.records = 0;
        self.engine.reset()
    }
}

impl Device for Broken {
    fn registers(&mut self) -> Option<&mut dyn Registers> {
        Some(self)
    }

    fn streams(&self) -> String {
        "broken".to_owned()
    }

    fn take_notices(&mut self) -> Vec<String> {
        Vec::new()
    }
}

/// Names of the tests that do not pass.
fn failing(fault: Fault) -> Vec<&'static str> {
    let mut engine = broken(fault);
    let fails = |test: &&Test| match (test.run)(&mut engine, 500) {
        Ok(outcome) => outcome.unwrap().differences > 0,
        Err(_) => true,
    };
    TESTS.iter().filter(fails).map(|test| test.name).collect()
}

#[test]
fn an_engine_without_a_fault_passes_and_each_fault_is_seen() {
    let expected: [(Fault, &[&str]); 8] = [
        (Fault::Nothing, &[]),
        (Fault::StuckReplyBit, &["stream patterns", "replies and snapshot"]),
        (Fault::SwappedReplies, &["stream patterns"]),
        (Fault::LostRecord, &["stream patterns", "counters", "replies and snapshot"]),
        (Fault::WrongClass, &["counters", "replies and snapshot"]),
        (Fault::ScratchBit, &["scratch"]),
        (Fault::BusHolds, &["identity", "scratch"]),
        (Fault::SlaveError, &["identity", "scratch"]),
    ];
    for (fault, tests) in expected {
        assert_eq!(failing(fault), tests, "{fault:?}");
    }
}

#[test]
fn run_reports_whether_all_passed() {
    assert!(run(&mut broken(Fault::Nothing), 100, true).unwrap());
    for json in [false, true] {
        assert!(!run(&mut broken(Fault::SlaveError), 100, json).unwrap());
    }
}

#[test]
fn arithmetic_and_the_model_agree_for_small_and_large_engines() {
    for sizes in [(1, 1), (1, 1_000), (3, 10), (64, 100_000)] {
        let config = Config::with_tables(sizes.0, sizes.0);
        let report = feed(&mut GoldenEngine::new(config).unwrap(), &rows(sizes)).unwrap();
        assert_eq!(report.counters, expected_rows(sizes), "{sizes:?}");
        assert_eq!(report.rejected, 0);
    }
}

#[test]
fn the_scramble_has_every_kind_of_record_and_answers_in_it() {
    let records = scramble(20_000, DEFAULT_CONTEXTS, DEFAULT_GROUPS);
    let mut engine = GoldenEngine::default();
    let report = feed(&mut engine, &records).unwrap();
    let latched = engine.counters().unwrap();
    assert!(latched.by_op.iter().all(|&count| count > 0), "{latched:?}");
    assert!(report.rejected > 0 && report.replies.iter().any(|reply| reply.head >> 4 & 1 == 1));
    assert!(report.counters.iter().any(|(_, _, row)| row.redundant_events > 0));
}
