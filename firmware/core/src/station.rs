//! Sockets of smoltcp between the network and the board server. The caller polls the interface, then calls
//! [`Station::turn`], and begins again.
//!
//! smoltcp has no queue of connections that wait: each socket listens by itself, so there are as many at a time as there
//! are sockets. A peer that is not served is cut off before a byte of it is read.

use alloc::collections::VecDeque;
use alloc::vec;
use alloc::vec::Vec;
use core::net::Ipv4Addr;

use deltascope_model::Engine;
use deltascope_protocol::frame::{self, ErrorCode, ErrorFrame, Message};
use deltascope_protocol::server::{Activity, ConnectionId, Holder, Identity, Peer, Server};
use smoltcp::iface::{SocketHandle, SocketSet};
use smoltcp::socket::tcp;
use smoltcp::wire::IpAddress;

use crate::peers::Peers;

/// Bytes of the receive buffer of a socket: two frames of records on their way fill a link of 100 Mbit/s with 10 ms.
const RECEIVE: usize = 128 * 1024;
/// Bytes of the transmit buffer of a socket.
const TRANSMIT: usize = 32 * 1024;
/// Time after which a peer that acknowledges nothing is gone.
const TIMEOUT: smoltcp::time::Duration = smoltcp::time::Duration::from_secs(60);
/// Notes that are kept until they are taken.
const NOTES: usize = 16;

/// Something for the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Note {
    /// A peer is served from now on.
    Accepted(Ipv4Addr, u16),
    /// A peer is not among those that are served.
    NotAllowed(Ipv4Addr, u16),
    /// There are as many connections as are allowed.
    Full(Ipv4Addr, u16),
    /// A connection is gone.
    Closed(Ipv4Addr, u16),
}

/// What one turn did.
#[derive(Clone, Copy, Debug)]
pub struct Turn {
    /// Bytes moved: look at the interface again.
    pub moved: bool,
    /// What the server does next.
    pub activity: Activity,
}

/// Peers since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Connections that the server took.
    pub accepted: u32,
    /// Connections cut off because their address is not served.
    pub not_allowed: u32,
    /// Connections refused because there were as many as are allowed.
    pub full: u32,
}

#[derive(Debug)]
struct Link {
    socket: SocketHandle,
    peer: (Ipv4Addr, u16),
    /// The server's connection, while there is one.
    connection: Option<ConnectionId>,
    /// The socket ends by itself.
    ending: bool,
}

/// The board server with its sockets.
pub struct Station<E> {
    server: Server<E>,
    links: Vec<Link>,
    port: u16,
    peers: Peers,
    counters: Counters,
    notes: VecDeque<Note>,
}

impl<E: Engine> Station<E> {
    /// Makes `sockets` sockets that listen on `port`.
    pub fn new(server: Server<E>, sockets: usize, port: u16, peers: Peers, set: &mut SocketSet<'_>) -> Station<E> {
        let links = (0..sockets).map(|_| {
            let buffer = |bytes| tcp::SocketBuffer::new(vec![0; bytes]);
            let mut socket = tcp::Socket::new(buffer(RECEIVE), buffer(TRANSMIT));
            socket.set_nagle_enabled(false);
            socket.set_timeout(Some(TIMEOUT));
            Link { socket: set.add(socket), peer: (Ipv4Addr::UNSPECIFIED, 0), connection: None, ending: false }
        });
        let links = links.collect();
        Station { server, links, port, peers, counters: Counters::default(), notes: VecDeque::with_capacity(NOTES) }
    }

    /// The board server.
    pub fn server(&mut self) -> &mut Server<E> {
        &mut self.server
    }

    /// Peers since the start.
    pub fn counters(&self) -> Counters {
        self.counters
    }

    /// Connections that the server has.
    pub fn connections(&self) -> usize {
        self.links.iter().filter(|link| link.connection.is_some()).count()
    }

    /// Takes the oldest note.
    pub fn take_note(&mut self) -> Option<Note> {
        self.notes.pop_front()
    }

    /// Resets every connection: the address that they were made to is not this board's any more. The next turn closes them.
    pub fn abort(&mut self, set: &mut SocketSet<'_>) {
        for link in &self.links {
            let socket = set.get_mut::<tcp::Socket<'_>>(link.socket);
            if socket.is_active() {
                socket.abort();
            }
        }
    }

    /// Moves bytes between sockets and server, and lets the server work. `now` is in microseconds.
    pub fn turn(&mut self, set: &mut SocketSet<'_>, now: u64) -> Turn {
        let mut moved = false;
        let Station { server, links, port, peers, counters, notes } = self;
        let mut note = |note| {
            if notes.len() == NOTES {
                notes.pop_front();
            }
            notes.push_back(note);
        };
        for link in links.iter_mut() {
            let socket = set.get_mut::<tcp::Socket<'_>>(link.socket);
            match socket.state() {
                tcp::State::Closed => {
                    if let Some(connection) = link.connection.take() {
                        server.disconnect(connection, now);
                        note(Note::Closed(link.peer.0, link.peer.1));
                    }
                    link.ending = false;
                    // It is closed and the port is not 0, so it listens.
                    let _ = socket.listen(*port);
                }
                tcp::State::Listen | tcp::State::SynReceived | tcp::State::SynSent => {}
                _ if link.connection.is_none() && !link.ending => {
                    link.peer = peer_of(socket);
                    let (address, port) = link.peer;
                    if !peers.allows(address) {
                        counters.not_allowed += 1;
                        note(Note::NotAllowed(address, port));
                        socket.abort();
                        link.ending = true;
                    } else if let Some(connection) = server.connect(peer_at(address), now) {
                        counters.accepted += 1;
                        note(Note::Accepted(address, port));
                        link.connection = Some(connection);
                    } else {
                        counters.full += 1;
                        note(Note::Full(address, port));
                        server.refused(ErrorCode::Limit);
                        refuse(socket);
                        link.ending = true;
                    }
                }
                _ => {}
            }
            if let Some(connection) = link.connection {
                moved |= receive(socket, server, connection, now);
            }
        }
        let activity = server.poll(now);
        for link in links.iter_mut() {
            let socket = set.get_mut::<tcp::Socket<'_>>(link.socket);
            let Some(connection) = link.connection else { continue };
            moved |= transmit(socket, server, connection);
            let done = server.is_closing(connection) && server.transmit(connection).is_empty();
            // The peer has sent its end, and everything before it was taken.
            let ended = !socket.may_recv() && !socket.can_recv();
            if done || ended {
                server.disconnect(connection, now);
                note(Note::Closed(link.peer.0, link.peer.1));
                socket.close();
                link.connection = None;
                link.ending = true;
                moved = true;
            }
        }
        Turn { moved, activity }
    }
}

/// A peer that is not authenticated; its places count for its address.
fn peer_at(address: Ipv4Addr) -> Peer {
    Peer { holder: Holder::of(&address.octets()), ..Peer::from(Identity::ANYBODY) }
}

fn peer_of(socket: &tcp::Socket<'_>) -> (Ipv4Addr, u16) {
    match socket.remote_endpoint() {
        Some(endpoint) => {
            let IpAddress::Ipv4(address) = endpoint.addr;
            (address, endpoint.port)
        }
        None => (Ipv4Addr::UNSPECIFIED, 0),
    }
}

/// Sends the peer the reason, as far as its socket takes it.
fn refuse(socket: &mut tcp::Socket<'_>) {
    let text = "connections: expected no more than are allowed, found one more; connect again later";
    let mut bytes = [0; 256];
    if let Ok(length) =
        frame::encode(&Message::Error(ErrorFrame { code: ErrorCode::Limit, sequence: 0, text }), &mut bytes)
    {
        // A new socket has room.
        let _ = socket.send_slice(&bytes[..length]);
    }
    socket.close();
}

fn receive<E: Engine>(socket: &mut tcp::Socket<'_>, server: &mut Server<E>, id: ConnectionId, now: u64) -> bool {
    let mut moved = false;
    while socket.can_recv() {
        let space = server.receive_space(id);
        if space.is_empty() {
            break;
        }
        let count = socket.recv_slice(space).unwrap_or(0);
        if count == 0 {
            break;
        }
        server.received(id, count, now);
        moved = true;
    }
    moved
}

fn transmit<E: Engine>(socket: &mut tcp::Socket<'_>, server: &mut Server<E>, id: ConnectionId) -> bool {
    let mut moved = false;
    while socket.can_send() {
        let waiting = server.transmit(id);
        if waiting.is_empty() {
            break;
        }
        let count = socket.send_slice(waiting).unwrap_or(0);
        if count == 0 {
            break;
        }
        server.advance(id, count);
        moved = true;
    }
    moved
}

#[cfg(test)]
mod tests;
