//! Frames that go out between those of the retention, and the requests that are not answered.

use crate::frame::{self, Message, StateAt};
use alloc::collections::VecDeque;
use alloc::vec::Vec;

/// A snapshot that the host, or the session itself, asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ask {
    pub token: u64,
    /// Records numbered below this go out first.
    pub after: u64,
    pub sent: bool,
    /// Last group asked for, once it was sent.
    pub last: u32,
    /// The host waits for it.
    pub requested: bool,
}

/// What waits to be sent beside the retention.
#[derive(Debug, Default)]
pub(crate) struct Control {
    buffer: Vec<u8>,
    /// Bytes of `buffer` that the transport took.
    sent: usize,
    tokens: u64,
    pub asks: VecDeque<Ask>,
    /// States asked for, and whether the request went out.
    pub states: VecDeque<(StateAt, bool)>,
    /// Groups and contexts that the grant is to have, until the server has answered.
    pub growth: Option<(u32, u32)>,
    /// The request for them is on its way.
    pub growth_sent: bool,
    /// A restore that is not sent whole: number of its next record, and how many come before it.
    pub restore: Option<(u64, usize)>,
    /// A frame without records is due.
    pub keepalive: bool,
    /// The server answers a frame without records with an Ack.
    pub awaits_ack: bool,
    /// Number below which replies were last confirmed.
    pub confirmed: u64,
}

impl Control {
    pub fn waiting(&self) -> &[u8] {
        &self.buffer[self.sent..]
    }

    pub fn sent(&mut self, count: usize) {
        self.sent = (self.sent + count).min(self.buffer.len());
        if self.sent == self.buffer.len() {
            self.buffer.clear();
            self.sent = 0;
        }
    }

    pub fn token(&mut self) -> u64 {
        self.tokens += 1;
        self.tokens
    }

    pub fn ask_snapshot(&mut self, after: u64) -> u64 {
        let token = self.token();
        self.asks.push_back(Ask { token, after, sent: false, last: 0, requested: true });
        token
    }

    /// A snapshot that the session needs for itself.
    pub fn ask_internal(&mut self, after: u64) {
        let token = self.token();
        self.asks.push_back(Ask { token, after, sent: false, last: 0, requested: false });
    }

    /// Whether the contexts are what the next record of the retention expects.
    pub fn restored(&self) -> bool {
        self.restore.is_none()
    }

    /// Requests die with a connection and are asked again on the next.
    pub fn disconnected(&mut self) {
        self.buffer.clear();
        (self.sent, self.keepalive, self.awaits_ack, self.restore) = (0, false, false, None);
        self.asks.retain(|ask| ask.requested);
        self.growth_sent = false;
        self.asks.iter_mut().for_each(|ask| ask.sent = false);
        self.states.iter_mut().for_each(|(_, sent)| *sent = false);
    }

    /// Appends a frame of at most `bound` bytes.
    pub fn push(&mut self, bound: usize, message: &Message<'_>) {
        let start = self.buffer.len();
        self.buffer.resize(start + bound, 0);
        let length = frame::encode(message, &mut self.buffer[start..]).unwrap_or(0);
        debug_assert!(length > 0, "a frame of the session has room");
        self.buffer.truncate(start + length);
    }
}
