//! A session as a sink of events: owners get groups, sockets get contexts, and counters are read back.

use deltascope_abi::loss::{LossReason, Losses};
use deltascope_abi::record::Record;
use deltascope_protocol::frame::Cursor;

use super::AccountingError;
use super::conservation::Conservation;
use super::contexts::ContextTable;
use super::earlier_grants::Carried;
use super::groups::{GroupTable, OTHER};
use super::growth::{Growth, Wanted};
use super::inherited::{Inherited, inherit};
use super::snapshot::{Snapshot, Totals};
use super::state::{AgentIdentity, AgentState, Change, StateStatus};
use crate::event::{Event, OwnerId, OwnerKind, Owners, What};
use crate::permutation::Permutation;
use crate::sink::{Sink, SinkError};
use crate::sources::{self, Source, SourceError, cursor};
use crate::uplink::{self, Address, Granted, Uplink};

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
}

/// One session with a board server, in events.
#[derive(Debug)]
pub struct Accounting {
    uplink: Uplink<Carried>,
    /// What an agent before this one left.
    inherited: Option<Inherited>,
    owners: Owners,
    groups: GroupTable,
    contexts: ContextTable,
    /// Locked for as long as the session lasts.
    _identity: Option<AgentIdentity>,
    permutation: Option<Permutation>,
    growth: Growth,
    /// Of the owners, those that are saved for a restart.
    saved_owners: usize,
    /// Number of the first record that is an event of this process.
    first_event: u64,
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
        let Options { mut uplink, state, identity, permutation } = options;
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
        let (owners, groups) = match &inherited {
            Some(Inherited { snapshot, groups: saved, .. }) => {
                let (owners, saved) = saved.clone().unwrap_or_default();
                (owners, GroupTable::inherit(groups, &saved, snapshot))
            }
            None => (Owners::default(), GroupTable::new(groups)),
        };
        let mut accounting = Accounting {
            saved_owners: owners.len(),
            first_event: uplink.next_sequence(),
            uplink,
            inherited,
            owners,
            groups,
            contexts: ContextTable::new(contexts),
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
        let Some(Inherited { snapshot, losses, cursors, .. }) = &self.inherited else { return Ok(()) };
        let (counted, earlier) = (snapshot.events(), losses.get(LossReason::AgentRestart));
        let cursors = cursors.clone();
        self.left_behind = vec![None; self.uplink.granted().contexts as usize];
        source.resume(&cursors, self)?;
        self.restarts = earlier + sources::agent_restart(source, counted, earlier)?;
        // The server has loaded the contexts with 0; they get back what the next send of each socket is compared with.
        for (context, fingerprint) in std::mem::take(&mut self.left_behind).into_iter().enumerate() {
            if let Some(fingerprint) = fingerprint {
                let record = Record::load(context as u16, fingerprint);
                self.admit(record, None)?;
            }
        }
        self.first_event = self.uplink.next_sequence();
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

    fn admit(&mut self, record: Record, cursor: Option<Cursor>) -> Result<(), SinkError> {
        Ok(self.uplink.admit_at(record, cursor).map_err(AccountingError::from)?)
    }

    /// What the server granted.
    pub fn granted(&self) -> Granted {
        self.uplink.granted()
    }

    /// Whether there is a session with the board server now; records are kept while there is none.
    pub fn is_online(&self) -> bool {
        self.uplink.is_online()
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
        self.contexts.shared()
    }

    /// Reads the counters back, exact after every event admitted so far, and the conservation law with them.
    ///
    /// # Errors
    /// The session failed.
    pub fn read(&mut self, source: &dyn Source) -> Result<(Totals, Conservation), AccountingError> {
        self.uplink.set_losses(&self.losses(source));
        let snapshot = self.snapshot()?;
        let counted = snapshot.events();
        let lost = self.losses(source);
        // Every record admitted here is an event, so the snapshot's number alone gives what it does not cover.
        let in_flight = self.uplink.next_sequence().saturating_sub(snapshot.sequence) + source.in_flight();
        let captured = source.captured();
        Ok((self.groups.totals(&snapshot), Conservation { counted, lost, in_flight, captured }))
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
        let shared = self.contexts.shared();
        let Some((groups, contexts)) = self.growth.next(wanted, now, most, shared) else {
            return Ok(());
        };
        let granted = self.uplink.grow(groups, contexts)?;
        self.growth.answered(wanted, now, granted, shared);
        self.groups.grow(granted.groups);
        self.contexts.grow(granted.contexts);
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
        if self.owners.get(event.owner).is_none() {
            return Err(SinkError::Owner { expected: self.owners.len(), found: event.owner.0 });
        }
        let group = self.group(event.owner)?;
        let context = match event.what {
            What::Send { socket, .. } => {
                if self.contexts.is_full_for(socket) {
                    self.grow(Wanted::Contexts)?;
                }
                self.contexts.context(socket)
            }
            What::Page { .. } => 0,
        };
        let record = self.permuted(event.record(group, context));
        self.admit(record, cursor)
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
        if let What::Send { socket, .. } = event.what {
            // Contexts go to sockets by the order of their sends alone, so this gives them as they were.
            let context = self.contexts.context(socket);
            let operand = self.permuted(event.record(OTHER, context)).operand;
            if let Some(left) = self.left_behind.get_mut(context as usize) {
                *left = Some(operand);
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
        // Every record admitted here from the first event on is an event.
        Some(self.uplink.acknowledged().saturating_sub(self.first_event))
    }
}
