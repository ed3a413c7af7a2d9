//! The state of a running agent, and whether it is ready.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use crate::report::round::{Round, unix_seconds};
use crate::report::{BudgetJson, off_line};
use crate::runtimes::NameCacheStatus;

/// A round may come this many intervals late, and this much time, before an agent is not ready.
const LATE_INTERVALS: u32 = 3;
const LATE: Duration = Duration::from_secs(10);

/// The state of an agent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StatusJson {
    /// Version of the agent.
    pub version: String,
    /// Whether it collects, and the last round is not too old.
    pub ready: bool,
    /// Why it is not ready.
    pub problems: Vec<String>,
    /// The last round; null before the first.
    pub round: Option<RoundStatusJson>,
}

/// The state at the last round.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RoundStatusJson {
    /// Number of the round in this run, from 1.
    pub number: u64,
    /// When it was read, in seconds since 1970.
    pub unix_seconds: f64,
    /// Its age in seconds.
    pub age_seconds: f64,
    /// Wanted seconds between rounds.
    pub interval_seconds: f64,
    /// Seconds that the round took.
    pub duration_seconds: f64,
    /// Name of the source.
    pub source: String,
    /// The engine that counts.
    pub engine: String,
    /// Whether the source sees what it should.
    pub collects: bool,
    /// Why nothing is collected, if the source is switched off; null otherwise.
    #[serde(default)]
    pub off: Option<String>,
    /// Events that passed the filter of the source.
    pub captured: u64,
    /// Events in the counters of the engine.
    pub counted: u64,
    /// Events that are not counted yet.
    pub in_flight: u64,
    /// Events that are never counted, by reason.
    pub lost: BTreeMap<String, u64>,
    /// Whether captured = counted + in flight + lost.
    pub conserved: bool,
    /// Address of the board server.
    pub peer: String,
    /// Whether there was a session with it.
    pub online: bool,
    /// Connections with it so far.
    pub connections: u64,
    /// Days until the agent's own certificate expires; null without TLS.
    pub certificate_days: Option<f64>,
    /// How names of containers are found; null where no runtime is asked.
    #[serde(default)]
    pub names: Option<NameCacheStatus>,
    /// Time of processors that the agent has used, in seconds.
    pub agent_cpu_seconds: f64,
    /// Memory of the agent that is resident, in bytes.
    pub agent_resident_bytes: Option<u64>,
    /// The most that the rounds of a scan may cost; null of another source.
    #[serde(default)]
    pub budget: Option<BudgetJson>,
}

impl StatusJson {
    /// The state at `now` of an agent with this last round.
    pub fn new(round: Option<&Round>, now: SystemTime) -> StatusJson {
        let problems = problems(round, now);
        StatusJson {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            ready: problems.is_empty(),
            problems,
            round: round.map(|round| RoundStatusJson::new(round, now)),
        }
    }
}

impl RoundStatusJson {
    fn new(round: &Round, now: SystemTime) -> RoundStatusJson {
        let law = &round.report.conservation;
        RoundStatusJson {
            number: round.number,
            unix_seconds: unix_seconds(round.at),
            age_seconds: age(round, now).as_secs_f64(),
            interval_seconds: round.interval.as_secs_f64(),
            duration_seconds: round.took.as_secs_f64(),
            source: round.source.to_owned(),
            engine: round.report.engine.to_owned(),
            collects: round.collects(),
            off: round.off.as_ref().map(|off| off.reason.clone()),
            captured: law.captured,
            counted: law.counted,
            in_flight: law.in_flight,
            lost: law.lost.iter().map(|(reason, count)| (reason.name().to_owned(), count)).collect(),
            conserved: law.holds(),
            peer: round.link.peer.clone(),
            online: round.link.online,
            connections: round.link.connections,
            certificate_days: round.link.certificate_days,
            names: round.names.clone(),
            agent_cpu_seconds: round.own.cpu.as_secs_f64(),
            agent_resident_bytes: round.own.resident_bytes,
            budget: BudgetJson::of(round),
        }
    }
}

fn age(round: &Round, now: SystemTime) -> Duration {
    now.duration_since(round.at).unwrap_or_default()
}

/// Why an agent with this last round is not ready; nothing when it is.
pub fn problems(round: Option<&Round>, now: SystemTime) -> Vec<String> {
    let Some(round) = round else { return vec!["there has been no round yet".to_owned()] };
    let mut problems = Vec::new();
    if !round.collects() {
        let what = match &round.off {
            Some(off) => off_line(off),
            None if round.report.nothing_seen => "nothing could be looked at".to_owned(),
            None => "its hooks see nothing".to_owned(),
        };
        problems.push(format!("source {}: {what}", round.source));
    }
    let (age, limit) = (age(round, now), round.interval * LATE_INTERVALS + LATE + round.longest_round);
    if age > limit {
        problems.push(format!(
            "the last round is {:.0} s old, expected at most {:.0} s; the board server {} may be away",
            age.as_secs_f64(),
            limit.as_secs_f64(),
            round.link.peer
        ));
    }
    problems
}
