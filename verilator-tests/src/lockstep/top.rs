//! `deltascope_top.v` in lockstep with the golden engine, driven as the DMA and the processor drive it.

mod episodes;

use std::collections::VecDeque;

use deltascope_abi::random::Random;
use deltascope_abi::record::Record;
use deltascope_abi::registers::{
    CONTROL_LATCH, Counter, IDENTITY_VALUE, IRQ_BATCH_END, IRQ_ERROR, IRQ_SNAPSHOT, STATUS_CLEARING, STATUS_DRAINING,
    offset,
};
use deltascope_model::{ClockClasses, Config, Latched};

use super::scoreboard::{MARK_BATCH, MARK_SNAPSHOT, Scoreboard};
use super::traffic::Traffic;
use super::{Sizes, Totals};
use deltascope_sim::axi_lite::{Completion, OKAY};
use deltascope_sim::bench::Failure;
use deltascope_sim::flow::Flow;
use deltascope_sim::session::Session;
use deltascope_sim::top::{Top, latched};

/// Clocks in which a quiet engine has counted its last record and sent its last interrupt.
const REST: u64 = 60;

/// The sizes that the capability registers give.
///
/// # Errors
/// When the registers name no engine that can be.
pub fn sizes(top: &mut Top) -> Result<Sizes, Failure> {
    let found = top.describe()?;
    top.bench().expect("IDENTITY", found.identity, IDENTITY_VALUE)?;
    top.bench().expect("CAP_STREAM.AXIS_BITS", found.axis_bits, 64)?;
    let config = Config {
        contexts: found.contexts,
        groups: found.groups,
        journal_lanes: found.journal_lanes,
        journal_depth: found.journal_depth,
        reply_packet: found.reply_packet,
        ..Config::default()
    };
    config.check().map_err(|e| top.bench().mismatch(e.to_string()))?;
    Ok(Sizes { config })
}

/// The top, its traffic and its scoreboard.
pub struct TopRun {
    top: Top,
    /// Clocks after which the design is stuck: its port is half as wide as the engine's.
    patience: u64,
    scoreboard: Scoreboard,
    traffic: Traffic,
    random: Random,
    feeding: bool,
    /// Records queued, of which the design has not taken the last half.
    queued: VecDeque<(Record, bool)>,
    /// The youngest record taken. The engine behind the width converter may not have taken it yet, so the
    /// golden engine gets it when the next one is taken or a reply can only be its own.
    youngest: Option<(Record, bool)>,
    /// A soft reset is under way with records offered: the youngest record stays behind it.
    holding: bool,
    /// Interrupt events since they were last cleared.
    events: u32,
    records: u64,
}

impl TopRun {
    /// The top after a hard reset.
    pub fn new(session: &mut Session) -> Result<TopRun, Failure> {
        let bench = session.bench("deltascope_top")?;
        let build_id = session.random.next() as u32;
        let mut top = Top::new(bench, build_id)?;
        let sizes = sizes(&mut top)?;
        let found = top.describe()?.build_id;
        top.bench().expect("BUILD_ID", found, build_id)?;
        for dirty in [true, false] {
            top.set_build_dirty(dirty)?;
            let found = top.read(offset::BUILD_FLAGS, &mut |_| {})?;
            top.bench().expect("BUILD_FLAGS", found, u32::from(dirty))?;
        }
        let mut random = session.random.fork();
        Ok(TopRun {
            scoreboard: Scoreboard::new(sizes)
                .map_err(|e| top.bench().mismatch(e.to_string()))?
                .with_strides(session.strides),
            traffic: Traffic::new(sizes, &mut random).with_strides(session.strides),
            top,
            patience: 2 * sizes.patience(),
            random,
            feeding: false,
            queued: VecDeque::new(),
            youngest: None,
            holding: false,
            events: 0,
            records: 0,
        })
    }

    /// What the run added up to.
    pub fn totals(&self) -> Totals {
        self.scoreboard.totals(self.top.bench().clocks())
    }

    fn quiesce(&mut self) -> Result<(), Failure> {
        self.feeding = false;
        for _ in 0..self.patience {
            if self.queued.is_empty() && self.scoreboard.owed() == 0 {
                // The youngest record has certainly entered, and its replies would be on their way.
                self.settle();
                if self.scoreboard.owed() == 0 {
                    break;
                }
            }
            self.clock()?;
        }
        for _ in 0..REST {
            self.clock()?;
        }
        let owed = self.scoreboard.owed();
        self.top.bench().expect("replies owed by an engine at rest", owed, 0)
    }

    /// One clock: feed, move, compare.
    fn clock(&mut self) -> Result<(), Failure> {
        if self.feeding && self.top.halves_waiting() <= 1 {
            let (record, last) = self.traffic.next(self.scoreboard.model(), self.scoreboard.since_last());
            self.top.push(record, last);
            self.queued.push_back((record, last));
        }
        let moved = self.top.clock()?;
        if let Some(beat) = moved.reply {
            if self.scoreboard.owed() == 0 && !self.holding {
                self.settle();
            }
            let Some(expected) = self.scoreboard.reply() else {
                return Err(self.top.bench().mismatch(format!("a reply that nothing asked for: {:#034x}", beat.data)));
            };
            self.top.bench().expect("reply, TLAST", (beat.data, beat.last), (expected.beat, expected.last))?;
            self.note_event(expected.mark & MARK_SNAPSHOT != 0, IRQ_SNAPSHOT.mask());
            self.note_event(expected.mark & MARK_BATCH != 0, IRQ_BATCH_END.mask());
        }
        if moved.record {
            self.settle();
            self.youngest = self.queued.pop_front();
            self.records += 1;
        }
        Ok(())
    }

    fn note_event(&mut self, happened: bool, bit: u32) {
        if happened {
            self.events |= bit;
        }
    }

    /// The golden engine takes the youngest record.
    fn settle(&mut self) {
        if let Some((record, last)) = self.youngest.take() {
            let before = self.scoreboard.totals(0).rejected;
            // Distances between records are known at the engine's own port only: no two count as close here.
            self.scoreboard.accept(1_000 * self.records, record, last);
            self.note_event(self.scoreboard.totals(0).rejected > before, IRQ_ERROR.mask());
        }
    }

    fn write(&mut self, address: u32, data: u32) -> Result<(), Failure> {
        self.top.bus().write(address, data);
        match self.complete()? {
            Completion::Write { response: OKAY, .. } => Ok(()),
            other => {
                Err(self.top.bench().mismatch(format!("write of {address:#05x}: expected OKAY, found {other:x?}")))
            }
        }
    }

    fn read(&mut self, address: u32) -> Result<u32, Failure> {
        self.top.bus().read(address);
        match self.complete()? {
            Completion::Read { data, response: OKAY, .. } => Ok(data),
            other => Err(self.top.bench().mismatch(format!("read of {address:#05x}: expected OKAY, found {other:x?}"))),
        }
    }

    fn complete(&mut self) -> Result<Completion, Failure> {
        for _ in 0..self.patience {
            if let Some(done) = self.top.bus().completion() {
                return Ok(done);
            }
            self.clock()?;
        }
        Err(self.top.bench().mismatch("AXI4-Lite never answered"))
    }

    fn latch(&mut self) -> Result<Latched, Failure> {
        self.write(offset::CONTROL, CONTROL_LATCH.mask())?;
        let mut values = [0_u64; Counter::ALL.len()];
        for counter in Counter::ALL {
            let low = self.read(counter.offset())?;
            let found = u64::from(low) | u64::from(self.read(counter.offset() + 4)?) << 32;
            values[counter as usize] = self.scoreboard.unstride(found);
        }
        Ok(latched(&values))
    }

    /// While records move: what holds in every latched set, and registers that do not mind.
    fn check_running(&mut self) -> Result<(), Failure> {
        let latched = self.latch()?;
        let sum = latched.by_op.iter().fold(latched.rejected, |sum, count| sum.wrapping_add(*count));
        self.top.bench().expect("accepted = rejected + sum by op", latched.accepted, sum)?;
        let behind = latched.clocks.moving.wrapping_sub(latched.accepted);
        if behind > 5 {
            return Err(self.top.bench().mismatch(format!("accepted is {behind} behind the records moved")));
        }
        let scratch = self.random.next() as u32;
        self.write(offset::SCRATCH, scratch)?;
        let found = self.read(offset::SCRATCH)?;
        self.top.bench().expect("SCRATCH", found, scratch)
    }

    /// At rest: every counter, every interrupt event, the interrupt line.
    fn check_counters(&mut self) -> Result<(), Failure> {
        self.quiesce()?;
        self.until_running()?;
        let latched = self.latch()?;
        let expected = self.scoreboard.counters().map_err(|e| self.top.bench().mismatch(e.to_string()))?;
        let clocks = latched.clocks;
        self.top.bench().expect("counters", Latched { clocks: ClockClasses::default(), ..latched }, expected)?;
        self.top.bench().expect("clocks moving", clocks.moving, expected.accepted)?;
        let least = self.scoreboard.model().config().contexts.into();
        let classes = [clocks.moving, clocks.starved, clocks.blocked, clocks.clearing, clocks.answering];
        let total = classes.into_iter().fold(0, u64::saturating_add);
        if clocks.clearing < least || total > self.top.bench().clocks() {
            return Err(self.top.bench().mismatch(format!("clock classes do not fit: {clocks:?}")));
        }
        let events = self.read(offset::IRQ_STATUS)?;
        self.top.bench().expect("IRQ_STATUS", events, self.events)?;
        let mask = self.random.below(8) as u32;
        self.write(offset::IRQ_MASK, mask)?;
        self.top.bench().expect("irq", self.top.irq(), events & mask != 0)?;
        self.write(offset::IRQ_STATUS, events)?;
        self.events = 0;
        let left = self.read(offset::IRQ_STATUS)?;
        self.top.bench().expect("IRQ_STATUS after writing ones", left, 0)?;
        self.top.bench().expect("irq", self.top.irq(), false)
    }

    fn until_running(&mut self) -> Result<(), Failure> {
        for _ in 0..self.patience {
            if self.read(offset::STATUS)? & (STATUS_CLEARING.mask() | STATUS_DRAINING.mask()) == 0 {
                return Ok(());
            }
        }
        Err(self.top.bench().mismatch("STATUS never reports that the engine runs"))
    }

    /// Records a clock at the 64-bit port without idle clocks and back-pressure: PAIR and SEND on random rows.
    pub fn fed_rate(&mut self, records: u64) -> Result<f64, Failure> {
        self.check_counters()?;
        self.top.set_record_flow(Flow::always());
        self.top.set_reply_flow(Flow::always());
        for _ in 0..records {
            let record = super::rates::counting_record(&mut self.random, self.scoreboard.model().config());
            self.top.push(record, false);
            self.queued.push_back((record, false));
        }
        let begin = self.top.bench().clocks();
        while !self.queued.is_empty() {
            self.clock()?;
        }
        let clocks = self.top.bench().clocks() - begin;
        self.check_counters()?;
        Ok(records as f64 / clocks as f64)
    }
}
