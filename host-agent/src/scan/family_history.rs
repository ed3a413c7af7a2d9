//! What was found in each family, from round to round.

use std::collections::HashMap;
use std::time::Duration;

use super::OriginCounts;
use super::family::Family;
use crate::procfs::{ProcFs, sys};

/// Families that a summary names; the others have the fewest copies.
pub(crate) const MAX_NAMED: usize = 1000;

/// Times since the forks of a family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ages {
    /// Since the first fork of which the child is alive.
    pub eldest: Duration,
    /// Since the last one.
    pub youngest: Duration,
}

/// What a scan found in one family, and the scans of this run before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FamilyFound {
    /// The process number of the root, or of the eldest member if the root has ended.
    pub root: u32,
    /// The name of its first thread.
    pub command: String,
    /// Members, read or not.
    pub members: u64,
    /// Times since the forks of the living members other than the root.
    pub fork_ages: Option<Ages>,
    /// Counted pages by origin.
    pub origins: OriginCounts,
    /// Inherited copies of the round before; `None` in the first round with the family.
    pub last_copies: Option<u64>,
    /// The most inherited copies of any round of this run.
    pub peak_copies: u64,
}

/// Inherited copies of the families in earlier rounds, by number and start time of the eldest member.
#[derive(Debug, Default)]
pub(crate) struct FamilyHistory {
    before: HashMap<(u32, u64), Seen>,
    now: HashMap<(u32, u64), Seen>,
}

#[derive(Debug, Clone, Copy)]
struct Seen {
    last: u64,
    peak: u64,
}

impl FamilyHistory {
    /// Begins a round: families that the last one did not have are forgotten.
    pub(crate) fn begin(&mut self) {
        self.before = std::mem::take(&mut self.now);
    }

    /// Notes what was found in a family and returns it with what was found before. Without `origins` the family was not
    /// looked at: what was found before stays.
    pub(crate) fn note(
        &mut self,
        proc: &ProcFs,
        family: &Family,
        origins: Option<OriginCounts>,
    ) -> Option<FamilyFound> {
        let root = family.members.first()?;
        let key = (root.pid, root.start_time);
        let before = self.before.get(&key).copied();
        let Some(origins) = origins else {
            self.now.extend(before.map(|seen| (key, seen)));
            return None;
        };
        let copies = origins.inherited.pages;
        let peak = before.map_or(copies, |seen| seen.peak.max(copies));
        self.now.insert(key, Seen { last: copies, peak });
        Some(FamilyFound {
            root: root.pid,
            command: proc.command(root.pid),
            members: family.members.len() as u64,
            fork_ages: ages(family),
            origins,
            last_copies: before.map(|seen| seen.last),
            peak_copies: peak,
        })
    }
}

fn ages(family: &Family) -> Option<Ages> {
    let forks = || family.members.iter().filter(|member| member.forked_without_exec);
    let since = |ticks| sys::since_start(ticks);
    // Each asks for the time: the youngest first, or it would seem older than an eldest of the same tick.
    let youngest = since(forks().map(|member| member.start_time).max()?)?;
    let eldest = since(forks().map(|member| member.start_time).min()?)?;
    Some(Ages { eldest, youngest })
}

/// Puts the families with the most copies first and leaves out those beyond what is named.
pub(crate) fn largest(mut families: Vec<FamilyFound>) -> Vec<FamilyFound> {
    families.sort_by_key(|family| (std::cmp::Reverse(family.origins.inherited.pages), family.root));
    families.truncate(MAX_NAMED);
    families
}
