//! Moving bytes between the endpoint and the connection, and waiting.

use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use deltascope_model::EngineKind;
use deltascope_protocol::agent::Notification;

use super::UplinkError;
use super::heartbeat::BEAT;
use super::state::{Granted, Link, Session};
use super::store::{EarlierGrants, GrantStore};
use crate::sys;

/// Longest wait after which a request to end is looked for.
const SLICE: Duration = Duration::from_millis(100);

impl<S: GrantStore> Session<S> {
    /// Takes a turn for an owner who is elsewhere.
    pub(super) fn beat(&mut self) {
        if self.failed.is_none() && self.turned.elapsed() >= BEAT {
            self.failed = self.turn(false).err();
        }
    }

    /// Moves what can be moved; with `wait`, and when nothing could be, waits for the server.
    pub(super) fn turn(&mut self, wait: bool) -> Result<(), UplinkError> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        let result = self.step(wait);
        self.turned = Instant::now();
        result
    }

    fn step(&mut self, wait: bool) -> Result<(), UplinkError> {
        self.advance_link()?;
        let moved = match self.exchange() {
            Ok(moved) => moved,
            Err(error) => {
                self.lose_link(error)?;
                return Ok(());
            }
        };
        self.take_notifications()?;
        self.note_progress();
        self.check_outage(wait)?;
        if wait {
            self.check_progress()?;
            self.check_stop()?;
            if !moved && !self.endpoint.is_finished() {
                self.wait()?;
            }
        }
        Ok(())
    }

    /// Gives a connection up on which nothing moves though its owner waits.
    fn check_progress(&mut self) -> Result<(), UplinkError> {
        let now = self.clock.now();
        let (progress, granted) = (self.endpoint.progress(), self.granted);
        if (progress, granted) != (self.moved.0, self.moved.1) || !matches!(self.link, Link::Open(_)) {
            self.moved = (progress, granted, now);
            return Ok(());
        }
        let limit = self.options.timeout;
        if now.saturating_sub(self.moved.2) <= limit {
            return Ok(());
        }
        self.moved.2 = now;
        self.lose_link(UplinkError::Timeout { address: self.address.clone(), doing: self.doing, limit })
    }

    fn check_stop(&self) -> Result<(), UplinkError> {
        let stop = &self.options.stop;
        // Without a grant there is nothing to bring to an end.
        if stop.is_over() || self.granted.is_none() && stop.is_asked() {
            let (address, doing) = (self.address.clone(), self.doing);
            return Err(UplinkError::Stopped { address, doing, in_flight: self.endpoint.progress().in_flight() });
        }
        Ok(())
    }

    /// Writes and reads until neither is possible, and reports whether either was.
    fn exchange(&mut self) -> Result<bool, UplinkError> {
        let mut moved = false;
        while matches!(self.link, Link::Open(_)) {
            // Read first: what the server sent while this thread was elsewhere is no silence.
            let read = self.read()?;
            // What is new is kept before anything is sent because of it.
            self.take_notifications()?;
            let now = self.now();
            self.endpoint.poll(now).map_err(|source| self.failed(source))?;
            match self.write() {
                Ok(false) if !read => return Ok(moved),
                Ok(_) => moved = true,
                Err(error) => {
                    // A server that refuses reports why before it closes; that is the better message.
                    return Err(self.read().err().filter(UplinkError::is_refusal).unwrap_or(error));
                }
            }
        }
        Ok(moved)
    }

    fn read(&mut self) -> Result<bool, UplinkError> {
        let now = self.now();
        let Session { link, endpoint, .. } = self;
        let Link::Open(wire) = link else { return Ok(false) };
        let mut received = Ok(());
        let read = wire.read(|bytes| {
            if received.is_ok() {
                received = endpoint.receive(bytes, now);
            }
        });
        // What the server reported before the connection broke is the better message.
        received.map_err(|source| self.failed(source))?;
        read.map_err(|error| self.broken(error))
    }

    fn write(&mut self) -> Result<bool, UplinkError> {
        let Session { link, endpoint, clock, .. } = self;
        let Link::Open(wire) = link else { return Ok(false) };
        let mut moved = false;
        let result = loop {
            match wire.flush() {
                Ok(sent) => moved |= sent,
                Err(error) => break Err(error),
            }
            let parts = endpoint.transmit_parts();
            if parts.iter().all(|part| part.is_empty()) {
                break Ok(moved);
            }
            match wire.write(parts) {
                Ok(0) => break Ok(moved),
                Ok(count) => {
                    moved = true;
                    endpoint.advance(count, clock.now().as_micros() as u64);
                }
                Err(error) => break Err(error),
            }
        };
        result.map_err(|error| self.broken(error))
    }

    fn wait(&mut self) -> Result<(), UplinkError> {
        let now = self.now();
        let Link::Open(wire) = &self.link else {
            self.wait_for_link(SLICE);
            return Ok(());
        };
        // A connection that the endpoint gives up is lost in the next turn, which reads before it.
        let Ok(wake) = self.endpoint.poll(now) else { return Ok(()) };
        let (waits, open) = wire.waits();
        let write = waits || open && !self.endpoint.transmit().is_empty();
        let timer = wake.map_or(SLICE, |wake| Duration::from_micros(wake.saturating_sub(now)));
        sys::wait(wire.as_fd(), write, timer.min(SLICE)).map_err(|source| UplinkError::Io {
            address: self.address.clone(),
            doing: self.doing,
            source,
        })
    }

    fn take_notifications(&mut self) -> Result<(), UplinkError> {
        while let Some(notification) = self.endpoint.next_notification() {
            match notification {
                Notification::Regranted(granted) => self.regranted(granted.boot_id)?,
                Notification::Granted(granted) => {
                    let engine = EngineKind::from_code(granted.engine)
                        .ok_or(UplinkError::Engine { address: self.address.clone(), found: granted.engine })?;
                    let known = Granted { engine, groups: granted.groups, contexts: granted.contexts };
                    self.granted.get_or_insert(known);
                }
                Notification::Snapshot { token, sequence, .. } => self.snapshot = Some((token, sequence)),
                Notification::Grown { groups, contexts } => {
                    self.grown = true;
                    if let Some(granted) = &mut self.granted {
                        (granted.groups, granted.contexts) = (groups, contexts);
                    }
                }
                // No record of this agent asks for a reply or a state.
                Notification::Reply(_) | Notification::State(_) | Notification::Finished => {}
            }
        }
        Ok(())
    }

    /// The server has another grant for the session, whose counters begin at 0.
    fn regranted(&mut self, boot_id: u64) -> Result<(), UplinkError> {
        let Session { store, endpoint, .. } = self;
        let (losses, cursors) = endpoint.covered_mark();
        Ok(store.regranted(&EarlierGrants { boot_id, totals: endpoint.totals(), losses, cursors })?)
    }
}
