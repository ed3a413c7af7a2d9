//! What was counted under grants before the present one, by this agent or by the one that it resumes.

use deltascope_abi::counters::CounterRow;

use super::snapshot::Snapshot;
use super::state::AgentState;
use crate::uplink::{EarlierGrants, GrantStore, StoreError};

/// The agent's state, and the counters that came from it.
#[derive(Debug)]
pub(super) struct Carried {
    /// What a restart of the agent needs, if it is to resume.
    pub state: Option<AgentState>,
    /// Counted under earlier grants of an agent before this one, by group and class.
    pub rows: Vec<CounterRow>,
}

impl Carried {
    /// Returns what the session has counted at `sequence`, with what was carried into it.
    pub fn snapshot(&self, sequence: u64, totals: &[CounterRow]) -> Snapshot {
        let mut snapshot = Snapshot::new(sequence, totals);
        snapshot.add(&self.rows);
        snapshot
    }
}

impl GrantStore for Carried {
    fn regranted(&mut self, earlier: &EarlierGrants<'_>) -> Result<(), StoreError> {
        let carried = self.snapshot(0, earlier.totals).rows();
        let Some(state) = &mut self.state else { return Ok(()) };
        let saved = state.save(|saved| saved.regranted(earlier.boot_id, &carried, earlier.losses, earlier.cursors));
        saved.map_err(StoreError::new)
    }
}
