//! What the daemon reports of itself: its status and its metrics.

use super::Daemon;
use crate::link::Peer;
use crate::metrics::Metrics;
use crate::status::{Named, Status};
use deltascope_linux::xadc::Health;
use deltascope_model::Engine;
use std::io::{self, Write};

impl<E: Engine> Daemon<E> {
    /// One line of JSON on standard output.
    pub(super) fn say_status(&self) {
        let mut names: Vec<&Peer> = self.links.iter().filter_map(|link| link.peer.as_ref()).collect();
        names.sort_by(|one, other| one.name.cmp(&other.name));
        names.dedup_by(|one, other| one.name == other.name);
        let usage = |peer: &&Peer| Named { name: peer.name.clone(), usage: self.server.usage(peer.identity) };
        let health = self.health();
        let status = Status {
            address: self.address,
            insecure: self.insecure,
            security: self.security.as_ref(),
            stats: self.server.stats(),
            counters: &self.counters,
            connections: self.links.len(),
            handshakes: self.handshakes.len(),
            sessions: self.server.sessions(),
            identities: names.iter().map(usage).collect(),
            health: health.as_ref(),
        };
        // There may be no listener; that is no reason to stop.
        let mut out = io::stdout().lock();
        _ = writeln!(out, "{}", status.json()).and_then(|()| out.flush());
    }

    /// Writes the file of metrics.
    pub(super) fn write_metrics(&mut self) {
        let health = self.health();
        let metrics = Metrics {
            stats: self.server.stats(),
            counters: &self.counters,
            connections: self.links.len(),
            sessions: self.server.sessions(),
            health: health.as_ref(),
        };
        let text = metrics.text();
        self.service.write_metrics(&text);
    }

    /// What the board's XADC measures; none on a machine without one, or when it cannot be read.
    fn health(&self) -> Option<Health> {
        Health::read(&self.roots).unwrap_or_else(|error| {
            tracing::warn!("{error}");
            None
        })
    }
}
