//! A session as a sink of events: owners get groups, sockets and bodies get contexts, and counters are read back.

use std::collections::BTreeMap;

use deltascope_abi::loss::{LossReason, Losses};
use deltascope_abi::record::{Op, Record};
use deltascope_protocol::frame::Cursor;

use super::AccountingError;
use super::conservation::Conservation;
use super::earlier_grants::Carried;
use super::event_numbers::EventNumbers;
use super::event_records::{EngineContexts, EventRecords, container_hash};
use super::groups::{GroupTable, OTHER};
use super::growth::{Growth, Wanted};
use super::inherited::{Inherited, inherit};
use super::operations::Operations;
use super::snapshot::{SendNotes, Snapshot, Totals};
use super::state::{AgentIdentity, AgentState, Change, StateStatus};
use crate::event::{Event, OwnerId, OwnerKind, Owners, Unjudged, What};
use crate::permutation::Permutation;
use crate::sink::{Sink, SinkError};
use crate::sources::{self, Source, SourceError, cursor};
use crate::uplink::{self, Address, Granted, LinkStatus, Uplink};

/// Events between two times that what is acknowledged is forgotten.
const EVENTS_PER_LOOK: u64 = 4_096;

/// How events reach an engine.
#[derive(Debug, Default)]
pub struct Options {
    /// How to talk to the board server. The id of `state` replaces the one in it.
    pub uplink: uplink::Options,
    /// What a restart of the agent needs; `None` for a run that is an agent of its own.
    pub state: Option<AgentState>,
    /// Who this agent is when there is no state: its place at the server is that of the process before.
    pub identity: Option<AgentIdentity>,
    /// Permutation of fingerprints; `None`: they are sent as they are.
    pub permutation: Option<Permutation>,
    /// Count sends by content in the scope [`Scope::Connection`](crate::event::Scope::Connection) too.
    pub connections: bool,
}

/// One session with a board server, in events.
#[derive(Debug)]
pub struct Accounting {
    uplink: Uplink<Carried>,
    /// What an agent before this one left.
    inherited: Option<Inherited>,
    owners: Owners,
    groups: GroupTable,
    contexts: EngineContexts,
    /// By owner: its [`container_hash`].
    containers: Vec<u64>,
    /// By owner: what is noted beside the engine.
    notes: BTreeMap<OwnerId, SendNotes>,
    /// Locked for as long as the session lasts.
    _identity: Option<AgentIdentity>,
    permutation: Option<Permutation>,
    growth: Growth,
    /// Of the owners, those that are saved for a restart.
    saved_owners: usize,
    /// Records of this process, by operation.
    operations: Operations,
    /// Events of this process, by the numbers of their records.
    numbers: EventNumbers,
    /// Events before those.
    inherited_events: u64,
    /// A session with sends by content says how many events its records are.
    counts_events: bool,
    /// Events lost by restarts of the agent.
    restarts: u64,
    /// By context: the fingerprint that the last skipped send left.
    left_behind: Vec<Option<u64>>,
}

impl Accounting {
    /// Connects and waits for the grant.
    ///
    /// # Errors
    /// As [`Uplink::connect`]; the state cannot be saved.
    pub fn connect(address: impl Into<Address>, options: Options) -> Result<Accounting, AccountingError> {
        let Options { mut uplink, state, identity, permutation, connections } = options;
        let growth = Growth::new(&uplink);
        if let Some(identity) = &identity {
            (uplink.agent, uplink.secret) = (Some(identity.id.0), identity.secret);
        }
        if let Some(state) = &state {
            (uplink.agent, uplink.secret, uplink.resumes) = (Some(state.id().0), state.secret(), true);
        }
        let mut uplink = Uplink::connect(address, uplink, Carried { state, rows: Vec::new() })?;
        let inherited = inherit(&mut uplink)?;
        let Granted { groups, contexts, .. } = uplink.granted();
        let mut counts_events = false;
        let (owners, groups) = match &inherited {
            Some(Inherited { snapshot, groups: saved, cursors, events, .. }) => {
                let (owners, saved) = saved.clone().unwrap_or_default();
                let mut table = GroupTable::inherit(groups, &saved, snapshot);
                counts_events = sources::position(cursors, cursor::EVENTS, 0).is_some();
                if counts_events {
                    table.keep_unknown_apart(snapshot, &owners, *events)?;
                }
                (owners, table)
            }
            None => (Owners::default(), GroupTable::new(groups)),
        };
        if let Some(Inherited { snapshot, .. }) = &inherited {
            groups.totals(snapshot).have_connections(&owners, connections)?;
        }
        let mut accounting = Accounting {
            saved_owners: owners.len(),
            numbers: EventNumbers::new(uplink.next_sequence()),
            operations: Operations::default(),
            inherited_events: inherited.as_ref().map_or(0, |inherited| inherited.events),
            counts_events,
            uplink,
            inherited,
            owners,
            groups,
            contexts: EngineContexts::new(contexts).with_connections(connections),
            containers: Vec::new(),
            notes: BTreeMap::new(),
            _identity: identity,
            permutation,
            growth,
            restarts: 0,
            left_behind: Vec::new(),
        };
        accounting.save_whole();
        Ok(accounting)
    }

    /// Lets a source resume where that of the agent before stopped, and counts what is lost by that. To be called once
    /// before the first round; it does nothing when there was no agent before.
    ///
    /// # Errors
    /// The source is another one, or the session failed.
    pub fn resume(&mut self, source: &mut dyn Source) -> Result<(), SourceError> {
        let Some(Inherited { events, losses, cursors, .. }) = &self.inherited else { return Ok(()) };
        let (counted, earlier) = (*events, losses.get(LossReason::AgentRestart));
        let cursors = cursors.clone();
        self.left_behind = vec![None; self.uplink.granted().contexts as usize];
        source.resume(&cursors, self)?;
        self.restarts = earlier + sources::agent_restart(source, counted, earlier)?;
        // The server has loaded the contexts with 0; they get back what the next send of each socket is compared with.
        for (context, fingerprint) in std::mem::take(&mut self.left_behind).into_iter().enumerate() {
            if let Some(fingerprint) = fingerprint {
                let record = Record::load(context as u16, fingerprint);
                self.operations.count(&record);
                self.uplink.admit(record).map_err(AccountingError::from).map_err(SinkError::from)?;
            }
        }
        self.numbers = EventNumbers::new(self.uplink.next_sequence());
        self.uplink.set_losses(&self.losses(source));
        self.save_whole();
        Ok(())
    }

    /// Losses of the source and of restarts.
    fn losses(&self, source: &dyn Source) -> Losses {
        let mut losses = source.losses();
        losses.add(LossReason::AgentRestart, self.restarts);
        losses
    }

    /// Saves what a restarted agent needs to know of the groups: what has changed, and now and then all of it.
    fn save(&mut self) {
        let Accounting { uplink, owners, groups, saved_owners, .. } = self;
        let new = owners.iter().skip(*saved_owners);
        let mut changes: Vec<Change> =
            new.map(|(_, owner)| Change::Owner(owner.kind, owner.name.to_string())).collect();
        *saved_owners = owners.len();
        changes.append(&mut groups.take_changes());
        let number = uplink.with_store(|store| {
            let state = store.state.as_mut()?;
            state.record(&changes);
            if state.wants_whole() {
                let mut session = state.session();
                session.set_groups(owners, &groups.save());
                state.save(session);
            }
            Some(state.number())
        });
        if let Some(position) = number {
            uplink.set_cursor(Cursor { source: cursor::STATE, unit: 0, position });
        }
    }

    /// Saves all that a restarted agent needs to know of the groups.
    fn save_whole(&mut self) {
        self.save();
        let Accounting { uplink, owners, groups, .. } = self;
        uplink.with_store(|store| {
            if let Some(state) = &mut store.state {
                let mut session = state.session();
                session.set_groups(owners, &groups.save());
                state.save(session);
            }
        });
    }

    /// Returns what was written to the state folder; `None` without one.
    pub fn state_status(&self) -> Option<StateStatus> {
        self.uplink.with_store(|store| store.state.as_ref().map(AgentState::status))
    }

    /// Counters after every record admitted so far, those of earlier grants included.
    fn snapshot(&mut self) -> Result<Snapshot, AccountingError> {
        let sequence = self.uplink.snapshot()?;
        let totals = self.uplink.totals();
        Ok(self.uplink.with_store(|store| store.snapshot(sequence, &totals)))
    }

    /// What the server granted.
    pub fn granted(&self) -> Granted {
        self.uplink.granted()
    }

    /// Returns the present grant as the server described it.
    pub fn grant(&self) -> Option<deltascope_protocol::agent::Granted> {
        self.uplink.grant()
    }

    /// Whether there is a session with the board server now; records are kept while there is none.
    pub fn is_online(&self) -> bool {
        self.uplink.is_online()
    }

    /// Returns the state of the connection with the board server.
    pub fn link(&self) -> LinkStatus {
        self.uplink.link()
    }

    /// Returns the records of this process so far, by operation.
    pub fn operations(&self) -> Operations {
        self.operations
    }

    /// Owners that had events so far.
    pub fn owners(&self) -> &Owners {
        &self.owners
    }

    /// Times that an owner lost its group to another one.
    pub fn folds(&self) -> u64 {
        self.groups.folds()
    }

    /// Times that a context was taken from one socket and given to another.
    pub fn shared_contexts(&self) -> u64 {
        self.contexts.sockets.shared()
    }

    /// Returns how many contexts were given a body, one a send and scope, and how many of these took the place of another
    /// body. What is evicted cannot be found again: the share is a bound on what is hidden.
    pub fn body_contexts(&self) -> (u64, u64) {
        (self.contexts.bodies.given(), self.contexts.bodies.evicted())
    }

    /// Reads the counters back, exact after every event admitted so far, and the conservation law with them.
    ///
    /// # Errors
    /// The session failed.
    pub fn read(&mut self, source: &dyn Source) -> Result<(Totals, Conservation), AccountingError> {
        self.uplink.set_losses(&self.losses(source));
        let snapshot = self.snapshot()?;
        let (notes, connections) = (self.notes.clone(), self.contexts.counts_connections());
        let totals = Totals { notes, connections, ..self.groups.totals(&snapshot) };
        let counted = totals.events(&self.owners)?;
        let lost = self.losses(source);
        // The snapshot's number alone gives what it does not cover.
        let in_flight = self.numbers.total() - self.numbers.below(snapshot.sequence) + source.in_flight();
        let captured = source.captured();
        Ok((totals, Conservation { counted, lost, in_flight, captured }))
    }

    /// Ends the session in order: the server has everything and may give its numbers away.
    ///
    /// # Errors
    /// The session failed.
    pub fn finish(self) -> Result<(), AccountingError> {
        Ok(self.uplink.finish()?)
    }

    /// The group of an owner, after others were folded if there was none left.
    fn group(&mut self, owner: OwnerId) -> Result<u16, AccountingError> {
        let group = match self.groups.group(owner) {
            Some(group) => group,
            None => {
                self.grow(Wanted::Groups)?;
                self.group_of_a_full_table(owner)?
            }
        };
        if self.groups.is_changed() {
            // Before a record of the group can be counted.
            self.save();
        }
        Ok(group)
    }

    /// Asks for twice the groups, or contexts, unless the user has said how many there are to be.
    fn grow(&mut self, wanted: Wanted) -> Result<(), AccountingError> {
        let (now, most) = (self.uplink.granted(), self.uplink.most_granted());
        let shared = self.contexts.taken();
        let Some((groups, contexts)) = self.growth.next(wanted, now, most, shared) else {
            // Not before as many bodies again were evicted.
            self.contexts.bodies.grow(now.contexts);
            return Ok(());
        };
        let granted = self.uplink.grow(groups, contexts)?;
        self.growth.answered(wanted, now, granted, shared);
        self.groups.grow(granted.groups);
        self.contexts.sockets.grow(granted.contexts);
        for (context, key) in self.contexts.bodies.grow(granted.contexts) {
            // As a send of the body would leave it.
            let operand = self.permuted(Record::send(OTHER, context, 0, key)).operand;
            let record = Record::load(context, operand);
            self.operations.count(&record);
            self.uplink.admit(record)?;
        }
        Ok(())
    }

    fn group_of_a_full_table(&mut self, owner: OwnerId) -> Result<u16, AccountingError> {
        Ok(match self.groups.group(owner) {
            Some(group) => group,
            None => {
                let snapshot = self.snapshot()?;
                self.groups.fold(&snapshot);
                self.groups.group(owner).unwrap_or(OTHER)
            }
        })
    }

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
        let first = self.uplink.next_sequence();
        self.numbers.add(first, records.as_slice().len());
        let position = self.inherited_events + self.numbers.total();
        let events = self.counts_events.then_some(Cursor { source: cursor::EVENTS, unit: 0, position });
        let cursors = [cursor, events].map(|cursor| cursor.into_iter());
        let cursors: Vec<Cursor> = cursors.into_iter().flatten().collect();
        self.uplink.admit_together(records.as_slice(), &cursors).map_err(AccountingError::from)?;
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

    fn permuted(&self, record: Record) -> Record {
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
