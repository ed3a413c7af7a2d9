//! `delta_engine.v`, the core between two 128-bit streams, in lockstep with the golden engine.

mod episodes;

use deltascope_abi::random::Random;
use deltascope_abi::record::{Op, Record};
use deltascope_abi::registers::Counter;
use deltascope_model::{ClockClasses, Latched};

use super::scoreboard::Scoreboard;
use super::traffic::Traffic;
use super::{Sizes, Totals};
use crate::cover::Point;
use deltascope_sim::bench::{Bench, Failure};
use deltascope_sim::dut::Port;
use deltascope_sim::flow::Flow;
use deltascope_sim::session::Session;
use deltascope_sim::stream::{Beat, Sink, Source, StreamPorts};
use deltascope_sim::top::latched;

struct Ports {
    mark: Port,
    soft_reset: Port,
    latch: Port,
    clearing: Port,
    draining: Port,
    answering: Port,
    rejected: Port,
    latched: Port,
}

/// The engine, its streams and its scoreboard.
pub struct EngineRun {
    bench: Bench,
    sizes: Sizes,
    ports: Ports,
    source: Source,
    sink: Sink,
    scoreboard: Scoreboard,
    traffic: Traffic,
    random: Random,
    /// Whether new records are made as the old ones are taken.
    feeding: bool,
    /// Asks for a soft reset, or for a copy of the counters, in the next clock.
    ask_reset: bool,
    ask_latch: bool,
    /// Clock classes before the last clock: a latch copies what is two clocks old.
    clocks_before: ClockClasses,
    /// What the copies that were asked for in the last clock must be; they are there after this one.
    copies: Option<ClockClasses>,
    /// What the ports did in the last clock.
    last: Observed,
    /// Clocks of the input port since the tables were last asked to clear.
    clocks: ClockClasses,
    rejected_pulses: u64,
    refused: u64,
    /// Clocks in which the first and the last record of a burst and the last reply moved.
    moved: Moments,
}

/// When things moved, in clocks of the design.
#[derive(Clone, Copy, Debug, Default)]
pub struct Moments {
    /// The first record of the burst.
    pub first_record: u64,
    /// The last record of the burst.
    pub last_record: u64,
    /// The last reply beat.
    pub last_reply: u64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Observed {
    clearing: bool,
    draining: bool,
    answering: bool,
    asked_reset: bool,
    ready: bool,
}

impl EngineRun {
    /// The engine after a hard reset.
    pub fn new(session: &mut Session, sizes: Sizes) -> Result<EngineRun, Failure> {
        let mut bench = session.bench("delta_engine")?;
        let dut = bench.dut();
        let ports = Ports {
            mark: dut.port("m_mark")?,
            soft_reset: dut.port("soft_reset")?,
            latch: dut.port("latch")?,
            clearing: dut.port("clearing")?,
            draining: dut.port("draining")?,
            answering: dut.port("answering")?,
            rejected: dut.port("record_rejected")?,
            latched: dut.port("latched")?,
        };
        let mut random = session.random.fork();
        let source = Source::new(StreamPorts::axis(dut, "s")?, Flow::always(), &mut random);
        let sink = Sink::new(StreamPorts::axis(dut, "m")?, Flow::always());
        let traffic = Traffic::new(sizes, &mut random).with_strides(session.strides);
        let scoreboard = Scoreboard::new(sizes).map_err(|e| bench.mismatch(e.to_string()))?;
        let scoreboard = scoreboard.with_strides(session.strides);
        // Nothing is behind the engine here.
        let sink_idle = dut.port("sink_idle")?;
        bench.dut_mut().set(sink_idle, 1);
        bench.reset(3)?;
        Ok(EngineRun {
            bench,
            sizes,
            ports,
            source,
            sink,
            scoreboard,
            traffic,
            random,
            feeding: false,
            ask_reset: false,
            ask_latch: false,
            clocks_before: ClockClasses::default(),
            copies: None,
            last: Observed { clearing: true, ..Observed::default() },
            clocks: ClockClasses::default(),
            rejected_pulses: 0,
            refused: 0,
            moved: Moments::default(),
        })
    }

    /// What the run added up to.
    pub fn totals(&self) -> Totals {
        self.scoreboard.totals(self.bench.clocks())
    }

    /// One clock: drive, look, compare.
    pub fn clock(&mut self) -> Result<(), Failure> {
        if self.feeding && self.source.waiting() == 0 {
            let (record, last) = self.traffic.next(self.scoreboard.model(), self.scoreboard.since_last());
            let data = u128::from(record.head) | u128::from(record.operand) << 64;
            self.source.push(Beat { data, last });
        }
        let (asked, latch) = (std::mem::take(&mut self.ask_reset), std::mem::take(&mut self.ask_latch));
        self.source.drive(&mut self.bench);
        self.sink.drive(&mut self.bench);
        self.bench.dut_mut().set(self.ports.soft_reset, u64::from(asked));
        self.bench.dut_mut().set(self.ports.latch, u64::from(latch));
        self.bench.settle()?;

        let now = self.observe(asked)?;
        if asked {
            let answering = now.answering;
            self.scoreboard.drain(self.sink.stalling(), answering);
        }
        // The counters are reset in the clock in which clearing is seen: copies that are asked for then mean nothing.
        let is_reset = now.clearing && self.clocks == ClockClasses::default();
        let asked_for = (latch && !is_reset).then_some(self.clocks_before);
        let copied = std::mem::replace(&mut self.copies, asked_for);
        self.clocks_before = self.clocks;
        // Replies first: none can belong to the record that moves in the same clock.
        self.output(now)?;
        self.input(now)?;
        self.bench.edge();
        self.last = now;
        copied.map_or(Ok(()), |clocks| self.compare_running(clocks))
    }

    /// Looks at the state outputs and takes note of a reset that clears the tables now.
    fn observe(&mut self, asked: bool) -> Result<Observed, Failure> {
        let dut = self.bench.dut();
        let now = Observed {
            clearing: dut.high(self.ports.clearing),
            draining: dut.high(self.ports.draining),
            answering: dut.high(self.ports.answering),
            asked_reset: asked,
            ready: self.source.ready(&self.bench),
        };
        self.rejected_pulses += dut.get(self.ports.rejected);
        if now.clearing && !self.last.clearing {
            self.scoreboard.cleared().map_err(|text| self.bench.mismatch(text))?;
            self.clocks = ClockClasses::default();
            self.rejected_pulses = 0;
            if self.last.asked_reset {
                // Asked for in the same clock in which the first one was done: another one follows.
                self.scoreboard.drain(false, false);
            }
        }
        self.bench.expect("draining", now.draining, self.scoreboard.draining())?;
        Ok(now)
    }

    fn input(&mut self, now: Observed) -> Result<(), Failure> {
        let offered = self.source.offering();
        let taken = self.source.sample(&self.bench);
        if now.ready && (now.clearing || now.draining || now.answering) {
            return Err(self.bench.mismatch(format!("the engine is ready while it is {now:x?}")));
        }
        let waits = offered && !now.ready && !now.clearing && !now.draining && !now.answering;
        self.refused = if waits { self.refused + 1 } else { 0 };
        let cover = self.scoreboard.cover();
        // One clock is also what an end-of-batch beat needs.
        cover.hit_if(self.refused == 2, Point::QueueFull);
        cover.hit_if(offered && now.draining && !now.clearing, Point::SoftResetOffered);
        if let Some(beat) = taken {
            cover.hit_if(!self.last.ready && !self.last.clearing && !self.last.answering, Point::QueueEmptied);
            self.clocks.moving += 1;
            let clock = self.bench.clocks();
            self.moved.first_record = self.moved.first_record.min(clock);
            self.moved.last_record = clock;
            let record = Record { head: beat.data as u64, operand: (beat.data >> 64) as u64 };
            self.scoreboard.accept(self.bench.clocks(), record, beat.last);
        } else if now.ready {
            self.clocks.starved += 1;
        } else {
            // Which of the other classes is the engine's own knowledge; their sum is not.
            self.clocks.blocked += 1;
        }
        Ok(())
    }

    fn output(&mut self, now: Observed) -> Result<(), Failure> {
        if let Some(beat) = self.sink.sample(&self.bench)? {
            self.moved.last_reply = self.bench.clocks();
            let Some(expected) = self.scoreboard.reply() else {
                return Err(self.bench.mismatch(format!("a reply that nothing asked for: {:#034x}", beat.data)));
            };
            let mark = self.bench.dut().get(self.ports.mark) as u8;
            let found = (beat.data, beat.last, mark);
            self.bench.expect("reply, TLAST, mark", found, (expected.beat, expected.last, expected.mark))?;
        }
        let stalled = now.answering && self.sink.stalling();
        let querying = self.scoreboard.querying();
        self.scoreboard.cover().hit_if(stalled && !querying, Point::SnapshotStalled);
        self.scoreboard.cover().hit_if(stalled && querying, Point::QueryStalled);
        Ok(())
    }

    fn latched(&self, counter: Counter) -> u64 {
        self.scoreboard.unstride(self.bench.dut().slice(self.ports.latched, 64 * counter as u32))
    }

    /// Counters copied while records move: what must hold in every copied set.
    fn compare_running(&mut self, clocks: ClockClasses) -> Result<(), Failure> {
        let by_op = Op::ALL.iter().fold(0, |sum: u64, op| sum.wrapping_add(self.latched(by_op(*op))));
        let (accepted, rejected) = (self.latched(Counter::Accepted), self.latched(Counter::Rejected));
        self.bench.expect("accepted = rejected + sum by op", accepted, rejected.wrapping_add(by_op))?;
        self.compare_clocks(clocks)?;
        let taken = self.latched(Counter::ClocksMoving);
        // A record is counted when its result is valid, a few clocks after it was taken.
        if accepted > taken || taken - accepted > 5 {
            return Err(self.bench.mismatch(format!("accepted {accepted} of {taken} records taken")));
        }
        self.scoreboard.cover().hit_if(taken > accepted, Point::LatchMoving);
        Ok(())
    }

    fn compare_clocks(&mut self, clocks: ClockClasses) -> Result<(), Failure> {
        self.bench.expect("moving", self.latched(Counter::ClocksMoving), clocks.moving)?;
        self.bench.expect("starved", self.latched(Counter::ClocksStarved), clocks.starved)?;
        let others = [Counter::ClocksBlocked, Counter::ClocksClearing, Counter::ClocksAnswering];
        let held = others.iter().fold(0, |sum: u64, c| sum.wrapping_add(self.latched(*c)));
        self.bench.expect("blocked + clearing + answering", held, clocks.blocked)
    }

    /// Runs exactly these records without idle clocks and back-pressure, from an engine at rest.
    pub fn burst(&mut self, records: impl IntoIterator<Item = (Record, bool)>) -> Result<Moments, Failure> {
        self.source.set_flow(Flow::always());
        self.sink.set_flow(Flow::always());
        self.quiesce()?;
        self.until("the tables are cleared", |run| !run.last.clearing)?;
        for (record, last) in records {
            let data = u128::from(record.head) | u128::from(record.operand) << 64;
            self.source.push(Beat { data, last });
        }
        self.moved = Moments { first_record: u64::MAX, ..Moments::default() };
        self.quiesce()?;
        Ok(self.moved)
    }

    /// Waits until nothing is under way and compares every counter.
    pub fn check_counters(&mut self) -> Result<(), Failure> {
        self.quiesce()?;
        self.until("the tables are cleared", |run| !run.last.clearing)?;
        let clocks = self.clocks;
        self.clock()?;
        self.ask_latch = true;
        self.clock()?;
        self.clock()?;
        self.compare_clocks(clocks)?;
        let latched = self.read_latched();
        let expected = self.scoreboard.counters().map_err(|e| self.bench.mismatch(e.to_string()))?;
        self.bench.expect("counters", Latched { clocks: ClockClasses::default(), ..latched }, expected)?;
        self.bench.expect("pulses of record_rejected", self.rejected_pulses, expected.rejected)
    }

    /// The copied counters.
    pub fn read_latched(&self) -> Latched {
        latched(&Counter::ALL.map(|counter| self.latched(counter)))
    }
}

/// The counter of an op.
fn by_op(op: Op) -> Counter {
    Counter::ALL[Counter::OpNop as usize + op as usize]
}
