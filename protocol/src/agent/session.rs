//! The session: its state, and what the host of this crate calls.

use super::control::Control;
use super::counters::Totals;
use super::retention::{Mark, Retention};
use super::shadow::Shadow;
use super::{Config, Identity, SessionError};
use crate::frame::{Cursor, FrameBuffer, MAX_FRAME_BYTES, ReplyEntry, StateAt, StateAtReply};
use alloc::collections::VecDeque;
use alloc::vec;
use alloc::vec::Vec;
use deltascope_abi::counters::CounterRow;
use deltascope_abi::loss::Losses;
use deltascope_abi::record::Record;

/// Bytes that one [`Session::transmit`] gives at most, to the end of a frame.
const TRANSMIT_BYTES: usize = 1 << 20;

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
    /// Lanes of the journal; 0: none.
    pub journal_lanes: u32,
    /// Entries of one lane.
    pub journal_depth: u32,
    /// Oldest mark that a state may be asked at.
    pub position: u64,
    /// The session goes on from an earlier one of the same agent: totals hold what that one counted, and sources
    /// go on at `cursors`.
    pub inherited: bool,
    /// Losses that the earlier session reported.
    pub losses: Losses,
    /// Where the sources stood after the last record of the earlier session.
    pub cursors: Vec<Cursor>,
}

/// What the session has for its host.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// The session has its first grant: records may be admitted.
    Granted(Granted),
    /// The server had forgotten the session, or cleared its tables: contexts were restored and records are sent
    /// again. Totals go on.
    Regranted(Granted),
    /// The reply to an admitted record.
    Reply(ReplyEntry),
    /// The answer to [`Session::request_state`].
    State(StateAtReply),
    /// The answer to [`Session::request_snapshot`]: [`Session::totals`] are exact after every record numbered below
    /// `sequence`.
    Snapshot {
        /// As [`Session::request_snapshot`] gave it.
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
    /// Records numbered below this are in [`Session::totals`].
    pub covered: u64,
    /// Events (PAIR and SEND) admitted, those of an inherited session among them.
    pub admitted_events: u64,
    /// Events in [`Session::totals`].
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
    Greeting,
    /// The grant is inherited and its counters are not known yet.
    Inheriting,
    /// Records flow.
    Streaming,
    /// Bye is on its way.
    Leaving,
    /// The session is over.
    Done,
}

/// One session of an agent with a board server. Times are microseconds of a clock that never goes back.
#[derive(Debug)]
pub struct Session {
    pub(crate) config: Config,
    pub(crate) identity: Identity,
    pub(crate) state: State,
    pub(crate) granted: Option<Granted>,
    /// [`Event::Granted`] was delivered: numbers have begun.
    pub(crate) begun: bool,
    pub(crate) retention: Retention,
    pub(crate) mark: Mark,
    pub(crate) mark_dirty: bool,
    /// Losses and cursors of the last frame that the last snapshot covers.
    pub(crate) covered_mark: Mark,
    pub(crate) shadow: Shadow,
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
    pub(crate) events: VecDeque<Event>,
    pub(crate) progress: Progress,
    pub(crate) finishing: bool,
    pub(crate) heard: u64,
    pub(crate) spoke: u64,
    /// When the session last asked for a snapshot by itself.
    pub(crate) snapshot_asked: u64,
    /// When the oldest record of the open frame was committed.
    pub(crate) waiting_since: Option<u64>,
    /// Longest time between the two ends of the field above.
    longest_wait: u64,
}

impl Session {
    /// A session that has no connection yet.
    pub fn new(config: Config, identity: Identity) -> Session {
        let config = config.bounded();
        Session {
            retention: Retention::new(config.retention_bytes, config.frame_records),
            config,
            identity,
            state: State::Offline,
            granted: None,
            begun: false,
            mark: Mark::default(),
            mark_dirty: false,
            covered_mark: Mark::default(),
            shadow: Shadow::default(),
            totals: Totals::default(),
            input: FrameBuffer::new(vec![0; MAX_FRAME_BYTES], MAX_FRAME_BYTES),
            control: Control::default(),
            sent_frames: 0,
            sent_bytes: 0,
            credit: 0,
            acked: 0,
            ever_sent: 0,
            replies_below: 0,
            events: VecDeque::new(),
            progress: Progress::default(),
            finishing: false,
            heard: 0,
            spoke: 0,
            snapshot_asked: 0,
            waiting_since: None,
            longest_wait: 0,
        }
    }

    /// Numbers a prefix of `records`, keeps it, and gives its length: 0 before the first grant and while the
    /// retention is full. Nothing is sent before the next [`Session::commit`], and at most
    /// [`Config::frame_records`] records are admitted between two of them. What is not admitted is the caller's to
    /// hold or to count as lost.
    pub fn admit(&mut self, records: &[Record]) -> usize {
        if !self.begun || self.finishing {
            return 0;
        }
        self.retention.admit(records, &self.mark)
    }

    /// Everything admitted so far belongs with these: cumulative losses of the sources, and where each source stands
    /// after the records admitted. They travel with the records, so that a restarted agent goes on exactly there.
    /// At most 128 cursors are kept.
    pub fn commit(&mut self, losses: &Losses, cursors: &[Cursor], now: u64) {
        let cursors = &cursors[..cursors.len().min(crate::frame::MAX_CURSORS)];
        if self.mark.losses != *losses || self.mark.cursors != cursors {
            self.mark.losses = *losses;
            self.mark.cursors.clear();
            self.mark.cursors.extend_from_slice(cursors);
            self.mark_dirty = true;
        }
        // The ring has room for every frame that it opens, so closing one cannot fail.
        let closed = self.retention.commit(&self.mark);
        debug_assert!(closed.is_ok());
        if self.retention.has_committed() {
            self.waiting_since.get_or_insert(now);
        } else {
            self.waiting_since = None;
        }
    }

    /// Asks for the counters after every record admitted so far (they must be committed to be sent); gives the token of the [`Event::Snapshot`].
    pub fn request_snapshot(&mut self) -> u64 {
        self.close_frame();
        self.control.ask_snapshot(self.retention.next())
    }

    /// Asks for the state of a context at a journal position; gives the token of the [`Event::State`].
    pub fn request_state(&mut self, context: u16, mark: u64) -> u64 {
        let token = self.control.token();
        self.control.states.push_back((StateAt { token, mark, context: context.into() }, false));
        token
    }

    /// No more records come: what was admitted is sent and counted, then the session ends with [`Event::Finished`].
    pub fn finish(&mut self) {
        self.finishing = true;
        let closed = self.retention.commit(&self.mark);
        debug_assert!(closed.is_ok());
        self.close_frame();
    }

    /// The transport is connected: Hello goes out.
    pub fn connected(&mut self, now: u64) {
        if self.state == State::Done {
            return;
        }
        self.drop_connection();
        (self.heard, self.spoke) = (now, now);
        self.greet();
    }

    /// The transport is gone.
    pub fn disconnected(&mut self) {
        let covered = self.progress.covered == self.retention.next();
        if self.state == State::Leaving && covered {
            self.done();
        } else if self.state != State::Done {
            self.drop_connection();
            self.state = State::Offline;
        }
    }

    /// Bytes from the server.
    ///
    /// # Errors
    /// The server sent what it may not, or refused. Close the transport and call [`Session::disconnected`].
    pub fn receive(&mut self, mut bytes: &[u8], now: u64) -> Result<(), SessionError> {
        while !bytes.is_empty() {
            let count = self.input.push(bytes);
            bytes = &bytes[count..];
            self.received(now)?;
        }
        Ok(())
    }

    /// Bytes for the server; those of [`Session::transmit`] that the transport took are given to
    /// [`Session::advance`].
    pub fn transmit(&self) -> &[u8] {
        let [control, frames, _] = self.transmit_parts();
        if control.is_empty() { frames } else { control }
    }

    /// The same for a transport that writes several pieces at once, in this order: what stands between the records,
    /// and frames of records from where they stand in the retention, up to its end and from its beginning on.
    pub fn transmit_parts(&self) -> [&[u8]; 3] {
        let control = self.control.waiting();
        // A control frame goes out between two frames, so it waits for the end of one only.
        let (control, most) = match (self.sent_bytes, control.is_empty()) {
            (0, _) => (control, TRANSMIT_BYTES),
            (_, true) => (control, TRANSMIT_BYTES),
            (_, false) => (&[][..], 0),
        };
        if !matches!(self.state, State::Streaming | State::Leaving) || !self.control.restored() {
            return [control, &[], &[]];
        }
        let (first, next) = self.retention.sendable(self.sent_frames, self.sent_bytes, self.credit, most);
        let left = most.saturating_sub(first.len());
        let second = if left > 0 { self.retention.sendable(next, 0, self.credit, left).0 } else { &[] };
        [control, first, second]
    }

    /// The transport took the first `count` bytes of [`Session::transmit`], or of [`Session::transmit_parts`] one
    /// after the other.
    pub fn advance(&mut self, mut count: usize, now: u64) {
        if count > 0 {
            self.spoke = now;
        }
        if self.sent_bytes == 0 {
            let control = self.control.waiting().len().min(count);
            self.control.sent(control);
            count -= control;
        }
        let mut left = self.sent_bytes + count;
        while let Some(frame) = self.retention.frames().get(self.sent_frames).filter(|frame| frame.length <= left) {
            left -= frame.length;
            let known = self.ever_sent.clamp(frame.first, frame.end()) - frame.first;
            self.progress.replayed += known;
            self.ever_sent = self.ever_sent.max(frame.end());
            self.sent_frames += 1;
        }
        self.sent_bytes = left;
        self.pump(now);
    }

    /// Looks at the timers and prepares what is due. Gives when to call again at the latest.
    ///
    /// # Errors
    /// The server is silent for too long. Close the transport and call [`Session::disconnected`].
    pub fn poll(&mut self, now: u64) -> Result<Option<u64>, SessionError> {
        if matches!(self.state, State::Offline | State::Done) {
            return Ok(None);
        }
        if let Some(since) = self.waiting_since.filter(|since| now >= since + self.config.max_delay) {
            self.longest_wait = self.longest_wait.max(now - since);
            self.close_frame();
        }
        self.schedule(now);
        self.pump(now);
        self.deadline(now)
    }

    /// What happened since the last call.
    pub fn next_event(&mut self) -> Option<Event> {
        let event = self.events.pop_front()?;
        if let Event::Reply(entry) = &event {
            self.mark.replies_below = entry.sequence + 1;
        }
        Some(event)
    }

    /// Counters by group and class (row `4 * group + class`) over the whole session, exact after every record
    /// numbered below [`Progress::covered`]. Empty before the first grant.
    pub fn totals(&self) -> &[CounterRow] {
        self.totals.rows()
    }

    /// Losses and cursors that were committed with the last record that [`Session::totals`] hold.
    pub fn covered_mark(&self) -> (&Losses, &[Cursor]) {
        (&self.covered_mark.losses, &self.covered_mark.cursors)
    }

    /// What the server granted last; `None` before the first grant.
    pub fn granted(&self) -> Option<&Granted> {
        self.granted.as_ref().filter(|_| self.begun)
    }

    /// How far the session is.
    pub fn progress(&self) -> Progress {
        let admitted_events = self.progress.admitted_events + self.retention.events;
        Progress { next: self.retention.next(), admitted_events, ..self.progress }
    }

    /// Longest time, in microseconds, that a committed record has waited for others to share its frame:
    /// [`Config::max_delay`] and what the host took to call [`Session::poll`].
    pub fn longest_wait(&self) -> u64 {
        self.longest_wait
    }

    /// Whether the session is over.
    pub fn is_finished(&self) -> bool {
        self.state == State::Done
    }

    /// Bytes of the retention in use, and its size.
    pub fn retention(&self) -> (usize, usize) {
        (self.retention.used(), self.retention.size())
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
        self.events.push_back(Event::Finished);
    }

    fn drop_connection(&mut self) {
        self.input.clear();
        self.control.disconnected();
        self.sent_bytes = 0;
    }
}
