//! Sizes of a golden engine.

use crate::engine::Capabilities;
use deltascope_abi::record::CLASSES;
use deltascope_abi::{
    DEFAULT_CONTEXTS, DEFAULT_GROUPS, DEFAULT_JOURNAL_DEPTH, DEFAULT_JOURNAL_LANES, DEFAULT_REPLY_PACKET,
};

/// Most contexts and most groups: a record numbers each with 16 bits.
pub const MAX_TABLE: u32 = 1 << 16;
/// A journal holds fewer deltas than this: replies carry 24 bits of the position, and a mark made from them
/// must stay unambiguous.
pub const MAX_HORIZON: u64 = 1 << 24;
/// Most lanes, most entries of a lane and longest reply packet: the capability registers have 16 bits for each.
pub const MAX_CAPABILITY: u32 = u16::MAX as u32;

/// Sizes of a [`crate::GoldenEngine`]. The default is the default engine of the product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// Contexts, 1 to [`MAX_TABLE`].
    pub contexts: u32,
    /// Groups of four classes each, 1 to [`MAX_TABLE`].
    pub groups: u32,
    /// Lanes of the journal, at most [`MAX_CAPABILITY`]; 0: no journal, QUERY is rejected.
    pub journal_lanes: u32,
    /// Entries of one lane, 1 to [`MAX_CAPABILITY`] when there are lanes.
    pub journal_depth: u32,
    /// Beats after which the reply stream carries TLAST by itself, 1 to [`MAX_CAPABILITY`].
    pub reply_packet: u32,
    /// Reply beats of 16 bytes that wait to be polled before `submit` takes no more. Raised to what one
    /// SNAPSHOT of every group with its end-of-batch beat needs, so that every record can be taken.
    pub reply_capacity: usize,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            contexts: DEFAULT_CONTEXTS,
            groups: DEFAULT_GROUPS,
            journal_lanes: DEFAULT_JOURNAL_LANES,
            journal_depth: DEFAULT_JOURNAL_DEPTH,
            reply_packet: DEFAULT_REPLY_PACKET,
            reply_capacity: 1 << 16,
        }
    }
}

impl Config {
    /// The sizes of another engine, so that the golden engine answers as that one must.
    pub fn of(info: &Capabilities) -> Config {
        Config::with_tables(info.contexts, info.groups).with_journal(info.journal_lanes, info.journal_depth)
    }

    /// The default with other tables.
    pub fn with_tables(contexts: u32, groups: u32) -> Config {
        Config { contexts, groups, ..Config::default() }
    }

    /// The same sizes with another journal; 0 lanes: none.
    pub fn with_journal(self, lanes: u32, depth: u32) -> Config {
        Config { journal_lanes: lanes, journal_depth: depth, ..self }
    }

    /// The same sizes without a journal.
    pub fn without_journal(self) -> Config {
        self.with_journal(0, 0)
    }

    /// Deltas that QUERY can look back over.
    pub const fn horizon(&self) -> u64 {
        self.journal_lanes as u64 * self.journal_depth as u64
    }

    /// Reply beats that may wait, after the rule of [`Config::reply_capacity`].
    pub const fn effective_reply_capacity(&self) -> usize {
        let snapshot = 1 + 2 * CLASSES * self.groups as usize + 1;
        if self.reply_capacity > snapshot { self.reply_capacity } else { snapshot }
    }

    /// Whether an engine of these sizes can be.
    pub const fn check(&self) -> Result<(), ConfigError> {
        const fn table(what: &'static str, found: u32) -> Result<(), ConfigError> {
            if found == 0 || found > MAX_TABLE { Err(ConfigError::Table { what, found }) } else { Ok(()) }
        }
        if let Err(error) = table("contexts", self.contexts) {
            return Err(error);
        }
        if let Err(error) = table("groups", self.groups) {
            return Err(error);
        }
        let (lanes, depth) = (self.journal_lanes, self.journal_depth);
        let empty = lanes > 0 && depth == 0;
        let wide = lanes > MAX_CAPABILITY || depth > MAX_CAPABILITY || self.horizon() >= MAX_HORIZON;
        if empty || wide {
            return Err(ConfigError::Journal { lanes, depth });
        }
        if self.reply_packet == 0 || self.reply_packet > MAX_CAPABILITY {
            return Err(ConfigError::ReplyPacket { found: self.reply_packet });
        }
        Ok(())
    }
}

/// Sizes that no engine can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A table is empty or larger than a record can number.
    #[error("{what}: expected 1 to 65536, found {found}")]
    Table {
        /// Which table.
        what: &'static str,
        /// Its size.
        found: u32,
    },
    /// A journal with lanes but no rows, or one that looks too far back.
    #[error(
        "journal: expected 1 to 65535 lanes of 1 to 65535 entries, fewer than 2^24 in all, found {lanes} x {depth}; use 0 lanes for none"
    )]
    Journal {
        /// Lanes asked for.
        lanes: u32,
        /// Depth asked for.
        depth: u32,
    },
    /// A reply packet of no beats, or too long for its register.
    #[error("reply packet: expected 1 to 65535 beats, found {found}")]
    ReplyPacket {
        /// Its length.
        found: u32,
    },
}
