//! Connections whose peer is not authenticated yet, and those that were refused.
//!
//! Their number, their time and their buffers are bounded, and the server's own tables do not know them. They are waited
//! for through one descriptor, and worked on one at a time, so that the loop can stop after any of them.

use crate::admission::{Decision, Network, Places};
use crate::descriptors::NO_DESCRIPTOR;
use crate::link::set_buffers;
use crate::memory::SMALL_SOCKET;
use deltascope_protocol::frame::{self, ErrorCode, ErrorFrame, Message};
use deltascope_tls::{Channel, Rejection, TlsError};
use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use rustls::ServerConfig;
use std::borrow::Cow;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;

/// Time that a handshake may take, in microseconds.
const HANDSHAKE_TIME: u64 = 5_000_000;
/// Time that a refused peer has to read why, in microseconds.
const LINGER: u64 = 1_000_000;
/// Handshakes that are looked at in one turn.
const EVENTS: usize = 256;
/// First byte of a TLS handshake (RFC 8446, section 5.1).
const TLS_HANDSHAKE: u8 = 22;

/// One connection.
#[derive(Debug)]
pub struct Handshake {
    stream: TcpStream,
    /// Made when the first bytes arrive.
    channel: Option<Box<Channel>>,
    peer: SocketAddr,
    network: Network,
    until: u64,
    refused: bool,
    /// It has sent something.
    has_spoken: bool,
    /// Distinguishes it from the one that had its slot before.
    generation: u32,
}

/// A peer that is authenticated, and the plaintext that came with the end of its handshake.
#[derive(Debug)]
pub struct Arrived {
    pub stream: TcpStream,
    pub channel: Box<Channel>,
    pub peer: SocketAddr,
    pub early: Vec<u8>,
}

/// A peer that does not get in, and why.
#[derive(Debug)]
pub struct Rejected {
    pub peer: SocketAddr,
    pub rejection: Rejection,
    pub text: Cow<'static, str>,
    /// Code of the Error frame that it was sent.
    pub error: Option<ErrorCode>,
}

/// The result of one step.
#[derive(Debug)]
pub enum Step {
    /// No handshake is ready.
    Nothing,
    /// One was worked on.
    Done,
    /// A peer is authenticated.
    Arrived(Box<Arrived>),
    /// A peer was refused.
    Rejected(Rejected),
}

/// What reading from a handshake led to.
enum Outcome {
    Waiting,
    Open(Vec<u8>),
    Refused(TlsError),
    Gone,
}

impl Handshake {
    /// Reads once and works on it. `is_leaving`: the peer sends no more.
    fn read(&mut self, config: &Arc<ServerConfig>, is_leaving: bool) -> Outcome {
        if self.refused {
            let mut waste = [0; 4096];
            return match self.stream.read(&mut waste) {
                Ok(count) if count > 0 => Outcome::Waiting,
                Err(error) if is_no_error(&error) => Outcome::Waiting,
                Ok(_) | Err(_) => Outcome::Gone,
            };
        }
        if self.channel.is_none() {
            match Channel::server(config.clone()) {
                Ok(channel) => self.channel = Some(Box::new(channel)),
                Err(error) => return Outcome::Refused(error),
            }
        }
        let Some(channel) = &mut self.channel else { return Outcome::Gone };
        let left = if self.has_spoken { TlsError::Truncated } else { TlsError::Silent };
        let space = channel.receive_space();
        match self.stream.read(space) {
            Ok(0) => Outcome::Refused(left),
            // A handshake needs both directions: nothing is computed for a peer that has left.
            Ok(_) if is_leaving && space.first() == Some(&TLS_HANDSHAKE) => Outcome::Refused(TlsError::Truncated),
            Ok(count) => {
                self.has_spoken = true;
                channel.received(count);
                let mut early = Vec::new();
                match channel.process(|bytes| early.extend_from_slice(bytes)) {
                    Err(error) => Outcome::Refused(error),
                    Ok(()) if channel.is_open() => Outcome::Open(early),
                    Ok(()) => Outcome::Waiting,
                }
            }
            Err(error) if is_no_error(&error) => Outcome::Waiting,
            Err(_) => Outcome::Refused(left),
        }
    }

    /// Writes what waits. What a peer does not take at once in its few hundred bytes it does not need.
    fn write(&mut self) {
        let Some(channel) = &mut self.channel else { return };
        while !channel.transmit().is_empty() {
            match self.stream.write(channel.transmit()) {
                Ok(count) if count > 0 => channel.advance(count),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Ok(_) | Err(_) => return,
            }
        }
    }

    /// Ends it. A peer that speaks no TLS gets an Error frame, whose code is returned.
    fn refuse(&mut self, rejection: Rejection, now: u64) -> Option<ErrorCode> {
        let code = (rejection == Rejection::PlainToTls).then_some(ErrorCode::Unauthorised);
        if let Some(code) = code {
            let text = "this port speaks TLS 1.3 only: give the agent its certificate and key";
            let mut bytes = [0; 256];
            if let Ok(length) = frame::encode(&Message::Error(ErrorFrame { code, sequence: 0, text }), &mut bytes) {
                _ = self.stream.write(&bytes[..length]);
            }
        }
        self.write();
        _ = self.stream.shutdown(Shutdown::Write);
        // Its buffers are not needed any more.
        self.channel = None;
        (self.refused, self.until) = (true, now + LINGER);
        code
    }
}

fn is_no_error(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}

/// All of them.
pub struct Handshakes {
    epoll: OwnedFd,
    slots: Vec<Option<Handshake>>,
    places: Places<Network>,
    generation: u32,
    /// Slots and generations that are ready, the first to be worked on last, each with whether its peer sends no more.
    ready: Vec<(usize, u32, bool)>,
    events: Vec<Event>,
    /// No handshake runs out of time before this.
    next_deadline: Option<u64>,
}

impl Handshakes {
    /// Makes places for `most` handshakes; `seed` starts the random numbers.
    ///
    /// # Errors
    /// The system has no descriptor.
    pub fn new(most: usize, seed: u64) -> io::Result<Handshakes> {
        Ok(Handshakes {
            epoll: epoll::create(CreateFlags::CLOEXEC)?,
            slots: Vec::new(),
            places: Places::new(most, seed),
            generation: 0,
            ready: Vec::new(),
            events: Vec::with_capacity(EVENTS),
            next_deadline: None,
        })
    }

    /// Number of connections.
    pub fn len(&self) -> usize {
        self.slots.iter().flatten().count()
    }

    /// When the next one runs out of time, at the earliest.
    pub fn deadline(&self) -> Option<u64> {
        self.next_deadline
    }

    /// Takes those of the connections of one turn that get a place, and closes the others, which go to `sink`. `is_known` returns
    /// whether a session came from an address.
    pub fn offer(
        &mut self,
        waiting: Vec<(TcpStream, SocketAddr)>,
        is_known: impl Fn(Network) -> bool,
        now: u64,
        mut sink: impl FnMut(Rejected),
    ) {
        let networks: Vec<Network> = waiting.iter().map(|(_, peer)| Network::of(peer.ip())).collect();
        let decisions = self.places.decide(&networks, is_known);
        for (((stream, peer), network), decision) in waiting.into_iter().zip(networks).zip(decisions) {
            match decision {
                Decision::Drop => {
                    let text = Cow::Borrowed("too many connections at a time; it was not chosen");
                    sink(Rejected { peer, rejection: Rejection::DroppedEarly, text, error: None });
                    continue;
                }
                Decision::Replace(victim) => {
                    if let Some(gone) = self.remove_random(victim).filter(|gone| !gone.refused) {
                        let text = Cow::Borrowed("too many handshakes at a time; it gave way to another one");
                        sink(Rejected { peer: gone.peer, rejection: Rejection::CrowdedOut, text, error: None });
                    }
                }
                Decision::Admit => {}
            }
            if let Err(error) = self.insert(stream, peer, network, now) {
                self.places.give_back(network);
                let text = Cow::Owned(format!("socket: {error}"));
                sink(Rejected { peer, rejection: Rejection::BrokenHandshake, text, error: None });
            }
        }
    }

    fn insert(&mut self, stream: TcpStream, peer: SocketAddr, network: Network, now: u64) -> io::Result<()> {
        stream.set_nodelay(true)?;
        set_buffers(&stream, SMALL_SOCKET as usize);
        let slot = self.slots.iter().position(Option::is_none).unwrap_or(self.slots.len());
        epoll::add(&self.epoll, &stream, EventData::new_u64(slot as u64), EventFlags::IN | EventFlags::RDHUP)?;
        self.generation = self.generation.wrapping_add(1);
        let until = now + HANDSHAKE_TIME;
        let generation = self.generation;
        let handshake =
            Handshake { stream, channel: None, peer, network, until, refused: false, has_spoken: false, generation };
        if slot == self.slots.len() {
            self.slots.push(None);
        }
        self.slots[slot] = Some(handshake);
        self.next_deadline = Some(self.next_deadline.map_or(until, |next| next.min(until)));
        Ok(())
    }

    /// Closes a random handshake of the network that has most, if those are more than `network` has, and returns it.
    pub fn give_way(&mut self, network: Network) -> Option<Rejected> {
        let own = self.places.held(network);
        let (victim, _) = self.places.most().filter(|&(_, most)| most > own)?;
        self.places.give_back(victim);
        let gone = self.remove_random(victim)?;
        Some(Rejected {
            peer: gone.peer,
            rejection: Rejection::CrowdedOut,
            text: Cow::Borrowed(NO_DESCRIPTOR),
            error: None,
        })
    }

    /// Removes a random handshake of a network; its place was given back already.
    fn remove_random(&mut self, network: Network) -> Option<Handshake> {
        let of_network = |slot: &&mut Option<Handshake>| slot.as_ref().is_some_and(|found| found.network == network);
        let count = self.slots.iter_mut().filter(of_network).count();
        let number = self.places.random_below(count);
        self.slots.iter_mut().filter(of_network).nth(number).and_then(Option::take)
    }

    /// Finds out which handshakes are ready: those that have answered once come first, then those of networks with few.
    pub fn look(&mut self) {
        self.ready.clear();
        self.events.clear();
        let no_wait = rustix::event::Timespec::default();
        let spare = rustix::buffer::spare_capacity(&mut self.events);
        if epoll::wait(&self.epoll, spare, Some(&no_wait)).is_err() {
            return;
        }
        let Handshakes { slots, places, ready, events, .. } = self;
        for event in events.iter() {
            let (flags, data) = (event.flags, event.data);
            let slot = data.u64() as usize;
            if let Some(Some(handshake)) = slots.get(slot) {
                ready.push((slot, handshake.generation, flags.intersects(EventFlags::RDHUP | EventFlags::HUP)));
            }
        }
        ready.sort_by_key(|&(slot, ..)| {
            let handshake = slots[slot].as_ref();
            let has_answered = handshake.is_some_and(|handshake| handshake.channel.is_some());
            std::cmp::Reverse((!has_answered, handshake.map_or(0, |handshake| places.held(handshake.network))))
        });
    }

    /// Works on one handshake of those that [`Handshakes::look`] found ready.
    pub fn step(&mut self, config: &Arc<ServerConfig>, now: u64) -> Step {
        let Some((slot, generation, is_leaving)) = self.ready.pop() else { return Step::Nothing };
        let place = self.slots.get_mut(slot);
        let Some(handshake) = place.and_then(Option::as_mut).filter(|found| found.generation == generation) else {
            return Step::Done;
        };
        let outcome = handshake.read(config, is_leaving);
        handshake.write();
        match outcome {
            Outcome::Waiting => Step::Done,
            Outcome::Gone => {
                self.remove(slot);
                Step::Done
            }
            Outcome::Open(early) => match self.remove(slot) {
                Some(Handshake { stream, channel: Some(channel), peer, .. }) => {
                    _ = epoll::delete(&self.epoll, &stream);
                    Step::Arrived(Box::new(Arrived { stream, channel, peer, early }))
                }
                _ => Step::Done,
            },
            Outcome::Refused(error) => {
                let (peer, rejection, text) = (handshake.peer, error.rejection(), Cow::Owned(error.to_string()));
                let error = handshake.refuse(rejection, now);
                self.next_deadline = Some(self.next_deadline.map_or(now + LINGER, |next| next.min(now + LINGER)));
                Step::Rejected(Rejected { peer, rejection, text, error })
            }
        }
    }

    fn remove(&mut self, slot: usize) -> Option<Handshake> {
        let handshake = self.slots.get_mut(slot)?.take()?;
        self.places.give_back(handshake.network);
        Some(handshake)
    }

    /// Closes those whose time is over.
    pub fn expire(&mut self, now: u64, mut sink: impl FnMut(Rejected)) {
        if self.next_deadline.is_none_or(|next| now < next) {
            return;
        }
        for slot in 0..self.slots.len() {
            if self.slots[slot].as_ref().is_some_and(|handshake| now >= handshake.until)
                && let Some(gone) = self.remove(slot).filter(|gone| !gone.refused)
            {
                let text = Cow::Borrowed("expected a handshake within 5 s, found none");
                sink(Rejected { peer: gone.peer, rejection: Rejection::Slow, text, error: None });
            }
        }
        self.next_deadline = self.slots.iter().flatten().map(|handshake| handshake.until).min();
    }
}

impl AsFd for Handshakes {
    /// Readable when a handshake is ready.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.epoll.as_fd()
    }
}
