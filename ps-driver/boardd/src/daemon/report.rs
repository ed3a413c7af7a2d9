//! What the daemon reports of itself: its status and its metrics.

use super::Daemon;
use crate::link::{Link, Peer};
use crate::metrics::Metrics;
use crate::status::{Named, Status};
use crate::warnings::Topic;
use deltascope_linux::xadc::Health;
use deltascope_model::Engine;
use std::io::{self, Write};

impl<E: Engine> Daemon<E> {
    /// One line of JSON on standard output.
    pub(super) fn report_status(&mut self) {
        let health = self.health();
        let mut names: Vec<&Peer> = self.links.iter().filter_map(|link| link.peer.as_ref()).collect();
        names.sort_by(|one, other| one.name.cmp(&other.name));
        names.dedup_by(|one, other| one.name == other.name);
        let connections = |identity| {
            let of_identity = |link: &&Link| link.peer.as_ref().is_some_and(|peer| peer.identity == identity);
            self.links.iter().filter(of_identity).count()
        };
        let usage = |peer: &&Peer| Named {
            name: peer.name.clone(),
            usage: self.server.usage(peer.identity),
            connections: connections(peer.identity),
        };
        let status = Status {
            address: self.address,
            insecure: self.insecure,
            security: self.security.as_ref(),
            stats: self.server.stats(),
            counters: &self.counters,
            used: self.budget.used(),
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
            used: self.budget.used(),
            connections: self.links.len(),
            handshakes: self.handshakes.len(),
            sessions: self.server.sessions(),
            health: health.as_ref(),
        };
        let text = metrics.text();
        if let Err(text) = self.service.write_metrics(&text) {
            let now = self.now();
            self.warnings.warn(Topic::Report, now, format_args!("{text}"));
        }
    }

    /// What the board's XADC measures; none on a machine without one, or when it cannot be read.
    fn health(&mut self) -> Option<Health> {
        Health::read(&self.roots).unwrap_or_else(|error| {
            let now = self.now();
            self.warnings.warn(Topic::Report, now, format_args!("{error}"));
            None
        })
    }
}
