//! One network namespace: its ring, and which of its packets are sends of its sockets.
//!
//! A packet counts where a socket of the namespace has sent it. What comes from elsewhere and goes through (the host side
//! of a veth pair, a bridge, an uplink with or without NAT) is *forwarded*. What a socket has sent passes several interfaces
//! where one is on top of the other (bridge and port, bond, VLAN, macvlan); the one where it was seen first counts, and
//! the others are *other layers*.

use std::io;
use std::net::IpAddr;
use std::os::fd::BorrowedFd;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use lru::LruCache;
use rustc_hash::FxHashMap;

use super::netlink::Netlink;
use super::owners::Charge;
use super::packets::PacketCounts;
use super::ring::{Packet, Ring};
use super::{filter, sys};
use crate::capture::{Direction, FLOWS, Flows, Link, Parsed, PayloadBytes, Segment, Sent, parse};

/// Directions whose senders are kept, those of forwarded packets among them.
const SENDERS: usize = 2 * FLOWS;
/// Addresses of which is kept whether they are of this namespace.
const ADDRESSES: usize = 65_536;

/// A message, what is known of its sender, and when that was asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Captured {
    pub sent: Sent,
    pub charge: Charge,
    pub at: Instant,
}

/// Who sends in a direction.
#[derive(Clone, Copy, Debug)]
struct Sender {
    /// Nothing of forwarded packets.
    charge: Option<Charge>,
    /// Where the packets were seen first.
    interface: i32,
    /// The socket of the connection was found, with a process or a group.
    is_exact: bool,
    /// It was asked for after payload was seen.
    is_last: bool,
    at: Instant,
}

/// A network namespace.
#[derive(Debug)]
pub(super) struct Namespace {
    ring: Ring,
    directions: Directions,
}

#[derive(Debug)]
struct Directions {
    netlink: Netlink,
    flows: Flows,
    senders: LruCache<Direction, Sender>,
    addresses: FxHashMap<IpAddr, bool>,
    /// Interfaces by number: whether they were chosen.
    interfaces: FxHashMap<i32, bool>,
    /// Forwarded packets have a mark.
    sees_ingress: bool,
    /// Packets may be forwarded.
    forwards: bool,
    counts: PacketCounts,
}

/// Network namespaces that this process has opened.
static OPENED: AtomicU64 = AtomicU64::new(0);

impl Namespace {
    /// Opens the network namespace of this thread; the sockets stay there. Returns its interfaces too.
    pub(super) fn open(blocks: usize) -> Result<(Namespace, Vec<String>), (&'static str, io::Error)> {
        let at = |step| move |error| (step, error);
        let interfaces = sys::interfaces().map_err(at("a list of interfaces"))?;
        let netlink = Netlink::open().map_err(at("answers of inet_diag about sockets of TCP"))?;
        let socket = sys::packet_socket().map_err(at("a packet socket"))?;
        let sees_ingress = filter::attach(&socket).map_err(at("a filter on a packet socket"))?;
        let ring = Ring::new(socket, blocks).map_err(at("a ring of a packet socket (TPACKET_V3)"))?;
        // Until now nothing was taken.
        sys::bind_to_all(ring.socket()).map_err(at("a packet socket that is bound to all interfaces"))?;
        let directions = Directions {
            netlink,
            flows: Flows::of_namespace(OPENED.fetch_add(1, Ordering::Relaxed)),
            senders: LruCache::unbounded(),
            addresses: FxHashMap::default(),
            interfaces: FxHashMap::default(),
            sees_ingress,
            forwards: forwards(),
            counts: PacketCounts::default(),
        };
        Ok((Namespace { ring, directions }, interfaces.into_iter().map(|(_, name)| name).collect()))
    }

    /// Reads at most this number of blocks and gives the messages that end in them. Returns the packets read.
    pub(super) fn read(&mut self, blocks: usize, names: &[String], give: &mut dyn FnMut(Captured)) -> io::Result<u64> {
        let Namespace { ring, directions } = self;
        let mut read = 0;
        for _ in 0..blocks {
            match ring.block(&mut |packet| directions.take(packet, names, give))? {
                Some(packets) => read += packets,
                None => break,
            }
        }
        directions.counts.read += read;
        // After the blocks, so that no more is read than was received.
        directions.counts.add_statistics(sys::packet_statistics(ring.socket())?);
        Ok(read)
    }

    /// Takes no more packets; what is in the ring can still be read.
    pub(super) fn stop(&self) -> io::Result<()> {
        filter::attach_none(self.ring.socket())
    }

    /// Ends all directions.
    pub(super) fn finish(&mut self, give: &mut dyn FnMut(Captured)) {
        let Directions { flows, senders, .. } = &mut self.directions;
        flows.finish(&mut |sent| give(captured(sent, senders)));
    }

    /// Forgets what may have changed: names of interfaces and addresses.
    pub(super) fn refresh(&mut self) {
        self.directions.interfaces.clear();
        self.directions.addresses.clear();
    }

    /// The descriptor that can be read when there is a block.
    pub(super) fn descriptor(&self) -> BorrowedFd<'_> {
        self.ring.descriptor()
    }

    /// Bytes of the payloads.
    pub(super) fn payload(&self) -> PayloadBytes {
        self.directions.flows.payload()
    }

    /// Counts of packets.
    pub(super) fn counts(&self) -> PacketCounts {
        self.directions.counts
    }

    /// Whether the kernel marks forwarded packets.
    pub(super) fn sees_ingress(&self) -> bool {
        self.directions.sees_ingress
    }
}

/// Whether the network namespace of this thread forwards packets; where that cannot be read, it may.
fn forwards() -> bool {
    let settings = ["/proc/sys/net/ipv4/conf/all/forwarding", "/proc/sys/net/ipv6/conf/all/forwarding"];
    settings.iter().any(|path| match std::fs::read_to_string(path) {
        Ok(setting) => setting.trim() != "0",
        Err(error) => error.kind() != io::ErrorKind::NotFound,
    })
}

/// A message with what is known of its sender.
fn captured(sent: Sent, senders: &LruCache<Direction, Sender>) -> Captured {
    let sender = senders.peek(&(sent.local, sent.remote));
    let charge = sender.and_then(|sender| sender.charge).unwrap_or_default();
    Captured { sent, charge, at: sender.map_or_else(Instant::now, |sender| sender.at) }
}

impl Directions {
    fn take(&mut self, packet: Packet<'_>, names: &[String], give: &mut dyn FnMut(Captured)) {
        let Directions { netlink, interfaces, .. } = self;
        let is_chosen = || {
            names.is_empty() || sys::interface_name(netlink, packet.interface).is_ok_and(|name| names.contains(&name))
        };
        if !*interfaces.entry(packet.interface).or_insert_with(is_chosen) {
            self.counts.other += 1;
            return;
        }
        if packet.bytes.len() <= filter::FORWARDED_BYTES {
            return self.counts.forwarded(packet.length);
        }
        let Parsed::Segment(segment) = parse(Link::Ip, packet.bytes) else {
            self.counts.other += 1;
            return;
        };
        let direction = (segment.source, segment.destination);
        if self.flows.begins_again(&segment) {
            let Directions { flows, senders, .. } = self;
            flows.end(direction, &mut |sent| give(captured(sent, senders)));
            self.senders.pop(&direction);
        }
        let sender = self.sender(direction, &segment, packet.interface);
        if sender.charge.is_none() {
            return self.counts.forwarded(packet.length);
        }
        if sender.interface != packet.interface {
            if self.flows.has_taken(&segment) {
                self.counts.other_layer += 1;
                return;
            }
            // Another route, or the ring was full at the other interface.
            if let Some(sender) = self.senders.get_mut(&direction) {
                sender.interface = packet.interface;
            }
        }
        self.counts.taken += 1;
        let Directions { flows, senders, .. } = self;
        flows.take(&segment, &mut |sent| give(captured(sent, senders)));
        while self.senders.len() > SENDERS {
            self.senders.pop_lru();
        }
    }

    /// Who sends in a direction. It is asked for when the direction is new, and once more with its first payload if it was
    /// not found out.
    fn sender(&mut self, direction: Direction, segment: &Segment<'_>, interface: i32) -> Sender {
        let is_payload = !segment.payload.is_empty();
        let known = self.senders.get(&direction).copied();
        if let Some(sender) = known.filter(|sender| sender.is_exact || sender.is_last || !is_payload) {
            return sender;
        }
        let mut sender = self.look_up(direction, interface);
        sender.is_last = is_payload;
        sender.interface = known.map_or(interface, |known| known.interface);
        self.senders.put(direction, sender);
        sender
    }

    fn look_up(&mut self, direction: Direction, interface: i32) -> Sender {
        let (local, remote) = direction;
        let at = Instant::now();
        self.counts.look_ups += 1;
        let mut ask = |netlink: &mut Netlink, remote| match netlink.socket(local, remote, interface) {
            Ok(found) => found,
            Err(_) => {
                self.counts.look_up_errors += 1;
                None
            }
        };
        let found = ask(&mut self.netlink, remote);
        let own = found.filter(|socket| !socket.listens);
        let has_file = own.is_some_and(|socket| socket.inode != 0);
        let nobody = (if local.is_ipv4() { IpAddr::from([0; 4]) } else { IpAddr::from([0; 16]) }, 0).into();
        // It may be gone, or close before its process is found; who accepted it listens on.
        let listener = match found {
            Some(socket) if socket.listens => found,
            Some(_) => ask(&mut self.netlink, nobody).filter(|socket| socket.listens),
            None => None,
        };
        // Without a socket of its own it may be forwarded: with its sender's address, or with one of this namespace by NAT.
        let is_own = own.is_some() || self.is_local(local.ip()) && (self.sees_ingress || !self.forwards);
        let cgroup = own.and_then(|socket| socket.cgroup);
        let charge = Charge {
            cgroup: cgroup.or(listener.and_then(|socket| socket.cgroup)),
            inode: own.map_or(0, |socket| socket.inode),
            listener: listener.map_or(0, |socket| socket.inode),
            is_gone: cgroup.is_none() && !has_file,
        };
        Sender { charge: is_own.then_some(charge), interface, is_exact: has_file, is_last: false, at }
    }

    fn is_local(&mut self, address: IpAddr) -> bool {
        if let Some(&is_local) = self.addresses.get(&address) {
            return is_local;
        }
        let is_local = self.netlink.is_local(address).unwrap_or_else(|_| {
            self.counts.look_up_errors += 1;
            true
        });
        if self.addresses.len() == ADDRESSES {
            self.addresses.clear();
        }
        self.addresses.insert(address, is_local);
        is_local
    }
}
