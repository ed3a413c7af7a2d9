//! Origins of counted pages, and families, as JSON.

use serde::{Deserialize, Serialize};

use super::escape::escape;
use crate::scan::{FamilyFound, OriginCounts, PageCounts};

/// Counted pages of one origin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PagesOfOriginJson {
    /// All of them.
    pub pages: u64,
    /// Of these, equal to another frame at their address; of inherited copies, to a sibling and not to the source page.
    pub equal_to_another: u64,
    /// Of these, not compared.
    pub unjudged: u64,
}

/// Counted pages by origin. Pages of different origins are never added.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OriginsJson {
    /// Inherited copies.
    pub inherited: u64,
    /// Of these, equal to the page that they were copied from: not worth copying.
    pub equal_to_source: u64,
    /// Of these, equal to a sibling only: could be merged.
    pub equal_to_sibling: u64,
    /// Of these, not compared.
    pub inherited_unjudged: u64,
    /// Pages that were allocated after the fork, which are no copies.
    pub born_after_fork: PagesOfOriginJson,
    /// Pages of which the parent has ended, was not read, or has given its own back.
    pub origin_unknown: PagesOfOriginJson,
}

impl From<&OriginCounts> for OriginsJson {
    fn from(counts: &OriginCounts) -> Self {
        let pages = |counts: &PageCounts| PagesOfOriginJson {
            pages: counts.pages,
            equal_to_another: counts.equal(),
            unjudged: counts.unjudged,
        };
        Self {
            inherited: counts.inherited.pages,
            equal_to_source: counts.inherited.equal_to_source,
            equal_to_sibling: counts.inherited.equal_to_other,
            inherited_unjudged: counts.inherited.unjudged,
            born_after_fork: pages(&counts.born),
            origin_unknown: pages(&counts.unknown),
        }
    }
}

/// One family.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FamilyJson {
    /// Process number of the root, or of the eldest member if the root has ended.
    pub root: u32,
    /// The name of its first thread, escaped.
    pub command: String,
    /// Members, read or not.
    pub members: u64,
    /// Seconds since the eldest member that is not the root was forked.
    pub eldest_fork_seconds: Option<f64>,
    /// Seconds since the youngest member was forked.
    pub youngest_fork_seconds: Option<f64>,
    /// Inherited copies.
    pub copies: u64,
    /// Of these, redundant.
    pub redundant: u64,
    /// Pages that were allocated after the fork.
    pub born_after_fork: u64,
    /// Pages of unknown origin.
    pub origin_unknown: u64,
    /// Inherited copies of the round before; null in the first one with the family.
    pub last_copies: Option<u64>,
    /// The most inherited copies of any round of this run.
    pub peak_copies: u64,
}

impl From<&FamilyFound> for FamilyJson {
    fn from(family: &FamilyFound) -> Self {
        Self {
            root: family.root,
            command: escape(&family.command),
            members: family.members,
            eldest_fork_seconds: family.fork_ages.map(|ages| ages.eldest.as_secs_f64()),
            youngest_fork_seconds: family.fork_ages.map(|ages| ages.youngest.as_secs_f64()),
            copies: family.origins.inherited.pages,
            redundant: family.origins.inherited.equal(),
            born_after_fork: family.origins.born.pages,
            origin_unknown: family.origins.unknown.pages,
            last_copies: family.last_copies,
            peak_copies: family.peak_copies,
        }
    }
}
