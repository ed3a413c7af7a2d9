//! What a run saw, added up over its threads.

use std::collections::BTreeMap;

use deltascope_testkit::reference::Difference;
use serde::Serialize;
use serde_json::Value;

/// Failures that are kept word by word.
const KEPT_FAILURES: usize = 20;

/// Sums over a run.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Totals {
    /// Recordings that were streamed to their end and compared with their reference.
    pub jobs: u64,
    /// Of them, those whose agents keep nothing but their id: for them alone a restart may lose events, which are reported.
    pub forgetful_jobs: u64,
    /// kill -9 of agents and of the daemon.
    pub kills: u64,
    /// Of them, agents.
    pub agent_kills: u64,
    /// Of them, the daemon.
    pub daemon_kills: u64,
    /// Connections cut after some byte.
    pub cuts: u64,
    /// Of them, one after each byte of a connection: up and down.
    pub offsets_cut: [u64; 2],
    /// Connections on which nothing moved for a time.
    pub stalls: u64,
    /// Random bytes that came in between.
    pub garbage: u64,
    /// Bytes that became other ones.
    pub flips: u64,
    /// Processes that were stopped for a time: their clocks jumped.
    pub clock_jumps: u64,
    /// Longest of these jumps in seconds.
    pub longest_jump_s: f64,
    /// Agents that ended by themselves with an error, and were started again.
    pub gave_up: u64,
    /// Connections of rejected peers.
    pub rejected_peers: u64,
    /// Bytes that rejected peers sent.
    pub rejected_peer_bytes: u64,
    /// Recordings that met a full disk.
    pub disk_full: u64,
    /// Events captured, over all jobs.
    pub captured: u64,
    /// Events in counters.
    pub counted: u64,
    /// Events reported as lost.
    pub lost: u64,
    /// The same by reason.
    pub lost_by_reason: BTreeMap<String, u64>,
    /// Events counted that the reference does not have.
    pub duplicated: u64,
    /// Events of the reference that are neither counted nor lost.
    pub missing: u64,
    /// Most resident memory of an agent, in bytes.
    pub agent_rss_bytes: u64,
    /// Most resident memory of a daemon, in bytes.
    pub boardd_rss_bytes: u64,
    /// What was wrong.
    pub failures: Vec<String>,
    /// Failures that are not among them.
    pub more_failures: u64,
}

impl Totals {
    /// Something did not hold.
    pub fn fail(&mut self, text: String) {
        if self.failures.len() < KEPT_FAILURES {
            self.failures.push(text);
        } else {
            self.more_failures += 1;
        }
    }

    /// A job has ended with this report.
    pub fn report(&mut self, job: &str, report: &Value, difference: Difference) {
        self.jobs += 1;
        let number = |key: &str| report[key].as_u64().unwrap_or(0);
        self.captured += number("captured");
        self.counted += number("counted");
        for (reason, count) in report["lost"].as_object().into_iter().flatten() {
            let count = count.as_u64().unwrap_or(0);
            self.lost += count;
            *self.lost_by_reason.entry(reason.clone()).or_default() += count;
        }
        self.duplicated += difference.duplicated;
        self.missing += difference.missing;
        if difference.duplicated > 0 || difference.missing > 0 {
            let Difference { duplicated, missing, .. } = difference;
            self.fail(format!("{job}: {duplicated} events duplicated, {missing} missing"));
        }
        difference.wrong.into_iter().take(2).for_each(|text| self.fail(format!("{job}: {text}")));
    }

    /// Whether everything held.
    pub fn holds(&self) -> bool {
        self.failures.is_empty()
            && self.captured == self.counted + self.lost
            && self.duplicated == 0
            && self.missing == 0
    }
}
