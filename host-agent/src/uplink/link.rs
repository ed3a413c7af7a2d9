//! The way from no connection to a connection, and back.

use std::time::Duration;

use super::UplinkError;
use super::dial::Dial;
use super::state::{Link, Session};
use super::store::GrantStore;

impl<S: GrantStore> Session<S> {
    /// Begins an attempt that is due, and takes the result of one that is over.
    ///
    /// # Errors
    /// There is no connection, and there is to be no other attempt.
    pub(super) fn advance_link(&mut self) -> Result<(), UplinkError> {
        let now = self.clock.now();
        match &mut self.link {
            Link::Down(due) if now >= *due => {
                let (first, timeout) = (self.outages.attempts(), self.options.timeout);
                self.link = Link::Dialing(Dial::start(&self.address, first, self.options.tls.as_ref(), timeout));
            }
            Link::Dialing(dial) => match dial.poll() {
                None => {}
                Some(Ok(wire)) => {
                    self.link = Link::Open(Box::new(wire));
                    (self.welcomes, self.welcomed) = (self.endpoint.progress().welcomes, false);
                    let now = self.now();
                    self.endpoint.connected(now);
                }
                Some(Err(error)) => {
                    let error = self.broken(error);
                    self.lose_link(error)?;
                }
            },
            Link::Down(_) | Link::Open(_) => {}
        }
        Ok(())
    }

    /// Takes the end of a connection or of an attempt.
    ///
    /// # Errors
    /// There is to be no other attempt.
    pub(super) fn lose_link(&mut self, error: UplinkError) -> Result<(), UplinkError> {
        let now = self.clock.now();
        self.link = Link::Down(now);
        self.endpoint.disconnected();
        if self.endpoint.is_finished() {
            return Ok(());
        }
        let delay = self.outages.lost(error, self.granted.is_some(), &self.options, now)?;
        self.link = Link::Down(now + delay);
        Ok(())
    }

    /// Takes the Welcome of the present connection, if it has come.
    pub(super) fn note_welcome(&mut self) {
        if !self.welcomed && self.endpoint.progress().welcomes > self.welcomes {
            self.welcomed = true;
            let now = self.clock.now();
            self.outages.welcomed(&self.address, &self.options, now);
        }
    }

    /// Whether records can be sent now.
    pub(super) fn is_online(&self) -> bool {
        self.granted.is_some() && self.welcomed && matches!(self.link, Link::Open(_))
    }

    /// Waits until the link has moved, at most this long.
    pub(super) fn wait_for_link(&mut self, most: Duration) {
        let now = self.clock.now();
        match &mut self.link {
            Link::Down(due) => std::thread::sleep(due.saturating_sub(now).min(most)),
            Link::Dialing(dial) => dial.wait(most),
            Link::Open(_) => {}
        }
    }
}
