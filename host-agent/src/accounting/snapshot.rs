//! Counters of a session at one record number, by group and by owner.

use std::collections::BTreeMap;

use deltascope_abi::counters::CounterRow;
use deltascope_abi::record::CLASSES;

use crate::event::{OwnerId, OwnerKind, Owners, Scope, UNJUDGED_SEND};

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

    /// Events in all groups and classes; of a session without sends by content, `counted` of the conservation law.
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

/// Bytes of a container's sends by content that the engine is not given, or not given apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SendNotes {
    /// Bytes of heads.
    pub head_bytes: u64,
    /// Of the bytes that were not judged, those that are encrypted.
    pub encrypted_bytes: u64,
}

/// Totals of owners at a snapshot.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Counters by owner; an owner that never had a group is not there.
    pub owners: BTreeMap<OwnerId, Rows>,
    /// Counters of group 0.
    pub other: Rows,
    /// Events of groups of which it is not known whose they were nor what their classes mean, because the state folder
    /// was lost; in no row.
    pub unknown_events: u64,
    /// By owner: what was noted beside the engine, since the source was made.
    pub notes: BTreeMap<OwnerId, SendNotes>,
    /// The scope [`Scope::Connection`] is counted.
    pub connections: bool,
}

/// The counters of one container's sends by content contradict each other.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "sends of {container}: scope {scope:?}: expected {expected:?} (events, bytes) as in scope {first:?}, found {found:?}; \
     the records of a send were parted on the way to the engine",
    first = Scope::Peer
)]
pub struct ScopeError {
    /// Name of the container.
    pub container: String,
    /// The scope that differs.
    pub scope: Scope,
    /// Events and bytes of the first scope.
    pub expected: (u64, u64),
    /// Events and bytes of this one.
    pub found: (u64, u64),
}

/// An agent before this one counted other scopes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "sends of {container}: the agent before counted them {with} scope connection; start {with} --scope connection, or with \
     another state folder",
    with = if *found { "with" } else { "without" }
)]
pub struct OtherScopes {
    /// Name of the container.
    pub container: String,
    /// Whether the scope [`Scope::Connection`] was counted.
    pub found: bool,
}

impl Totals {
    /// Events in all counters: `counted` of the conservation law. A send by content is in each scope and counts once.
    ///
    /// # Errors
    /// The scopes of an owner did not count the same sends.
    pub fn events(&self, owners: &Owners) -> Result<u64, ScopeError> {
        let all = |rows: &Rows| rows.iter().fold(0u64, |sum, row| sum.wrapping_add(row.events));
        let mut events = all(&self.other).wrapping_add(self.unknown_events);
        for (&id, rows) in &self.owners {
            let owner = owners.get(id).filter(|owner| owner.kind == OwnerKind::Sends);
            events = events.wrapping_add(match owner {
                None => all(rows),
                Some(owner) => sends(&owner.name, rows)?,
            });
        }
        Ok(events)
    }

    /// Checks that earlier sends by content were counted in the scope [`Scope::Connection`] exactly where later ones are to be.
    ///
    /// # Errors
    /// They were, and are not to be, or the other way round.
    pub fn have_connections(&self, owners: &Owners, wanted: bool) -> Result<(), OtherScopes> {
        for (&id, rows) in &self.owners {
            let Some(owner) = owners.get(id).filter(|owner| owner.kind == OwnerKind::Sends) else { continue };
            let [first, found] = [Scope::Peer, Scope::Connection].map(|scope| rows[scope as usize].events > 0);
            if first && found != wanted {
                return Err(OtherScopes { container: owner.name.to_string(), found });
            }
        }
        Ok(())
    }

    /// What was counted between two snapshots.
    pub fn since(&self, before: &Totals) -> Totals {
        let owners = self.owners.iter().map(|(&owner, rows)| {
            let base = before.owners.get(&owner).copied().unwrap_or_default();
            (owner, since(rows, &base))
        });
        Totals {
            owners: owners.collect(),
            other: since(&self.other, &before.other),
            unknown_events: self.unknown_events.wrapping_sub(before.unknown_events),
            notes: self.notes.clone(),
            connections: self.connections,
        }
    }
}

/// Returns the sends in the rows of one container.
fn sends(name: &str, rows: &Rows) -> Result<u64, ScopeError> {
    let counted = |scope: Scope| (rows[scope as usize].events, rows[scope as usize].bytes);
    let expected = counted(Scope::Peer);
    let is_wrong = |scope: Scope| counted(scope) != expected && !(scope.is_on_request() && counted(scope) == (0, 0));
    match Scope::ALL.into_iter().find(|&scope| is_wrong(scope)) {
        Some(scope) => Err(ScopeError { container: name.to_owned(), scope, expected, found: counted(scope) }),
        None => Ok(expected.0.wrapping_add(rows[UNJUDGED_SEND as usize].events)),
    }
}

#[cfg(test)]
mod tests {
    use super::{Rows, Totals};
    use crate::event::{OwnerKind, Owners, Scope, UNJUDGED_SEND};

    #[test]
    fn sends_count_once_and_scopes_that_differ_are_an_error() {
        let (mut owners, mut totals) = (Owners::default(), Totals::default());
        let pages = owners.intern(OwnerKind::Container, "web").0;
        let sends = owners.intern(OwnerKind::Sends, "web").0;
        let mut rows = Rows::default();
        rows.iter_mut().for_each(|row| row.count(4096, false));
        totals.owners.insert(pages, rows);
        let mut rows = Rows::default();
        for scope in Scope::ALL {
            rows[scope as usize].count(100, scope == Scope::Container);
        }
        rows[UNJUDGED_SEND as usize].count(7, false);
        totals.owners.insert(sends, rows);
        totals.other[0].count(4096, true);
        totals.unknown_events = 10;
        assert_eq!(totals.events(&owners), Ok(4 + 2 + 1 + 10));
        for bytes_only in [false, true] {
            let mut broken = totals.clone();
            let row = &mut broken.owners.get_mut(&sends).expect("it is there")[Scope::Container as usize];
            if bytes_only {
                row.bytes += 1
            } else {
                row.count(0, false)
            }
            let error = broken.events(&owners).expect_err("a record is missing or twice there");
            assert_eq!((error.container.as_str(), error.scope, error.expected), ("web", Scope::Container, (1, 100)));
        }
    }
}
