//! The state of an [`Endpoint`], and what it reports.

use super::contexts::CoveredContexts;
use super::control::Control;
use super::retention::{Mark, Retention};
use super::totals::Totals;
use super::{Config, Identity};
use crate::frame::{Cursor, FrameBuffer, MAX_FRAME_BYTES, ReplyEntry, StateAtReply};
use alloc::collections::VecDeque;
use alloc::vec;
use alloc::vec::Vec;
use core::time::Duration;
use deltascope_abi::loss::Losses;

/// What the server granted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Granted {
    /// Which engine answers: 1 model, 2 Verilated RTL, 3 UIO.
    pub engine: u32,
    /// The server's boot id.
    pub boot_id: u64,
    /// Number of the grant under that boot id.
    pub grant: u64,
    /// Groups, numbered from 0.
    pub groups: u32,
    /// Contexts, numbered from 0.
    pub contexts: u32,
    /// Groups that the grant may grow to.
    pub most_groups: u32,
    /// Contexts that the grant may grow to.
    pub most_contexts: u32,
    /// Lanes of the journal; 0: none.
    pub journal_lanes: u32,
    /// Entries of one lane.
    pub journal_depth: u32,
    /// Oldest mark that a state may be asked at.
    pub position: u64,
    /// The session continues an earlier one of the same agent: totals hold what that one counted, and sources
    /// continue at `cursors`.
    pub inherited: bool,
    /// Losses that the earlier session reported.
    pub losses: Losses,
    /// Where the sources stood after the last record of the earlier session.
    pub cursors: Vec<Cursor>,
}

/// What the session has for its host.
#[derive(Clone, Debug, PartialEq)]
pub enum Notification {
    /// The session has its first grant: records may be admitted.
    Granted(Granted),
    /// The server had forgotten the session, or cleared its tables: contexts were restored and records are sent
    /// again. Totals continue.
    Regranted(Granted),
    /// The answer to [`Endpoint::request_growth`], or news of an answer that a lost connection has taken along: what the
    /// grant has from now on.
    Grown {
        /// Groups, numbered from 0.
        groups: u32,
        /// Contexts, numbered from 0.
        contexts: u32,
    },
    /// The reply to an admitted record.
    Reply(ReplyEntry),
    /// The answer to [`Endpoint::request_state`].
    State(StateAtReply),
    /// The answer to [`Endpoint::request_snapshot`]: [`Endpoint::totals`] are exact after every record numbered below
    /// `sequence`.
    Snapshot {
        /// As [`Endpoint::request_snapshot`] gave it.
        token: u64,
        /// See above; at least the number of records admitted when it was asked for.
        sequence: u64,
        /// Journal position at the snapshot.
        position: u64,
    },
    /// Everything is counted and the server has let the session go.
    Finished,
}

/// How far the session is. All are numbers of records or events since it began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Number of the next record to be admitted.
    pub next: u64,
    /// Records numbered below this have passed the engine, or had before it restarted.
    pub acknowledged: u64,
    /// Records numbered below this are in [`Endpoint::totals`].
    pub covered: u64,
    /// Events (PAIR and SEND) admitted, those of an inherited session among them.
    pub admitted_events: u64,
    /// Events in [`Endpoint::totals`].
    pub counted_events: u64,
    /// Connections that were welcomed.
    pub welcomes: u64,
    /// Grants after the first.
    pub regrants: u64,
    /// Records that were sent more than once.
    pub replayed: u64,
}

impl Progress {
    /// Events admitted and not yet in the totals.
    pub fn in_flight(&self) -> u64 {
        self.admitted_events.saturating_sub(self.counted_events)
    }
}

/// Where the session is with its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// No connection.
    Offline,
    /// Hello is on its way.
    Handshake,
    /// The grant is inherited and its counters are not known yet.
    Inheriting,
    /// Records flow.
    Streaming,
    /// Bye is on its way.
    Leaving,
    /// The session is over.
    Done,
}

/// The agent's end of one session with a board server. Times are microseconds of a clock that never goes back.
#[derive(Debug)]
pub struct Endpoint {
    pub(crate) config: Config,
    pub(crate) identity: Identity,
    pub(crate) state: State,
    pub(crate) granted: Option<Granted>,
    /// [`Notification::Granted`] was delivered: numbers have begun.
    pub(crate) begun: bool,
    pub(crate) retention: Retention,
    pub(crate) mark: Mark,
    pub(crate) mark_dirty: bool,
    /// Losses and cursors of the last frame that the last snapshot covers.
    pub(crate) covered_mark: Mark,
    pub(crate) contexts: CoveredContexts,
    pub(crate) totals: Totals,
    pub(crate) input: FrameBuffer<Vec<u8>>,
    pub(crate) control: Control,
    /// Frames of the retention handed to the transport whole, and bytes of the next one.
    pub(crate) sent_frames: usize,
    pub(crate) sent_bytes: usize,
    pub(crate) credit: u64,
    /// Records numbered below this have passed the engine under the present grant.
    pub(crate) acked: u64,
    /// Highest number that was sent on any connection.
    pub(crate) ever_sent: u64,
    /// Replies to records numbered below this were received.
    pub(crate) replies_below: u64,
    pub(crate) notifications: VecDeque<Notification>,
    pub(crate) progress: Progress,
    pub(crate) finishing: bool,
    /// When the last frame of the server arrived.
    pub(crate) heard: u64,
    /// When it was first seen that the server owes a frame; `None` while it owes none.
    pub(crate) owed_since: Option<u64>,
    pub(crate) spoke: u64,
    /// When the session last asked for a snapshot by itself.
    pub(crate) snapshot_asked: u64,
    /// When the oldest record of the open frame was committed.
    pub(crate) waiting_since: Option<u64>,
    /// Longest time between the two ends of the field above.
    pub(crate) longest_wait: Duration,
}

impl Endpoint {
    /// Creates the end of a session that has no connection yet.
    pub fn new(config: Config, identity: Identity) -> Endpoint {
        let config = config.bounded();
        Endpoint {
            retention: Retention::new(config.retention_bytes, config.frame_records),
            config,
            identity,
            state: State::Offline,
            granted: None,
            begun: false,
            mark: Mark::default(),
            mark_dirty: false,
            covered_mark: Mark::default(),
            contexts: CoveredContexts::default(),
            totals: Totals::default(),
            input: FrameBuffer::new(vec![0; MAX_FRAME_BYTES], MAX_FRAME_BYTES),
            control: Control::default(),
            sent_frames: 0,
            sent_bytes: 0,
            credit: 0,
            acked: 0,
            ever_sent: 0,
            replies_below: 0,
            notifications: VecDeque::new(),
            progress: Progress::default(),
            finishing: false,
            heard: 0,
            owed_since: None,
            spoke: 0,
            snapshot_asked: 0,
            waiting_since: None,
            longest_wait: Duration::ZERO,
        }
    }

    /// Number of the oldest record that can still be sent: those that restore the contexts come before what the
    /// last snapshot does not cover, and there are never more of them than records covered.
    pub(crate) fn oldest(&self) -> u64 {
        self.progress.covered.saturating_sub(self.contexts.restore().count() as u64)
    }

    /// Number of the first record that was not handed to the transport whole.
    pub(crate) fn sent_below(&self) -> u64 {
        self.retention.frames().get(self.sent_frames).map_or(self.retention.closed(), |frame| frame.first)
    }

    pub(crate) fn close_frame(&mut self) {
        self.waiting_since = None;
        if self.retention.has_committed() {
            let closed = self.retention.close(&self.mark);
            debug_assert!(closed.is_ok());
            self.mark_dirty = false;
        }
    }

    pub(crate) fn done(&mut self) {
        // A server that ended the session before it had all of Bye gets no rest of it.
        self.drop_connection();
        self.state = State::Done;
        self.notifications.push_back(Notification::Finished);
    }

    pub(crate) fn drop_connection(&mut self) {
        self.input.clear();
        self.control.disconnected();
        self.sent_bytes = 0;
    }
}
