//! Owners to the groups of a session.
//!
//! Group 0 is `other`. With more owners than groups the least recently active ones are folded: at a snapshot
//! that is exact after everything admitted so far, their counters are added to the agent's own totals, and
//! their groups go to other owners with that snapshot as the new baseline.

use std::collections::{BTreeMap, HashSet};

use super::slot_table::SlotTable;
use super::snapshot::{Rows, ScopeError, Snapshot, Totals, add, since};
use super::state::Change;
use crate::event::{OwnerId, Owners};

/// The group of everything that has none of its own.
pub const OTHER: u16 = 0;

/// Group numbers of owners.
#[derive(Clone, Debug)]
pub struct GroupTable {
    slots: SlotTable<OwnerId>,
    /// By slot: the snapshot at which the slot's owner got it.
    baselines: Vec<Rows>,
    folded: BTreeMap<OwnerId, Rows>,
    /// Counters of groups whose owner is not known, from before the agent restarted.
    adopted: Rows,
    /// Events in `adopted`, when its classes may have several meanings.
    unknown_events: Option<u64>,
    folds: u64,
    /// What [`GroupTable::take_changes`] has not given yet.
    changes: Vec<Change>,
}

/// What a restarted agent needs of a [`GroupTable`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SavedGroups {
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
            unknown_events: None,
            folds: 0,
            changes: Vec::new(),
        }
    }

    /// Takes groups up to `granted` - 1 into use, all of which count from zero.
    pub fn grow(&mut self, granted: u32) {
        let slots = granted.clamp(1, 1 << 16) - 1;
        self.slots.grow(slots);
        self.baselines.resize(self.baselines.len().max(slots as usize), Rows::default());
    }

    /// A table that continues that of an agent before. `snapshot` is what the groups hold now; what is in a group
    /// without an owner is charged to [`OTHER`].
    pub fn inherit(granted: u32, saved: &SavedGroups, snapshot: &Snapshot) -> GroupTable {
        let mut table = GroupTable::new(granted);
        table.adopted = saved.adopted;
        table.folded = saved.folded.iter().copied().collect();
        for (group, rows) in &saved.baselines {
            if let Some(baseline) = table.baselines.get_mut((*group as usize).wrapping_sub(1)) {
                *baseline = *rows;
            }
        }
        for &(group, owner) in &saved.slots {
            table.slots.insert_at(u32::from(group).wrapping_sub(1), owner);
        }
        let owned: HashSet<u32> = table.slots.by_age().map(|(slot, _)| slot).collect();
        for slot in (0..table.baselines.len()).filter(|slot| !owned.contains(&(*slot as u32))) {
            let rows = snapshot.group(slot as u16 + 1);
            if rows != table.baselines[slot] {
                add(&mut table.adopted, &since(&rows, &table.baselines[slot]));
                table.baselines[slot] = rows;
                table.changes.push(Change::Adopt(slot as u16 + 1, rows));
            }
        }
        table
    }

    /// What is in groups without an owner may be of sends by content, whose classes are scopes: no owner is charged, and
    /// `counted` are the events of everything together.
    pub fn keep_unknown_apart(&mut self, snapshot: &Snapshot, owners: &Owners, counted: u64) -> Result<(), ScopeError> {
        self.unknown_events = Some(0);
        if self.adopted != Rows::default() {
            let known = self.totals(snapshot).events(owners)?;
            self.unknown_events = Some(counted.saturating_sub(known));
        }
        Ok(())
    }

    /// Whether there is no group but [`OTHER`].
    pub fn is_one(&self) -> bool {
        self.slots.capacity() == 0
    }

    /// What a restarted agent needs.
    pub fn save(&self) -> SavedGroups {
        let baselines = self.baselines.iter().enumerate().filter(|(_, rows)| **rows != Rows::default());
        SavedGroups {
            slots: self.slots.by_age().map(|(slot, owner)| (slot as u16 + 1, owner)).collect(),
            baselines: baselines.map(|(slot, rows)| (slot as u16 + 1, *rows)).collect(),
            folded: self.folded.iter().map(|(&owner, &rows)| (owner, rows)).collect(),
            adopted: self.adopted,
        }
    }

    /// Whether an owner got a group, or lost it, since the last [`GroupTable::take_changes`].
    pub fn is_changed(&self) -> bool {
        !self.changes.is_empty()
    }

    /// Returns who got a group and who lost it since the last call.
    pub fn take_changes(&mut self) -> Vec<Change> {
        std::mem::take(&mut self.changes)
    }

    /// The group of an owner; `None` when every group is taken and [`GroupTable::fold`] must make room first.
    /// With a grant of one group everything goes to [`OTHER`].
    pub fn group(&mut self, owner: OwnerId) -> Option<u16> {
        if self.is_one() {
            return Some(OTHER);
        }
        let slot = match self.slots.touch(&owner) {
            Some(slot) => slot,
            None => {
                let slot = self.slots.insert(owner)?;
                self.changes.push(Change::Take(slot as u16 + 1, owner));
                slot
            }
        };
        Some(slot as u16 + 1)
    }

    /// Takes the groups of the least recently active eighth of the owners, at least one.
    /// `snapshot` must be exact after every record admitted so far.
    pub fn fold(&mut self, snapshot: &Snapshot) {
        for _ in 0..self.slots.len().div_ceil(8) {
            let Some((slot, owner)) = self.slots.remove_oldest() else { return };
            let rows = snapshot.group(slot as u16 + 1);
            let counted = since(&rows, &self.baselines[slot as usize]);
            add(self.folded.entry(owner).or_default(), &counted);
            self.baselines[slot as usize] = rows;
            self.folds += 1;
            self.changes.push(Change::Fold(slot as u16 + 1, rows));
        }
    }

    /// What every owner has counted so far: folded counters and those of its present group.
    pub fn totals(&self, snapshot: &Snapshot) -> Totals {
        let mut owners = self.folded.clone();
        for (slot, owner) in self.slots.by_age() {
            let counted = since(&snapshot.group(slot as u16 + 1), &self.baselines[slot as usize]);
            add(owners.entry(owner).or_default(), &counted);
        }
        let mut other = snapshot.group(OTHER);
        if self.unknown_events.is_none() {
            add(&mut other, &self.adopted);
        }
        let unknown_events = self.unknown_events.unwrap_or(0);
        Totals { owners, other, unknown_events, ..Totals::default() }
    }

    /// Times that an owner lost its group to another one.
    pub fn folds(&self) -> u64 {
        self.folds
    }
}

#[cfg(test)]
mod tests {
    use super::{GroupTable, Rows, SavedGroups, Snapshot};
    use crate::event::OwnerId;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    /// The owner's group, after a folding where there was none left.
    fn group_of(table: &mut GroupTable, owner: OwnerId, sequence: usize, engine: &[Rows]) -> u16 {
        table.group(owner).unwrap_or_else(|| {
            table.fold(&snapshot(sequence as u64, engine));
            table.group(owner).expect("folding makes room")
        })
    }

    fn snapshot(sequence: u64, groups: &[Rows]) -> Snapshot {
        Snapshot { sequence, groups: groups.to_vec() }
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
            let mut reference: BTreeMap<OwnerId, Rows> = BTreeMap::new();
            let mut other = Rows::default();
            for (sequence, &(owner, class, length, redundant)) in events.iter().enumerate() {
                let owner = OwnerId(owner);
                let group = group_of(&mut table, owner, sequence, &engine);
                engine[group as usize][class].count(length.into(), redundant);
                let row = if granted == 1 { &mut other } else { reference.entry(owner).or_default() };
                row[class].count(length.into(), redundant);
            }
            let last = snapshot(events.len() as u64, &engine);
            let totals = table.totals(&last);
            prop_assert_eq!(&totals.owners, &reference);
            prop_assert_eq!(totals.other, other);
            prop_assert_eq!(last.events(), events.len() as u64);
            prop_assert_eq!(table.folds() > 0, reference.len() >= granted as usize && granted > 1);
        }
    }

    proptest! {
        /// A restart of the agent at any event changes no owner's total; without what it kept, the sum is the same.
        #[test]
        fn a_restarted_table_continues(
            granted in 1u32..12,
            events in prop::collection::vec((0u32..30, 0usize..4, any::<bool>()), 1..300),
            restart in any::<prop::sample::Index>(),
        ) {
            let mut table = GroupTable::new(granted);
            let mut engine = vec![Rows::default(); granted as usize];
            let mut reference: BTreeMap<OwnerId, Rows> = BTreeMap::new();
            let mut other = Rows::default();
            for (sequence, &(owner, class, redundant)) in events.iter().enumerate() {
                if sequence == restart.index(events.len()) {
                    let now = snapshot(sequence as u64, &engine);
                    let forgetful = GroupTable::inherit(granted, &SavedGroups::default(), &now);
                    let events: u64 = forgetful.totals(&now).other.iter().map(|row| row.events).sum();
                    prop_assert_eq!(events, sequence as u64);
                    let saved = table.save();
                    table = GroupTable::inherit(granted, &saved, &now);
                    prop_assert_eq!(table.save(), saved);
                }
                let owner = OwnerId(owner);
                let group = group_of(&mut table, owner, sequence, &engine);
                engine[group as usize][class].count(1, redundant);
                let row = if granted == 1 { &mut other } else { reference.entry(owner).or_default() };
                row[class].count(1, redundant);
            }
            let totals = table.totals(&snapshot(events.len() as u64, &engine));
            prop_assert_eq!(&totals.owners, &reference);
            prop_assert_eq!(totals.other, other);
        }
    }

    #[test]
    fn a_difference_of_totals_is_what_happened_in_between() {
        let mut table = GroupTable::new(3);
        let mut engine = vec![Rows::default(); 3];
        let group = table.group(OwnerId(0)).expect("a group is free") as usize;
        engine[group][0].count(4096, true);
        let before = table.totals(&snapshot(1, &engine));
        engine[group][0].count(4096, false);
        let late = table.group(OwnerId(1)).expect("a group is free") as usize;
        engine[late][3].count(4096, false);
        let round = table.totals(&snapshot(3, &engine)).since(&before);
        assert_eq!(round.owners[&OwnerId(0)][0].events, 1);
        assert_eq!(round.owners[&OwnerId(0)][0].redundant_events, 0);
        assert_eq!(round.owners[&OwnerId(1)][3].bytes, 4096);
    }
}
