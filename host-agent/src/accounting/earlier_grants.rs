//! What was counted under grants before the present one, by this agent or by the one that it resumes.

use deltascope_abi::counters::CounterRow;

use super::snapshot::Snapshot;
use super::state::{self, AgentState, Change};
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
        let rows = self.snapshot(0, earlier.totals).rows();
        if let Some(state) = &mut self.state {
            let (losses, cursors) = (*earlier.losses, earlier.cursors.to_vec());
            state.record(&[Change::Regrant(state::Carried { boot_id: earlier.boot_id, rows, losses, cursors })]);
        }
        Ok(())
    }
}
