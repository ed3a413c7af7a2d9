//! Limits and timers of a session, and who it is.

use crate::frame::{MAX_CURSORS, MAX_FRAME_RECORDS, Secret, records_overhead};
use alloc::string::String;
use core::time::Duration;
use deltascope_abi::record::RECORD_BYTES;

/// Limits and timers.
#[derive(Clone, Debug)]
pub struct Config {
    /// Groups to ask for; 0 asks for the server's default.
    pub groups: u32,
    /// Contexts to ask for; 0 asks for the server's default.
    pub contexts: u32,
    /// Bytes of frames kept until a snapshot covers them.
    pub retention_bytes: usize,
    /// Records after which a frame is closed and sent.
    pub frame_records: usize,
    /// Longest time that a committed record waits for others to share its frame.
    pub max_delay: Duration,
    /// Time between two snapshots while records flow; half full retention asks for one at once.
    pub snapshot_interval: Duration,
    /// Time without a frame to send after which an empty one is sent.
    pub keepalive: Duration,
    /// Time without a sign of life from a server that owes one after which the connection is given up.
    pub silence: Duration,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            groups: 0,
            contexts: 0,
            retention_bytes: 16 << 20,
            frame_records: 4_096,
            max_delay: Duration::from_millis(1),
            snapshot_interval: Duration::from_millis(250),
            keepalive: Duration::from_secs(5),
            silence: Duration::from_secs(15),
        }
    }
}

impl Config {
    /// Returns the configuration with every limit within its bounds: frames of 1 to 16,128 records, retention of at least four frames.
    pub(crate) fn bounded(mut self) -> Config {
        self.frame_records = self.frame_records.clamp(1, MAX_FRAME_RECORDS);
        let frame = records_overhead(MAX_CURSORS) + self.frame_records * RECORD_BYTES;
        self.retention_bytes = self.retention_bytes.max(4 * frame);
        self
    }
}

/// Who speaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Random, one for each session, not all zero.
    pub session: [u8; 16],
    /// Stable over restarts of the agent on one host.
    pub agent: [u8; 16],
    /// Known to the processes of this agent only; without one, and without TLS, no process continues from another.
    pub secret: Secret,
    /// This process continues with what one before it left. Without it the session of the one before ends.
    pub resumes: bool,
    /// Random, entropy for a board that has none.
    pub nonce: u64,
    /// Name of the host; at most 128 bytes are sent.
    pub host: String,
}
