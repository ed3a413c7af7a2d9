//! The most that the rounds of a scan may cost, and what they paused to keep it.

use serde::{Deserialize, Serialize};

use super::round::Round;
use crate::scan::Budget;

/// The budget of a scan.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct BudgetJson {
    /// Percent of one core.
    pub cpu_percent: f64,
    /// Bytes of contents compared in a second.
    pub compared_bytes_per_second: f64,
    /// Seconds that the round has paused to keep it.
    pub paused_seconds: f64,
}

impl BudgetJson {
    /// Returns the budget of a round, if it has one.
    pub fn of(round: &Round) -> Option<BudgetJson> {
        let Budget { core, bytes_per_second } = round.budget?;
        Some(BudgetJson {
            cpu_percent: core * 100.0,
            compared_bytes_per_second: bytes_per_second,
            paused_seconds: round.paused().unwrap_or_default().as_secs_f64(),
        })
    }
}

/// Returns a budget in one line.
pub fn budget_line(budget: &BudgetJson) -> String {
    let BudgetJson { cpu_percent, compared_bytes_per_second, paused_seconds } = budget;
    let compared = compared_bytes_per_second / 1e9;
    format!(
        "budget: {cpu_percent} % of a core and {compared} GB compared in a second; paused {paused_seconds:.1} s for it"
    )
}
