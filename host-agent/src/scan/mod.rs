//! The scan: which copies of pages live in memory now, and which of them are redundant, from
//! `/proc` alone and without a kernel module.
//!
//! A family is a maximal fork tree that no exec cuts. At one address of one mapping, a family
//! with k distinct present anonymous frames has k - 1 pages that are counted, by their [`Origin`]: inherited
//! copies, pages that a member allocated after it was forked, and pages of unknown origin. Only inherited copies are
//! copies; one is redundant when its bytes equal those of another frame of the set. That rule does not ask
//! who wrote: a parent that writes below idle workers counts like a worker that writes.
//!
//! Every result has its coverage ([`Coverage`]): members that were not read, pages that were not judged, and what
//! follows for the number of copies, at least and at most ([`ScanSummary::copies_bracket`]).
//!
//! Frames are read, contents read, frames read again: only what stayed in place is judged.
//!
//! ```no_run
//! # use deltascope_agent::scan::{ScanConfig, Scanner};
//! let mut scanner = Scanner::new(ScanConfig::default());
//! let summary = scanner.scan(&mut |record| println!("{record:?}"), &mut |_progress| ())?;
//! println!("{} copies, {} redundant", summary.copies(), summary.redundant());
//! # Ok::<(), deltascope_agent::scan::ScanError>(())
//! ```

mod batch;
mod borrowed;
mod config;
mod contents;
mod coverage;
mod cut;
mod family;
mod family_history;
mod found;
mod frame_flags;
mod frames;
mod huge_pages;
mod inheritance;
mod judge;
mod kinship;
mod lineage;
mod listed_pages;
mod listing;
mod live;
mod live_view;
mod mappings;
mod moved_memory;
mod moved_search;
mod moved_whole;
mod open_files;
mod origin_counts;
mod origins;
mod overlap;
mod pace;
mod privileges;
mod probe;
mod record;
mod round;
mod scanner;
mod time_limit;
mod verdict;
mod view;
mod window;

pub use config::{BATCH_BYTES, ScanConfig, ScanError, ScanTarget, TaggedRegion};
pub use coverage::{Bracket, Counts, Coverage, Doubt, DoubtCounts, Reason, Scope, Unbounded, Unread, UnreadCounts};
pub use family_history::{Ages, FamilyFound};
pub use origin_counts::{OriginCounts, PageCounts};
pub use origins::Origin;
pub use pace::{Budget, Cost};
pub use privileges::{Capability, Privileges};
pub use probe::Probe;
pub use record::{FrameAccess, NotSeen, ProcessCounts, Progress, RegionTag, ScanRecord, ScanSummary, Skips};
pub use scanner::Scanner;
pub use verdict::{UnjudgedReason, Verdict};

#[cfg(test)]
mod tests;
