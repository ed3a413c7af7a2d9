//! What happens to the top in a run: episodes of random flows, a full journal, fragments, and a reset in each state.

use deltascope_abi::record::{Class, Record};
use deltascope_abi::registers::{CONTROL_SOFT_RESET, STATUS_CLEARING, offset};
use deltascope_sim::bench::Failure;
use deltascope_sim::flow::{Flow, Pattern};

use super::TopRun;
use crate::cover::Point;

/// More clocks than a read of a register takes on the slowest bus.
const SLOWEST_READ: u32 = 1_000;
/// What the record made of a fragment looks like to the golden engine: an op that does not exist.
const FRAGMENT: Record = Record { head: 0xF, operand: 0 };

impl TopRun {
    /// Runs `records` records in episodes of random flows, with resets, latches and interrupts between them.
    pub fn run(&mut self, records: u64) -> Result<(), Failure> {
        let end = self.records + records;
        while self.records < end {
            self.flows();
            let records = self.random.between(50, 2_000).min(end - self.records);
            self.episode(records)?;
            match self.random.below(10) {
                0 => self.hard_reset()?,
                1 => self.soft_reset_idle()?,
                2 | 3 => self.soft_reset_busy()?,
                4 => self.fragment()?,
                5 => self.full_journal()?,
                _ => self.check_counters()?,
            }
        }
        self.check_counters()
    }

    /// As many deltas as the journal holds and a few more, then QUERYs through other flows.
    fn full_journal(&mut self) -> Result<(), Failure> {
        let config = self.scoreboard.model().config();
        let notes = config.horizon() + self.random.below(config.journal_lanes.into());
        self.traffic.notes(notes);
        self.top.set_record_flow(Flow::always());
        self.top.set_reply_flow(Flow::always());
        self.episode(notes)?;
        self.flows();
        let queries = self.random.between(20, 100);
        self.traffic.queries(queries);
        self.episode(queries)
    }

    fn flows(&mut self) {
        let (input, output) = (Pattern::any(&mut self.random), Pattern::any(&mut self.random));
        self.top.set_record_flow(Flow::new(input, &mut self.random));
        self.top.set_reply_flow(Flow::new(output, &mut self.random));
        if self.random.one_in(2) {
            self.top.bus().shuffle(&mut self.random);
        } else {
            self.top.bus().hurry();
        }
    }

    fn episode(&mut self, records: u64) -> Result<(), Failure> {
        let end = self.records + records;
        self.feeding = true;
        let mut quiet = 0;
        while self.records < end {
            let before = self.records;
            if self.random.one_in(4_000) {
                self.check_running()?;
            }
            self.clock()?;
            quiet = if self.records == before { quiet + 1 } else { 0 };
            if quiet > self.patience {
                return Err(self.top.bench().mismatch("the top takes no record any more"));
            }
        }
        Ok(())
    }

    fn soft_reset_idle(&mut self) -> Result<(), Failure> {
        self.traffic.dirty();
        self.episode(4)?;
        self.quiesce()?;
        self.soft_reset()
    }

    /// Records are offered without a pause through the whole reset. When the tables are being cleared, one
    /// complete record, the youngest, is in the width converter: it is the first one after the reset.
    fn soft_reset_busy(&mut self) -> Result<(), Failure> {
        self.traffic.dirty();
        self.top.set_record_flow(Flow::always());
        let records = self.random.between(6, 40);
        self.episode(records)?;
        self.holding = true;
        self.scoreboard.cover().hit(Point::SoftResetOffered);
        let done = self.soft_reset();
        self.holding = false;
        done
    }

    fn soft_reset(&mut self) -> Result<(), Failure> {
        if self.scoreboard.model().config().contexts < SLOWEST_READ {
            // These tables are cleared sooner than a slow bus would look.
            self.top.bus().hurry();
        }
        self.scoreboard.drain(self.top.stalling(), false);
        self.write(offset::CONTROL, CONTROL_SOFT_RESET.mask())?;
        for _ in 0..self.patience {
            if self.read(offset::STATUS)? & STATUS_CLEARING.mask() != 0 {
                self.scoreboard.cleared().map_err(|text| self.top.bench().mismatch(text))?;
                return self.until_running();
            }
        }
        Err(self.top.bench().mismatch("a soft reset never began to clear the tables"))
    }

    fn hard_reset(&mut self) -> Result<(), Failure> {
        self.traffic.dirty();
        let records = self.random.between(4, 30);
        self.episode(records)?;
        self.feeding = false;
        let clocks = self.random.between(1, 4);
        self.top.hard_reset(clocks)?;
        self.scoreboard.hard_reset();
        self.queued.clear();
        self.youngest = None;
        self.events = 0;
        let mask = self.read(offset::IRQ_MASK)?;
        self.top.bench().expect("IRQ_MASK after reset", mask, 0)
    }

    /// A batch whose last record is cut in half, or misses a byte of either half.
    fn fragment(&mut self) -> Result<(), Failure> {
        // Whole it would be a record that counts.
        let record = Record::pair(0, Class::PageAfterT, 1, 1, 1);
        for kind in 0..3 {
            self.quiesce()?;
            let missing = !(1 << self.random.below(8));
            match kind {
                0 => self.top.push_fragment(record.head),
                1 => self.top.push_short(record, true, [missing, 0xFF]),
                _ => self.top.push_short(record, true, [0xFF, missing]),
            }
            self.queued.push_back((FRAGMENT, true));
            self.scoreboard.cover().hit(Point::Fragment);
        }
        self.quiesce()
    }
}
