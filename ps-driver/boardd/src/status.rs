//! What the daemon knows about itself: one line of JSON on SIGUSR1 and at the end.

use crate::budget::{Used, Work};
use crate::info;
use crate::security::Security;
use deltascope_linux::xadc::Health;
use deltascope_protocol::frame::ErrorCode;
use deltascope_protocol::server::{Quota, Stats};
use deltascope_tls::Rejection;
use serde_json::{Map, Value, json};
use std::net::SocketAddr;

/// Counters that the server does not have.
#[derive(Clone, Debug, Default)]
pub struct Counters {
    rejections: [u64; Rejection::ALL.len()],
    /// Times that keys and identities were read again.
    pub reloads: u64,
    /// Times that they could not be used.
    pub reload_failures: u64,
    /// Handshakes that ended with an authenticated peer.
    pub authenticated: u64,
    /// Connections that were refused, or could not be accepted, for want of descriptors or memory.
    pub accept_failures: u64,
}

impl Counters {
    /// Returns every counter but the rejections: its name, what it counts in one sentence, and its value.
    pub fn counters(&self) -> impl Iterator<Item = (&'static str, &'static str, u64)> {
        // Named one by one, so that none is left out.
        let Counters { rejections: _, reloads, reload_failures, authenticated, accept_failures } = *self;
        [
            ("reloads", "Times that keys and identities were read again.", reloads),
            ("reload_failures", "Times that they could not be used.", reload_failures),
            ("authenticated", "Handshakes that ended with an authenticated peer.", authenticated),
            (
                "accept_failures",
                "Connections that were refused, or could not be accepted, for want of descriptors or memory.",
                accept_failures,
            ),
        ]
        .into_iter()
    }

    /// Peers that did not get in, by reason.
    pub fn rejections(&self) -> impl Iterator<Item = (Rejection, u64)> + '_ {
        Rejection::ALL.into_iter().zip(self.rejections)
    }

    /// Counts a peer that did not get in.
    pub fn rejection(&mut self, rejection: Rejection) {
        if let Some(at) = Rejection::ALL.iter().position(|&known| known == rejection) {
            self.rejections[at] += 1;
        }
    }
}

/// One authenticated name with connections now.
#[derive(Clone, Debug)]
pub struct Named {
    /// Name in the certificate.
    pub name: String,
    /// What its sessions have.
    pub usage: Quota,
    /// Connections, with a session or without.
    pub connections: usize,
}

/// The rest of what a status reports.
pub struct Status<'a> {
    /// Where the daemon listens.
    pub address: SocketAddr,
    /// `--insecure` was given.
    pub insecure: bool,
    /// Keys, if it has any.
    pub security: Option<&'a Security>,
    /// The server's counters.
    pub stats: &'a Stats,
    /// The daemon's.
    pub counters: &'a Counters,
    /// What the loop's CPU went to.
    pub used: Used,
    /// Connections now.
    pub connections: usize,
    /// Handshakes now.
    pub handshakes: usize,
    /// Sessions now.
    pub sessions: usize,
    /// Names now.
    pub identities: Vec<Named>,
    /// What the board's XADC measures, if it has one.
    pub health: Option<&'a Health>,
}

impl Status<'_> {
    /// As one line.
    pub fn json(&self) -> String {
        let errors: Map<String, Value> = ErrorCode::ALL
            .iter()
            .map(|&code| (snake(&format!("{code:?}")), self.stats.errors_of(code).into()))
            .collect();
        let rejections: Map<String, Value> =
            self.counters.rejections().map(|(rejection, count)| (rejection.name().to_owned(), count.into())).collect();
        let days = self.security.map(Security::days_left);
        let identities: Vec<Value> = self
            .identities
            .iter()
            .map(|Named { name, usage, connections }| {
                json!({"name": name, "sessions": usage.sessions, "groups": usage.groups, "contexts": usage.contexts,
                    "connections": connections})
            })
            .collect();
        let mut status = json!({
            "address": self.address.to_string(),
            "tls": self.security.is_some(),
            "insecure": self.insecure,
            "certificate_name": self.security.map(Security::name),
            "certificate_days_left": days.map(|(own, _)| own),
            "authority_days_left": days.map(|(_, authority)| authority),
            "connections": self.connections,
            "handshakes": self.handshakes,
            "sessions": self.sessions,
            "errors_total": errors,
            "rejected_peers_total": rejections,
            "identities": identities,
            "board": self.health.map(info::health),
        });
        for (name, _, value) in self.stats.counters().chain(self.counters.counters()) {
            status[format!("{name}_total")] = value.into();
        }
        let seconds = |nanoseconds: u64| Value::from(nanoseconds as f64 / 1e9);
        let others = |times: [u64; 2]| -> Map<String, Value> {
            Work::ALL.into_iter().map(|(work, name)| (name.to_owned(), seconds(times[work as usize]))).collect()
        };
        let mut all = others(self.used.others);
        all.insert("sessions".to_owned(), seconds(self.used.sessions));
        status["loop_cpu_seconds_total"] = all.into();
        status["loop_cpu_beside_sessions_seconds_total"] = others(self.used.others_beside).into();
        status["loop_slept_seconds_total"] = seconds(self.used.slept);
        status.to_string()
    }
}

/// `OutOfGrant` as `out_of_grant`.
fn snake(name: &str) -> String {
    let mut text = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !text.is_empty() {
            text.push('_');
        }
        text.push(letter.to_ascii_lowercase());
    }
    text
}
