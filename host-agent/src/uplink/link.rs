//! The way from no connection to a connection, and back.

use std::io::ErrorKind;
use std::time::Duration;

use super::UplinkError;
use super::dial::Dial;
use super::state::{Link, Session};
use super::store::GrantStore;

/// Time without any movement after which a connection with a Welcome does not hold up the end of an outage.
const STILL: Duration = Duration::from_secs(1);

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
        let error = match (self.clock.absence(), &self.link) {
            (Some(time), Link::Open(_)) if !error.is_fatal(self.granted.is_some()) => {
                UplinkError::Absent { time, source: Box::new(error) }
            }
            _ => error,
        };
        self.link = Link::Down(now);
        self.endpoint.disconnected();
        if self.endpoint.is_finished() {
            return Ok(());
        }
        let delay = self.outages.lost(error, self.granted.is_some(), &self.options, now)?;
        self.link = Link::Down(now + delay);
        Ok(())
    }

    /// Takes the Welcome of the present connection, if it has come, and what the session got on since. Progress is that more
    /// has passed the engine or is counted than ever before, or that there is nothing left to do and the connection stays.
    pub(super) fn note_progress(&mut self) {
        let progress = self.endpoint.progress();
        if !matches!(self.link, Link::Open(_)) || progress.welcomes == self.welcomes {
            return;
        }
        let now = self.clock.now();
        if !std::mem::replace(&mut self.welcomed, true) {
            self.outages.welcomed(now);
        }
        let (acknowledged, covered) = self.furthest;
        self.furthest = (acknowledged.max(progress.acknowledged), covered.max(progress.covered));
        let is_idle = progress.covered == progress.next && self.outages.is_steady(now);
        if self.furthest != (acknowledged, covered) || is_idle {
            self.outages.progressed(&self.address, &self.options, now);
        }
    }

    /// Ends the session when its outage has lasted for as long as it may. A connection that has its Welcome is given up
    /// only while nothing moves on it; `waits`: the owner waits for that.
    ///
    /// # Errors
    /// The outage has.
    pub(super) fn check_outage(&mut self, waits: bool) -> Result<(), UplinkError> {
        let now = self.clock.now();
        if self.endpoint.is_finished() || !self.outages.is_over(&self.options, now) {
            return Ok(());
        }
        let silent = now.saturating_sub(self.moved.2);
        let (address, doing) = (self.address.clone(), self.doing);
        let reason = match &self.link {
            Link::Open(_) if self.welcomed && !(waits && silent >= STILL) => return Ok(()),
            Link::Open(_) => {
                let limit = Duration::from_millis(silent.as_millis() as u64 / 100 * 100);
                UplinkError::Timeout { address, doing, limit }
            }
            // The attempt may have begun just now: the one before it reports more.
            Link::Dialing(_) | Link::Down(_) => self.outages.reason().unwrap_or_else(|| UplinkError::Connect {
                address,
                source: ErrorKind::TimedOut.into(),
                others: String::new(),
            }),
        };
        Err(self.outages.end(reason, &self.options))
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
