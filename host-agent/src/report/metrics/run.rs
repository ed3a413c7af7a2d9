//! Metrics of the run as a whole.

use deltascope_abi::loss::LossReason;

use super::exposition::{Families, Labels, Value};
use crate::report::escape;
use crate::report::round::{Round, unix_seconds};
use crate::runtimes::{NameCacheStatus, RuntimeStatus};

/// Adds the law of conservation, and the states of source, engine, link and agent.
pub(super) fn add(round: &Round, families: &mut Families) {
    let label = |name: &'static str, value: &str| vec![(name, value.to_owned())];
    let version = vec![(label("version", env!("CARGO_PKG_VERSION")), Value::from(true))];
    families.gauges("deltascope_build_info", "1 for the version of the agent.", version);
    law(round, families);
    let engine = vec![
        ("engine", round.report.engine.to_owned()),
        ("source", round.source.to_owned()),
        ("kind", if round.is_state { "state" } else { "counters" }.to_owned()),
    ];
    let about = "1 for the engine that counts, the source, and whether its rounds are states or counters.";
    families.gauges("deltascope_engine_info", about, vec![(engine, Value::from(true))]);
    families.gauge("deltascope_source_up", "1 if the source sees what it should.", round.collects());
    if let Some(off) = &round.off {
        let setting = vec![(vec![("setting", off.setting.to_owned())], Value::from(true))];
        families.gauges("deltascope_source_off", "1 for the setting that switches the source off.", setting);
    }
    source(round, families);
    if let Some(status) = &round.names {
        names(status, families);
    }
    families.gauge("deltascope_link_up", "1 if there is a session with the board server.", round.link.online);
    families.counter("deltascope_link_connections", "Connections with the board server.", round.link.connections);
    if let Some(days) = round.link.certificate_days {
        let about = "Time until the agent's certificate expires; negative once it has.";
        families.gauge("deltascope_certificate_remaining_seconds", about, days * 86_400.0);
    }
    let about = "When the round was read, since 1970.";
    families.gauge("deltascope_round_timestamp_seconds", about, unix_seconds(round.at));
    families.counter("deltascope_rounds", "Rounds of this run.", round.number);
    families.gauge("deltascope_round_interval_seconds", "Wanted time between rounds.", round.interval.as_secs_f64());
    families.gauge("deltascope_round_duration_seconds", "Time that the round took.", round.took.as_secs_f64());
    let about = "The longest time that a round of this run has taken.";
    families.gauge("deltascope_round_duration_longest_seconds", about, round.longest_round.as_secs_f64());
    let about = "Time of processors that the agent has used.";
    families.counter("deltascope_agent_cpu_seconds", about, round.own.cpu.as_secs_f64());
    if let Some(bytes) = round.own.resident_bytes {
        families.gauge("deltascope_agent_resident_memory_bytes", "Memory of the agent that is resident.", bytes);
    }
    if let Some(bytes) = round.own.peak_bytes {
        families.gauge("deltascope_agent_peak_memory_bytes", "Largest resident memory of the agent.", bytes);
    }
    let about = "The longest that a process may have waited for a read of its memory by the agent.";
    families.gauge("deltascope_agent_longest_hold_seconds", about, round.own.longest_hold.as_secs_f64());
    if let Some(budget) = round.budget {
        let about = "The share of one core that the rounds of a scan may use.";
        families.gauge("deltascope_budget_cpu_ratio", about, budget.core);
        let about = "Bytes that the rounds of a scan may compare in a second.";
        families.gauge("deltascope_budget_compared_bytes_per_second", about, budget.bytes_per_second);
    }
    families.gauge(
        "deltascope_silent_containers",
        "Containers that have had no event for a while.",
        round.silent as u64,
    );
}

/// How names of containers are found.
fn names(names: &NameCacheStatus, families: &mut Families) {
    let states = [("named", names.named), ("waiting", names.waiting), ("missing", names.missing)];
    let states = states.map(|(state, count)| (vec![("state", state.to_owned())], Value::from(count)));
    families.gauges("deltascope_names", "Containers of runtimes, by what is known of their names.", states.to_vec());
    let of_each = |value: fn(&RuntimeStatus) -> u64| -> Vec<(Labels, Value)> {
        let runtimes = names.runtimes.iter();
        runtimes.map(|one| (vec![("runtime", escape(&one.runtime))], Value::from(value(one)))).collect()
    };
    families.counters("deltascope_name_lookups", "Look-ups of names in a runtime.", of_each(|one| one.lookups));
    let about = "Look-ups that failed as a whole.";
    families.counters("deltascope_name_lookup_failures", about, of_each(|one| one.failures));
    families.counters("deltascope_names_found", "Names that a runtime gave.", of_each(|one| one.found));
}

/// Both sides of the law.
fn law(round: &Round, families: &mut Families) {
    let law = &round.report.conservation;
    families.counter("deltascope_captured", "Events that passed the filter of the source.", law.captured);
    families.counter("deltascope_counted", "Events in the counters of the engine.", law.counted);
    families.gauge("deltascope_in_flight", "Events that are not counted yet.", law.in_flight);
    let lost = law.lost.iter().map(|(reason, count)| {
        let labels: Labels = vec![("stage", stage(reason).to_owned()), ("reason", reason.name().to_owned())];
        (labels, Value::from(count))
    });
    families.counters("deltascope_lost", "Events that are never counted, by stage and reason.", lost.collect());
    let about = "1 if captured = counted + in flight + lost.";
    families.gauge("deltascope_conserved", about, law.holds());
    let about = "Counted events of which it is not known whose they were: the state folder was lost.";
    families.gauge("deltascope_unknown_events", about, round.report.unknown_events);
}

/// Where on the way from the kernel to the engine an event was lost.
fn stage(reason: LossReason) -> &'static str {
    match reason {
        LossReason::Ring | LossReason::Sampled | LossReason::PendingFull | LossReason::UnattributableSource => "source",
        LossReason::RetainFull | LossReason::AgentRestart => "agent",
        LossReason::Rejected => "engine",
    }
}

/// Of what a source reports of itself, the counters; the others are states.
const SOURCE_COUNTERS: [(&str, &str, &str); 13] = [
    ("seen", "deltascope_source_seen", "Events that the hooks of the source have seen or missed."),
    ("blind", "deltascope_source_blind", "Events that a hook of the source has missed."),
    ("kills", "deltascope_source_kills", "Times that the kernel has stopped the capture."),
    ("late", "deltascope_source_late", "Judgements that came late."),
    ("discarded", "deltascope_source_discarded", "Copies that were discarded before their judgement."),
    ("packets", "deltascope_source_packets", "Packets that the source has received."),
    ("taken_packets", "deltascope_source_taken_packets", "Packets of sends."),
    ("forwarded_packets", "deltascope_source_forwarded_packets", "Packets that no socket of their namespace has sent."),
    ("forwarded_bytes", "deltascope_source_forwarded_bytes", "Bytes of forwarded packets."),
    ("other_layer_packets", "deltascope_source_other_layer_packets", "Packets seen before at another interface."),
    ("other_packets", "deltascope_source_other_packets", "Packets of no segment, or of no chosen interface."),
    ("dropped_packets", "deltascope_source_dropped_packets", "Packets that found no room in the ring."),
    ("attribution_none", "deltascope_source_without_cgroup", "Events without a control group."),
];

/// What the source reports of itself.
fn source(round: &Round, families: &mut Families) {
    if let Some(time) = round.judge_after() {
        families.gauge("deltascope_judge_after_seconds", "T: from a copy to its judgement.", time.as_secs_f64());
    }
    for (name, metric, about) in SOURCE_COUNTERS {
        if let Some((_, value)) = round.source_status.iter().find(|(found, _)| *found == name) {
            families.counter(metric, about, *value);
        }
    }
    let state = |name: &str| name != "judge_after_ms" && SOURCE_COUNTERS.iter().all(|(counter, ..)| *counter != name);
    let states = round.source_status.iter().filter(|(name, _)| state(name));
    let states = states.map(|(name, value)| (vec![("name", (*name).to_owned())], Value::from(*value)));
    families.gauges("deltascope_source_state", "What the source reports of itself, by name.", states.collect());
    let Some(estimated) = &round.estimated else { return };
    families.gauge("deltascope_sampling_ratio", "Share of the units that sampling keeps now.", estimated.p);
}
