//! Counted pages by origin, and by what they equal.

use std::ops::AddAssign;

use super::origins::Origin;
use super::verdict::Verdict;

/// Counted pages of one origin, by what they equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PageCounts {
    /// All of them.
    pub pages: u64,
    /// Of these, equal to the page that they were copied from. Only inherited copies have such a page.
    pub equal_to_source: u64,
    /// Of these, equal to another frame at the address, and not to the source page.
    pub equal_to_other: u64,
    /// Of these, not compared.
    pub unjudged: u64,
}

impl AddAssign for PageCounts {
    fn add_assign(&mut self, other: Self) {
        self.pages += other.pages;
        self.equal_to_source += other.equal_to_source;
        self.equal_to_other += other.equal_to_other;
        self.unjudged += other.unjudged;
    }
}

impl PageCounts {
    /// Those that equal another frame, their source page or not.
    pub fn equal(&self) -> u64 {
        self.equal_to_source + self.equal_to_other
    }
}

/// Counted pages by origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OriginCounts {
    /// Copies of pages that were handed down.
    pub inherited: PageCounts,
    /// Allocated after the fork.
    pub born: PageCounts,
    /// Of unknown origin.
    pub unknown: PageCounts,
}

impl OriginCounts {
    /// Counts one page.
    pub(crate) fn add(&mut self, origin: Origin, verdict: Verdict, sibling_only: bool) {
        let counts = match origin {
            Origin::Inherited => &mut self.inherited,
            Origin::BornAfterFork => &mut self.born,
            Origin::Unknown => &mut self.unknown,
        };
        counts.pages += 1;
        match verdict {
            Verdict::Unjudged(_) => counts.unjudged += 1,
            Verdict::Judged { before, after } if before != after => {}
            Verdict::Judged { .. } if origin == Origin::Inherited && !sibling_only => counts.equal_to_source += 1,
            Verdict::Judged { .. } => counts.equal_to_other += 1,
        }
    }

    /// Pages of all origins.
    pub fn pages(&self) -> u64 {
        self.inherited.pages + self.born.pages + self.unknown.pages
    }
}

impl AddAssign for OriginCounts {
    fn add_assign(&mut self, other: Self) {
        self.inherited += other.inherited;
        self.born += other.born;
        self.unknown += other.unknown;
    }
}
