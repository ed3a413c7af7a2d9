//! The way of one event: to its owner's group, as records to the engine, and as notes beside it.

use deltascope_abi::record::{Op, Record};
use deltascope_protocol::frame::Cursor;

use super::Accounting;
use crate::accounting::AccountingError;
use crate::accounting::event_records::{EventRecords, container_hash};
use crate::accounting::groups::OTHER;
use crate::accounting::growth::Wanted;
use crate::event::{Event, OwnerId, OwnerKind, Unjudged, What};
use crate::sink::{Sink, SinkError};
use crate::sources::cursor;

/// Events between two times that what is acknowledged is forgotten.
const EVENTS_PER_LOOK: u64 = 4_096;

impl Accounting {
    fn take(&mut self, event: Event, cursor: Option<Cursor>) -> Result<(), SinkError> {
        let Some(owner) = self.owners.get(event.owner) else {
            return Err(SinkError::Owner { expected: self.owners.len(), found: event.owner.0 });
        };
        if event.is_by_content() != (owner.kind == OwnerKind::Sends) {
            return Err(SinkError::Kind { owner: owner.name.to_string(), kind: owner.kind });
        }
        if event.is_by_content() {
            self.counts_events = true;
            self.room_for_two_kinds()?;
        }
        // The group before the first record: to find one may take a snapshot, which must not part the records.
        let group = self.group(event.owner)?;
        if self.contexts.is_full_for(&event) {
            self.grow(Wanted::Contexts)?;
        }
        let records = self.records(&event, group);
        self.note(&event);
        records.as_slice().iter().for_each(|record| self.operations.count(record));
        let position = self.inherited_events + self.numbers.total() + 1;
        let events = self.counts_events.then_some(Cursor { source: cursor::EVENTS, unit: 0, position });
        let both = [cursor.or(events).unwrap_or_default(), events.unwrap_or_default()];
        let cursors = &both[..usize::from(cursor.is_some()) + usize::from(events.is_some())];
        let first = self.uplink.admit_together(records.as_slice(), cursors).map_err(AccountingError::from)?;
        self.numbers.add(first, records.as_slice().len());
        if self.numbers.total().is_multiple_of(EVENTS_PER_LOOK) {
            self.numbers.forget(self.uplink.acknowledged().min(self.uplink.covered()));
        }
        Ok(())
    }

    /// Makes sure that there is a group beside the one that has all pages.
    fn room_for_two_kinds(&mut self) -> Result<(), AccountingError> {
        if self.groups.is_one() {
            self.grow(Wanted::Groups)?;
        }
        if self.groups.is_one() { Err(AccountingError::OneGroup) } else { Ok(()) }
    }

    /// The records of an event as they go to the engine.
    fn records(&mut self, event: &Event, group: u16) -> EventRecords {
        for (_, owner) in self.owners.iter().skip(self.containers.len()) {
            self.containers.push(container_hash(&owner.name));
        }
        let container = self.containers.get(event.owner.0 as usize).copied().unwrap_or(0);
        let records = self.contexts.records(event, group, container);
        records.map(|record| self.permuted(record))
    }

    /// Adds what of an event is not given to the engine.
    fn note(&mut self, event: &Event) {
        if event.is_by_content() {
            let notes = self.notes.entry(event.owner).or_default();
            notes.head_bytes += u64::from(event.head_bytes());
            if let What::Unjudged { why: Unjudged::Encrypted, .. } = event.what {
                notes.encrypted_bytes += u64::from(event.length);
            }
        }
    }

    pub(super) fn permuted(&self, record: Record) -> Record {
        self.permutation.as_ref().map_or(record, |permutation| permutation.record(record))
    }
}

impl Sink for Accounting {
    fn owner(&mut self, kind: OwnerKind, name: &str) -> Result<OwnerId, SinkError> {
        Ok(self.owners.intern(kind, name).0)
    }

    fn event(&mut self, event: Event) -> Result<(), SinkError> {
        self.take(event, None)
    }

    fn event_at(&mut self, event: Event, cursor: Cursor) -> Result<(), SinkError> {
        self.take(event, Some(cursor))
    }

    fn cursor(&mut self, cursor: Cursor) {
        self.uplink.set_cursor(cursor);
    }

    fn skip(&mut self, event: Event) -> Result<(), SinkError> {
        self.note(&event);
        // Contexts go to sockets by the order of their sends alone, so this gives them as they were. A body has its own by
        // its content; in as many contexts as there are now, it may be where more of them had not been evicted before.
        for record in self.records(&event, OTHER).as_slice().iter().filter(|record| record.op() == Some(Op::Send)) {
            if let Some(left) = self.left_behind.get_mut(record.context() as usize) {
                *left = Some(record.operand);
            }
        }
        Ok(())
    }

    fn idle(&mut self) -> Result<(), SinkError> {
        Ok(self.uplink.idle().map_err(AccountingError::from)?)
    }

    fn boundary(&mut self) -> Result<(), SinkError> {
        self.uplink.ask_snapshot();
        Ok(())
    }

    fn settled(&self) -> Option<u64> {
        Some(self.numbers.below(self.uplink.acknowledged()))
    }
}
