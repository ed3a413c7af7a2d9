//! One connection: two pipes of bytes, each end of which may vanish while the other does not know it yet.

use crate::grant::Former;
use deltascope_protocol::frame::{MAX_FRAME_BYTES, frame_length};
use deltascope_protocol::server::ConnectionId;
use std::collections::VecDeque;

/// The server's end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerEnd {
    /// The connection has not arrived yet.
    Coming,
    /// Accepted.
    Open(ConnectionId),
    /// Closed.
    Gone,
}

/// Bytes of a stream that are not a whole frame yet.
#[derive(Clone, Debug, Default)]
pub struct Frames {
    bytes: Vec<u8>,
    at: usize,
}

impl Frames {
    /// The stream continues with these bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes.drain(..self.at);
        self.at = 0;
        self.bytes.extend_from_slice(bytes);
    }

    /// The next whole frame.
    pub fn next(&mut self) -> Option<&[u8]> {
        let rest = &self.bytes[self.at..];
        let length = frame_length(rest, MAX_FRAME_BYTES).ok().flatten().filter(|length| *length <= rest.len())?;
        self.at += length;
        Some(&self.bytes[self.at - length..self.at])
    }
}

/// A connection of an agent, or one that a network made of old bytes.
#[derive(Debug)]
pub struct Link {
    /// Its agent.
    pub agent: usize,
    /// Which session of the agent opened it.
    pub incarnation: u64,
    /// The agent still holds it.
    pub client: bool,
    pub server: ServerEnd,
    /// Whole frames on their way, delivered from any byte to any byte.
    pub up: VecDeque<u8>,
    pub down: VecDeque<u8>,
    /// Nothing moves before this time.
    pub frozen_until: u64,
    /// Frames that the agent, and the server, have written in part.
    pub sent_up: Frames,
    pub sent_down: Frames,
    /// What the server has received, and what it has sent and a relay holds back, for a planted fault.
    pub arrived: Frames,
    pub held: Vec<u8>,
    /// Bytes of the server's output that were looked at, and frames of it in part.
    pub looked: usize,
    pub seen: Frames,
    /// Credit on its way to the agent, 0 before the Welcome.
    pub credit: u64,
    /// The Welcome is on its way.
    pub welcomed: bool,
    /// The grant of its Welcome, once that is not the latest of its agent any more.
    pub former: Option<Former>,
    /// Number behind the last record sent.
    pub end: u64,
    /// The last frame with records, for a network that repeats it.
    pub last_events: Vec<u8>,
    /// A bit on the way was turned, in either direction.
    pub flipped: bool,
    /// The same on the way up: no record from this number on may be taken.
    pub flipped_below: Option<u64>,
    /// Number of the last reply that was on its way to this session on an earlier link.
    pub replied_before: u64,
}

impl Link {
    /// A connection that the agent has just opened.
    pub fn new(agent: usize, incarnation: u64) -> Link {
        Link {
            agent,
            incarnation,
            client: true,
            server: ServerEnd::Coming,
            up: VecDeque::new(),
            down: VecDeque::new(),
            frozen_until: 0,
            sent_up: Frames::default(),
            sent_down: Frames::default(),
            arrived: Frames::default(),
            held: Vec::new(),
            looked: 0,
            seen: Frames::default(),
            credit: 0,
            welcomed: false,
            former: None,
            end: 0,
            last_events: Vec::new(),
            flipped: false,
            flipped_below: None,
            replied_before: 0,
        }
    }

    /// Whether neither end knows it any more.
    pub fn is_gone(&self) -> bool {
        !self.client && self.server == ServerEnd::Gone
    }

    /// The server's connection.
    pub fn connection(&self) -> Option<ConnectionId> {
        match self.server {
            ServerEnd::Open(id) => Some(id),
            _ => None,
        }
    }
}
