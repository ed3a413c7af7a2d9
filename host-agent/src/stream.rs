//! A session as a sink: owners get groups, sockets get contexts, records get numbers, and counters are read back.

use deltascope_abi::loss::{LossReason, Losses};
use deltascope_abi::record::Record;
use deltascope_protocol::frame::Cursor;

use crate::account::Account;
use crate::contexts::ContextTable;
use crate::event::{Event, OwnerId, OwnerKind, Owners, Sink, SinkError, What};
use crate::groups::{GroupTable, OTHER, Totals};
use crate::permutation::Permutation;
use crate::sources::{self, Source, SourceError};
use crate::transport::{Client, Granted, Inherited, TransportError};

/// One session with a board server.
#[derive(Debug)]
pub struct Stream {
    client: Client,
    owners: Owners,
    groups: GroupTable,
    contexts: ContextTable,
    permutation: Option<Permutation>,
    /// Of the groups' changes, those that are kept for a restart.
    kept_changes: u64,
    /// Number of the first record that is an event of this process.
    first_event: u64,
    /// Events lost by restarts of the agent.
    restarts: u64,
    /// By context: the fingerprint that the last skipped send left.
    left_behind: Vec<Option<u64>>,
}

impl Stream {
    /// A stream over a session that has admitted nothing yet.
    pub fn new(client: Client) -> Stream {
        let Granted { groups, contexts, .. } = client.granted();
        let (owners, groups) = match client.inherited() {
            Some(Inherited { reading, groups: kept, .. }) => {
                let (owners, kept) = kept.clone().unwrap_or_default();
                (owners, GroupTable::inherit(groups, &kept, reading))
            }
            None => (Owners::default(), GroupTable::new(groups)),
        };
        Stream {
            kept_changes: groups.changes(),
            first_event: client.next_sequence(),
            client,
            owners,
            groups,
            contexts: ContextTable::new(contexts),
            permutation: None,
            restarts: 0,
            left_behind: Vec::new(),
        }
    }

    /// Lets a source go on where that of the agent before stopped, and tells what is lost by that. To be called once
    /// before the first round; it does nothing when there was no agent before.
    ///
    /// # Errors
    /// The source is another one, or the session failed.
    pub fn resume(&mut self, source: &mut dyn Source) -> Result<(), SourceError> {
        let Some(Inherited { reading, losses, cursors, .. }) = self.client.inherited() else { return Ok(()) };
        let (counted, earlier) = (reading.events(), losses.get(LossReason::AgentRestart));
        let cursors = cursors.clone();
        self.left_behind = vec![None; self.client.granted().contexts as usize];
        source.resume(&cursors, self)?;
        self.restarts = earlier + sources::agent_restart(source, counted, earlier)?;
        // The server has loaded the contexts with 0; they get back what the next send of each socket is compared with.
        for (context, fingerprint) in std::mem::take(&mut self.left_behind).into_iter().enumerate() {
            if let Some(fingerprint) = fingerprint {
                let record = Record::load(context as u16, fingerprint);
                self.client.admit(record).map_err(SinkError::from)?;
            }
        }
        self.first_event = self.client.next_sequence();
        self.client.report_losses(&self.losses(source));
        self.keep().map_err(SinkError::from)?;
        Ok(())
    }

    /// Losses of the source and of restarts.
    fn losses(&self, source: &dyn Source) -> Losses {
        let mut losses = source.losses();
        losses.add(LossReason::AgentRestart, self.restarts);
        losses
    }

    /// Keeps what a restarted agent needs to know of the groups.
    fn keep(&mut self) -> Result<(), TransportError> {
        self.kept_changes = self.groups.changes();
        let groups = &self.groups;
        let owners = &self.owners;
        if let Some(keeper) = self.client.keeper() {
            keeper.keep(|kept| kept.set_groups(owners, &groups.keep()))?;
        }
        Ok(())
    }

    /// From now on fingerprints go through a permutation. Those of before must not be compared with them, so this is
    /// for a stream that has no event yet.
    pub fn permute(&mut self, permutation: Permutation) {
        self.permutation = Some(permutation);
    }

    /// What the server granted.
    pub fn granted(&self) -> Granted {
        self.client.granted()
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
    pub fn read(&mut self, source: &dyn Source) -> Result<(Totals, Account), TransportError> {
        self.client.report_losses(&self.losses(source));
        let reading = self.client.snapshot()?;
        let counted = reading.events();
        let lost = self.losses(source);
        // Every record admitted here is an event, so what the snapshot does not cover is told by its number alone.
        let in_flight = self.client.next_sequence().saturating_sub(reading.sequence) + source.in_flight();
        let captured = source.captured();
        Ok((self.groups.totals(&reading), Account { counted, lost, in_flight, captured }))
    }

    /// Ends the session in order: the server has everything and may give its numbers away.
    ///
    /// # Errors
    /// The session failed.
    pub fn finish(self) -> Result<(), TransportError> {
        self.client.finish()
    }

    /// The group of an owner, after others were folded if there was none left.
    fn group(&mut self, owner: OwnerId) -> Result<u16, TransportError> {
        let group = match self.groups.group(owner) {
            Some(group) => group,
            None => {
                let reading = self.client.snapshot()?;
                self.groups.fold(&reading);
                self.groups.group(owner).unwrap_or(OTHER)
            }
        };
        if self.groups.changes() != self.kept_changes {
            // Before a record of the group can be counted.
            self.keep()?;
        }
        Ok(group)
    }

    fn take(&mut self, event: Event, cursor: Option<Cursor>) -> Result<(), SinkError> {
        if self.owners.get(event.owner).is_none() {
            return Err(SinkError::Owner { expected: self.owners.len(), found: event.owner.0 });
        }
        let group = self.group(event.owner)?;
        let context = match event.what {
            What::Send { socket, .. } => self.contexts.context(socket),
            What::Page { .. } => 0,
        };
        let record = self.permuted(event.record(group, context));
        Ok(self.client.admit_at(record, cursor)?)
    }

    fn permuted(&self, record: Record) -> Record {
        self.permutation.as_ref().map_or(record, |permutation| permutation.record(record))
    }
}

impl Sink for Stream {
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
        self.client.set_cursor(cursor);
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
        Ok(self.client.idle()?)
    }

    fn boundary(&mut self) -> Result<(), SinkError> {
        self.client.ask_snapshot();
        Ok(())
    }

    fn settled(&self) -> Option<u64> {
        // Every record admitted here from the first event on is an event.
        Some(self.client.acknowledged().saturating_sub(self.first_event))
    }
}
