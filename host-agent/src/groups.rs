//! Owners to the groups of a session.
//!
//! Group 0 is `other`. With more owners than groups the least recently active ones are folded: at a snapshot
//! that is exact after everything admitted so far, their counters are added to the agent's own totals, and
//! their groups go to other owners with that snapshot as the new baseline.

use std::collections::{BTreeMap, HashSet};

use deltascope_abi::counters::CounterRow;
use deltascope_abi::record::CLASSES;

use crate::event::OwnerId;
use crate::slot_table::SlotTable;

/// The group of everything that has none of its own.
pub const OTHER: u16 = 0;

/// Counters of one group or owner, by class.
pub type Rows = [CounterRow; CLASSES];

/// Counters of a session's groups at one record number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// Exact after every record numbered below this.
    pub sequence: u64,
    /// Rows by group, 0 to the last granted one.
    pub groups: Vec<Rows>,
}

impl Reading {
    /// A reading from rows by group and class (row `4 * group + class`).
    pub fn new(sequence: u64, rows: &[CounterRow]) -> Reading {
        Reading { sequence, groups: rows.as_chunks::<CLASSES>().0.to_vec() }
    }

    /// Events in all groups and classes: `counted` of the conservation law.
    pub fn events(&self) -> u64 {
        self.groups.iter().flatten().fold(0, |sum, row| sum.wrapping_add(row.events))
    }

    /// Rows by group and class (row `4 * group + class`).
    pub fn rows(&self) -> Vec<CounterRow> {
        self.groups.iter().flatten().copied().collect()
    }

    /// Adds what was counted before the session.
    pub fn add(&mut self, rows: &[CounterRow]) {
        for (sum, rows) in self.groups.iter_mut().zip(rows.as_chunks::<CLASSES>().0) {
            add(sum, rows);
        }
    }

    /// Counters of one group.
    pub fn group(&self, group: u16) -> Rows {
        self.groups.get(group as usize).copied().unwrap_or_default()
    }
}

/// `now` minus `before`, class by class.
pub fn since(now: &Rows, before: &Rows) -> Rows {
    std::array::from_fn(|class| now[class].since(&before[class]))
}

fn add(sum: &mut Rows, rows: &Rows) {
    for (sum, row) in sum.iter_mut().zip(rows) {
        sum.add(row);
    }
}

/// Totals of owners at a reading.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Counters by owner; an owner that never had a group is not there.
    pub owners: BTreeMap<OwnerId, Rows>,
    /// Counters of group 0.
    pub other: Rows,
}

impl Totals {
    /// What was counted between two readings.
    pub fn since(&self, before: &Totals) -> Totals {
        let owners = self.owners.iter().map(|(&owner, rows)| {
            let base = before.owners.get(&owner).copied().unwrap_or_default();
            (owner, since(rows, &base))
        });
        Totals { owners: owners.collect(), other: since(&self.other, &before.other) }
    }
}

/// Group numbers of owners.
#[derive(Clone, Debug)]
pub struct GroupTable {
    slots: SlotTable<OwnerId>,
    /// By slot: the reading at which the slot's owner got it.
    baselines: Vec<Rows>,
    folded: BTreeMap<OwnerId, Rows>,
    /// Counters of groups whose owner is not known, from before the agent restarted.
    adopted: Rows,
    folds: u64,
    /// Rises whenever [`GroupTable::keep`] would give something else.
    changes: u64,
}

/// What a restarted agent needs of a [`GroupTable`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeptGroups {
    /// Groups with their owners, the least recently active first.
    pub slots: Vec<(u16, OwnerId)>,
    /// Counters at which a group's present owner got it, unless they are all zero.
    pub baselines: Vec<(u16, Rows)>,
    /// Counters of owners from groups that they had to give away.
    pub folded: Vec<(OwnerId, Rows)>,
    /// Counters of groups whose owner is not known.
    pub adopted: Rows,
}

impl GroupTable {
    /// A table over groups 0 to `granted` - 1 of a session, all of which count from zero.
    pub fn new(granted: u32) -> GroupTable {
        let slots = granted.clamp(1, 1 << 16) - 1;
        GroupTable {
            slots: SlotTable::new(slots),
            baselines: vec![Rows::default(); slots as usize],
            folded: BTreeMap::new(),
            adopted: Rows::default(),
            folds: 0,
            changes: 0,
        }
    }

    /// A table that goes on from that of an agent before. `reading` is what the groups hold now; what stands in a group
    /// without an owner is charged to [`OTHER`].
    pub fn inherit(granted: u32, kept: &KeptGroups, reading: &Reading) -> GroupTable {
        let mut table = GroupTable::new(granted);
        table.adopted = kept.adopted;
        table.folded = kept.folded.iter().copied().collect();
        for (group, rows) in &kept.baselines {
            if let Some(baseline) = table.baselines.get_mut((*group as usize).wrapping_sub(1)) {
                *baseline = *rows;
            }
        }
        for &(group, owner) in &kept.slots {
            table.slots.insert_at(u32::from(group).wrapping_sub(1), owner);
        }
        let owned: HashSet<u32> = table.slots.by_age().map(|(slot, _)| slot).collect();
        for slot in (0..table.baselines.len()).filter(|slot| !owned.contains(&(*slot as u32))) {
            let rows = reading.group(slot as u16 + 1);
            add(&mut table.adopted, &since(&rows, &table.baselines[slot]));
            table.baselines[slot] = rows;
        }
        table
    }

    /// What a restarted agent needs.
    pub fn keep(&self) -> KeptGroups {
        let baselines = self.baselines.iter().enumerate().filter(|(_, rows)| **rows != Rows::default());
        KeptGroups {
            slots: self.slots.by_age().map(|(slot, owner)| (slot as u16 + 1, owner)).collect(),
            baselines: baselines.map(|(slot, rows)| (slot as u16 + 1, *rows)).collect(),
            folded: self.folded.iter().map(|(&owner, &rows)| (owner, rows)).collect(),
            adopted: self.adopted,
        }
    }

    /// Rises whenever [`GroupTable::keep`] would give something that a restarted agent cannot do without: an owner got
    /// a group, or lost it.
    pub fn changes(&self) -> u64 {
        self.changes
    }

    /// The group of an owner; `None` when every group is taken and [`GroupTable::fold`] must make room first.
    /// With a grant of one group everything goes to [`OTHER`].
    pub fn group(&mut self, owner: OwnerId) -> Option<u16> {
        if self.slots.capacity() == 0 {
            return Some(OTHER);
        }
        let slot = match self.slots.touch(&owner) {
            Some(slot) => slot,
            None => {
                let slot = self.slots.insert(owner)?;
                self.changes += 1;
                slot
            }
        };
        Some(slot as u16 + 1)
    }

    /// Takes the groups of the least recently active eighth of the owners, at least one.
    /// `reading` must be exact after every record admitted so far.
    pub fn fold(&mut self, reading: &Reading) {
        for _ in 0..self.slots.len().div_ceil(8) {
            let Some((slot, owner)) = self.slots.remove_oldest() else { return };
            let rows = reading.group(slot as u16 + 1);
            let counted = since(&rows, &self.baselines[slot as usize]);
            add(self.folded.entry(owner).or_default(), &counted);
            self.baselines[slot as usize] = rows;
            self.folds += 1;
            self.changes += 1;
        }
    }

    /// What every owner has counted so far: folded counters and those of its present group.
    pub fn totals(&self, reading: &Reading) -> Totals {
        let mut owners = self.folded.clone();
        for (slot, owner) in self.slots.by_age() {
            let counted = since(&reading.group(slot as u16 + 1), &self.baselines[slot as usize]);
            add(owners.entry(owner).or_default(), &counted);
        }
        let mut other = reading.group(OTHER);
        add(&mut other, &self.adopted);
        Totals { owners, other }
    }

    /// Times that an owner lost its group to another one.
    pub fn folds(&self) -> u64 {
        self.folds
    }
}

#[cfg(test)]
mod tests {
    use super::{GroupTable, KeptGroups, Reading, Rows};
    use crate::event::OwnerId;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    /// The owner's group, after a folding where there was none left.
    fn group_of(table: &mut GroupTable, owner: OwnerId, sequence: usize, engine: &[Rows]) -> u16 {
        table.group(owner).unwrap_or_else(|| {
            table.fold(&reading(sequence as u64, engine));
            table.group(owner).expect("folding makes room")
        })
    }

    fn reading(sequence: u64, groups: &[Rows]) -> Reading {
        Reading { sequence, groups: groups.to_vec() }
    }

    proptest! {
        /// Whatever is folded and whenever, every owner's total is what a table without bounds would hold.
        #[test]
        fn folding_neither_loses_nor_invents(
            granted in 1u32..12,
            events in prop::collection::vec((0u32..30, 0usize..4, any::<u16>(), any::<bool>()), 0..400),
        ) {
            let mut table = GroupTable::new(granted);
            let mut engine = vec![Rows::default(); granted as usize];
            let mut truth: BTreeMap<OwnerId, Rows> = BTreeMap::new();
            let mut other = Rows::default();
            for (sequence, &(owner, class, length, redundant)) in events.iter().enumerate() {
                let owner = OwnerId(owner);
                let group = group_of(&mut table, owner, sequence, &engine);
                engine[group as usize][class].count(length.into(), redundant);
                let row = if granted == 1 { &mut other } else { truth.entry(owner).or_default() };
                row[class].count(length.into(), redundant);
            }
            let last = reading(events.len() as u64, &engine);
            let totals = table.totals(&last);
            prop_assert_eq!(&totals.owners, &truth);
            prop_assert_eq!(totals.other, other);
            prop_assert_eq!(last.events(), events.len() as u64);
            prop_assert_eq!(table.folds() > 0, truth.len() >= granted as usize && granted > 1);
        }
    }

    proptest! {
        /// A restart of the agent at any event changes nobody's total; without what it kept, the sum is the same.
        #[test]
        fn a_restarted_table_goes_on(
            granted in 1u32..12,
            events in prop::collection::vec((0u32..30, 0usize..4, any::<bool>()), 1..300),
            restart in any::<prop::sample::Index>(),
        ) {
            let mut table = GroupTable::new(granted);
            let mut engine = vec![Rows::default(); granted as usize];
            let mut truth: BTreeMap<OwnerId, Rows> = BTreeMap::new();
            let mut other = Rows::default();
            for (sequence, &(owner, class, redundant)) in events.iter().enumerate() {
                if sequence == restart.index(events.len()) {
                    let now = reading(sequence as u64, &engine);
                    let forgetful = GroupTable::inherit(granted, &KeptGroups::default(), &now);
                    let events: u64 = forgetful.totals(&now).other.iter().map(|row| row.events).sum();
                    prop_assert_eq!(events, sequence as u64);
                    let kept = table.keep();
                    table = GroupTable::inherit(granted, &kept, &now);
                    prop_assert_eq!(table.keep(), kept);
                }
                let owner = OwnerId(owner);
                let group = group_of(&mut table, owner, sequence, &engine);
                engine[group as usize][class].count(1, redundant);
                let row = if granted == 1 { &mut other } else { truth.entry(owner).or_default() };
                row[class].count(1, redundant);
            }
            let totals = table.totals(&reading(events.len() as u64, &engine));
            prop_assert_eq!(&totals.owners, &truth);
            prop_assert_eq!(totals.other, other);
        }
    }

    #[test]
    fn a_difference_of_totals_is_what_happened_in_between() {
        let mut table = GroupTable::new(3);
        let mut engine = vec![Rows::default(); 3];
        let group = table.group(OwnerId(0)).expect("a group is free") as usize;
        engine[group][0].count(4096, true);
        let before = table.totals(&reading(1, &engine));
        engine[group][0].count(4096, false);
        let late = table.group(OwnerId(1)).expect("a group is free") as usize;
        engine[late][3].count(4096, false);
        let round = table.totals(&reading(3, &engine)).since(&before);
        assert_eq!(round.owners[&OwnerId(0)][0].events, 1);
        assert_eq!(round.owners[&OwnerId(0)][0].redundant_events, 0);
        assert_eq!(round.owners[&OwnerId(1)][3].bytes, 4096);
    }
}
