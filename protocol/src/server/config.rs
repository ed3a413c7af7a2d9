//! Limits and timers of the board server.

use crate::frame::MAX_FRAME_RECORDS;
use core::time::Duration;

/// Limits and timers.
#[derive(Clone, Debug)]
pub struct Config {
    /// Groups of the first grant of an agent that asks for 0.
    pub default_groups: u32,
    /// Contexts of the first grant of an agent that asks for 0.
    pub default_contexts: u32,
    /// Most groups of one grant; a snapshot of all of them fits one frame.
    pub max_groups: u32,
    /// Most contexts of one grant.
    pub max_contexts: u32,
    /// Most sessions at a time, those waiting for a reconnect among them.
    pub max_sessions: usize,
    /// Sessions for each of which a first grant is kept free, whatever the others grow to.
    pub reserved_sessions: usize,
    /// Most connections at a time.
    pub max_connections: usize,
    /// Records of a session that are received and have not passed the engine: the credit that an idle session
    /// has. Never less than the records of one frame, see [`Config::effective_window`].
    pub window: usize,
    /// Records of one session that enter the engine before it is the next session's turn.
    pub quantum: usize,
    /// Bytes that wait to be sent on one connection before its session's records are held back.
    pub max_output: usize,
    /// Snapshots that a session may have asked for and not received.
    pub max_snapshots: usize,
    /// States that a session may have asked for and not received.
    pub max_states: usize,
    /// Time that a connection has for its Hello.
    pub hello_timeout: Duration,
    /// Time after which a silent connection is closed.
    pub idle_timeout: Duration,
    /// Time that a session without a connection keeps its grant, cursors and losses.
    pub resume_time: Duration,
    /// Time after which the place of a session without any record may be given to another one.
    pub unused_time: Duration,
    /// Time between two attempts to bring a failed engine back.
    pub engine_retry: Duration,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            default_groups: 16,
            default_contexts: 256,
            max_groups: deltascope_abi::DEFAULT_GROUPS,
            max_contexts: 1 << 16,
            max_sessions: 64,
            reserved_sessions: 32,
            max_connections: 128,
            window: 131_072,
            quantum: 16_384,
            max_output: 1 << 20,
            max_snapshots: 4,
            max_states: 256,
            hello_timeout: Duration::from_secs(5),
            idle_timeout: Duration::from_secs(30),
            resume_time: Duration::from_secs(60),
            unused_time: Duration::from_secs(30),
            engine_retry: Duration::from_secs(1),
        }
    }
}

impl Config {
    /// [`Config::window`], at least the records of the longest frame: an agent that has nothing outstanding can
    /// always send its next frame.
    pub fn effective_window(&self) -> u64 {
        self.window.max(MAX_FRAME_RECORDS) as u64
    }
}

/// What all sessions of one identity may have together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// Sessions at a time, those waiting for a reconnect among them.
    pub sessions: usize,
    /// Groups granted.
    pub groups: u32,
    /// Contexts granted.
    pub contexts: u32,
}

impl Quota {
    /// As much as the server has.
    pub const NONE: Quota = Quota { sessions: usize::MAX, groups: u32::MAX, contexts: u32::MAX };
}
