//! What the engine owes: every reply beat that the golden engine gives for the records accepted so far.

use std::collections::VecDeque;

use deltascope_abi::record::{Class, Op, Record};
use deltascope_abi::reply::Reply;
use deltascope_model::{ConfigError, Engine, EngineError, GoldenEngine, Latched};

use super::watch::Watch;
use super::{Sizes, Totals};
use crate::cover::{Cover, Point};
use crate::mutation::stride;

/// Mark beside a beat that ends a snapshot.
pub const MARK_SNAPSHOT: u8 = 1;
/// Mark beside an end-of-batch beat.
pub const MARK_BATCH: u8 = 2;

/// A reply beat as it must be on the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expected {
    /// The 128 bits.
    pub beat: u128,
    /// TLAST.
    pub last: bool,
    /// What the beat ends: [`MARK_SNAPSHOT`], [`MARK_BATCH`].
    pub mark: u8,
}

/// The golden engine and what it reported that has not been seen yet.
pub struct Scoreboard {
    sizes: Sizes,
    model: GoldenEngine,
    expected: VecDeque<Expected>,
    /// Beats since the last TLAST, those not yet seen among them.
    since_last: u32,
    draining: bool,
    /// The youngest record was a QUERY.
    querying: bool,
    /// The soft reset has closed the packet that it found open.
    closed: bool,
    watch: Watch,
    totals: Totals,
    strides: bool,
}

impl Scoreboard {
    /// A scoreboard for an engine after reset.
    pub fn new(sizes: Sizes) -> Result<Scoreboard, ConfigError> {
        Ok(Scoreboard {
            sizes,
            model: GoldenEngine::new(sizes.config)?,
            expected: VecDeque::new(),
            since_last: 0,
            draining: false,
            querying: false,
            closed: false,
            watch: Watch::new(sizes),
            totals: Totals::default(),
            strides: false,
        })
    }

    /// The same for an engine that counts in the large steps of [`stride`].
    pub fn with_strides(mut self, strides: bool) -> Scoreboard {
        self.strides = strides;
        self
    }

    /// What the model would have counted where the engine counted `found`.
    pub fn unstride(&self, found: u64) -> u64 {
        // The inverse of an odd number: each step doubles the bits that are right, and 3 are to begin with.
        let step = |inverse: u64, _| inverse.wrapping_mul(2_u64.wrapping_sub(stride::COUNT.wrapping_mul(inverse)));
        let inverse = (0..5).fold(stride::COUNT, step);
        if self.strides { found.wrapping_mul(inverse) } else { found }
    }

    /// The golden engine, which is after every record accepted.
    pub fn model(&self) -> &GoldenEngine {
        &self.model
    }

    /// Beats since the last TLAST.
    pub fn since_last(&self) -> u32 {
        self.since_last
    }

    /// Whether the youngest record was a QUERY.
    pub fn querying(&self) -> bool {
        self.querying
    }

    /// Beats owed.
    pub fn owed(&self) -> usize {
        self.expected.len()
    }

    /// Cover points, to note what only the driver can see.
    pub fn cover(&mut self) -> &mut Cover {
        &mut self.watch.cover
    }

    /// Sums up; the clocks are the driver's.
    pub fn totals(&self, clocks: u64) -> Totals {
        Totals { clocks, cover: self.watch.cover.clone(), ..self.totals.clone() }
    }

    /// A record was taken in `clock`.
    pub fn accept(&mut self, clock: u64, record: Record, last: bool) {
        let op = self.watch.accept(clock, &record, last, &self.model);
        self.totals.records += 1;
        self.querying = op == Some(Op::Query);
        match op {
            Some(op) => self.totals.by_op[op as usize] += 1,
            None => self.totals.rejected += 1,
        }
        let before = self.expected.len();
        let Scoreboard { model, expected, watch, .. } = self;
        model.step(record, last, &mut |reply: Reply, tlast| {
            watch
                .cover
                .hit_if(op == Some(Op::Query) && reply.op() == Some(Op::Query) && reply.value != 0, Point::QueryWindow);
            expected.push_back(Expected { beat: reply.to_beat(), last: tlast, mark: 0 });
        });
        // The beats just added: the record's own, then perhaps the one that ends the batch.
        let added = self.expected.len() - before;
        let own = added - usize::from(last);
        if self.strides {
            for n in 0..added {
                let row = op == Some(Op::Snapshot) && (1..own).contains(&n);
                let counted = n == own || op == Some(Op::Snapshot);
                let beat = &mut self.expected[before + n].beat;
                *beat = if row { strided_row(*beat) } else { strided_reply(*beat, counted) };
            }
        }
        if own > 0 && op == Some(Op::Snapshot) {
            self.expected[before + own - 1].mark |= MARK_SNAPSHOT;
        }
        if last {
            self.expected[before + own].mark |= MARK_BATCH;
        }
        for beat in self.expected.iter().skip(before) {
            self.since_last += 1;
            if beat.last {
                if self.since_last == self.sizes.config.reply_packet {
                    self.watch.cover.hit(match (beat.mark & MARK_BATCH != 0, op) {
                        (true, _) => Point::PacketFullAtEnd,
                        (false, Some(Op::Snapshot)) => Point::PacketFullSnapshot,
                        (false, _) => Point::PacketFull,
                    });
                }
                self.since_last = 0;
            }
        }
    }

    /// A beat is there; gives what it must be, `None` when nothing is owed.
    pub fn reply(&mut self) -> Option<Expected> {
        self.totals.replies += 1;
        if let Some(expected) = self.expected.pop_front() {
            return Some(expected);
        }
        // A soft reset closes an open packet with an end-of-batch beat of its own.
        if self.draining && self.since_last > 0 {
            self.since_last = 0;
            self.closed = true;
            self.watch.cover.hit(Point::SoftResetPacketOpen);
            let beat = Reply::end_of_batch(self.model.position(), self.accepted()).to_beat();
            let beat = if self.strides { strided_reply(beat, true) } else { beat };
            return Some(Expected { beat, last: true, mark: MARK_BATCH });
        }
        None
    }

    fn accepted(&mut self) -> u64 {
        self.counters().map_or(0, |latched| latched.accepted)
    }

    /// The golden engine's own counters.
    pub fn counters(&mut self) -> Result<Latched, EngineError> {
        self.totals.latches += 1;
        self.model.counters()
    }

    /// A soft reset was asked for: nothing more is accepted until [`Scoreboard::cleared`].
    pub fn drain(&mut self, stalled: bool, answering: bool) {
        let idle = self.expected.is_empty();
        let cover = &mut self.watch.cover;
        cover.hit_if(idle, Point::SoftResetIdle);
        cover.hit_if(!idle, Point::SoftResetReplies);
        cover.hit_if(stalled, Point::SoftResetStalled);
        cover.hit_if(answering && !self.querying, Point::SoftResetSnapshot);
        cover.hit_if(answering && self.querying, Point::SoftResetQuery);
        cover.hit_if(self.draining, Point::SoftResetTwice);
        self.draining = true;
    }

    /// Whether a soft reset is under way.
    pub fn draining(&self) -> bool {
        self.draining
    }

    /// The soft reset has cleared the tables. Gives what was still owed, which must be nothing.
    pub fn cleared(&mut self) -> Result<(), String> {
        if !self.draining {
            return Err("the engine clears its tables and nothing asked for it".to_owned());
        }
        if let Some(first) = self.expected.front() {
            let owed = self.expected.len();
            return Err(format!("the engine clears its tables and still owes {owed} beats, first {first:x?}"));
        }
        if self.since_last > 0 {
            return Err(format!("a soft reset left a packet of {} beats open", self.since_last));
        }
        self.totals.soft_resets += 1;
        self.watch.cover.hit_if(!self.closed, Point::SoftResetPacketClosed);
        self.start_over();
        Ok(())
    }

    /// A hard reset: nothing is owed any more.
    pub fn hard_reset(&mut self) {
        let due = !self.expected.is_empty();
        self.watch.cover.hit_if(due, Point::HardReset);
        self.totals.hard_resets += 1;
        self.start_over();
    }

    fn start_over(&mut self) {
        let context = |n: u32| self.model.context(n as u16).is_some_and(|c| c.read() != 0);
        let row = |n: u32, class| self.model.row(n as u16, class).is_some_and(|r| !r.is_zero());
        let (contexts, groups) = (self.sizes.config.contexts, self.sizes.config.groups);
        let dirty =
            context(0) && context(contexts - 1) && row(0, Class::PageAfterT) && row(groups - 1, Class::PageUnjudged);
        self.watch.cover.hit_if(dirty, Point::ResetDirty);
        // Cannot fail: the golden engine's reset has no error.
        let _ = self.model.reset();
        self.expected.clear();
        self.since_last = 0;
        self.draining = false;
        self.closed = false;
        self.querying = false;
        self.watch.reset();
    }
}

/// A reply of an engine that counts in large steps: its journal position, and its value if that is a count.
fn strided_reply(beat: u128, counted: bool) -> u128 {
    let Reply { head, value } = Reply::from_beat(beat);
    let position = (head >> 40).wrapping_mul(stride::COUNT) << 40;
    let value = if counted { value.wrapping_mul(stride::COUNT) } else { value };
    Reply { head: position | head & ((1 << 40) - 1), value }.to_beat()
}

/// Half a row of an engine that counts in large steps: 48 bits of events, 64 bits of bytes.
fn strided_row(beat: u128) -> u128 {
    let Reply { head, value } = Reply::from_beat(beat);
    let events = head.wrapping_mul(stride::COUNT) & ((1 << 48) - 1);
    Reply { head: events, value: value.wrapping_mul(stride::BYTES) }.to_beat()
}
