//! What the owner of an [`Uplink`] calls.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use deltascope_abi::counters::CounterRow;
use deltascope_abi::loss::Losses;
use deltascope_abi::record::Record;
use deltascope_model::EngineKind;
use deltascope_protocol::agent::{Config, Endpoint, Granted as Grant, Progress};
use deltascope_protocol::frame::Cursor;

use super::state::{Granted, Uplink};
use super::store::GrantStore;
use super::{Options, UplinkError, identity};

/// Records between two looks at the socket while there is room for more.
const BATCH_RECORDS: u32 = 1_024;

impl<S: GrantStore> Uplink<S> {
    /// Connects and waits for the grant. `store` saves what was counted before each grant after it.
    ///
    /// # Errors
    /// Nothing listens at the address, the server refuses, or it does not answer in time; a key cannot be used; the
    /// server is not who it must be, or refuses the certificate; another agent with the same id is connected.
    pub fn connect(address: SocketAddr, options: Options, store: S) -> Result<Uplink<S>, UplinkError> {
        let mut identity = identity::random().map_err(UplinkError::Random)?;
        identity.agent = options.agent.unwrap_or(identity.agent);
        (identity.secret, identity.resumes) = (options.secret, options.resumes);
        let begun = Instant::now();
        let (groups, contexts, silence) = (options.groups, options.contexts, options.timeout);
        let config = Config { groups, contexts, silence, ..Config::default() };
        let mut uplink = Uplink {
            address,
            options,
            endpoint: Endpoint::new(config, identity),
            wire: None,
            begun,
            granted: None,
            losses: Losses::default(),
            cursors: Vec::new(),
            store,
            uncommitted: 0,
            opened: (begun, 0),
            ended: None,
            grown: false,
            snapshot: None,
            moved: (Progress::default(), None, begun),
            left: begun,
            doing: "waiting for its welcome",
        };
        match uplink.open() {
            Err(error @ UplinkError::Connect { .. }) if uplink.options.wait_for_server => uplink.reconnect(error)?,
            opened => opened?,
        }
        (uplink.moved.2, uplink.left) = (Instant::now(), Instant::now());
        while uplink.granted.is_none() {
            uplink.turn(true)?;
        }
        Ok(uplink)
    }

    /// Returns the store that was given to [`Uplink::connect`].
    pub fn store(&mut self) -> &mut S {
        &mut self.store
    }

    /// Returns the present grant with what an agent before this one left in it.
    pub fn grant(&self) -> Option<&Grant> {
        self.endpoint.granted()
    }

    /// Sets losses and cursors as an agent before this one left them.
    pub fn set_sources(&mut self, losses: Losses, cursors: Vec<Cursor>) {
        (self.losses, self.cursors) = (losses, cursors);
    }

    /// From now on sources stand here, after every record admitted.
    pub fn set_cursor(&mut self, cursor: Cursor) {
        let same = |known: &&mut Cursor| (known.source, known.unit) == (cursor.source, cursor.unit);
        match self.cursors.iter_mut().find(same) {
            Some(known) => known.position = cursor.position,
            None => self.cursors.push(cursor),
        }
    }

    /// What the server granted.
    pub fn granted(&self) -> Granted {
        // `connect` returns only with a grant; the smallest one stands for none.
        self.granted.unwrap_or(Granted { engine: EngineKind::Model, groups: 1, contexts: 1 })
    }

    /// Number of the next record. Numbers begin at 0.
    pub fn next_sequence(&self) -> u64 {
        self.endpoint.progress().next
    }

    /// Records numbered below this have passed the engine.
    pub fn acknowledged(&self) -> u64 {
        self.endpoint.progress().acknowledged
    }

    /// Records numbered below this are in [`Uplink::totals`].
    pub fn covered(&self) -> u64 {
        self.endpoint.progress().covered
    }

    /// Takes one record, for good. Waits while the retention is full.
    ///
    /// # Errors
    /// The session failed; the record may not have been taken.
    pub fn admit(&mut self, record: Record) -> Result<(), UplinkError> {
        self.admit_at(record, None)
    }

    /// Takes one record as [`Uplink::admit`] does; its source stands at `cursor` after it.
    ///
    /// # Errors
    /// As [`Uplink::admit`].
    pub fn admit_at(&mut self, record: Record, cursor: Option<Cursor>) -> Result<(), UplinkError> {
        let mut again = false;
        while self.endpoint.admit(&[record]) == 0 {
            self.doing = "waiting for room in the retention";
            self.commit();
            self.turn(again)?;
            again = true;
        }
        if let Some(cursor) = cursor {
            self.set_cursor(cursor);
        }
        self.uncommitted += 1;
        if self.uncommitted >= BATCH_RECORDS {
            self.doing = "sending records";
            self.commit();
            self.turn(false)?;
        }
        Ok(())
    }

    /// Takes one batch of a source, for good, and lets it go. Waits while the retention is full. Batches may have any
    /// length: records of small ones wait for others, for at most as long as the session's coalescing allows.
    ///
    /// # Errors
    /// The session failed; some of the records may not have been taken.
    pub fn admit_all(&mut self, mut records: &[Record]) -> Result<(), UplinkError> {
        let mut again = false;
        while !records.is_empty() {
            let most = records.len().min(BATCH_RECORDS as usize - self.uncommitted as usize);
            let count = self.endpoint.admit(&records[..most]);
            records = &records[count..];
            self.uncommitted += count as u32;
            if count == 0 {
                self.doing = "waiting for room in the retention";
                self.commit();
                self.turn(again)?;
            } else if self.uncommitted >= BATCH_RECORDS {
                self.doing = "sending records";
                self.commit();
                self.turn(false)?;
            }
            again = count == 0;
        }
        Ok(())
    }

    /// Returns how large the grant may become.
    pub fn most_granted(&self) -> (u32, u32) {
        self.endpoint.granted().map_or((0, 0), |granted| (granted.most_groups, granted.most_contexts))
    }

    /// Asks for a grant of at least so many groups and contexts and waits for the answer, which [`Uplink::granted`] returns
    /// then: it may be less, or what it was.
    ///
    /// # Errors
    /// The session failed.
    pub fn grow(&mut self, groups: u32, contexts: u32) -> Result<Granted, UplinkError> {
        self.commit();
        self.grown = false;
        self.endpoint.request_growth(groups, contexts);
        (self.moved.2, self.left) = (Instant::now(), Instant::now());
        self.doing = "waiting for a larger grant";
        self.turn(false)?;
        while !self.grown {
            self.turn(true)?;
        }
        Ok(self.granted())
    }

    /// Longest time that a record has waited for others to share its frame.
    pub fn longest_wait(&self) -> Duration {
        self.endpoint.longest_wait()
    }

    /// Sets what the sources have lost so far; it goes to the server with the next frame.
    pub fn set_losses(&mut self, losses: &Losses) {
        self.losses = *losses;
        self.commit();
    }

    /// Does what is due and waits for nothing: to be called now and then while there is nothing to send.
    ///
    /// # Errors
    /// The session failed.
    pub fn idle(&mut self) -> Result<(), UplinkError> {
        self.doing = "keeping the session alive";
        if self.uncommitted > 0 {
            self.commit();
        }
        self.turn(false)
    }

    /// Waits until [`Uplink::totals`] hold every record admitted so far, and returns the number below which they are exact.
    ///
    /// # Errors
    /// The session failed.
    pub fn snapshot(&mut self) -> Result<u64, UplinkError> {
        self.commit();
        let expected = self.next_sequence();
        let wanted = self.endpoint.request_snapshot();
        (self.moved.2, self.left) = (Instant::now(), Instant::now());
        self.doing = "waiting for a snapshot";
        loop {
            self.turn(false)?;
            if let Some((token, sequence)) = self.snapshot
                && token == wanted
            {
                if sequence < expected {
                    return Err(UplinkError::Behind { address: self.address, expected, found: sequence });
                }
                return Ok(sequence);
            }
            self.turn(true)?;
        }
    }

    /// Counters by group and class (row `4 * group + class`) since the session began, as of the last snapshot.
    pub fn totals(&self) -> &[CounterRow] {
        self.endpoint.totals()
    }

    /// Asks for the counters after every record admitted so far, and does not wait for them.
    pub fn ask_snapshot(&mut self) {
        self.commit();
        self.endpoint.request_snapshot();
    }

    /// Sends what is left, waits until it is counted, and ends the session.
    ///
    /// # Errors
    /// The session failed before everything was counted.
    pub fn finish(mut self) -> Result<(), UplinkError> {
        self.commit();
        self.endpoint.finish();
        (self.moved.2, self.left) = (Instant::now(), Instant::now());
        self.doing = "ending the session";
        while !self.endpoint.is_finished() {
            self.turn(true)?;
        }
        Ok(())
    }
}
