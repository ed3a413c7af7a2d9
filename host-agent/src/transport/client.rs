//! One session over TCP, driven by the thread that calls.

use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use deltascope_abi::counters::CounterRow;
use deltascope_abi::loss::Losses;
use deltascope_abi::record::Record;
use deltascope_model::EngineKind;
use deltascope_protocol::agent::{Config, Event, Progress, Session, SessionError};
use deltascope_protocol::frame::Cursor;

use super::wire::{Wire, WireError};
use super::{Tls, TransportError, identity, sys};
use crate::event::Owners;
use crate::groups::{KeptGroups, Reading};
use crate::resume::{Keeper, Kept};

/// Records between two looks at the socket while there is room for more.
const BATCH_RECORDS: u32 = 1_024;
/// Time between two attempts to connect again.
const RETRY: Duration = Duration::from_millis(100);

/// How to talk to a board server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Groups to ask for; 0: the server's default.
    pub groups: u32,
    /// Contexts to ask for; 0: the server's default.
    pub contexts: u32,
    /// Longest time without any progress.
    pub timeout: Duration,
    /// Connect again when the connection breaks, and go on; records are neither lost nor repeated by that.
    pub reconnect: bool,
}

/// What the server granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Granted {
    /// The engine that counts.
    pub engine: EngineKind,
    /// Groups, numbered from 0.
    pub groups: u32,
    /// Contexts, numbered from 0.
    pub contexts: u32,
}

/// What an agent before this one left in the grant that this one inherited.
#[derive(Clone, Debug, PartialEq)]
pub struct Inherited {
    /// Counters as they are now, those of earlier grants included.
    pub reading: Reading,
    /// Losses that it told.
    pub losses: Losses,
    /// Where its sources stood behind the last record that counts.
    pub cursors: Vec<Cursor>,
    /// Its owners and groups, if they are known.
    pub groups: Option<(Owners, KeptGroups)>,
}

/// One session. When a call fails the session is over.
#[derive(Debug)]
pub struct Client {
    address: SocketAddr,
    options: Options,
    session: Session,
    tls: Option<Tls>,
    wire: Option<Wire>,
    begun: Instant,
    granted: Option<Granted>,
    losses: Losses,
    /// Where the sources stand after every record admitted.
    cursors: Vec<Cursor>,
    /// What a restart of the agent needs, if it is to go on.
    keeper: Option<Keeper>,
    /// What an agent before this one left.
    inherited: Option<Inherited>,
    /// Counted under earlier grants of an agent before this one, by group and class.
    carried: Vec<CounterRow>,
    uncommitted: u32,
    /// When the last connection was opened, and the welcomes before it.
    opened: (Instant, u64),
    /// Why the connection before this one ended.
    ended: Option<TransportError>,
    /// The last snapshot that was answered: token and record number.
    snapshot: Option<(u64, u64)>,
    /// How far the session was when it last moved, and when that was.
    moved: (Progress, Option<Granted>, Instant),
    /// When the last turn ended. Time that the caller spends elsewhere is not the server's.
    left: Instant,
    doing: &'static str,
}

impl Client {
    /// Connects and waits for the grant.
    ///
    /// # Errors
    /// Nobody listens, the server refuses, or it does not answer in time.
    pub fn connect(address: SocketAddr, options: &Options) -> Result<Client, TransportError> {
        Client::connect_with(address, options, None)
    }

    /// The same, with TLS if there is any.
    ///
    /// # Errors
    /// As [`Client::connect`]; a key cannot be used; the server is not who it must be, or refuses the certificate.
    pub fn connect_with(address: SocketAddr, options: &Options, tls: Option<Tls>) -> Result<Client, TransportError> {
        Client::connect_as(address, options, tls, None)
    }

    /// The same for an agent whose restarts go on where it stopped. A server that is not there yet, or still has the
    /// connection of the process before, is tried again until the time is over.
    ///
    /// # Errors
    /// As [`Client::connect_with`]; the folder cannot be written; another agent with the same id is connected.
    pub fn connect_as(
        address: SocketAddr,
        options: &Options,
        tls: Option<Tls>,
        keeper: Option<Keeper>,
    ) -> Result<Client, TransportError> {
        let mut identity = identity::random().map_err(TransportError::Random)?;
        if let Some(keeper) = &keeper {
            identity.agent = keeper.id().0;
        }
        let begun = Instant::now();
        let silence = options.timeout.as_micros().try_into().unwrap_or(u64::MAX / 2);
        let config = Config { groups: options.groups, contexts: options.contexts, silence, ..Config::default() };
        let mut client = Client {
            address,
            options: options.clone(),
            session: Session::new(config, identity),
            tls,
            wire: None,
            begun,
            granted: None,
            losses: Losses::default(),
            cursors: Vec::new(),
            keeper,
            inherited: None,
            carried: Vec::new(),
            uncommitted: 0,
            opened: (begun, 0),
            ended: None,
            snapshot: None,
            moved: (Progress::default(), None, begun),
            left: begun,
            doing: "waiting for its welcome",
        };
        match client.open() {
            Err(error @ TransportError::Connect { .. }) if client.keeper.is_some() => client.reconnect(error)?,
            opened => opened?,
        }
        (client.moved.2, client.left) = (Instant::now(), Instant::now());
        while client.granted.is_none() {
            client.turn(true)?;
        }
        client.go_on_from_kept()?;
        Ok(client)
    }

    /// What an agent before this one left, if its grant was inherited.
    pub fn inherited(&self) -> Option<&Inherited> {
        self.inherited.as_ref()
    }

    /// What a restart of the agent needs, to be brought up to date.
    pub fn keeper(&mut self) -> Option<&mut Keeper> {
        self.keeper.as_mut()
    }

    /// From now on sources stand here, after every record admitted.
    pub fn set_cursor(&mut self, cursor: Cursor) {
        let same = |known: &&mut Cursor| (known.source, known.unit) == (cursor.source, cursor.unit);
        match self.cursors.iter_mut().find(same) {
            Some(known) => known.position = cursor.position,
            None => self.cursors.push(cursor),
        }
    }

    /// Finds out what is inherited, and begins to keep what the next agent will need.
    fn go_on_from_kept(&mut self) -> Result<(), TransportError> {
        let Some(granted) = self.session.granted().cloned() else { return Ok(()) };
        let Some(keeper) = &mut self.keeper else { return Ok(()) };
        let kept = keeper.kept(granted.boot_id).filter(|_| granted.inherited);
        if granted.inherited {
            let (mut losses, mut cursors) = (granted.losses, granted.cursors);
            if let Some(kept) = kept {
                self.carried = kept.carried();
                if cursors.is_empty() {
                    // Nothing has come under the grant: what is carried is all that there is.
                    (losses, cursors) = kept.mark();
                }
            }
            let groups = kept.and_then(Kept::groups);
            (self.losses, self.cursors) = (losses, cursors.clone());
            let reading = reading(&self.session, &self.carried);
            self.inherited = Some(Inherited { reading, losses, cursors, groups });
        }
        if kept.is_none() {
            let (losses, cursors) = (self.losses, self.cursors.clone());
            keeper.keep(|kept| {
                *kept = Kept::new(granted.boot_id);
                kept.regranted(granted.boot_id, &[], &losses, &cursors);
            })?;
        }
        Ok(())
    }

    /// The server has another grant for the session, whose counters begin at 0. What was counted before it is kept
    /// before anything is sent under it: if this process dies then, the next one knows of both.
    fn regranted(&mut self, boot_id: u64) -> Result<(), TransportError> {
        let Some(keeper) = &mut self.keeper else { return Ok(()) };
        let carried = reading(&self.session, &self.carried).rows();
        let (losses, cursors) = self.session.covered_mark();
        keeper.keep(|kept| kept.regranted(boot_id, &carried, losses, cursors))?;
        Ok(())
    }

    /// What the server granted.
    pub fn granted(&self) -> Granted {
        // `connect` returns only with a grant; the smallest one stands for none.
        self.granted.unwrap_or(Granted { engine: EngineKind::Model, groups: 1, contexts: 1 })
    }

    /// Number of the next record. Numbers begin at 0.
    pub fn next_sequence(&self) -> u64 {
        self.session.progress().next
    }

    /// Records numbered below this have passed the engine.
    pub fn acknowledged(&self) -> u64 {
        self.session.progress().acknowledged
    }

    /// Takes one record, for good. Waits while the retention is full.
    ///
    /// # Errors
    /// The session failed; the record may not have been taken.
    pub fn admit(&mut self, record: Record) -> Result<(), TransportError> {
        self.admit_at(record, None)
    }

    /// The same, and its source stands at `cursor` behind it.
    ///
    /// # Errors
    /// As [`Client::admit`].
    pub fn admit_at(&mut self, record: Record, cursor: Option<Cursor>) -> Result<(), TransportError> {
        let mut again = false;
        while self.session.admit(&[record]) == 0 {
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
    pub fn admit_all(&mut self, mut records: &[Record]) -> Result<(), TransportError> {
        let mut again = false;
        while !records.is_empty() {
            let most = records.len().min(BATCH_RECORDS as usize - self.uncommitted as usize);
            let count = self.session.admit(&records[..most]);
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

    /// Longest time that a record has waited for others to share its frame.
    pub fn longest_wait(&self) -> Duration {
        Duration::from_micros(self.session.longest_wait())
    }

    /// Tells the server what the sources have lost so far.
    pub fn report_losses(&mut self, losses: &Losses) {
        self.losses = *losses;
        self.commit();
    }

    /// Does what is due and waits for nothing: to be called now and then while there is nothing to send.
    ///
    /// # Errors
    /// The session failed.
    pub fn idle(&mut self) -> Result<(), TransportError> {
        self.doing = "keeping the session alive";
        if self.uncommitted > 0 {
            self.commit();
        }
        self.turn(false)
    }

    /// The counters after every record admitted so far.
    ///
    /// # Errors
    /// The session failed.
    pub fn snapshot(&mut self) -> Result<Reading, TransportError> {
        self.commit();
        let expected = self.next_sequence();
        let wanted = self.session.request_snapshot();
        (self.moved.2, self.left) = (Instant::now(), Instant::now());
        self.doing = "waiting for a snapshot";
        loop {
            self.turn(false)?;
            if let Some((token, sequence)) = self.snapshot
                && token == wanted
            {
                if sequence < expected {
                    return Err(TransportError::Behind { address: self.address, expected, found: sequence });
                }
                return Ok(Reading { sequence, ..reading(&self.session, &self.carried) });
            }
            self.turn(true)?;
        }
    }

    /// Asks for the counters after every record admitted so far, and goes on without waiting for them.
    pub fn ask_snapshot(&mut self) {
        self.commit();
        self.session.request_snapshot();
    }

    /// Sends what is left and says goodbye.
    ///
    /// # Errors
    /// The session failed before everything was counted.
    pub fn finish(mut self) -> Result<(), TransportError> {
        self.commit();
        self.session.finish();
        (self.moved.2, self.left) = (Instant::now(), Instant::now());
        self.doing = "ending the session";
        while !self.session.is_finished() {
            self.turn(true)?;
        }
        Ok(())
    }

    fn now(&self) -> u64 {
        self.begun.elapsed().as_micros() as u64
    }

    fn commit(&mut self) {
        self.session.commit(&self.losses, &self.cursors, self.now());
        self.uncommitted = 0;
    }

    fn open(&mut self) -> Result<(), TransportError> {
        let address = self.address;
        let wire = Wire::open(address, self.tls.as_ref(), self.options.timeout).map_err(|error| match error {
            WireError::Io(source) => TransportError::Connect { address, source },
            error => self.broken(error),
        })?;
        self.wire = Some(wire);
        self.opened = (Instant::now(), self.session.progress().welcomes);
        self.session.connected(self.now());
        Ok(())
    }

    /// Moves what can be moved; with `wait`, and when nothing could be, waits for the server.
    fn turn(&mut self, wait: bool) -> Result<(), TransportError> {
        self.moved.2 += self.left.elapsed();
        let result = self.step(wait);
        self.left = Instant::now();
        result
    }

    fn step(&mut self, wait: bool) -> Result<(), TransportError> {
        let moved = match self.exchange() {
            Ok(moved) => moved,
            Err(error) => {
                self.wire = None;
                self.session.disconnected();
                if self.session.is_finished() {
                    return Ok(());
                }
                let goes_on = self.granted.is_some() || self.keeper.is_some();
                let over = self.moved.2.elapsed() > self.options.timeout;
                if !self.options.reconnect || error.is_fatal() || !goes_on || over {
                    return Err(error);
                }
                if self.session.progress().welcomes == self.opened.1 {
                    // It did not get as far as a Welcome: another attempt at once would end the same way.
                    std::thread::sleep(RETRY.saturating_sub(self.opened.0.elapsed()));
                }
                return self.reconnect(error);
            }
        };
        self.take_events()?;
        let state = (self.session.progress(), self.granted);
        if state != (self.moved.0, self.moved.1) {
            self.moved = (state.0, state.1, Instant::now());
        } else if self.moved.2.elapsed() > self.options.timeout {
            // A server that refuses again and again has said why.
            if let Some(error) = self.ended.take().filter(|_| self.session.progress().welcomes == self.opened.1) {
                return Err(error);
            }
            return Err(TransportError::Timeout {
                address: self.address,
                doing: self.doing,
                limit: self.options.timeout,
            });
        }
        if wait && !moved && !self.session.is_finished() {
            self.wait()?;
        }
        Ok(())
    }

    /// Tries until it works or the time is over; then the reason why the connection broke is the error.
    fn reconnect(&mut self, broken: TransportError) -> Result<(), TransportError> {
        let deadline = Instant::now() + self.options.timeout;
        while let Err(error) = self.open() {
            if !matches!(error, TransportError::Connect { .. }) {
                return Err(error);
            }
            if Instant::now() >= deadline {
                return Err(broken);
            }
            std::thread::sleep(RETRY);
        }
        self.ended = Some(broken);
        Ok(())
    }

    /// Writes and reads until neither is possible, and says whether either was.
    fn exchange(&mut self) -> Result<bool, TransportError> {
        let mut moved = false;
        loop {
            // Read first: what the server said while this thread was elsewhere is no silence.
            let read = self.read()?;
            // What is new is kept before anything is sent because of it.
            self.take_events()?;
            let now = self.now();
            self.session.poll(now).map_err(|source| self.failed(source))?;
            match self.write() {
                Ok(false) if !read => return Ok(moved),
                Ok(_) => moved = true,
                Err(error) => {
                    // A server that refuses says why before it closes; that is the better message.
                    return Err(self.read().err().filter(TransportError::is_refusal).unwrap_or(error));
                }
            }
        }
    }

    fn read(&mut self) -> Result<bool, TransportError> {
        let Client { wire, session, begun, .. } = self;
        let Some(wire) = wire else { return Ok(false) };
        let mut received = Ok(());
        let read = wire.read(|bytes| {
            if received.is_ok() {
                received = session.receive(bytes, begun.elapsed().as_micros() as u64);
            }
        });
        // What the server said before the connection broke is the better message.
        received.map_err(|source| self.failed(source))?;
        read.map_err(|error| self.broken(error))
    }

    fn write(&mut self) -> Result<bool, TransportError> {
        let Client { wire, session, begun, .. } = self;
        let Some(wire) = wire else { return Ok(false) };
        let mut moved = false;
        let result = loop {
            match wire.flush() {
                Ok(sent) => moved |= sent,
                Err(error) => break Err(error),
            }
            let parts = session.transmit_parts();
            if parts.iter().all(|part| part.is_empty()) {
                break Ok(moved);
            }
            match wire.write(parts) {
                Ok(0) => break Ok(moved),
                Ok(count) => {
                    moved = true;
                    session.advance(count, begun.elapsed().as_micros() as u64);
                }
                Err(error) => break Err(error),
            }
        };
        result.map_err(|error| self.broken(error))
    }

    fn wait(&mut self) -> Result<(), TransportError> {
        let now = self.now();
        let wake = self.session.poll(now).map_err(|source| self.failed(source))?;
        let Some(wire) = &self.wire else { return Ok(()) };
        let (waits, open) = wire.waits();
        let write = waits || open && !self.session.transmit().is_empty();
        let timer = wake.map_or(Duration::from_secs(1), |wake| Duration::from_micros(wake.saturating_sub(now)));
        let left = self.options.timeout.saturating_sub(self.moved.2.elapsed());
        sys::wait(wire.as_fd(), write, timer.min(left)).map_err(|source| TransportError::Io {
            address: self.address,
            doing: self.doing,
            source,
        })
    }

    fn take_events(&mut self) -> Result<(), TransportError> {
        while let Some(event) = self.session.next_event() {
            match event {
                Event::Regranted(granted) => self.regranted(granted.boot_id)?,
                Event::Granted(granted) => {
                    let engine = EngineKind::from_code(granted.engine)
                        .ok_or(TransportError::Engine { address: self.address, found: granted.engine })?;
                    let known = Granted { engine, groups: granted.groups, contexts: granted.contexts };
                    self.granted.get_or_insert(known);
                }
                Event::Snapshot { token, sequence, .. } => self.snapshot = Some((token, sequence)),
                // No record of this agent asks for a reply or a state.
                Event::Reply(_) | Event::State(_) | Event::Finished => {}
            }
        }
        Ok(())
    }

    fn broken(&self, error: WireError) -> TransportError {
        let (address, doing) = (self.address, self.doing);
        match error {
            WireError::Io(source) => TransportError::Io { address, doing, source },
            WireError::Closed => TransportError::Closed { address, doing },
            WireError::Tls(source) => TransportError::Tls { address, source },
            WireError::Options(source) => TransportError::TlsOptions(source),
        }
    }

    fn failed(&self, source: SessionError) -> TransportError {
        TransportError::Session { address: self.address, source }
    }
}

/// What the session has counted, and what was carried into it.
fn reading(session: &Session, carried: &[CounterRow]) -> Reading {
    let mut reading = Reading::new(session.progress().covered, session.totals());
    reading.add(carried);
    reading
}
