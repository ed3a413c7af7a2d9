//! A round as JSON.

use std::collections::BTreeMap;

use serde::Serialize;

use super::round::Round;
use super::round::unix_seconds;
use super::{BudgetJson, EstimatedJson, RatesJson, ReportJson, ScanJson};
use crate::accounting::state::StateStatus;
use crate::event::OwnerKind;
use crate::procfs::pressure::{Pressures, Resource};
use crate::runtimes::NameCacheStatus;

/// One round, as `run --json-lines` prints it.
#[derive(Clone, Debug, Serialize)]
pub struct RoundJson<'a> {
    /// Measured seconds since the start.
    pub seconds: f64,
    /// Name of the source.
    pub source: &'static str,
    /// Gauges of one round, or counters since the start.
    pub gauges: bool,
    /// Copies are at least as many as this.
    pub lower_bound: bool,
    /// Why nothing is collected, if the source is switched off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub off: Option<&'a str>,
    /// The most that the rounds of a scan may cost.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub budget: Option<BudgetJson>,
    /// What the source reports beside its events, by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub status: BTreeMap<&'static str, u64>,
    /// What sampling has left out, estimated; not in any other number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub estimated: Option<&'a EstimatedJson>,
    /// Containers that are left out because they have had no event for a while.
    #[serde(skip_serializing_if = "is_zero")]
    pub silent_containers: usize,
    /// What was written to the state folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<StateStatus>,
    /// Engine, conservation and containers.
    #[serde(flatten)]
    pub report: ReportJson,
    /// What the scan of this round, or the one that was recorded, reported beside its events.
    #[serde(flatten)]
    pub scan: Option<&'a ScanJson>,
}

fn is_zero(count: &usize) -> bool {
    *count == 0
}

impl<'a> From<&'a Round> for RoundJson<'a> {
    fn from(round: &'a Round) -> RoundJson<'a> {
        RoundJson {
            seconds: round.since_start.as_secs_f64(),
            source: round.source,
            gauges: round.is_state,
            lower_bound: round.report.lower_bound,
            off: round.off.as_ref().map(|off| off.reason.as_str()),
            budget: BudgetJson::of(round),
            status: round.source_status.iter().copied().collect(),
            estimated: round.estimated.as_ref(),
            silent_containers: round.silent,
            state: round.state,
            report: ReportJson::from(&round.report),
            scan: round.scan.as_ref(),
        }
    }
}

/// One round with its rates and what the agent reports of itself, for the page and for other programs.
#[derive(Clone, Debug, Serialize)]
pub struct WholeRoundJson<'a> {
    /// Number of the round in this run, from 1.
    pub number: u64,
    /// When it was read, in seconds since 1970.
    pub unix_seconds: f64,
    /// Wanted seconds between rounds.
    pub interval_seconds: f64,
    /// Seconds since the round before, which the rates are of.
    pub since_last_seconds: f64,
    /// Seconds from a copy to its judgement (T), of a source that has one.
    pub judge_after_seconds: Option<f64>,
    /// Whether the source sees what it should.
    pub collects: bool,
    /// The board server.
    pub link: LinkJson<'a>,
    /// What the agent has used.
    pub agent: AgentJson,
    /// How names are found; null where no runtime is asked.
    pub names: Option<&'a NameCacheStatus>,
    /// Everything that `run --json-lines` prints.
    #[serde(flatten)]
    pub round: RoundJson<'a>,
    /// Rates, each of the container at the same place in `containers`; null of a state, and in the first round.
    pub rates: Vec<Option<RatesJson>>,
    /// Pressure, each of the container at the same place in `containers`; null where the kernel does not say it.
    pub pressure: Vec<Option<PressuresJson>>,
}

/// The connection with the board server.
#[derive(Clone, Debug, Serialize)]
pub struct LinkJson<'a> {
    /// Address as it was given.
    pub peer: &'a str,
    /// Whether there was a session.
    pub online: bool,
    /// Connections so far.
    pub connections: u64,
    /// Days until the agent's own certificate expires; null without TLS.
    pub certificate_days: Option<f64>,
}

/// What the agent has used since it began.
#[derive(Clone, Debug, Serialize)]
pub struct AgentJson {
    /// Seconds of processors.
    pub cpu_seconds: f64,
    /// Memory that is resident, in bytes; null where `/proc` does not show it.
    pub resident_bytes: Option<u64>,
    /// The most that was resident, in bytes; null like the other.
    pub peak_bytes: Option<u64>,
    /// Seconds that this round took.
    pub round_seconds: f64,
    /// Seconds that the longest round took.
    pub longest_round_seconds: f64,
    /// Seconds that a process may have waited at most for a read of its memory by the agent.
    pub longest_hold_seconds: f64,
}

/// Seconds that tasks of a container have waited, by resource.
#[derive(Clone, Debug, Serialize)]
pub struct PressuresJson {
    /// For processors.
    pub cpu: Option<WaitedJson>,
    /// For memory.
    pub memory: Option<WaitedJson>,
    /// For storage.
    pub io: Option<WaitedJson>,
}

/// Seconds in which tasks waited for a resource.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct WaitedJson {
    /// In which some task waited.
    pub some_seconds: f64,
    /// In which all tasks waited.
    pub full_seconds: Option<f64>,
}

impl From<&Pressures> for PressuresJson {
    fn from(pressures: &Pressures) -> PressuresJson {
        let of = |resource| {
            pressures.of(resource).map(|pressure| WaitedJson {
                some_seconds: pressure.some.as_secs_f64(),
                full_seconds: pressure.full.map(|time| time.as_secs_f64()),
            })
        };
        PressuresJson { cpu: of(Resource::Cpu), memory: of(Resource::Memory), io: of(Resource::Io) }
    }
}

impl<'a> From<&'a Round> for WholeRoundJson<'a> {
    fn from(round: &'a Round) -> WholeRoundJson<'a> {
        // The lines that are containers, in their order.
        let lines = || round.report.lines.iter().filter(|line| line.kind != OwnerKind::Region);
        WholeRoundJson {
            number: round.number,
            unix_seconds: unix_seconds(round.at),
            interval_seconds: round.interval.as_secs_f64(),
            since_last_seconds: round.since_last.as_secs_f64(),
            judge_after_seconds: round.judge_after().map(|time| time.as_secs_f64()),
            collects: round.collects(),
            link: LinkJson {
                peer: &round.link.peer,
                online: round.link.online,
                connections: round.link.connections,
                certificate_days: round.link.certificate_days,
            },
            agent: AgentJson {
                cpu_seconds: round.own.cpu.as_secs_f64(),
                resident_bytes: round.own.resident_bytes,
                peak_bytes: round.own.peak_bytes,
                round_seconds: round.took.as_secs_f64(),
                longest_round_seconds: round.longest_round.as_secs_f64(),
                longest_hold_seconds: round.own.longest_hold.as_secs_f64(),
            },
            names: round.names.as_ref(),
            round: RoundJson::from(round),
            rates: lines()
                .map(|line| line.recent.as_ref().map(|recent| RatesJson::new(recent, round.since_last)))
                .collect(),
            pressure: lines().map(|line| line.pressure.as_ref().map(PressuresJson::from)).collect(),
        }
    }
}
