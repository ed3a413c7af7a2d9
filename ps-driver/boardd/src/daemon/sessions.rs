//! What a turn does for the sessions: reads and writes their sockets, and logs what the server reports of them.

use super::{Daemon, cpu};
use crate::link::{End, Outcome};
use crate::warnings::Topic;
use deltascope_model::Engine;
use deltascope_protocol::frame::ErrorCode;
use deltascope_protocol::server::{Activity, GivenUp, GivenUpReason};
use deltascope_tls::Rejection;
use std::net::SocketAddr;

impl<E: Engine> Daemon<E> {
    /// Reads the sockets of sessions, polls the server and writes what waits.
    pub(super) fn serve_sessions(&mut self, before: Activity) -> Activity {
        let (start, now) = (cpu(), self.now());
        let mut has_worked = before.busy;
        for index in (0..self.links.len()).rev() {
            let link = &self.links[index];
            if link.ready && self.server.carries_session(link.id) {
                has_worked = true;
                self.read(index, now);
            }
        }
        let activity = self.server.poll(self.now());
        has_worked |= activity.busy || activity.moved != before.moved;
        let now = self.now();
        for index in (0..self.links.len()).rev() {
            let Daemon { server, links, .. } = self;
            let outcome = links[index].write(server, now);
            self.log_refusal(index, now);
            self.keep(index, outcome, now);
        }
        self.log_given_up(now);
        if has_worked {
            self.budget.sessions_worked(now, cpu().saturating_sub(start));
        }
        // The sockets may have made room for more.
        self.server.activity()
    }

    /// Reads once from a link. Returns whether it remains; if not, the last one has its index.
    pub(super) fn read(&mut self, index: usize, now: u64) -> bool {
        let Daemon { server, links, places, socket_buffer, .. } = self;
        let link = &mut links[index];
        link.ready = false;
        let outcome = link.read(server, now);
        if server.carries_session(link.id)
            && let Some(holder) = link.place.take()
        {
            places.give_back(holder);
            link.set_buffers(*socket_buffer);
        }
        if std::mem::take(&mut link.is_foreign) {
            let address = link.address;
            self.reject(address, Rejection::TlsToPlain, "expected a frame, found TLS; this port has no keys", now);
        }
        self.keep(index, outcome, now)
    }

    /// Drops a link that is gone and returns whether it remains.
    pub(super) fn keep(&mut self, index: usize, outcome: Outcome, now: u64) -> bool {
        let Outcome::Gone(end) = outcome else { return true };
        let link = self.links.swap_remove(index);
        if self.server.carries_session(link.id) {
            self.known.leaves(link.network(), now);
        }
        self.server.disconnect(link.id, now);
        if let Some(holder) = link.place {
            self.places.give_back(holder);
        }
        let name = link.name();
        tracing::debug!("{name}: connection ended: {end}");
        if let End::Tls(error) = end {
            let text = format!("{name}: authenticated, then a damaged TLS record: {error}");
            self.reject(link.address, Rejection::BrokenRecord, &text, now);
        }
        false
    }

    /// Logs the Error that the server sent on a link, once.
    pub(super) fn log_refusal(&mut self, index: usize, now: u64) {
        let Daemon { server, links, warnings, .. } = self;
        let link = &mut links[index];
        if link.is_refusal_logged {
            return;
        }
        if let Some((code, text)) = server.refusal(link.id) {
            link.is_refusal_logged = true;
            let text = format!("{}: {code:?}: {text}", link.name());
            match code {
                ErrorCode::Shutdown => tracing::debug!("{text}"),
                _ => warnings.warn(Topic::Refused(code), now, format_args!("{text}")),
            }
        }
    }

    /// Counts and logs a peer that does not get in.
    pub(super) fn reject(&mut self, peer: SocketAddr, rejection: Rejection, text: &str, now: u64) {
        self.counters.rejection(rejection);
        let text = format_args!("{peer}: refused, {}: {text}", rejection.name());
        self.warnings.warn(Topic::Rejected(rejection), now, text);
    }

    /// Logs the sessions that were given up although a later process could have gone on from them.
    fn log_given_up(&mut self, now: u64) {
        while let Some(GivenUp { agent, records, reason }) = self.server.take_given_up() {
            let id = u128::from_be_bytes(agent);
            let why = match reason {
                GivenUpReason::Expired => "no connection came back in time",
                GivenUpReason::Displaced => "its address or name had most places, and one with fewer needed it",
            };
            let text = format_args!(
                "agent id {id:032x}: session given up, {why}; what {records} records counted is lost unless the agent still runs"
            );
            self.warnings.warn(Topic::GivenUp, now, text);
        }
    }
}
