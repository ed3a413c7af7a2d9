//! What happens to the engine in a run: episodes of random flows, a full journal, and a reset in each state.

use deltascope_abi::record::Record;
use deltascope_model::ClockClasses;
use deltascope_sim::bench::Failure;
use deltascope_sim::flow::{Flow, Pattern};

use super::{EngineRun, Observed};

impl EngineRun {
    /// Runs `records` records in episodes of random flows, with resets and latches between and inside them.
    pub fn run(&mut self, records: u64) -> Result<(), Failure> {
        let end = self.totals().records + records;
        while self.totals().records < end {
            let left = end - self.totals().records;
            self.flows();
            let records = self.random.between(100, 6_000).min(left);
            self.episode(records)?;
            match self.random.below(10) {
                0 => {
                    for _ in 0..self.random.between(1, 4) {
                        self.hard_reset()?;
                    }
                }
                1 => self.soft_reset_idle()?,
                2..=4 => self.soft_reset_busy()?,
                5 => self.soft_reset_in_answer()?,
                6 => self.full_journal()?,
                _ => self.check_counters()?,
            }
        }
        self.check_counters()
    }

    /// As many deltas as the journal holds and a few more, then QUERYs through other flows.
    fn full_journal(&mut self) -> Result<(), Failure> {
        let notes = self.sizes.config.horizon() + self.random.below(self.sizes.config.journal_lanes.into());
        self.traffic.notes(notes);
        self.source.set_flow(Flow::always());
        self.episode(notes)?;
        self.flows();
        let queries = self.random.between(20, 100);
        self.traffic.queries(queries);
        self.episode(queries)
    }

    fn flows(&mut self) {
        let (input, output) = (Pattern::any(&mut self.random), Pattern::any(&mut self.random));
        self.source.set_flow(Flow::new(input, &mut self.random));
        self.sink.set_flow(Flow::new(output, &mut self.random));
    }

    /// Feeds until that many more records were taken.
    fn episode(&mut self, records: u64) -> Result<(), Failure> {
        let end = self.totals().records + records;
        self.feeding = true;
        let mut quiet = 0;
        while self.totals().records < end {
            let before = self.totals().records;
            self.ask_latch = self.random.one_in(1_000);
            self.clock()?;
            quiet = if self.totals().records == before { quiet + 1 } else { 0 };
            if quiet > self.sizes.patience() {
                return Err(self.bench.mismatch("the engine takes no record any more"));
            }
        }
        Ok(())
    }

    /// Clocks until `done`.
    pub(super) fn until(&mut self, what: &str, done: impl Fn(&EngineRun) -> bool) -> Result<(), Failure> {
        for _ in 0..self.sizes.patience() {
            if done(self) {
                return Ok(());
            }
            self.clock()?;
        }
        Err(self.bench.mismatch(format!("waited too long until {what}")))
    }

    /// Stops feeding and waits until nothing is owed.
    pub(super) fn quiesce(&mut self) -> Result<(), Failure> {
        self.feeding = false;
        self.until("every record is taken", |run| run.source.waiting() == 0)?;
        self.until("every reply is there", |run| run.scoreboard.owed() == 0)?;
        // The counters follow a few clocks behind; and a reply too many would show now.
        for _ in 0..40 {
            self.clock()?;
        }
        Ok(())
    }

    fn soft_reset_idle(&mut self) -> Result<(), Failure> {
        self.traffic.dirty();
        self.episode(4)?;
        self.quiesce()?;
        self.ask_reset = true;
        self.finish_reset()
    }

    /// In the middle of records, which continue being offered.
    fn soft_reset_busy(&mut self) -> Result<(), Failure> {
        self.traffic.dirty();
        let records = self.random.between(4, 60);
        self.episode(records)?;
        self.ask_reset = true;
        if self.random.one_in(2) {
            for _ in 0..self.random.below(60) {
                self.clock()?;
            }
            self.ask_reset = true;
        }
        self.finish_reset()
    }

    fn soft_reset_in_answer(&mut self) -> Result<(), Failure> {
        self.traffic.dirty();
        let last = self.random.below(2) == 0;
        let query = self.random.one_in(2);
        let groups = self.sizes.groups().min(31);
        let record = match query {
            true => self.traffic.query(self.scoreboard.model()),
            false => Record::snapshot(0, (groups - 1) as u16),
        };
        self.traffic.script([(record, last)]);
        self.episode(5)?;
        for _ in 0..self.random.below(if query { 40 } else { 200 }) {
            self.clock()?;
        }
        self.ask_reset = true;
        self.finish_reset()
    }

    fn finish_reset(&mut self) -> Result<(), Failure> {
        self.clock()?;
        if self.random.one_in(4) {
            // Asked for in every clock of the drain, the last among them: another one follows.
            for _ in 0..self.sizes.patience() {
                if self.last.clearing {
                    break;
                }
                self.ask_reset = true;
                self.clock()?;
            }
        }
        self.until("the soft reset clears the tables", |run| !run.scoreboard.draining() && run.last.clearing)?;
        self.until("the tables are cleared", |run| !run.last.clearing)
    }

    fn hard_reset(&mut self) -> Result<(), Failure> {
        self.traffic.dirty();
        if self.random.one_in(2) {
            // A record in every stage, and each of them answers.
            self.source.set_flow(Flow::always());
            self.sink.set_flow(Flow::always());
            let context = self.random.below(self.sizes.contexts()) as u16;
            self.traffic.script([(Record::read(context), false); 30]);
        }
        let records = self.random.between(4, 30);
        self.episode(records)?;
        self.source.clear();
        self.sink.clear();
        self.feeding = false;
        let clocks = self.random.between(1, 4);
        self.source.drive(&mut self.bench);
        self.bench.dut_mut().set(self.ports.soft_reset, 0);
        self.bench.reset(clocks)?;
        self.scoreboard.hard_reset();
        (self.clocks, self.clocks_before, self.copies) = (ClockClasses::default(), ClockClasses::default(), None);
        self.rejected_pulses = 0;
        self.last = Observed { clearing: true, ..Observed::default() };
        Ok(())
    }
}
