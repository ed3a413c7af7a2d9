//! A session as a sink: owners get groups, sockets get contexts, records get numbers, and counters are read back.

use crate::account::Account;
use crate::contexts::ContextTable;
use crate::event::{Event, OwnerId, OwnerKind, Owners, Sink, SinkError, What};
use crate::groups::{GroupTable, OTHER, Totals};
use crate::permutation::Permutation;
use crate::sources::Source;
use crate::transport::{Client, Granted, TransportError};

/// One session with a board server.
#[derive(Debug)]
pub struct Stream {
    client: Client,
    owners: Owners,
    groups: GroupTable,
    contexts: ContextTable,
    permutation: Option<Permutation>,
}

impl Stream {
    /// A stream over a session that has admitted nothing yet.
    pub fn new(client: Client) -> Stream {
        let Granted { groups, contexts, .. } = client.granted();
        Stream {
            client,
            owners: Owners::default(),
            groups: GroupTable::new(groups),
            contexts: ContextTable::new(contexts),
            permutation: None,
        }
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
        self.client.report_losses(&source.losses());
        let reading = self.client.snapshot()?;
        let counted = reading.events();
        let lost = source.losses();
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
        if let Some(group) = self.groups.group(owner) {
            return Ok(group);
        }
        let reading = self.client.snapshot()?;
        self.groups.fold(&reading);
        Ok(self.groups.group(owner).unwrap_or(OTHER))
    }
}

impl Sink for Stream {
    fn owner(&mut self, kind: OwnerKind, name: &str) -> Result<OwnerId, SinkError> {
        Ok(self.owners.intern(kind, name).0)
    }

    fn event(&mut self, event: Event) -> Result<(), SinkError> {
        if self.owners.get(event.owner).is_none() {
            return Err(SinkError::Owner { expected: self.owners.len(), found: event.owner.0 });
        }
        let group = self.group(event.owner)?;
        let context = match event.what {
            What::Send { socket, .. } => self.contexts.context(socket),
            What::Page { .. } => 0,
        };
        let record = event.record(group, context);
        let record = self.permutation.as_ref().map_or(record, |permutation| permutation.record(record));
        Ok(self.client.admit(record)?)
    }

    fn idle(&mut self) -> Result<(), SinkError> {
        Ok(self.client.idle()?)
    }

    fn settled(&self) -> Option<u64> {
        // Every record admitted here is an event.
        Some(self.client.acknowledged())
    }
}
