//! Grants as the checks of frames know them: the present one of an agent's session, and the one before it.

use crate::agent::Agent;
use crate::engine::SlowEngine;

/// The grant that an agent's present session was last sent.
#[derive(Clone, Copy, Debug, Default)]
pub struct Grant {
    pub boot: u64,
    pub number: u64,
    /// First number under the grant.
    pub next: u64,
    /// Number behind the records that restored the contexts.
    pub restore_end: u64,
    /// Restoring records that the engine had passed before, of any agent.
    pub restored_before: u64,
}

/// A grant that a later one of the same session has replaced, for a connection that is still under it.
#[derive(Clone, Copy, Debug)]
pub struct Former {
    pub grant: Grant,
    /// Serial number of the agent's last record that the engine had passed until then.
    pub passed: u64,
}

impl Former {
    /// The agent's grant as it is now, before the next one.
    pub fn of(grant: &Grant, agent: &Agent, engine: &SlowEngine) -> Former {
        Former { grant: *grant, passed: engine.passed[agent.tag] }
    }
}
