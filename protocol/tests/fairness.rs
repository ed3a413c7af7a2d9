//! A session that floods does not slow another one beyond its share, on an engine that takes little at a time.
#![allow(clippy::unwrap_used, reason = "tests stop at the first surprise")]

mod server_bench;

use deltascope_abi::record::Record;
use deltascope_abi::reply::Reply;
use deltascope_model::{Capabilities, Engine, EngineError, GoldenEngine, Latched};
use deltascope_protocol::server::Config;
use server_bench::{Bench, Got, events, sizes};

/// Takes at most that many records between two polls.
struct Slow {
    engine: GoldenEngine,
    most: usize,
    room: usize,
}

impl Engine for Slow {
    fn info(&self) -> Capabilities {
        self.engine.info()
    }

    fn submit(&mut self, records: &[Record]) -> Result<usize, EngineError> {
        let taken = self.engine.submit(&records[..records.len().min(self.room)])?;
        self.room -= taken;
        Ok(taken)
    }

    fn poll(&mut self, sink: &mut dyn FnMut(Reply)) -> Result<usize, EngineError> {
        self.room = self.most;
        self.engine.poll(sink)
    }

    fn counters(&mut self) -> Result<Latched, EngineError> {
        self.engine.counters()
    }

    fn reset(&mut self) -> Result<(), EngineError> {
        self.engine.reset()
    }
}

#[test]
fn shares_are_equal_whatever_waits() {
    // Less and more than a turn between two polls, and a turn that does not divide it.
    for (most, quantum) in [(10, 64), (100, 64), (1, 7), (64, 64), (1_000, 64)] {
        let engine = Slow { engine: GoldenEngine::new(sizes()).unwrap(), most, room: most };
        let mut bench = Bench::over(engine, Config { quantum, ..Config::default() });
        let ids = [bench.session(1, 1, 1), bench.session(2, 1, 1), bench.session(3, 1, 1)];
        let queued = [16_000, 4_000, 1_000];
        for (id, count) in ids.into_iter().zip(queued) {
            bench.server.receive(id, &events(0, 0, &vec![Record::nop(); count]), 0);
        }
        let mut passed = [0u64; 3];
        while passed[2] < 1_000 {
            bench.server.poll(0);
            for (id, passed) in ids.into_iter().zip(&mut passed) {
                for got in bench.take(id) {
                    if let Got::Ack { sequence, .. } = got {
                        *passed = sequence;
                    }
                }
            }
            if passed[2] == 1_000 {
                break;
            }
            let (least, greatest) = (passed.iter().min().unwrap(), passed.iter().max().unwrap());
            let bound = quantum.max(2 * most) as u64;
            assert!(greatest - least <= bound, "{most} at a time, turns of {quantum}: {passed:?}");
        }
        bench.settle_for(100_000);
        for (id, count) in ids.into_iter().zip(queued) {
            // The server writes more when what waits was read.
            let mut last = None;
            while let Some(got) = bench.take(id).into_iter().next_back() {
                last = Some(got);
                bench.settle_for(100_000);
            }
            let all = passed[ids.iter().position(|&other| other == id).unwrap()] == count as u64;
            let acked = matches!(last, Some(Got::Ack { sequence, .. }) if sequence == count as u64);
            assert!(all || acked, "{most} at a time: {last:?}");
        }
    }
}
