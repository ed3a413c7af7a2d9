//! One connection: bytes in, frames out. What it carries belongs to a session.

use super::Peer;
use crate::frame::elements::{REPLY_ENTRY_BYTES, SNAPSHOT_ROW_BYTES};
use crate::frame::{self, ErrorCode, FrameBuffer, MAX_FRAME_BYTES, MAX_HELLO_BYTES, Message, records_overhead};
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

/// Sent bytes that may be kept before the unsent ones.
const SENT_LIMIT: usize = 64 * 1024;

pub(super) struct Connection {
    pub generation: u32,
    pub peer: Peer,
    /// Taken out while its frames are worked on.
    pub input: FrameBuffer<Vec<u8>>,
    output: Vec<u8>,
    sent: usize,
    /// Bytes put into the output so far, and up to the end of the last Ack or Grown.
    written: u64,
    noted: u64,
    /// Slot of the session that it carries.
    pub session: Option<usize>,
    /// An Error or the last Ack is in the output: nothing more is read, and nothing more is written after it.
    pub closing: bool,
    /// The Error that is in the output.
    pub refused: Option<(ErrorCode, String)>,
    pub opened: u64,
    pub heard: u64,
}

/// Bytes by which the output grows.
const OUTPUT_STEP: usize = 16 * 1024;

impl Connection {
    /// A new connection holds [`MAX_HELLO_BYTES`] until its Hello is accepted.
    pub fn new(generation: u32, peer: Peer, now: u64) -> Connection {
        Connection {
            generation,
            peer,
            input: FrameBuffer::new(vec![0; MAX_HELLO_BYTES], MAX_HELLO_BYTES),
            output: Vec::new(),
            sent: 0,
            written: 0,
            noted: 0,
            session: None,
            closing: false,
            refused: None,
            opened: now,
            heard: now,
        }
    }

    /// The Hello was accepted: frames of full length may come. What followed the Hello is kept.
    pub fn widen(&mut self) {
        let mut wide = FrameBuffer::new(vec![0; MAX_FRAME_BYTES], MAX_FRAME_BYTES);
        wide.push(self.input.pending());
        self.input = wide;
    }

    /// Bytes that wait to be sent.
    pub fn waiting(&self) -> &[u8] {
        &self.output[self.sent..]
    }

    /// The transport took the first `count` bytes of [`Connection::waiting`].
    pub fn sent(&mut self, count: usize) {
        self.sent = (self.sent + count).min(self.output.len());
        if self.sent == self.output.len() {
            self.output.clear();
            self.sent = 0;
        } else if self.sent >= SENT_LIMIT {
            self.output.drain(..self.sent);
            self.sent = 0;
        }
    }

    /// Makes room for `more` bytes, and for little beyond them.
    fn room(&mut self, more: usize) {
        let needed = self.output.len() + more;
        if needed > self.output.capacity() {
            self.output.reserve_exact(needed.next_multiple_of(OUTPUT_STEP) - self.output.len());
        }
    }

    /// Puts a frame that was encoded before behind those that wait.
    pub fn push_encoded(&mut self, frame: &[u8]) {
        if !self.closing {
            self.room(frame.len());
            self.output.extend_from_slice(frame);
            self.written += frame.len() as u64;
        }
    }

    /// Nothing more is read, and nothing more is written after what waits.
    pub fn close(&mut self, now: u64) {
        self.closing = true;
        self.heard = now;
        self.input = FrameBuffer::new(Vec::new(), 0);
    }

    /// The peer does not read: what waits is thrown away.
    pub fn abandon(&mut self) {
        (self.output, self.sent) = (Vec::new(), 0);
    }

    /// Bytes that the connection has of the allocator.
    pub fn bytes(&self) -> usize {
        self.output.capacity() + self.input.size()
    }

    /// Puts a frame behind those that wait. The message is of our own making and keeps the bounds of its kind.
    pub fn push(&mut self, message: &Message<'_>) {
        if self.closing {
            return;
        }
        let start = self.output.len();
        self.room(longest(message));
        self.output.resize(start + longest(message), 0);
        let length = frame::encode(message, &mut self.output[start..]).unwrap_or(0);
        debug_assert!(length > 0, "a frame of the server has room");
        self.output.truncate(start + length);
        self.written += length as u64;
    }

    /// Whether an Ack or a Grown may be put behind what waits: less than `most` bytes, or none of its kind. So replies without end
    /// do not keep it back, and frames that cause one without end make no more than one.
    pub fn may_note(&self, most: usize) -> bool {
        self.waiting().len() < most || self.noted + self.waiting().len() as u64 <= self.written
    }

    /// Puts an Ack or a Grown behind what waits.
    pub fn note(&mut self, message: &Message<'_>) {
        self.push(message);
        self.noted = self.written;
    }
}

/// A bound on the length of a frame of the server.
pub(super) fn longest(message: &Message<'_>) -> usize {
    let variable = match message {
        Message::Replies(replies) => replies.entries.len() * REPLY_ENTRY_BYTES,
        Message::Snapshot(snapshot) => snapshot.rows.len() * SNAPSHOT_ROW_BYTES,
        Message::Welcome(welcome) => records_overhead(welcome.cursors.0.len()),
        Message::Error(error) => error.text.len(),
        _ => 0,
    };
    128 + variable
}
