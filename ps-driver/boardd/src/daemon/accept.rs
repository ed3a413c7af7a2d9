//! Peers without a session: accepting connections, handshakes, and frames before the Welcome.

use super::waiting::Ready;
use super::{Daemon, cpu};
use crate::admission::{Decision, Network};
use crate::budget::Work;
use crate::descriptors::NO_DESCRIPTOR;
use crate::handshakes::{Arrived, Rejected, Step};
use crate::link::{Link, Peer, set_buffers};
use crate::memory::SMALL_SOCKET;
use crate::warnings::Topic;
use deltascope_model::Engine;
use deltascope_protocol::frame::{self, ErrorCode, ErrorFrame, Message};
use deltascope_protocol::server::{Holder, Identity, Peer as ServerPeer};
use deltascope_tls::{Channel, Rejection};
use rustix::io::Errno;
use std::io::Write;
use std::net::{SocketAddr, TcpStream};

/// Connections accepted in one turn, which is also the number out of which some are chosen.
const ACCEPTS: usize = 256;
/// Time without accepting after the system had no memory, or no descriptor at all, left.
const ACCEPT_PAUSE: u64 = 100_000;
/// Room for an Error frame with the longest text.
const ERROR_BYTES: usize = 64 + frame::MAX_ERROR_TEXT_BYTES;
const TOO_MANY: &str =
    "connections without a session: expected no more than are allowed, found one more; connect again later";

impl<E: Engine> Daemon<E> {
    /// Serves peers without a session as far as the budget allows. Returns whether the server has something new to do.
    pub(super) fn serve_others(&mut self, ready: &Ready) -> bool {
        let now = self.now();
        let received = self.server.stats().received_bytes;
        // Handshakes first: what has begun is finished before more begins.
        let mut budget = std::mem::take(&mut self.budget);
        let (mut next, mut has_looked) = (0, false);
        budget.run(Work::Handshake, now, cpu, || {
            if ready.handshakes && !std::mem::replace(&mut has_looked, true) {
                self.handshakes.look();
            }
            self.advance(&mut next, now)
        });
        if ready.listener {
            let mut waiting = Vec::new();
            let (mut is_left, mut has_looked) = (true, false);
            budget.run(Work::Accept, now, cpu, || {
                if !std::mem::replace(&mut has_looked, true) {
                    self.queues.look();
                }
                if is_left && waiting.len() < ACCEPTS && self.accept(&mut waiting, now) {
                    return true;
                }
                is_left = false;
                self.admit(std::mem::take(&mut waiting), now);
                false
            });
            // The turn's part may be used up before those that were accepted have got their answers.
            budget.charge(Work::Accept, now, cpu, || {
                self.admit(waiting, now);
                self.queues.spread(now);
            });
        }
        self.budget = budget;
        let mut rejected = Vec::new();
        self.handshakes.expire(now, |peer| rejected.push(peer));
        self.reject_all(rejected, now);
        self.bound_lingering(now);
        self.server.stats().received_bytes != received
    }

    /// Works on one link without a session, or on one handshake. Returns whether there may be more to do.
    fn advance(&mut self, next: &mut usize, now: u64) -> bool {
        while *next < self.links.len() {
            if self.links[*next].ready {
                *next += usize::from(self.read(*next, now));
                return true;
            }
            *next += 1;
        }
        let Some(security) = &self.security else { return false };
        match self.handshakes.step(&security.config(), now) {
            Step::Nothing => return false,
            Step::Done => {}
            Step::Arrived(arrived) => self.accept_peer(*arrived, now),
            Step::Rejected(rejected) => self.reject_all(vec![rejected], now),
        }
        true
    }

    fn reject_all(&mut self, rejected: Vec<Rejected>, now: u64) {
        for Rejected { peer, rejection, text, error } in rejected {
            if let Some(code) = error {
                self.server.refused(code);
            }
            self.reject(peer, rejection, &text, now);
        }
    }

    /// Accepts one connection. Returns whether there may be another one.
    fn accept(&mut self, waiting: &mut Vec<(TcpStream, SocketAddr)>, now: u64) -> bool {
        match self.queues.accept() {
            Ok(Some(accepted)) => {
                waiting.push(accepted);
                true
            }
            Ok(None) => false,
            Err(_) => {
                // Those that were accepted before in this turn are among the ones that may give way.
                self.admit(std::mem::take(waiting), now);
                self.accept_beyond(now)
            }
        }
    }

    fn count_failure(&mut self, error: Errno, now: u64) {
        self.counters.accept_failures += 1;
        self.warnings.warn(
            Topic::Accept,
            now,
            format_args!("accept: {error}; raise the limit of descriptors (LimitNOFILE=), or lower --max-sessions"),
        );
    }

    /// Accepts one connection with the descriptor that is kept for it, when there is no other one. It takes the place of one of an
    /// address that has more, or is refused. Returns whether there may be another one.
    fn accept_beyond(&mut self, now: u64) -> bool {
        let accepted = self.queues.accept_with_spare();
        let is_left = matches!(accepted, Ok(Some(_)));
        match accepted {
            Ok(None) => {}
            Ok(Some((stream, peer))) if self.free_descriptor(Network::of(peer.ip()), now) => {
                self.admit(vec![(stream, peer)], now);
            }
            Ok(Some((stream, peer))) => {
                self.count_failure(Errno::MFILE, now);
                self.reject(peer, Rejection::DroppedEarly, NO_DESCRIPTOR, now);
                if self.security.is_none() {
                    self.refuse(stream, None, ErrorCode::Limit, NO_DESCRIPTOR);
                }
            }
            Err(error) => {
                self.count_failure(error, now);
                self.accept_again = now + ACCEPT_PAUSE;
            }
        }
        self.queues.keep_spare();
        is_left
    }

    /// Closes a connection that only waits for its peer to read the last frame, or one without a session of the address or name
    /// that has most, if `network` has fewer. Returns whether there was one.
    fn free_descriptor(&mut self, network: Network, now: u64) -> bool {
        if self.drop_lingering(now) {
            return true;
        }
        let mut own = self.places.held(network.holder());
        if self.security.is_some() {
            if let Some(gone) = self.handshakes.give_way(network) {
                self.reject_all(vec![gone], now);
                return true;
            }
            // The name of a peer that waits is not known yet; one that has a single connection keeps it.
            own = 1;
        }
        let Some((victim, _)) = self.places.most().filter(|&(_, most)| most > own) else { return false };
        self.places.give_back(victim);
        let Some(index) = self.random_link(victim) else { return false };
        self.close(index, Rejection::CrowdedOut, NO_DESCRIPTOR, now);
        // It gets the reason, but no time: its descriptor is needed now.
        let mut link = self.links.swap_remove(index);
        _ = link.write(&mut self.server, now);
        self.server.disconnect(link.id, now);
        true
    }

    /// Gives the connections of one turn their places, and closes those for which there is none.
    fn admit(&mut self, waiting: Vec<(TcpStream, SocketAddr)>, now: u64) {
        if waiting.is_empty() {
            return;
        }
        if self.security.is_some() {
            let mut rejected = Vec::new();
            let open = self.links.iter().filter(|link| self.server.carries_session(link.id));
            let known = self.known.networks(open.map(Link::network), now);
            self.handshakes.offer(waiting, |network| known.contains(&network), now, |peer| rejected.push(peer));
            return self.reject_all(rejected, now);
        }
        let holders: Vec<Holder> = waiting.iter().map(|(_, peer)| Network::of(peer.ip()).holder()).collect();
        let Daemon { places, server, .. } = self;
        let decisions = places.decide(&holders, |holder| server.has_session_of(holder));
        for (((stream, peer), holder), decision) in waiting.into_iter().zip(holders).zip(decisions) {
            if !self.make_place(decision, now) {
                self.reject(peer, Rejection::DroppedEarly, TOO_MANY, now);
                self.refuse(stream, None, ErrorCode::Limit, TOO_MANY);
                continue;
            }
            set_buffers(&stream, SMALL_SOCKET as usize);
            let about = ServerPeer { holder, ..ServerPeer::from(Identity::ANYBODY) };
            let id = stream.set_nodelay(true).ok().and_then(|()| self.server.connect(about, now));
            let Some(id) = id else {
                self.places.give_back(holder);
                self.reject(peer, Rejection::DroppedEarly, TOO_MANY, now);
                self.refuse(stream, None, ErrorCode::Limit, TOO_MANY);
                continue;
            };
            tracing::debug!("{peer}: connection begins");
            self.links.push(Link::new(stream, id, peer, holder));
        }
    }

    /// Closes the connection whose place is given away, if a decision asks for it. Returns whether there is a place.
    fn make_place(&mut self, decision: Decision<Holder>, now: u64) -> bool {
        match decision {
            Decision::Drop => false,
            Decision::Admit => true,
            Decision::Replace(victim) => {
                if let Some(index) = self.random_link(victim) {
                    self.close(index, Rejection::CrowdedOut, TOO_MANY, now);
                }
                true
            }
        }
    }

    /// Returns the index of a random connection without a session of a holder.
    fn random_link(&mut self, holder: Holder) -> Option<usize> {
        let of_holder = |(_, link): &(usize, &Link)| link.place == Some(holder);
        let count = self.links.iter().enumerate().filter(of_holder).count();
        let number = self.places.random_below(count);
        self.links.iter().enumerate().filter(of_holder).nth(number).map(|(index, _)| index)
    }

    /// Closes a connection without a session, whose place is already another one's. Its peer has time to read why.
    fn close(&mut self, index: usize, rejection: Rejection, text: &str, now: u64) {
        let Daemon { server, links, .. } = self;
        let link = &mut links[index];
        link.place = None;
        if server.is_closing(link.id) {
            // It was refused before, and got the reason.
            return;
        }
        link.is_refusal_logged = true;
        server.refuse(link.id, ErrorCode::Limit, text, now);
        let address = link.address;
        self.reject(address, rejection, text, now);
    }

    /// Connections that only wait for their peers to read the last frame are bounded too: the oldest is dropped.
    fn bound_lingering(&mut self, now: u64) {
        let lingering = self.links.iter().filter(|link| link.place.is_none() && link.is_lingering()).count();
        for _ in self.most_lingering..lingering {
            self.drop_lingering(now);
        }
    }

    /// Drops the oldest connection that only waits for its peer to read the last frame. Returns whether there was one.
    fn drop_lingering(&mut self, now: u64) -> bool {
        let links = self.links.iter().enumerate().filter(|(_, link)| link.place.is_none() && link.is_lingering());
        let Some((oldest, _)) = links.min_by_key(|(_, link)| link.deadline()) else { return false };
        let link = self.links.swap_remove(oldest);
        tracing::debug!("{}: connection ended: others wait for its place", link.name());
        self.server.disconnect(link.id, now);
        true
    }

    /// The peer has proved its name; if the name is served it gets a connection.
    fn accept_peer(&mut self, arrived: Arrived, now: u64) {
        let Arrived { stream, channel, peer: address, early } = arrived;
        let Some(security) = &self.security else { return };
        let about = match channel.peer() {
            Ok(about) => about,
            Err(error) => {
                self.reject(address, error.rejection(), &error.to_string(), now);
                return self.refuse(stream, Some(channel), ErrorCode::Unauthorised, &error.to_string());
            }
        };
        self.counters.authenticated += 1;
        let (identity, allowance) = match security.admit(&about) {
            Ok(admitted) => admitted,
            Err(rejection) => {
                let text = format!("name: expected one that is served, found {:?}; add it to --identities", about.name);
                self.reject(address, rejection, &text, now);
                return self.refuse(stream, Some(channel), ErrorCode::Unauthorised, &text);
            }
        };
        let name = about.name;
        let is_own = |link: &Link| link.peer.as_ref().is_some_and(|peer| peer.identity == identity);
        let own = self.links.iter().filter(|link| is_own(link) && !link.is_lingering()).count();
        if own >= allowance.connections() {
            let most = allowance.connections();
            let text = format!("quota of this identity: expected at most {most} connections, found one more");
            // A reconnect must not fail because of connections that nothing came of.
            match self.links.iter().position(|link| is_own(link) && link.place.is_some()) {
                Some(index) => {
                    if let Some(holder) = self.links[index].place {
                        self.places.give_back(holder);
                    }
                    self.close(index, Rejection::Quota, &text, now);
                }
                None => {
                    self.reject(address, Rejection::Quota, &text, now);
                    return self.refuse(stream, Some(channel), ErrorCode::Limit, &text);
                }
            }
        }
        let about = ServerPeer { quota: allowance.quota, ..ServerPeer::from(identity) };
        let holder = about.holder;
        let is_known = self.server.has_session_of(holder);
        let decision = self.places.decide(&[holder], |_| is_known).pop().unwrap_or(Decision::Drop);
        let has_place = self.make_place(decision, now);
        let connection = has_place.then(|| self.server.connect(about, now)).flatten();
        let Some(id) = connection else {
            if has_place {
                self.places.give_back(holder);
            }
            self.reject(address, Rejection::DroppedEarly, TOO_MANY, now);
            return self.refuse(stream, Some(channel), ErrorCode::Limit, TOO_MANY);
        };
        tracing::debug!("{name} ({address}): connection begins");
        self.server.receive(id, &early, now);
        let mut link = Link::with_tls(stream, channel, id, address, holder, Peer { name, identity });
        if self.server.carries_session(id)
            && let Some(holder) = link.place.take()
        {
            self.places.give_back(holder);
            link.set_buffers(self.socket_buffer);
        }
        self.links.push(link);
    }

    /// The peer reads why if its socket takes the frame at once.
    fn refuse(&mut self, mut stream: TcpStream, channel: Option<Box<Channel>>, code: ErrorCode, text: &str) {
        self.server.refused(code);
        let mut frame = [0; ERROR_BYTES];
        let Ok(length) = frame::encode(&Message::Error(ErrorFrame { code, sequence: 0, text }), &mut frame) else {
            return;
        };
        let Some(mut channel) = channel else {
            _ = stream.write(&frame[..length]);
            return;
        };
        if channel.write(&frame[..length]).is_ok() {
            channel.close();
            _ = stream.write(channel.transmit());
        }
    }
}
