//! Counters of a session at one record number, by group and by owner.

use std::collections::BTreeMap;

use deltascope_abi::counters::CounterRow;
use deltascope_abi::record::CLASSES;

use crate::event::OwnerId;

/// Counters of one group or owner, by class.
pub type Rows = [CounterRow; CLASSES];

/// Counters of a session's groups at one record number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// Exact after every record numbered below this.
    pub sequence: u64,
    /// Rows by group, 0 to the last granted one.
    pub groups: Vec<Rows>,
}

impl Snapshot {
    /// Returns the snapshot with these rows by group and class (row `4 * group + class`).
    pub fn new(sequence: u64, rows: &[CounterRow]) -> Snapshot {
        Snapshot { sequence, groups: rows.as_chunks::<CLASSES>().0.to_vec() }
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
        // An earlier grant may have been larger than the groups of this one that have counted.
        self.groups.resize(self.groups.len().max(rows.len() / CLASSES), Rows::default());
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

pub(super) fn add(sum: &mut Rows, rows: &Rows) {
    for (sum, row) in sum.iter_mut().zip(rows) {
        sum.add(row);
    }
}

/// Totals of owners at a snapshot.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Counters by owner; an owner that never had a group is not there.
    pub owners: BTreeMap<OwnerId, Rows>,
    /// Counters of group 0.
    pub other: Rows,
}

impl Totals {
    /// What was counted between two snapshots.
    pub fn since(&self, before: &Totals) -> Totals {
        let owners = self.owners.iter().map(|(&owner, rows)| {
            let base = before.owners.get(&owner).copied().unwrap_or_default();
            (owner, since(rows, &base))
        });
        Totals { owners: owners.collect(), other: since(&self.other, &before.other) }
    }
}
