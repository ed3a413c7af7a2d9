//! One round without a terminal.

use serde::Serialize;

use super::rows::Row;
use super::text::{bytes, cost, coverage, law, title};
use super::view::{Shown, View};
use crate::report::{BudgetJson, ConservationJson, CoverageJson};

/// What the agent has used.
#[derive(Clone, Debug, Serialize)]
pub struct OwnJson {
    /// Time of processors since it began.
    pub cpu_seconds: f64,
    /// Memory that is resident; null where /proc does not show it.
    pub resident_bytes: Option<u64>,
    /// Time that the round took.
    pub round_seconds: f64,
    /// The longest time that a round took.
    pub longest_round_seconds: f64,
    /// Seconds that a process may have waited at most for a read of its memory by the agent.
    pub longest_hold_seconds: f64,
    /// The most that the rounds of a scan may cost; null of another source.
    pub budget: Option<BudgetJson>,
}

/// One round, as `top --once --json` prints it.
#[derive(Clone, Debug, Serialize)]
pub struct TopJson {
    /// Number of the round.
    pub round: u64,
    /// Seconds since the start.
    pub seconds: f64,
    /// Name of the source.
    pub source: &'static str,
    /// Which engine counted.
    pub engine: &'static str,
    /// What the containers are sorted by.
    pub sorted_by: &'static str,
    /// The law of conservation.
    #[serde(flatten)]
    pub conservation: ConservationJson,
    /// Whether anything was looked at.
    pub collects: bool,
    /// Why nothing is collected, if the source is switched off; null otherwise.
    pub off: Option<String>,
    /// What a scan read and what not; null of another source.
    pub coverage: Option<CoverageJson>,
    /// What the agent has used.
    pub own: OwnJson,
    /// Percent of the last ten seconds in which a task of the machine waited for memory; null without PSI.
    pub memory_pressure_percent: Option<f64>,
    /// Containers that pass the filter, in their order.
    pub containers: Vec<Row>,
}

impl TopJson {
    /// What a view shows; `None` before its first round.
    pub fn of(view: &View) -> Option<TopJson> {
        let Shown { round, machine_pressure, .. } = view.shown.as_ref()?;
        Some(TopJson {
            round: round.number,
            seconds: round.since_start.as_secs_f64(),
            source: round.source,
            engine: round.report.engine,
            sorted_by: view.sort.name(),
            conservation: ConservationJson::from(&round.report.conservation),
            collects: round.collects(),
            off: round.off.as_ref().map(|off| off.reason.clone()),
            coverage: round.scan.as_ref().map(|scan| scan.coverage.clone()),
            own: OwnJson {
                cpu_seconds: round.own.cpu.as_secs_f64(),
                resident_bytes: round.own.resident_bytes,
                round_seconds: round.took.as_secs_f64(),
                longest_round_seconds: round.longest_round.as_secs_f64(),
                longest_hold_seconds: round.own.longest_hold.as_secs_f64(),
                budget: BudgetJson::of(round),
            },
            memory_pressure_percent: *machine_pressure,
            containers: view.visible().into_iter().cloned().collect(),
        })
    }
}

/// What a view shows, as text: the lines above the table, and one line for each container.
pub fn once_text(view: &View) -> String {
    let Some(Shown { round, cpu_before, machine_pressure, .. }) = &view.shown else {
        return "no round\n".to_owned();
    };
    let rows = view.visible();
    let width = rows.iter().map(|row| row.name.chars().count()).max().unwrap_or(0).max("CONTAINER".len());
    let [own, rounds] = cost(round, *cpu_before, *machine_pressure);
    let mut lines = vec![title(round), law(round), coverage(round), own, rounds, String::new()];
    let cells = |name: &str, cells: [&str; 7]| {
        let numbers: Vec<String> = cells.iter().map(|cell| format!("{cell:>10}")).collect();
        format!("{name:<width$} {}", numbers.join(" "))
    };
    lines.push(cells("CONTAINER", ["COPIES", "REDUNDANT", "SENDS", "REDUNDANT", "WASTED", "WASTED/s", "MEM%"]));
    for row in rows {
        let rate = row.bytes_redundant_per_second.map_or_else(|| "-".to_owned(), super::text::bytes_rate);
        let pressure = row.memory_pressure_percent.map_or_else(|| "-".to_owned(), |value| format!("{value:.1}"));
        lines.push(cells(
            &row.name,
            [
                &row.copies.to_string(),
                &row.copies_redundant.to_string(),
                &row.sends.to_string(),
                &row.sends_redundant.to_string(),
                &bytes(row.bytes_redundant),
                &rate,
                &pressure,
            ],
        ));
    }
    lines.join("\n") + "\n"
}
