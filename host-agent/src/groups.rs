//! Owners to the groups of a session.
//!
//! Group 0 is `other`. With more owners than groups the least recently active ones are folded: at a snapshot
//! that is exact after everything admitted so far, their counters are added to the agent's own totals, and
//! their groups go to other owners with that snapshot as the new baseline.

use std::collections::BTreeMap;

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
    folds: u64,
}

impl GroupTable {
    /// A table over groups 0 to `granted` - 1 of a session, all of which count from zero.
    pub fn new(granted: u32) -> GroupTable {
        let slots = granted.clamp(1, 1 << 16) - 1;
        GroupTable {
            slots: SlotTable::new(slots),
            baselines: vec![Rows::default(); slots as usize],
            folded: BTreeMap::new(),
            folds: 0,
        }
    }

    /// The group of an owner; `None` when every group is taken and [`GroupTable::fold`] must make room first.
    /// With a grant of one group everything goes to [`OTHER`].
    pub fn group(&mut self, owner: OwnerId) -> Option<u16> {
        if self.slots.capacity() == 0 {
            return Some(OTHER);
        }
        let slot = match self.slots.touch(&owner) {
            Some(slot) => slot,
            None => self.slots.insert(owner)?,
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
        }
    }

    /// What every owner has counted so far: folded counters and those of its present group.
    pub fn totals(&self, reading: &Reading) -> Totals {
        let mut owners = self.folded.clone();
        for (slot, owner) in self.slots.iter() {
            let counted = since(&reading.group(slot as u16 + 1), &self.baselines[slot as usize]);
            add(owners.entry(owner).or_default(), &counted);
        }
        Totals { owners, other: reading.group(OTHER) }
    }

    /// Times that an owner lost its group to another one.
    pub fn folds(&self) -> u64 {
        self.folds
    }
}

#[cfg(test)]
mod tests {
    use super::{GroupTable, Reading, Rows};
    use crate::event::OwnerId;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

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
                let group = match table.group(owner) {
                    Some(group) => group,
                    None => {
                        table.fold(&reading(sequence as u64, &engine));
                        table.group(owner).expect("folding makes room")
                    }
                };
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
