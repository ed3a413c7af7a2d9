//! Moving bytes between the endpoint and the connection, waiting, and connecting again.

use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use deltascope_model::EngineKind;
use deltascope_protocol::agent::Notification;

use super::UplinkError;
use super::state::{Granted, Uplink};
use super::store::{EarlierGrants, GrantStore};
use super::wire::{Wire, WireError};
use crate::sys;

/// Time between two attempts to connect again.
const RETRY: Duration = Duration::from_millis(100);

impl<S: GrantStore> Uplink<S> {
    pub(super) fn open(&mut self) -> Result<(), UplinkError> {
        let address = self.address;
        let wire =
            Wire::open(address, self.options.tls.as_ref(), self.options.timeout).map_err(|error| match error {
                WireError::Io(source) => UplinkError::Connect { address, source },
                error => self.broken(error),
            })?;
        self.wire = Some(wire);
        self.opened = (Instant::now(), self.endpoint.progress().welcomes);
        self.endpoint.connected(self.now());
        Ok(())
    }

    /// Moves what can be moved; with `wait`, and when nothing could be, waits for the server.
    pub(super) fn turn(&mut self, wait: bool) -> Result<(), UplinkError> {
        self.moved.2 += self.left.elapsed();
        let result = self.step(wait);
        self.left = Instant::now();
        result
    }

    fn step(&mut self, wait: bool) -> Result<(), UplinkError> {
        let moved = match self.exchange() {
            Ok(moved) => moved,
            Err(error) => {
                self.wire = None;
                self.endpoint.disconnected();
                if self.endpoint.is_finished() {
                    return Ok(());
                }
                // A server that refuses for a lack of room is there: it has room later.
                let resumes = self.granted.is_some() || self.options.wait_for_server || error.is_refusal();
                let over = self.moved.2.elapsed() > self.options.timeout;
                if !self.options.reconnect || error.is_fatal() || !resumes || over {
                    return Err(error);
                }
                if self.endpoint.progress().welcomes == self.opened.1 {
                    // It did not get as far as a Welcome: another attempt at once would end the same way.
                    std::thread::sleep(RETRY.saturating_sub(self.opened.0.elapsed()));
                }
                return self.reconnect(error);
            }
        };
        self.take_notifications()?;
        let state = (self.endpoint.progress(), self.granted);
        if state != (self.moved.0, self.moved.1) {
            self.moved = (state.0, state.1, Instant::now());
        } else if self.moved.2.elapsed() > self.options.timeout {
            // A server that refuses again and again has said why.
            if let Some(error) = self.ended.take().filter(|_| self.endpoint.progress().welcomes == self.opened.1) {
                return Err(error);
            }
            return Err(UplinkError::Timeout { address: self.address, doing: self.doing, limit: self.options.timeout });
        }
        if wait && !moved && !self.endpoint.is_finished() {
            self.wait()?;
        }
        Ok(())
    }

    /// Tries until it works or the time is over; then the reason why the connection broke is the error.
    pub(super) fn reconnect(&mut self, broken: UplinkError) -> Result<(), UplinkError> {
        let deadline = Instant::now() + self.options.timeout;
        while let Err(error) = self.open() {
            if !matches!(error, UplinkError::Connect { .. }) {
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
    fn exchange(&mut self) -> Result<bool, UplinkError> {
        let mut moved = false;
        loop {
            // Read first: what the server said while this thread was elsewhere is no silence.
            let read = self.read()?;
            // What is new is kept before anything is sent because of it.
            self.take_notifications()?;
            let now = self.now();
            self.endpoint.poll(now).map_err(|source| self.failed(source))?;
            match self.write() {
                Ok(false) if !read => return Ok(moved),
                Ok(_) => moved = true,
                Err(error) => {
                    // A server that refuses says why before it closes; that is the better message.
                    return Err(self.read().err().filter(UplinkError::is_refusal).unwrap_or(error));
                }
            }
        }
    }

    fn read(&mut self) -> Result<bool, UplinkError> {
        let Uplink { wire, endpoint, begun, .. } = self;
        let Some(wire) = wire else { return Ok(false) };
        let mut received = Ok(());
        let read = wire.read(|bytes| {
            if received.is_ok() {
                received = endpoint.receive(bytes, begun.elapsed().as_micros() as u64);
            }
        });
        // What the server said before the connection broke is the better message.
        received.map_err(|source| self.failed(source))?;
        read.map_err(|error| self.broken(error))
    }

    fn write(&mut self) -> Result<bool, UplinkError> {
        let Uplink { wire, endpoint, begun, .. } = self;
        let Some(wire) = wire else { return Ok(false) };
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
                    endpoint.advance(count, begun.elapsed().as_micros() as u64);
                }
                Err(error) => break Err(error),
            }
        };
        result.map_err(|error| self.broken(error))
    }

    fn wait(&mut self) -> Result<(), UplinkError> {
        let now = self.now();
        let wake = self.endpoint.poll(now).map_err(|source| self.failed(source))?;
        let Some(wire) = &self.wire else { return Ok(()) };
        let (waits, open) = wire.waits();
        let write = waits || open && !self.endpoint.transmit().is_empty();
        let timer = wake.map_or(Duration::from_secs(1), |wake| Duration::from_micros(wake.saturating_sub(now)));
        let left = self.options.timeout.saturating_sub(self.moved.2.elapsed());
        sys::wait(wire.as_fd(), write, timer.min(left)).map_err(|source| UplinkError::Io {
            address: self.address,
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
                        .ok_or(UplinkError::Engine { address: self.address, found: granted.engine })?;
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
        let Uplink { store, endpoint, .. } = self;
        let (losses, cursors) = endpoint.covered_mark();
        Ok(store.regranted(&EarlierGrants { boot_id, totals: endpoint.totals(), losses, cursors })?)
    }
}
