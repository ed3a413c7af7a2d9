//! What was counted from one round to the next, and rates.

use std::time::Duration;

use deltascope_abi::counters::CounterRow;
use serde::Serialize;

/// Counters of one owner from one round to the next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recent {
    /// Copied pages.
    pub pages: CounterRow,
    /// Sends.
    pub sends: CounterRow,
    /// Bodies of sends, compared with what went to the same peer.
    pub bodies: CounterRow,
}

impl Recent {
    /// Returns redundant bytes of copies and of sends.
    pub fn wasted_bytes(&self) -> u64 {
        let sends = self.sends.redundant_bytes.saturating_add(self.bodies.redundant_bytes);
        self.pages.redundant_bytes.saturating_add(sends)
    }
}

/// Returns how many of something came in a second; 0 of no time.
pub fn per_second(count: u64, time: Duration) -> f64 {
    if time.is_zero() { 0.0 } else { count as f64 / time.as_secs_f64() }
}

/// Rates of one container since the round before, each in a second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct RatesJson {
    /// Copied pages.
    pub cow_copies: f64,
    /// Redundant copies.
    pub cow_redundant: f64,
    /// Bytes of the redundant copies.
    pub cow_bytes_redundant: f64,
    /// Sends, by socket and by content.
    pub net_sends: f64,
    /// Bytes of the redundant sends, of sends by content those that went to the same peer before.
    pub net_bytes_redundant: f64,
    /// Redundant bytes of copies and sends.
    pub bytes_redundant: f64,
}

impl RatesJson {
    /// The rates of what came in `time`.
    pub fn new(recent: &Recent, time: Duration) -> RatesJson {
        let rate = |count| per_second(count, time);
        RatesJson {
            cow_copies: rate(recent.pages.events),
            cow_redundant: rate(recent.pages.redundant_events),
            cow_bytes_redundant: rate(recent.pages.redundant_bytes),
            net_sends: rate(recent.sends.events.saturating_add(recent.bodies.events)),
            net_bytes_redundant: rate(recent.sends.redundant_bytes.saturating_add(recent.bodies.redundant_bytes)),
            bytes_redundant: rate(recent.wasted_bytes()),
        }
    }
}
