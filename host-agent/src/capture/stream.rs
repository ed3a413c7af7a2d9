//! Segments of one direction of a connection to its bytes, each once and in order.

use std::collections::BTreeMap;

use super::message::Messages;
use super::packet::Segment;

/// Bytes that wait for earlier ones; beyond, the earlier ones are given up as missing.
const WAITING_BYTES: usize = 1 << 20;
/// Segments that wait for earlier ones.
const WAITING_SEGMENTS: usize = 1_024;

/// A segment that came before the bytes in front of it.
#[derive(Clone, Debug)]
struct Waiting {
    payload: Vec<u8>,
    cut: u32,
    push: bool,
}

impl Waiting {
    fn length(&self) -> u64 {
        self.payload.len() as u64 + u64::from(self.cut)
    }
}

/// One direction of a connection.
#[derive(Clone, Debug, Default)]
pub struct Stream {
    /// Number of the next byte, counted on beyond 32 bits; `None` before the first segment.
    next: Option<u64>,
    waiting: BTreeMap<u64, Waiting>,
    waiting_bytes: usize,
    /// The sender has ended.
    ended: bool,
    /// Bytes of payload in all segments, as long as they were on the wire.
    pub payload_bytes: u64,
    /// Of these, bytes that were sent before.
    pub again_bytes: u64,
    /// Segments that hold such bytes.
    pub again_segments: u64,
    /// Bytes that were sent and not captured.
    pub missing_bytes: u64,
}

impl Stream {
    /// Takes a segment and gives what is in order to `messages`.
    pub fn take(&mut self, segment: &Segment<'_>, messages: &mut Messages) {
        let first = segment.sequence.wrapping_add(u32::from(segment.syn));
        let next = *self.next.get_or_insert(u64::from(first));
        self.ended |= segment.end;
        let length = segment.payload.len() as u64 + u64::from(segment.cut);
        if length > 0 {
            self.take_payload(first, next, length, segment, messages);
        }
        if segment.reset {
            self.finish(messages);
        } else if self.ended && self.waiting.is_empty() {
            messages.finish();
        }
    }

    /// Whether a SYN may be of this connection: it is where it began.
    pub fn is_before(&self, syn: &Segment<'_>) -> bool {
        self.payload_bytes == 0 && !self.ended && self.next == Some(syn.sequence.wrapping_add(1).into())
    }

    /// Whether every byte of a segment has been taken, in order or not. One without bytes has none to take.
    pub fn has_taken(&self, segment: &Segment<'_>) -> bool {
        let Some(next) = self.next else { return false };
        let length = segment.payload.len() as u64 + u64::from(segment.cut);
        let first = segment.sequence.wrapping_add(u32::from(segment.syn));
        let ahead = i64::from(first.wrapping_sub(next as u32) as i32);
        let waits = |at: u64| self.waiting.get(&at).is_some_and(|known| known.length() >= length);
        ahead + length as i64 <= 0 || next.checked_add_signed(ahead).is_some_and(waits)
    }

    fn take_payload(&mut self, first: u32, next: u64, length: u64, segment: &Segment<'_>, messages: &mut Messages) {
        self.payload_bytes += length;
        // The difference of two numbers is less than 2^31 either way (RFC 9293, 3.4).
        let ahead = i64::from(first.wrapping_sub(next as u32) as i32);
        let waiting = Waiting { payload: segment.payload.to_vec(), cut: segment.cut, push: segment.push };
        let Some(at) = next.checked_add_signed(ahead) else {
            self.sent_again(length);
            return;
        };
        if ahead <= 0 {
            self.pass(at, waiting, messages);
            self.catch_up(messages);
        } else {
            self.wait(at, waiting);
            if self.waiting_bytes > WAITING_BYTES || self.waiting.len() > WAITING_SEGMENTS {
                self.give_up_one_gap(messages);
            }
        }
    }

    /// Gives what waits, with the gaps in front of it: nothing more comes.
    pub fn finish(&mut self, messages: &mut Messages) {
        while !self.waiting.is_empty() {
            self.give_up_one_gap(messages);
        }
        messages.finish();
    }

    /// Bytes that wait for earlier ones.
    pub fn waiting_bytes(&self) -> u64 {
        self.waiting.values().map(Waiting::length).sum()
    }

    fn sent_again(&mut self, bytes: u64) {
        if bytes > 0 {
            self.again_bytes += bytes;
            self.again_segments += 1;
        }
    }

    /// Gives a segment at or before the next byte.
    fn pass(&mut self, at: u64, segment: Waiting, messages: &mut Messages) {
        let next = self.next.unwrap_or(at);
        let known = (next - at).min(segment.length());
        self.sent_again(known);
        if known == segment.length() {
            return;
        }
        let seen = segment.payload.get(known as usize..).unwrap_or_default();
        let missing = segment.length() - known - seen.len() as u64;
        messages.push(seen);
        if missing > 0 {
            self.missing_bytes += missing;
            messages.gap(missing);
        }
        if segment.push {
            messages.boundary();
        }
        self.next = Some(at + segment.length());
    }

    /// Keeps a segment that begins behind the next byte. Of two at one place the longer one is kept.
    fn wait(&mut self, at: u64, segment: Waiting) {
        let again = match self.waiting.get(&at) {
            Some(known) if known.length() >= segment.length() => segment.length(),
            known => {
                let again = known.map_or(0, Waiting::length);
                self.waiting_bytes =
                    self.waiting_bytes - known.map_or(0, |known| known.payload.len()) + segment.payload.len();
                self.waiting.insert(at, segment);
                again
            }
        };
        self.sent_again(again);
    }

    /// Gives what waited for the bytes before the next one.
    fn catch_up(&mut self, messages: &mut Messages) {
        while let Some(entry) = self.waiting.first_entry().filter(|entry| Some(*entry.key()) <= self.next) {
            let (at, segment) = entry.remove_entry();
            self.waiting_bytes -= segment.payload.len();
            self.pass(at, segment, messages);
        }
    }

    fn give_up_one_gap(&mut self, messages: &mut Messages) {
        if let (Some(next), Some((&at, _))) = (self.next, self.waiting.first_key_value()) {
            let gap = at - next;
            self.payload_bytes += gap;
            self.missing_bytes += gap;
            messages.gap(gap);
            self.next = Some(at);
        }
        self.catch_up(messages);
    }
}
