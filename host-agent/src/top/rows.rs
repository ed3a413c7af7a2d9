//! A round as rows of a table.

use serde::Serialize;

use super::key::Key;
use super::pressure::Stalled;
use crate::event::OwnerKind;
use crate::report::round::Round;
use crate::report::{Line, RatesJson, escape};

/// One container.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// Its name; what a terminal would act on is escaped.
    pub name: String,
    /// The path of its control group, escaped like the name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cgroup: Option<String>,
    /// Copied pages; in a scan inherited copies.
    pub copies: u64,
    /// Redundant copies.
    pub copies_redundant: u64,
    /// Copies that could not be judged.
    pub copies_unjudged: u64,
    /// Sends.
    pub sends: u64,
    /// Redundant sends; of sends by content those that went to the same peer before.
    pub sends_redundant: u64,
    /// Bytes of redundant copies and sends.
    pub bytes_redundant: u64,
    /// The same in a second since the round before; null of a state and of the first round.
    pub bytes_redundant_per_second: Option<f64>,
    /// Percent of the time since the round before in which a task of it waited for memory; null in the first round, and
    /// where there is no pressure information.
    pub memory_pressure_percent: Option<f64>,
    #[serde(skip)]
    pub(super) key: Key,
    /// The path of its control group as it is.
    #[serde(skip)]
    pub(super) path: Option<String>,
}

impl Row {
    fn new(line: &Line, round: &Round, before: &Stalled) -> Row {
        let content = line.by_content.unwrap_or_default();
        let redundant = content.peer.redundant_bytes.saturating_add(line.sends.redundant_bytes);
        let path = line.details.as_ref().map(|details| details.cgroup.clone());
        let rates = line.recent.as_ref().map(|recent| RatesJson::new(recent, round.since_last));
        Row {
            name: escape(&line.name),
            cgroup: path.as_deref().map(escape),
            copies: line.pages.events,
            copies_redundant: line.pages.redundant_events,
            copies_unjudged: line.unjudged,
            sends: line.sends.events.saturating_add(content.events()),
            sends_redundant: line.sends.redundant_events.saturating_add(content.peer.redundant_events),
            bytes_redundant: line.pages.redundant_bytes.saturating_add(redundant),
            bytes_redundant_per_second: rates.map(|rates| rates.bytes_redundant),
            memory_pressure_percent: before.percent_until(line, round.since_last),
            key: Key(line.key.clone()),
            path,
        }
    }

    /// What the container wastes now: in a second where there is a rate, else in all.
    pub(super) fn waste(&self) -> f64 {
        self.bytes_redundant_per_second.unwrap_or(self.bytes_redundant as f64)
    }

    /// The waste while a task waited for memory.
    pub(super) fn waste_under_pressure(&self) -> f64 {
        self.waste() * self.memory_pressure_percent.unwrap_or(0.0) / 100.0
    }
}

/// The rows of a round, in its order. `before` is the pressure at the round before.
pub(super) fn rows(round: &Round, before: &Stalled) -> Vec<Row> {
    let lines = round.report.lines.iter().filter(|line| line.kind != OwnerKind::Region);
    lines.map(|line| Row::new(line, round, before)).collect()
}
