//! What the board server has seen.

use crate::frame::ErrorCode;

/// Counters since the server was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Connections accepted.
    pub connections: u64,
    /// Grants made for a new session.
    pub grants: u64,
    /// Sessions that went on after a reconnect.
    pub resumed: u64,
    /// Grants made again for a session that did not know its grant.
    pub renewed: u64,
    /// Sessions taken over by the next session of the same agent.
    pub inherited: u64,
    /// Sessions given up because no connection came back in time.
    pub expired: u64,
    /// Grants that became larger.
    pub grown: u64,
    /// Places taken back before their time because they were needed and nothing was lost by that.
    pub taken_back: u64,
    /// Frames decoded.
    pub frames: u64,
    /// Bytes received.
    pub bytes: u64,
    /// Records queued for the engine, duplicates not among them.
    pub records: u64,
    /// Records dropped because their number was known.
    pub duplicates: u64,
    /// Snapshots sent.
    pub snapshots: u64,
    /// Times that the engine was reset after a failure.
    pub engine_failures: u64,
    /// Errors sent, by [`ErrorCode`] from 1.
    pub errors: [u64; ErrorCode::ALL.len()],
}

impl Stats {
    /// Errors sent with this code.
    pub fn errors_of(&self, code: ErrorCode) -> u64 {
        self.errors[code as usize - 1]
    }
}
