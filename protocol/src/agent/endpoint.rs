//! What the host of an [`Endpoint`] calls.

use super::EndpointError;
use super::state::{Endpoint, Granted, Notification, Progress, State};
use crate::frame::{Cursor, StateAt};
use crate::time::micros;
use core::time::Duration;
use deltascope_abi::counters::CounterRow;
use deltascope_abi::loss::Losses;
use deltascope_abi::record::Record;

/// Bytes that one [`Endpoint::transmit`] gives at most, to the end of a frame.
const TRANSMIT_BYTES: usize = 1 << 20;

impl Endpoint {
    /// Numbers a prefix of `records`, keeps it, and gives its length: 0 before the first grant and while the
    /// retention is full. Nothing is sent before the next [`Endpoint::commit`], and at most
    /// [`Config::frame_records`](super::Config::frame_records) records are admitted between two of them. What is not admitted is the caller's to
    /// hold or to count as lost.
    pub fn admit(&mut self, records: &[Record]) -> usize {
        if !self.begun || self.finishing {
            return 0;
        }
        self.retention.admit(records, &self.mark)
    }

    /// Numbers all `records` and keeps them in one frame, or takes none and returns false, as [`Endpoint::admit`] does
    /// with none. A server takes a frame whole, so that no snapshot, reconnect or restart comes between them. More than
    /// [`Config::frame_records`](super::Config::frame_records) records are never taken.
    pub fn admit_together(&mut self, records: &[Record]) -> bool {
        self.begun && !self.finishing && self.retention.admit_together(records, &self.mark)
    }

    /// Everything admitted so far belongs with these: cumulative losses of the sources, and the cursor of each source
    /// after the records admitted. They travel with the records, so that a restarted agent resumes exactly there.
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

    /// Asks for the counters after every record admitted so far (they must be committed to be sent); gives the token of the [`Notification::Snapshot`].
    pub fn request_snapshot(&mut self) -> u64 {
        self.close_frame();
        self.control.ask_snapshot(self.retention.next())
    }

    /// Asks for the state of a context at a journal position; gives the token of the [`Notification::State`].
    pub fn request_state(&mut self, context: u16, mark: u64) -> u64 {
        let token = self.control.token();
        self.control.states.push_back((StateAt { token, mark, context: context.into() }, false));
        token
    }

    /// Asks for at least these numbers of groups and contexts, as far as [`Granted::most_groups`] and
    /// [`Granted::most_contexts`] allow; the answer is [`Notification::Grown`], with as many as there are.
    pub fn request_growth(&mut self, groups: u32, contexts: u32) {
        self.control.growth = Some((groups, contexts));
        self.control.growth_sent = false;
    }

    /// No more records come: what was admitted is sent and counted, then the session ends with [`Notification::Finished`].
    pub fn finish(&mut self) {
        self.finishing = true;
        self.control.growth = None;
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
        (self.heard, self.spoke, self.owed_since) = (now, now, None);
        self.send_hello();
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
    /// The server sent what it may not, or refused. Close the transport and call [`Endpoint::disconnected`].
    pub fn receive(&mut self, mut bytes: &[u8], now: u64) -> Result<(), EndpointError> {
        while !bytes.is_empty() {
            let count = self.input.push(bytes);
            bytes = &bytes[count..];
            self.received(now)?;
        }
        Ok(())
    }

    /// Bytes for the server; those of [`Endpoint::transmit`] that the transport took are given to
    /// [`Endpoint::advance`].
    pub fn transmit(&self) -> &[u8] {
        let [control, frames, _] = self.transmit_parts();
        if control.is_empty() { frames } else { control }
    }

    /// The same for a transport that writes several pieces at once, in this order: what is between the records,
    /// and frames of records from where they are in the retention, up to its end and from its beginning on.
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

    /// The transport took the first `count` bytes of [`Endpoint::transmit`], or of [`Endpoint::transmit_parts`] one
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
    /// The server is silent for too long. Close the transport and call [`Endpoint::disconnected`].
    pub fn poll(&mut self, now: u64) -> Result<Option<u64>, EndpointError> {
        if matches!(self.state, State::Offline | State::Done) {
            return Ok(None);
        }
        if let Some(since) = self.waiting_since.filter(|since| now >= since + micros(self.config.max_delay)) {
            self.longest_wait = self.longest_wait.max(Duration::from_micros(now - since));
            self.close_frame();
        }
        self.schedule(now);
        self.pump(now);
        self.deadline(now)
    }

    /// What happened since the last call.
    pub fn next_notification(&mut self) -> Option<Notification> {
        let notification = self.notifications.pop_front()?;
        if let Notification::Reply(entry) = &notification {
            self.mark.replies_below = entry.sequence + 1;
        }
        Some(notification)
    }

    /// Counters by group and class (row `4 * group + class`) over the whole session, exact after every record
    /// numbered below [`Progress::covered`]. Empty before the first grant.
    pub fn totals(&self) -> &[CounterRow] {
        self.totals.rows()
    }

    /// Losses and cursors that were committed with the last record that [`Endpoint::totals`] hold.
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

    /// Longest time that a committed record has waited for others to share its frame:
    /// [`Config::max_delay`](super::Config::max_delay) and what the host took to call [`Endpoint::poll`].
    pub fn longest_wait(&self) -> Duration {
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
}
