//! The golden engine as hardware would be: slow, with replies on their way, and able to fail.

use crate::reference::{identity, restores};
use deltascope_abi::record::Record;
use deltascope_abi::reply::Reply;
use deltascope_model::{Capabilities, Config, ConfigError, Engine, EngineError, GoldenEngine, Latched};
use deltascope_testkit::Rng;
use std::collections::VecDeque;

/// Most agents of a schedule, with room for tag 0.
pub const TAGS: usize = 8;

/// A golden engine that takes prefixes, delays replies and fails when asked to.
pub struct SlowEngine {
    golden: GoldenEngine,
    rng: Rng,
    /// Records inside, each with whether it ends its batch.
    inside: VecDeque<(Record, bool)>,
    /// Replies on their way, each with what its end of batch passes.
    replies: VecDeque<(Reply, bool)>,
    /// Records that may be inside.
    room: usize,
    /// Most records that a submission takes, a poll executes, and replies that it gives.
    speed: u64,
    /// The next call fails.
    pub failing: bool,
    /// This many resets fail.
    pub failing_resets: u32,
    /// How often the tables were cleared.
    pub generation: u64,
    executed: [u64; TAGS],
    restored: u64,
    /// By agent: a Hello of an earlier session of it may have taken its grant over, so that two grants hold its
    /// records and their order reports nothing.
    pub blurred: [bool; TAGS],
    /// By agent: serial number of the last record whose end of batch was given out.
    pub passed: [u64; TAGS],
    /// Records that restore contexts, whose end of batch was given out.
    pub restored_passed: u64,
    ends: VecDeque<([u64; TAGS], u64)>,
    /// An agent's record came a second time or out of order.
    pub disorder: Option<String>,
}

impl SlowEngine {
    /// An engine of these sizes with its own rng.
    pub fn new(sizes: Config, generation: u64, mut rng: Rng) -> Result<SlowEngine, ConfigError> {
        Ok(SlowEngine {
            golden: GoldenEngine::new(sizes)?,
            room: rng.pick([4, 30, 200, 100_000]),
            speed: rng.pick([3, 6, 10, 17]),
            rng,
            inside: VecDeque::new(),
            replies: VecDeque::new(),
            failing: false,
            failing_resets: 0,
            generation,
            executed: [0; TAGS],
            restored: 0,
            blurred: [false; TAGS],
            passed: [0; TAGS],
            restored_passed: 0,
            ends: VecDeque::new(),
            disorder: None,
        })
    }

    /// The agent has another grant: its records come again.
    pub fn forget(&mut self, tag: usize) {
        (self.executed[tag], self.passed[tag]) = (0, 0);
    }

    fn fault(&mut self) -> Result<(), EngineError> {
        match self.failing {
            false => Ok(()),
            true => Err(EngineError::Device { engine: "model", text: String::from("a planted failure of the engine") }),
        }
    }

    fn note(&mut self, record: &Record) {
        if let Some((tag, serial)) = identity(record) {
            let last = &mut self.executed[tag];
            if self.blurred[tag] {
                *last = serial.max(*last);
                return;
            }
            if serial <= *last {
                self.disorder = Some(format!(
                    "engine: expected a record of agent {tag} after serial {last}, found serial {serial}: it was executed twice or out of order"
                ));
            }
            *last = serial;
        }
        self.restored += u64::from(restores(record));
    }
}

impl Engine for SlowEngine {
    fn info(&self) -> Capabilities {
        self.golden.info()
    }

    fn submit(&mut self, records: &[Record]) -> Result<usize, EngineError> {
        self.fault()?;
        if self.rng.chance(8) {
            return Ok(0);
        }
        let most = self.rng.spread(self.speed) as usize;
        let count = records.len().min(most).min(self.room.saturating_sub(self.inside.len()));
        let ends = |index: usize| index + 1 == count;
        self.inside.extend(records[..count].iter().enumerate().map(|(index, record)| (*record, ends(index))));
        Ok(count)
    }

    fn poll(&mut self, sink: &mut dyn FnMut(Reply)) -> Result<usize, EngineError> {
        self.fault()?;
        for _ in 0..self.rng.spread(self.speed) {
            let Some((record, ends)) = self.inside.pop_front() else { break };
            self.note(&record);
            let replies = &mut self.replies;
            self.golden.step(record, ends, &mut |reply, _| replies.push_back((reply, false)));
            if let (true, Some(last)) = (ends, self.replies.back_mut()) {
                last.1 = true;
                self.ends.push_back((self.executed, self.restored));
            }
        }
        let count = (self.rng.spread(self.speed) as usize).min(self.replies.len());
        for (reply, ends) in self.replies.drain(..count) {
            if ends && let Some((passed, restored)) = self.ends.pop_front() {
                // An agent whose grant was renewed since then has passed nothing of the new one.
                for (tag, serial) in passed.into_iter().enumerate() {
                    self.passed[tag] = serial.min(self.executed[tag]);
                }
                self.restored_passed = restored;
            }
            sink(reply);
        }
        Ok(count)
    }

    fn counters(&mut self) -> Result<Latched, EngineError> {
        self.golden.counters()
    }

    fn reset(&mut self) -> Result<(), EngineError> {
        if self.failing_resets > 0 {
            self.failing_resets -= 1;
            let text = String::from("a planted failure of the engine's reset");
            return Err(EngineError::Device { engine: "model", text });
        }
        self.failing = false;
        self.generation += 1;
        self.inside.clear();
        self.replies.clear();
        self.ends.clear();
        (self.executed, self.passed) = ([0; TAGS], [0; TAGS]);
        (self.restored, self.restored_passed, self.blurred) = (0, 0, [false; TAGS]);
        self.golden.reset()
    }
}
