//! Metrics of containers.

use std::collections::HashMap;

use super::exposition::{Families, Labels, Value};
use super::series::{Series, SeriesTable, Values, add};
use crate::event::OwnerKind;
use crate::procfs::pressure::{Pressure, Resource};
use crate::report::round::Round;
use crate::report::{Line, OTHER_NAME, escape};

/// Name of what was in series that are no more.
const EXPIRED_NAME: &str = "expired";
/// Metrics of a container.
const METRICS: usize = 24;

/// When a metric is there.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Of {
    /// Always.
    Every,
    /// Of a source with counters.
    Counters,
    /// Of sends by content.
    Content,
    /// Of a scan.
    Origins,
}

/// One metric: its name without `deltascope_container_`, the scope of a send by content, what it reports, and its value.
struct Metric {
    of: Of,
    name: &'static str,
    scope: Option<&'static str>,
    help: &'static str,
    value: fn(&Line) -> u64,
}

const fn metric(of: Of, name: &'static str, help: &'static str, value: fn(&Line) -> u64) -> Metric {
    Metric { of, name, scope: None, help, value }
}

const fn scoped(name: &'static str, scope: &'static str, help: &'static str, value: fn(&Line) -> u64) -> Metric {
    Metric { of: Of::Content, name, scope: Some(scope), help, value }
}

const REPEATED: &str = "Bodies sent before, by scope; scopes are not to be added.";
const REPEATED_BYTES: &str = "Their bytes, by scope; scopes are not to be added.";

/// The scope that is there on request only.
const CONNECTION: &str = "connection";

/// Every metric; those of one name are beside each other.
const TABLE: [Metric; METRICS] = [
    metric(Of::Every, "cow_copies", "Copied pages; of a scan inherited copies.", |line| line.pages.events),
    metric(Of::Every, "cow_redundant", "Redundant copies.", |line| line.pages.redundant_events),
    metric(Of::Every, "cow_redundant_bytes", "Bytes of the redundant copies.", |line| line.pages.redundant_bytes),
    metric(Of::Every, "cow_unjudged", "Copies that could not be judged.", |line| line.unjudged),
    metric(Of::Counters, "net_sends", "Sends.", |line| line.sends.events),
    metric(Of::Counters, "net_redundant", "Redundant sends.", |line| line.sends.redundant_events),
    metric(Of::Counters, "net_redundant_bytes", "Bytes of the redundant sends.", |line| line.sends.redundant_bytes),
    metric(Of::Content, "send_bodies", "Bodies of sends that were compared by content.", |line| {
        line.by_content.unwrap_or_default().peer.events
    }),
    metric(Of::Content, "send_body_bytes", "Their bytes.", |line| line.by_content.unwrap_or_default().peer.bytes),
    metric(Of::Content, "send_unjudged", "Sends that were not compared.", |line| {
        line.by_content.unwrap_or_default().unjudged.events
    }),
    metric(Of::Content, "send_unjudged_bytes", "Their bytes without heads.", |line| {
        line.by_content.unwrap_or_default().unjudged.bytes
    }),
    metric(Of::Content, "send_encrypted_bytes", "Of the bytes not compared, those that are encrypted.", |line| {
        line.by_content.unwrap_or_default().notes.encrypted_bytes
    }),
    metric(Of::Content, "send_head_bytes", "Bytes of heads, in no other number.", |line| {
        line.by_content.unwrap_or_default().notes.head_bytes
    }),
    scoped("send_redundant", "peer", REPEATED, |line| line.by_content.unwrap_or_default().peer.redundant_events),
    scoped("send_redundant", "container", REPEATED, |line| {
        line.by_content.unwrap_or_default().container.redundant_events
    }),
    scoped("send_redundant", CONNECTION, REPEATED, |line| {
        line.by_content.unwrap_or_default().connection.unwrap_or_default().redundant_events
    }),
    scoped("send_redundant_bytes", "peer", REPEATED_BYTES, |line| {
        line.by_content.unwrap_or_default().peer.redundant_bytes
    }),
    scoped("send_redundant_bytes", "container", REPEATED_BYTES, |line| {
        line.by_content.unwrap_or_default().container.redundant_bytes
    }),
    scoped("send_redundant_bytes", CONNECTION, REPEATED_BYTES, |line| {
        line.by_content.unwrap_or_default().connection.unwrap_or_default().redundant_bytes
    }),
    metric(Of::Origins, "cow_equal_to_source", "Redundant copies that equal their source.", |line| {
        line.origins.unwrap_or_default().equal_to_source
    }),
    metric(Of::Origins, "cow_equal_to_sibling", "Redundant copies that equal a sibling only.", |line| {
        line.origins.unwrap_or_default().equal_to_sibling
    }),
    metric(Of::Origins, "born_after_fork", "Pages that were allocated after the fork.", |line| {
        line.origins.unwrap_or_default().born.events
    }),
    metric(Of::Origins, "born_equal", "Of these, those that equal another.", |line| {
        line.origins.unwrap_or_default().born.redundant_events
    }),
    metric(Of::Origins, "origin_unknown", "Pages of unknown origin.", |line| line.origins.unwrap_or_default().unknown),
];

/// The bytes that decide which containers have series of their own, as the report sorts its lines.
const WASTE: [&str; 3] = ["cow_redundant_bytes", "net_redundant_bytes", "send_redundant_bytes"];

fn values(line: &Line) -> Values<METRICS> {
    std::array::from_fn(|at| (TABLE[at].value)(line))
}

fn waste(values: &Values<METRICS>) -> u64 {
    let counts = |metric: &Metric| WASTE.contains(&metric.name) && metric.scope.is_none_or(|scope| scope == "peer");
    let wasted = TABLE.iter().zip(values).filter(|(metric, _)| counts(metric));
    wasted.fold(0, |sum, (_, value)| sum.saturating_add(*value))
}

/// Series of containers over the rounds of a run.
#[derive(Debug)]
pub(super) struct Containers {
    most: usize,
    table: SeriesTable<String, METRICS>,
}

impl Containers {
    pub(super) fn new(most: usize) -> Containers {
        Containers { most, table: SeriesTable::new(most) }
    }

    /// Adds the metrics of containers.
    pub(super) fn add(&mut self, round: &Round, families: &mut Families) {
        let report = &round.report;
        let lines = || report.lines.iter().filter(|line| line.kind != OwnerKind::Region && !is_other(line));
        let counters: Vec<(String, Values<METRICS>)> = lines().map(|line| (line.key.clone(), values(line))).collect();
        let mut series = if round.is_state { self.of_state(&counters) } else { self.table.update(&counters, waste) };
        report.lines.iter().filter(|line| is_other(line)).for_each(|line| add(&mut series.other, &values(line)));
        let known: HashMap<&str, &Line> = lines().map(|line| (line.key.as_str(), line)).collect();
        let listed: Vec<&Line> = series.listed.iter().filter_map(|(key, _)| known.get(key.as_str()).copied()).collect();
        infos(&listed, families);
        let with_content = report.lines.iter().any(|line| line.by_content.is_some());
        let with_connections =
            report.lines.iter().any(|line| line.by_content.is_some_and(|sends| sends.connection.is_some()));
        let with_origins = report.lines.iter().any(|line| line.origins.is_some());
        let mut at = 0;
        while at < METRICS {
            let Metric { of, name, help, .. } = TABLE[at];
            let mut samples = Vec::new();
            while at < METRICS && TABLE[at].name == name {
                if TABLE[at].scope == Some(CONNECTION) && !with_connections {
                    at += 1;
                    continue;
                }
                let scope = TABLE[at].scope.map(|scope| ("scope", scope.to_owned()));
                let mut sample = |mut labels: Labels, values: &Values<METRICS>| {
                    labels.extend(scope.clone());
                    samples.push((labels, Value::from(values[at])));
                };
                series.listed.iter().zip(&listed).for_each(|((_, values), line)| sample(labels(line), values));
                sample(named(OTHER_NAME), &series.other);
                if !round.is_state {
                    sample(named(EXPIRED_NAME), &series.expired);
                }
                at += 1;
            }
            let there = match of {
                Of::Every => true,
                Of::Counters => !round.is_state,
                Of::Content => with_content,
                Of::Origins => with_origins,
            };
            match (there, round.is_state) {
                (false, _) => {}
                (true, true) => families.gauges(format!("deltascope_container_{name}"), help, samples),
                (true, false) => families.counters(format!("deltascope_container_{name}"), help, samples),
            }
        }
        pressures(&listed, families);
    }

    /// A state has no past: those that waste the most have series, and the others are added.
    fn of_state(&self, counters: &[(String, Values<METRICS>)]) -> Series<String, METRICS> {
        let (listed, rest) = counters.split_at(counters.len().min(self.most));
        let mut other = [0; METRICS];
        rest.iter().for_each(|(_, values)| add(&mut other, values));
        Series { listed: listed.to_vec(), other, expired: [0; METRICS] }
    }
}

fn is_other(line: &Line) -> bool {
    line.key == OTHER_NAME && line.details.is_none()
}

fn named(name: &str) -> Labels {
    vec![("container", name.to_owned())]
}

fn labels(line: &Line) -> Labels {
    let cgroup = line.details.as_ref().map(|details| ("cgroup", escape(&details.cgroup)));
    named(&escape(&line.name)).into_iter().chain(cgroup).collect()
}

/// What is known of each container, to be joined on `container` and `cgroup`.
fn infos(listed: &[&Line], families: &mut Families) {
    let samples = listed.iter().filter_map(|line| {
        let details = line.details.as_ref()?;
        let names = line.names.as_deref();
        let rest = [
            ("runtime", details.runtime.as_ref()),
            ("id", details.id.as_ref()),
            ("pod_uid", details.pod.as_ref()),
            ("namespace", names.and_then(|names| names.namespace.as_ref())),
            ("pod", names.and_then(|names| names.pod.as_ref())),
            ("name", names.and_then(|names| names.container.as_ref())),
        ];
        let rest: Labels = rest.into_iter().filter_map(|(label, value)| Some((label, escape(value?)))).collect();
        (!rest.is_empty()).then(|| (labels(line).into_iter().chain(rest).collect(), Value::from(true)))
    });
    families.gauges("deltascope_container_info", "1 for what is known of a container.", samples.collect());
}

/// Pressure, with the names that cAdvisor has for it.
fn pressures(listed: &[&Line], families: &mut Families) {
    let names: [(Resource, bool, &str, &'static str); 6] = [
        (Resource::Cpu, false, "cpu_waiting", "Time in which some task of the container waited for a processor."),
        (Resource::Cpu, true, "cpu_stalled", "Time in which all tasks of the container waited for a processor."),
        (Resource::Memory, false, "memory_waiting", "Time in which some task of the container waited for memory."),
        (Resource::Memory, true, "memory_stalled", "Time in which all tasks of the container waited for memory."),
        (Resource::Io, false, "io_waiting", "Time in which some task of the container waited for storage."),
        (Resource::Io, true, "io_stalled", "Time in which all tasks of the container waited for storage."),
    ];
    for (resource, full, name, help) in names {
        let samples = listed.iter().filter_map(|line| {
            let Pressure { some, full: all } = line.pressure.as_ref()?.of(resource)?;
            let time = if full { all? } else { some };
            Some((labels(line), Value::from(time.as_secs_f64())))
        });
        families.counters(format!("container_pressure_{name}_seconds"), help, samples.collect());
    }
}
