//! What the owner of an [`Uplink`] calls.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use deltascope_abi::counters::CounterRow;
use deltascope_abi::loss::Losses;
use deltascope_abi::record::Record;
use deltascope_model::EngineKind;
use deltascope_protocol::agent::{Config, Endpoint, Granted as Grant, Progress};
use deltascope_protocol::frame::Cursor;

use super::address::Address;
use super::clock::Clock;
use super::heartbeat::Heartbeat;
use super::outage::Outages;
use super::state::{Granted, Link, LinkStatus, Session};
use super::store::GrantStore;
use super::tls::Tls;
use super::{Options, UplinkError, identity};

/// Records between two looks at the socket while there is room for more.
const BATCH_RECORDS: u32 = 1_024;

/// One session with a board server, which a thread of its own keeps alive. When a call fails the session is over.
#[derive(Debug)]
pub struct Uplink<S> {
    // Before the session: it ends before what it works on.
    _heartbeat: Heartbeat,
    session: Arc<Mutex<Session<S>>>,
}

impl<S: GrantStore + Send + 'static> Uplink<S> {
    /// Connects and waits for the grant. `store` saves what was counted before each grant after it.
    ///
    /// # Errors
    /// There was no server at the address, or none with room, for as long as the options allow; the server refuses for
    /// good; a key cannot be used; the server is not who it must be, or refuses the certificate.
    pub fn connect(address: impl Into<Address>, options: Options, store: S) -> Result<Uplink<S>, UplinkError> {
        let mut identity = identity::random().map_err(UplinkError::Random)?;
        identity.agent = options.agent.unwrap_or(identity.agent);
        (identity.secret, identity.resumes) = (options.secret, options.resumes);
        let (groups, contexts, silence) = (options.groups, options.contexts, options.timeout);
        let config = Config { groups, contexts, silence, ..Config::default() };
        let session = Session {
            address: address.into(),
            options,
            outages: Outages::new(identity.nonce),
            endpoint: Endpoint::new(config, identity),
            link: Link::Down(Duration::ZERO),
            clock: Clock::new(),
            welcomes: 0,
            welcomed: false,
            furthest: (0, 0),
            granted: None,
            losses: Losses::default(),
            cursors: Vec::new(),
            store,
            uncommitted: 0,
            grown: false,
            snapshot: None,
            moved: (Progress::default(), None, Duration::ZERO),
            turned: Instant::now(),
            failed: None,
            doing: "waiting for its welcome",
        };
        let session = Arc::new(Mutex::new(session));
        let heartbeat = Heartbeat::start(&session).map_err(UplinkError::Thread)?;
        let uplink = Uplink { _heartbeat: heartbeat, session };
        while uplink.session().granted.is_none() {
            uplink.session().turn(true)?;
        }
        Ok(uplink)
    }

    fn session(&self) -> MutexGuard<'_, Session<S>> {
        // After a panic of the heartbeat the session may be half changed; the endpoint checks what it is given.
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Calls `use_store` with the store that was given to [`Uplink::connect`]; it must not call this uplink.
    pub fn with_store<R>(&self, use_store: impl FnOnce(&mut S) -> R) -> R {
        use_store(&mut self.session().store)
    }

    /// Returns the present grant with what an agent before this one left in it.
    pub fn grant(&self) -> Option<Grant> {
        self.session().endpoint.granted().cloned()
    }

    /// Whether there is a connection with a grant now.
    pub fn is_online(&self) -> bool {
        self.session().is_online()
    }

    /// Returns the state of the connection.
    pub fn link(&self) -> LinkStatus {
        let tls = self.session().options.tls.clone();
        // Reading files is no reason to hold the session.
        let certificate_days = tls.as_ref().and_then(Tls::days_left);
        let session = self.session();
        LinkStatus {
            peer: session.address.to_string(),
            online: session.is_online(),
            connections: session.endpoint.progress().welcomes,
            certificate_days,
        }
    }

    /// Sets losses and cursors as an agent before this one left them.
    pub fn set_sources(&mut self, losses: Losses, cursors: Vec<Cursor>) {
        let mut session = self.session();
        (session.losses, session.cursors) = (losses, cursors);
    }

    /// From now on sources are here, after every record admitted.
    pub fn set_cursor(&mut self, cursor: Cursor) {
        self.session().set_cursor(cursor);
    }

    /// What the server granted.
    pub fn granted(&self) -> Granted {
        // `connect` returns only with a grant; the smallest one means none.
        self.session().granted.unwrap_or(Granted { engine: EngineKind::Model, groups: 1, contexts: 1 })
    }

    /// Number of the next record. Numbers begin at 0.
    pub fn next_sequence(&self) -> u64 {
        self.session().endpoint.progress().next
    }

    /// Records numbered below this have passed the engine.
    pub fn acknowledged(&self) -> u64 {
        self.session().endpoint.progress().acknowledged
    }

    /// Records numbered below this are in [`Uplink::totals`].
    pub fn covered(&self) -> u64 {
        self.session().endpoint.progress().covered
    }

    /// Takes one record, for good. Waits while the retention is full.
    ///
    /// # Errors
    /// The session failed; the record may not have been taken.
    pub fn admit(&mut self, record: Record) -> Result<(), UplinkError> {
        self.admit_together(&[record], &[]).map(|_| ())
    }

    /// Takes the records of one event as [`Uplink::admit`] does, in one frame: a server has all of them or none, at any
    /// snapshot and after any restart. Their sources are at `cursors` after them. Returns the number of the first.
    ///
    /// # Errors
    /// As [`Uplink::admit`].
    pub fn admit_together(&mut self, records: &[Record], cursors: &[Cursor]) -> Result<u64, UplinkError> {
        let mut session = self.session();
        let first = session.endpoint.progress().next;
        if !session.endpoint.admit_together(records) {
            let admit = |endpoint: &mut Endpoint| usize::from(endpoint.admit_together(records));
            session = Self::wait_for_room(session, admit)?.0;
        }
        for &cursor in cursors {
            session.set_cursor(cursor);
        }
        session.uncommitted += records.len() as u32;
        if session.uncommitted >= BATCH_RECORDS {
            session.doing = "sending records";
            session.commit();
            session.turn(false)?;
        }
        Ok(first)
    }

    /// Calls `admit` again until it has admitted something, and returns how much that was.
    fn wait_for_room(
        mut session: MutexGuard<'_, Session<S>>,
        admit: impl Fn(&mut Endpoint) -> usize,
    ) -> Result<(MutexGuard<'_, Session<S>>, usize), UplinkError> {
        session.begin_wait("waiting for room in the retention");
        session.commit();
        let mut wait = false;
        loop {
            session.turn(wait)?;
            match admit(&mut session.endpoint) {
                0 => wait = true,
                count => return Ok((session, count)),
            }
        }
    }

    /// Takes one batch of a source, for good, and lets it go. Waits while the retention is full. Batches may have any
    /// length: records of small ones wait for others, for at most as long as the session's coalescing allows.
    ///
    /// # Errors
    /// The session failed; some of the records may not have been taken.
    pub fn admit_all(&mut self, mut records: &[Record]) -> Result<(), UplinkError> {
        let mut session = self.session();
        while !records.is_empty() {
            let most = records.len().min(BATCH_RECORDS as usize - session.uncommitted as usize);
            let mut count = session.endpoint.admit(&records[..most]);
            if count == 0 {
                (session, count) = Self::wait_for_room(session, |endpoint| endpoint.admit(&records[..most]))?;
            }
            records = &records[count..];
            session.uncommitted += count as u32;
            if session.uncommitted >= BATCH_RECORDS {
                session.doing = "sending records";
                session.commit();
                session.turn(false)?;
            }
        }
        Ok(())
    }

    /// Returns how large the grant may become.
    pub fn most_granted(&self) -> (u32, u32) {
        self.session().endpoint.granted().map_or((0, 0), |granted| (granted.most_groups, granted.most_contexts))
    }

    /// Asks for a grant of at least these numbers of groups and contexts and waits for the answer, which
    /// [`Uplink::granted`] returns
    /// then: it may be less, or what it was.
    ///
    /// # Errors
    /// The session failed.
    pub fn grow(&mut self, groups: u32, contexts: u32) -> Result<Granted, UplinkError> {
        let mut session = self.session();
        session.commit();
        session.grown = false;
        session.endpoint.request_growth(groups, contexts);
        session.begin_wait("waiting for a larger grant");
        let mut wait = false;
        while !session.grown {
            session.turn(wait)?;
            wait = true;
        }
        drop(session);
        Ok(self.granted())
    }

    /// Longest time that a record has waited for others to share its frame.
    pub fn longest_wait(&self) -> Duration {
        self.session().endpoint.longest_wait()
    }

    /// Sets what the sources have lost so far; it goes to the server with the next frame.
    pub fn set_losses(&mut self, losses: &Losses) {
        let mut session = self.session();
        session.losses = *losses;
        session.commit();
    }

    /// Does what is due and waits for nothing: to be called now and then while there is nothing to send.
    ///
    /// # Errors
    /// The session failed.
    pub fn idle(&mut self) -> Result<(), UplinkError> {
        let mut session = self.session();
        session.doing = "keeping the session alive";
        if session.uncommitted > 0 {
            session.commit();
        }
        session.turn(false)
    }

    /// Waits until [`Uplink::totals`] hold every record admitted so far, and returns the number below which they are exact.
    ///
    /// # Errors
    /// The session failed.
    pub fn snapshot(&mut self) -> Result<u64, UplinkError> {
        let mut session = self.session();
        session.commit();
        let expected = session.endpoint.progress().next;
        let mut wanted = session.endpoint.request_snapshot();
        session.begin_wait("waiting for a snapshot");
        let mut wait = false;
        loop {
            session.turn(wait)?;
            if let Some((token, sequence)) = session.snapshot
                && token == wanted
            {
                if sequence >= expected {
                    return Ok(sequence);
                }
                // Something on the way took records out of the stream: the next connection sends them again.
                let address = session.address.clone();
                session.lose_link(UplinkError::Behind { address, expected, found: sequence })?;
                wanted = session.endpoint.request_snapshot();
            }
            wait = !wait;
        }
    }

    /// Counters by group and class (row `4 * group + class`) since the session began, as of the last snapshot.
    pub fn totals(&self) -> Vec<CounterRow> {
        self.session().endpoint.totals().to_vec()
    }

    /// Asks for the counters after every record admitted so far, and does not wait for them.
    pub fn ask_snapshot(&mut self) {
        let mut session = self.session();
        session.commit();
        session.endpoint.request_snapshot();
    }

    /// Sends what is left, waits until it is counted, and ends the session.
    ///
    /// # Errors
    /// The session failed before everything was counted.
    pub fn finish(self) -> Result<(), UplinkError> {
        let mut session = self.session();
        session.commit();
        session.endpoint.finish();
        session.begin_wait("ending the session");
        while !session.endpoint.is_finished() {
            session.turn(true)?;
        }
        Ok(())
    }
}

impl<S> Session<S> {
    /// From now on a source is here, after every record admitted.
    fn set_cursor(&mut self, cursor: Cursor) {
        let same = |known: &&mut Cursor| (known.source, known.unit) == (cursor.source, cursor.unit);
        match self.cursors.iter_mut().find(same) {
            Some(known) => known.position = cursor.position,
            None => self.cursors.push(cursor),
        }
    }
}
