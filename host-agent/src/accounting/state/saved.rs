//! The contents of `session.json`.

use deltascope_abi::counters::CounterRow;
use deltascope_abi::loss::Losses;
use deltascope_abi::record::CLASSES;
use deltascope_protocol::frame::Cursor;
use serde::{Deserialize, Serialize};

use crate::accounting::{Rows, SavedGroups};
use crate::event::{OwnerId, OwnerKind, Owners};

/// Version of the layout.
pub const VERSION: u32 = 1;

/// A row of counters: events, bytes, redundant events, redundant bytes.
type Row = [u64; 4];

/// What belongs to one boot id of a server. Of another one it says nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedSession {
    version: u32,
    /// Boot id of the server.
    pub boot_id: u64,
    /// Counters of every grant before the present one, by group and class (row `4 * group + class`).
    carried: Vec<Row>,
    /// Losses reported with the last record that `carried` holds.
    losses: Losses7,
    /// Cursors reported with it: source, unit, position.
    cursors: Vec<(u32, u32, u64)>,
    /// Owners in the order of their numbers: kind and name.
    owners: Vec<(u32, String)>,
    /// Group and number of the owner, the least recently active first.
    slots: Vec<(u16, u32)>,
    /// Counters at which a group's present owner got it.
    baselines: Vec<(u16, [Row; CLASSES])>,
    /// Counters of owners from groups that they had to give away.
    folded: Vec<(u32, [Row; CLASSES])>,
    /// Counters of groups whose owner is not known any more.
    adopted: [Row; CLASSES],
}

type Losses7 = [u64; deltascope_abi::loss::LOSS_REASONS];

fn row(row: &CounterRow) -> Row {
    [row.events, row.bytes, row.redundant_events, row.redundant_bytes]
}

fn counter(row: &Row) -> CounterRow {
    CounterRow { events: row[0], bytes: row[1], redundant_events: row[2], redundant_bytes: row[3] }
}

fn rows(rows: &Rows) -> [Row; CLASSES] {
    rows.each_ref().map(row)
}

fn counters(rows: &[Row; CLASSES]) -> Rows {
    rows.each_ref().map(counter)
}

impl SavedSession {
    /// Nothing counted and nothing numbered under a boot id.
    pub fn new(boot_id: u64) -> SavedSession {
        SavedSession { version: VERSION, boot_id, ..SavedSession::default() }
    }

    /// Whether this agent knows the layout.
    pub fn is_known(&self) -> bool {
        self.version == VERSION
    }

    /// A new grant: what was counted before it, and the losses and cursors that belong to that.
    pub fn regranted(&mut self, boot_id: u64, carried: &[CounterRow], losses: &Losses, cursors: &[Cursor]) {
        self.boot_id = boot_id;
        self.carried = carried.iter().map(row).collect();
        self.losses = losses.0;
        self.cursors = cursors.iter().map(|cursor| (cursor.source, cursor.unit, cursor.position)).collect();
    }

    /// Counters of every grant before the present one, by group and class.
    pub fn carried(&self) -> Vec<CounterRow> {
        self.carried.iter().map(counter).collect()
    }

    /// Losses and cursors that belong to [`SavedSession::carried`].
    pub fn mark(&self) -> (Losses, Vec<Cursor>) {
        let cursors = self.cursors.iter().map(|&(source, unit, position)| Cursor { source, unit, position });
        (Losses(self.losses), cursors.collect())
    }

    /// Takes the present owners and groups.
    pub fn set_groups(&mut self, owners: &Owners, groups: &SavedGroups) {
        self.owners = owners.iter().map(|(_, owner)| (owner.kind as u32, owner.name.to_string())).collect();
        self.slots = groups.slots.iter().map(|&(group, owner)| (group, owner.0)).collect();
        self.baselines = groups.baselines.iter().map(|(group, base)| (*group, rows(base))).collect();
        self.folded = groups.folded.iter().map(|(owner, folded)| (owner.0, rows(folded))).collect();
        self.adopted = rows(&groups.adopted);
    }

    /// The owners and groups as they were; `None` when a number names no owner.
    pub fn groups(&self) -> Option<(Owners, SavedGroups)> {
        let mut owners = Owners::default();
        for (kind, name) in &self.owners {
            owners.intern(OwnerKind::from_code(*kind)?, name);
        }
        let known = |number: u32| ((number as usize) < owners.len()).then_some(OwnerId(number));
        let slots = self.slots.iter().map(|&(group, owner)| Some((group, known(owner)?))).collect::<Option<_>>()?;
        let folded = self.folded.iter().map(|(owner, folded)| Some((known(*owner)?, counters(folded))));
        let folded = folded.collect::<Option<_>>()?;
        let baselines = self.baselines.iter().map(|(group, base)| (*group, counters(base))).collect();
        Some((owners, SavedGroups { slots, baselines, folded, adopted: counters(&self.adopted) }))
    }
}
