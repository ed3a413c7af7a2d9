//! A session as a sink of events: owners get groups, sockets and bodies get contexts, and counters are read back.

mod restart;
mod sink;

use std::collections::BTreeMap;

use deltascope_abi::record::Record;

use super::AccountingError;
use super::conservation::Conservation;
use super::earlier_grants::Carried;
use super::event_numbers::EventNumbers;
use super::event_records::EngineContexts;
use super::groups::{GroupTable, OTHER};
use super::growth::{Growth, Wanted};
use super::inherited::{Inherited, inherit};
use super::operations::Operations;
use super::snapshot::{SendNotes, Snapshot, Totals};
use super::state::{AgentIdentity, AgentState};
use crate::event::{OwnerId, Owners};
use crate::permutation::Permutation;
use crate::sources::{self, Source, cursor};
use crate::uplink::{self, Address, Granted, LinkStatus, Uplink};

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
    /// By owner: its [`container_hash`](super::event_records::container_hash).
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
    /// A session with sends by content reports how many events its records are.
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

    /// Asks for twice the groups, or contexts, unless the user has set how many there are to be.
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
}
