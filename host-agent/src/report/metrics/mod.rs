//! A round as metrics of Prometheus, for `/metrics` and for the textfile collector of node_exporter.
//!
//! | file | content |
//! |---|---|
//! | `run.rs` | the law of conservation, source, engine, link, the agent itself |
//! | `containers.rs`, `series.rs` | counters of containers: which have series of their own |
//! | `scan.rs` | what a scan reports beside its events |
//! | `exposition.rs` | metric families as text |
//!
//! `docs/operator.md` lists every metric.

mod containers;
mod exposition;
mod run;
mod scan;
mod series;
#[cfg(test)]
mod tests;

use containers::Containers;
use exposition::Families;

use super::round::Round;

/// Makes the metrics of the rounds of one run.
#[derive(Debug)]
pub struct Metrics {
    containers: Containers,
}

impl Metrics {
    /// At most `most` containers have series of their own.
    pub fn new(most: usize) -> Metrics {
        Metrics { containers: Containers::new(most) }
    }

    /// Returns the text for the next round.
    pub fn text(&mut self, round: &Round) -> String {
        let mut families = Families::default();
        run::add(round, &mut families);
        self.containers.add(round, &mut families);
        if let Some(scan) = &round.scan {
            scan::add(scan, &mut families);
        }
        families.text()
    }
}
