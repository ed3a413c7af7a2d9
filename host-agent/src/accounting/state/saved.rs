//! The contents of `session.json`.

use deltascope_abi::counters::CounterRow;
use deltascope_abi::loss::Losses;
use deltascope_abi::record::CLASSES;
use deltascope_protocol::frame::Cursor;
use serde::{Deserialize, Serialize};

use super::AgentId;
use super::changes::{Carried, Change};
use crate::accounting::snapshot::add;
use crate::accounting::{Rows, SavedGroups, since};
use crate::event::{OwnerId, OwnerKind, Owners};

/// Version of the layout.
pub const VERSION: u32 = 2;

/// A row of counters: events, bytes, redundant events, redundant bytes.
type Row = [u64; 4];

/// What belongs to one boot id of a server. It means nothing for another one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedSession {
    version: u32,
    /// The agent's id as in its own file, which can be made again from here.
    agent: String,
    /// Number of the last change that is in here.
    number: u64,
    /// Changes behind it are in files with this number and higher ones.
    next_file: u64,
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

    /// Takes the agent, the number of the last change and the file of the next.
    pub(super) fn stamp(&mut self, agent: AgentId, number: u64, next_file: u64) {
        (self.agent, self.number, self.next_file) = (agent.to_string(), number, next_file);
    }

    /// Number of the first file with changes that are not in here.
    pub(super) fn next_file(&self) -> u64 {
        self.next_file
    }

    /// Returns the agent; zeros if there is none.
    pub(super) fn agent(&self) -> AgentId {
        self.agent.parse().unwrap_or(AgentId([0; 16]))
    }

    /// Number of the last change that is in here.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Takes a change; false, and nothing happens, when it does not follow what is here.
    pub(super) fn apply(&mut self, number: u64, change: &Change) -> bool {
        // A session that begins again may have lost changes before it; one that is over may be left in a file.
        if number != self.number + 1 && !(number > self.number && matches!(change, Change::Reset(_))) {
            return false;
        }
        match change {
            Change::Owner(kind, name) => self.owners.push((*kind as u32, name.clone())),
            Change::Take(group, owner) => {
                if owner.0 as usize >= self.owners.len() || self.slots.iter().any(|(taken, _)| taken == group) {
                    return false;
                }
                self.slots.push((*group, owner.0));
            }
            Change::Fold(group, now) => {
                let Some(at) = self.slots.iter().position(|(taken, _)| taken == group) else { return false };
                let owner = self.slots.remove(at).1;
                let counted = since(now, &self.take_baseline(*group));
                match self.folded.iter_mut().find(|(known, _)| *known == owner) {
                    Some((_, folded)) => {
                        let mut sum = counters(folded);
                        add(&mut sum, &counted);
                        *folded = rows(&sum);
                    }
                    None => self.folded.push((owner, rows(&counted))),
                }
                self.baselines.push((*group, rows(now)));
            }
            Change::Adopt(group, now) => {
                let base = self.take_baseline(*group);
                let mut sum = counters(&self.adopted);
                add(&mut sum, &since(now, &base));
                self.adopted = rows(&sum);
                self.baselines.push((*group, rows(now)));
            }
            Change::Regrant(carried) => self.regranted(carried),
            Change::Reset(carried) => {
                *self = SavedSession { agent: std::mem::take(&mut self.agent), ..SavedSession::new(carried.boot_id) };
                self.regranted(carried);
            }
        }
        self.number = number;
        true
    }

    fn take_baseline(&mut self, group: u16) -> Rows {
        match self.baselines.iter().position(|(known, _)| *known == group) {
            Some(at) => counters(&self.baselines.swap_remove(at).1),
            None => Rows::default(),
        }
    }

    /// Takes what was counted before a new grant.
    fn regranted(&mut self, carried: &Carried) {
        self.boot_id = carried.boot_id;
        self.carried = carried.rows.iter().map(row).collect();
        self.losses = carried.losses.0;
        self.cursors = carried.cursors.iter().map(|cursor| (cursor.source, cursor.unit, cursor.position)).collect();
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
