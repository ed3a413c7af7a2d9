//! Limits and timers of the board server.

use crate::frame::elements::REPLY_ENTRY_BYTES;
use crate::frame::{MAX_FRAME_BYTES, MAX_FRAME_RECORDS};
use core::time::Duration;
use deltascope_abi::record::RECORD_BYTES;

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
    /// Records of a session that are received and have not passed the engine, and replies that it has not confirmed: the
    /// credit of a session to which as much is lent as it can use. Never less than the records of one frame, see [`Config::effective_window`].
    pub window: usize,
    /// Records of one session that enter the engine before it is the next session's turn.
    pub quantum: usize,
    /// Bytes that all sessions together may have: buffers, queues and replies. Never less than [`LEAST_SESSION_BYTES`] for
    /// each of [`Config::max_sessions`]; what is more is lent to the sessions that use it.
    pub memory: u64,
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
            memory: 160 << 20,
            max_output: 128 << 10,
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

/// Replies that a session may always have unconfirmed.
pub(super) const LEAST_REPLIES: usize = 8_192;
/// Bytes of one session when none is lent to it: input, queue, replies, and the output with the frame that ends it.
pub const LEAST_SESSION_BYTES: u64 = 1 << 20;
/// Bytes that one more record of credit costs: the record, and its reply.
pub(super) const LENT_BYTES: usize = RECORD_BYTES + REPLY_ENTRY_BYTES;
const _: () = assert!(
    MAX_FRAME_BYTES + MAX_FRAME_RECORDS.next_multiple_of(8_192) * RECORD_BYTES + LEAST_REPLIES * REPLY_ENTRY_BYTES
        <= LEAST_SESSION_BYTES as usize - (256 << 10)
);

impl Config {
    /// Returns the records of credit that may be lent to sessions beside what each always has.
    pub fn lent_records(&self) -> usize {
        let least = self.max_sessions as u64 * LEAST_SESSION_BYTES;
        (self.memory.saturating_sub(least) / LENT_BYTES as u64).try_into().unwrap_or(usize::MAX)
    }

    /// Returns the bytes that all sessions together have at most: what `docs/protocol.md` states of [`Config::memory`].
    pub fn memory_bound(&self) -> u64 {
        self.memory.max(self.max_sessions as u64 * LEAST_SESSION_BYTES)
    }

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
