//! Lockstep of the engine, alone and as the whole top, with the golden engine.

pub mod engine;
pub mod rates;
pub mod scoreboard;
pub mod top;
pub mod traffic;
mod watch;

use deltascope_abi::record::Op;
use deltascope_model::Config;

use crate::cover::Cover;

/// What runs added up to.
#[derive(Clone, Debug, Default)]
pub struct Totals {
    /// Records accepted.
    pub records: u64,
    /// Of them, by op; rejected ones are counted apart.
    pub by_op: [u64; Op::ALL.len()],
    /// Of them, rejected.
    pub rejected: u64,
    /// Reply beats compared.
    pub replies: u64,
    /// Soft resets.
    pub soft_resets: u64,
    /// Hard resets.
    pub hard_resets: u64,
    /// Latched counter sets compared.
    pub latches: u64,
    /// Clocks simulated.
    pub clocks: u64,
    /// What was met.
    pub cover: Cover,
}

impl Totals {
    /// Adds another run.
    pub fn add(&mut self, other: &Totals) {
        self.records += other.records;
        self.rejected += other.rejected;
        self.replies += other.replies;
        self.soft_resets += other.soft_resets;
        self.hard_resets += other.hard_resets;
        self.latches += other.latches;
        self.clocks += other.clocks;
        self.cover.add(&other.cover);
        for (mine, theirs) in self.by_op.iter_mut().zip(other.by_op) {
            *mine += theirs;
        }
    }
}

/// Sizes of the engine under test, as its capability registers say them.
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    /// Configuration of the golden engine that it is compared with.
    pub config: Config,
}

impl Sizes {
    /// Contexts.
    pub const fn contexts(&self) -> u64 {
        self.config.contexts as u64
    }

    /// Clocks after which an engine is stuck: a snapshot of every group through the slowest sink, and to spare.
    pub const fn patience(&self) -> u64 {
        20_000 + 384 * self.groups()
    }

    /// Groups.
    pub const fn groups(&self) -> u64 {
        self.config.groups as u64
    }
}
