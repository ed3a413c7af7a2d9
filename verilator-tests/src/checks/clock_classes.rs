//! The clock classes and the state bits of the engine say why the input was held, to the clock.

use crate::lockstep::Sizes;
use crate::lockstep::rates::snapshot_formula;
use deltascope_abi::random::Random;
use deltascope_abi::record::{CLASSES, Record};
use deltascope_abi::registers::{Counter, STATUS_ANSWERING, STATUS_BLOCKED, STATUS_CLEARING, STATUS_DRAINING, offset};
use deltascope_model::ClockClasses;
use deltascope_sim::bench::{Bench, Failure};
use deltascope_sim::flow::{Flow, Pattern};
use deltascope_sim::session::Session;
use deltascope_sim::stream::{Beat, Sink, Source, StreamPorts};
use deltascope_sim::top::Top;

/// Clocks that reading the classes takes; they count in the next reading.
const CLOCKS_OF_LATCH: u64 = 3;
/// Clocks after which the design is stuck.
const PATIENCE: u64 = 100_000;

struct Engine {
    bench: Bench,
    source: Source,
    sink: Sink,
    random: Random,
}

impl Engine {
    fn new(session: &mut Session) -> Result<Engine, Failure> {
        let mut bench = session.bench("delta_engine")?;
        let mut random = session.random.fork();
        let source = Source::new(StreamPorts::axis(bench.dut(), "s")?, Flow::always(), &mut random);
        let sink = Sink::new(StreamPorts::axis(bench.dut(), "m")?, Flow::always());
        let sink_idle = bench.dut().port("sink_idle")?;
        bench.dut_mut().set(sink_idle, 1);
        bench.reset(2)?;
        Ok(Engine { bench, source, sink, random })
    }

    fn offer(&mut self, record: Record) {
        self.source.push(Beat { data: u128::from(record.head) | u128::from(record.operand) << 64, last: false });
    }

    /// One clock; gives whether a record was taken.
    fn clock(&mut self) -> Result<bool, Failure> {
        self.source.drive(&mut self.bench);
        self.sink.drive(&mut self.bench);
        self.bench.settle()?;
        let taken = self.source.sample(&self.bench).is_some();
        self.sink.sample(&self.bench)?;
        self.bench.edge();
        Ok(taken)
    }

    fn clocks(&mut self, count: u64) -> Result<u64, Failure> {
        let mut taken = 0;
        for _ in 0..count {
            taken += u64::from(self.clock()?);
        }
        Ok(taken)
    }

    fn until_taken(&mut self) -> Result<(), Failure> {
        for _ in 0..PATIENCE {
            if self.source.waiting() == 0 {
                return Ok(());
            }
            self.clock()?;
        }
        Err(self.bench.mismatch("a record is never taken"))
    }

    /// The classes of all clocks before this one. Takes [`CLOCKS_OF_LATCH`] clocks: the copies have the clocks up to two
    /// before the latch, and are there two clocks after it.
    fn classes(&mut self) -> Result<ClockClasses, Failure> {
        let (latch, latched) = (self.bench.dut().port("latch")?, self.bench.dut().port("latched")?);
        for pulse in [0, 1, 0] {
            self.bench.dut_mut().set(latch, pulse);
            self.clock()?;
        }
        let read = |counter: Counter| self.bench.dut().slice(latched, 64 * counter as u32);
        Ok(ClockClasses {
            moving: read(Counter::ClocksMoving),
            starved: read(Counter::ClocksStarved),
            blocked: read(Counter::ClocksBlocked),
            clearing: read(Counter::ClocksClearing),
            answering: read(Counter::ClocksAnswering),
        })
    }
}

/// Every clock falls into one class, and into the right one.
///
/// # Errors
/// When a class has other clocks than expected.
pub fn each_class(session: &mut Session, sizes: Sizes) -> Result<(), Failure> {
    let mut engine = Engine::new(session)?;
    let begin = engine.bench.clocks();

    // Clearing, from the reset to the first record taken.
    engine.offer(Record::nop());
    engine.until_taken()?;
    let held = engine.bench.clocks() - begin - 1;
    let found = engine.classes()?;
    engine.bench.expect("after clearing", found, ClockClasses { moving: 1, clearing: held, ..Default::default() })?;
    let tables = sizes.contexts().max(CLASSES as u64 * sizes.groups());
    if !(tables..tables + 8).contains(&held) {
        return Err(engine.bench.mismatch(format!("clearing held the input for {held} clocks")));
    }

    // Starved.
    engine.clocks(1_000)?;
    let starved = engine.classes()?;
    // The clocks that latched before are counted now, too.
    engine.bench.expect("starved", starved, ClockClasses { starved: 1_000 + CLOCKS_OF_LATCH, ..found })?;

    // Answering.
    let groups = engine.random.between(1, sizes.groups().min(40));
    engine.offer(Record::snapshot(0, (groups - 1) as u16));
    engine.offer(Record::nop());
    engine.until_taken()?;
    let answered = engine.classes()?;
    let expected = ClockClasses {
        moving: starved.moving + 2,
        starved: starved.starved + CLOCKS_OF_LATCH,
        // From the clock after the SNAPSHOT to the one before the next record.
        answering: snapshot_formula(groups) - 1,
        ..starved
    };
    engine.bench.expect("answering", answered, expected)?;

    // Blocked: replies are not taken, so the queue fills and the input waits.
    engine.clocks(8 * groups + 100)?;
    engine.sink.set_flow(Flow::new(Pattern::Never, &mut engine.random));
    let before = engine.classes()?;
    for _ in 0..500 {
        engine.offer(Record::read(0));
    }
    let taken = engine.clocks(500)?;
    let blocked = engine.classes()?;
    let expected = ClockClasses {
        moving: before.moving + taken,
        starved: before.starved + CLOCKS_OF_LATCH,
        blocked: 500 - taken,
        ..before
    };
    engine.bench.expect("blocked", blocked, expected)?;
    // At least half of the smallest queue.
    if !(8..500).contains(&taken) {
        return Err(engine.bench.mismatch(format!("{taken} records were taken although no reply was")));
    }

    let last_group = (sizes.groups() - 1) as u16;
    // Blocked comes before answering: a snapshot that is not taken.
    engine.sink.set_flow(Flow::always());
    engine.until_taken()?;
    engine.clocks(200)?;
    engine.sink.set_flow(Flow::new(Pattern::Never, &mut engine.random));
    engine.offer(Record::snapshot(0, last_group));
    engine.until_taken()?;
    engine.clocks(100)?;
    let before = engine.classes()?;
    engine.clocks(1_000)?;
    let after = engine.classes()?;
    let blocked = before.blocked + 1_000 + CLOCKS_OF_LATCH;
    engine.bench.expect("blocked in a snapshot", after, ClockClasses { blocked, ..before })
}

fn status(top: &mut Top) -> Result<u32, Failure> {
    top.read(offset::STATUS, &mut |_| {})
}

/// Clocks until `done` finds the status it wants; gives the reply beats that moved meanwhile.
fn until(top: &mut Top, done: impl Fn(u32) -> bool) -> Result<u64, Failure> {
    let mut beats = 0;
    for _ in 0..PATIENCE {
        let found = top.read(offset::STATUS, &mut |moved| beats += u64::from(moved.reply.is_some()))?;
        if done(found) {
            return Ok(beats);
        }
    }
    Err(top.bench().mismatch("STATUS never changes"))
}

/// STATUS in every state that the engine can be held in.
///
/// # Errors
/// When a bit is not as the state asks.
pub fn status_bits(session: &mut Session, sizes: Sizes) -> Result<(), Failure> {
    let last_group = (sizes.groups() - 1) as u16;
    let bench = session.bench("deltascope_top")?;
    let mut top = Top::new(bench, 0)?;
    let found = status(&mut top)?;
    top.bench().expect("STATUS while clearing", found, STATUS_CLEARING.mask())?;
    until(&mut top, |found| found == 0)?;
    top.set_reply_flow(Flow::new(Pattern::Never, &mut session.random));
    top.push(Record::read(0), false);
    for _ in 0..50 {
        top.clock()?;
    }
    let found = status(&mut top)?;
    top.bench().expect("STATUS with a reply that is not taken", found, STATUS_BLOCKED.mask())?;
    top.push(Record::snapshot(0, last_group), true);
    for _ in 0..50 {
        top.clock()?;
    }
    let found = status(&mut top)?;
    let both = STATUS_BLOCKED.mask() | STATUS_ANSWERING.mask();
    top.bench().expect("STATUS in a snapshot that is not taken", found, both)?;

    // A soft reset waits for the sink and reports it; AXI4-Lite continues.
    top.write(offset::CONTROL, 1, &mut |_| {})?;
    for _ in 0..20_000 {
        top.clock()?;
    }
    let found = status(&mut top)?;
    top.bench().expect("STATUS in a soft reset that cannot end", found, both | STATUS_DRAINING.mask())?;
    top.set_reply_flow(Flow::always());
    let beats = until(&mut top, |found| found & STATUS_CLEARING.mask() != 0)?;
    if beats == 0 {
        return Err(top.bench().mismatch("the replies due were not delivered"));
    }
    let found = status(&mut top)?;
    top.bench().expect("STATUS while clearing after a soft reset", found, STATUS_CLEARING.mask())?;

    // A sink that takes everything never blocks.
    until(&mut top, |found| found == 0)?;
    for _ in 0..100 {
        top.push(Record::read(0), false);
    }
    for _ in 0..40 {
        let found = status(&mut top)?;
        top.bench().expect("STATUS with replies that are taken", found, 0)?;
    }

    // The last reply has left the engine and not the top: the soft reset waits for it, too.
    top.set_reply_flow(Flow::new(Pattern::Never, &mut session.random));
    top.push(Record::nop(), true);
    for _ in 0..50 {
        top.clock()?;
    }
    top.write(offset::CONTROL, 1, &mut |_| {})?;
    for _ in 0..200 {
        top.clock()?;
    }
    let found = status(&mut top)?;
    let waits = STATUS_BLOCKED.mask() | STATUS_DRAINING.mask();
    top.bench().expect("STATUS in a soft reset with one reply that is not taken", found, waits)
}
