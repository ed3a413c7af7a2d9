//! All directions of all connections.

use std::net::SocketAddr;

use deltascope_abi::random::hash;
use lru::LruCache;

use super::message::{Message, Messages};
use super::packet::Segment;
use super::stream::Stream;
use crate::event::{Event, OwnerId, What, body_fingerprint};

/// Directions that are kept; beyond, the one that was silent for the longest time is ended.
pub const FLOWS: usize = 65_536;

/// A direction: sender and receiver.
pub type Direction = (SocketAddr, SocketAddr);

/// One direction of a connection.
#[derive(Debug)]
struct Flow {
    stream: Stream,
    messages: Messages,
    /// Its sender has opened the connection.
    opened: bool,
    /// As in [`Sent::connection`].
    number: u64,
}

/// A message with its direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sent {
    /// The sender's address and port.
    pub local: SocketAddr,
    /// The receiver's.
    pub remote: SocketAddr,
    /// The sender has opened the connection.
    pub opened: bool,
    /// Number of the connection, which no other one of the machine has.
    pub connection: u64,
    /// What was sent.
    pub message: Message,
}

impl Sent {
    /// The event of the message, charged to `owner`.
    pub fn event(&self, owner: OwnerId) -> Event {
        let Message { head, length, crc, why } = self.message;
        let what = match why {
            Some(why) => What::Unjudged { why, head },
            None => {
                let (peer, connection) = (self.peer(), self.connection);
                What::Body { peer, connection, fingerprint: body_fingerprint(crc, length), head }
            }
        };
        Event { owner, length, what }
    }

    /// Hash of the remote address and the local port.
    fn peer(&self) -> u64 {
        let address = match self.remote.ip().to_canonical() {
            std::net::IpAddr::V4(address) => u128::from(u32::from(address)),
            std::net::IpAddr::V6(address) => u128::from(address),
        };
        hash(hash(address as u64) ^ hash((address >> 64) as u64 + 1) ^ u64::from(self.local.port()))
    }
}

/// Bytes of payload: seen = sent again + missing + in flight + those of the messages given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PayloadBytes {
    /// On the wire, as far as numbers of TCP show it; with what was sent again and what is missing.
    pub seen: u64,
    /// Sent before: waste of its own, in no message.
    pub again: u64,
    /// Segments that hold such bytes.
    pub again_segments: u64,
    /// Sent and not captured.
    pub missing: u64,
    /// Of messages that have not ended.
    pub in_flight: u64,
}

impl PayloadBytes {
    /// Counts a message that was not given on yet.
    pub fn hold(&mut self, sent: &Sent) {
        self.in_flight += u64::from(sent.message.head) + u64::from(sent.message.length);
    }

    /// Adds the bytes of others.
    pub fn add(&mut self, other: &PayloadBytes) {
        let PayloadBytes { seen, again, again_segments, missing, in_flight } = other;
        self.seen += seen;
        self.again += again;
        self.again_segments += again_segments;
        self.missing += missing;
        self.in_flight += in_flight;
    }
}

/// See the module.
#[derive(Debug)]
pub struct Flows {
    flows: LruCache<Direction, Flow>,
    most: usize,
    /// Bytes of directions that have ended.
    ended: PayloadBytes,
    /// Makes the numbers of connections others than those of another network namespace.
    namespace: u64,
    /// Directions that have begun.
    begun: u64,
}

impl Default for Flows {
    fn default() -> Flows {
        Flows::new(FLOWS)
    }
}

impl Flows {
    /// Keeps at most this number of directions, at least 1.
    pub fn new(most: usize) -> Flows {
        let (flows, ended) = (LruCache::unbounded(), PayloadBytes::default());
        Flows { flows, most: most.max(1), ended, namespace: 0, begun: 0 }
    }

    /// Those of a network namespace with a number that no other one has.
    pub fn of_namespace(number: u64) -> Flows {
        Flows { namespace: number, ..Flows::default() }
    }

    /// Takes a segment and gives the messages that end with it.
    pub fn take(&mut self, segment: &Segment<'_>, give: &mut dyn FnMut(Sent)) {
        let direction = (segment.source, segment.destination);
        if self.begins_again(segment) {
            self.end(direction, give);
        }
        let opened = if segment.syn { !segment.ack } else { segment.source.port() > segment.destination.port() };
        let Flows { flows, namespace, begun, .. } = self;
        let flow = flows.get_or_insert_mut(direction, || {
            *begun += 1;
            let number = hash(hash(*namespace) ^ *begun);
            Flow { stream: Stream::default(), messages: Messages::default(), opened, number }
        });
        // The direction stays after its end, so that what is sent again is known for what it is.
        flow.stream.take(segment, &mut flow.messages);
        let (opened, connection) = (flow.opened, flow.number);
        for message in flow.messages.take() {
            give(Sent { local: direction.0, remote: direction.1, opened, connection, message });
        }
        while self.flows.len() > self.most {
            let Some((&oldest, _)) = self.flows.peek_lru() else { break };
            self.end(oldest, give);
        }
    }

    /// Whether a segment begins another connection with the addresses of one that was taken.
    pub fn begins_again(&self, segment: &Segment<'_>) -> bool {
        let direction = (segment.source, segment.destination);
        segment.syn && self.flows.peek(&direction).is_some_and(|flow| !flow.stream.is_before(segment))
    }

    /// Whether every byte of a segment has been taken.
    pub fn has_taken(&self, segment: &Segment<'_>) -> bool {
        let direction = (segment.source, segment.destination);
        self.flows.peek(&direction).is_some_and(|flow| flow.stream.has_taken(segment))
    }

    /// Ends every direction: nothing more comes.
    pub fn finish(&mut self, give: &mut dyn FnMut(Sent)) {
        while let Some((&oldest, _)) = self.flows.peek_lru() {
            self.end(oldest, give);
        }
    }

    /// Ends a direction.
    pub fn end(&mut self, direction: Direction, give: &mut dyn FnMut(Sent)) {
        let Some(mut flow) = self.flows.pop(&direction) else { return };
        flow.stream.finish(&mut flow.messages);
        for message in flow.messages.take() {
            let Flow { opened, number: connection, .. } = flow;
            give(Sent { local: direction.0, remote: direction.1, opened, connection, message });
        }
        add(&mut self.ended, &flow);
    }

    /// Returns the bytes of all directions so far.
    pub fn payload(&self) -> PayloadBytes {
        let mut sum = self.ended;
        self.flows.iter().for_each(|(_, flow)| add(&mut sum, flow));
        sum
    }
}

fn add(sum: &mut PayloadBytes, flow: &Flow) {
    sum.seen += flow.stream.payload_bytes;
    sum.again += flow.stream.again_bytes;
    sum.again_segments += flow.stream.again_segments;
    sum.missing += flow.stream.missing_bytes;
    sum.in_flight += flow.stream.waiting_bytes() + flow.messages.held_bytes();
}
