//! The interface's address from a DHCP server (RFC 2131): smoltcp's socket asks, renews and expires; this module applies
//! the lease to the interface, keeps it over a link that was down, and reports what happens and what is waited for.
//!
//! A link that comes back may be another network, so the server is asked again at once. Until it answers or the lease
//! ends, the address stays in use (RFC 2131, section 3.2), so that connections outlive a cable that was out for a moment.

use alloc::boxed::Box;
use alloc::vec;
use core::net::Ipv4Addr;

use smoltcp::iface::{Interface, SocketHandle, SocketSet};
use smoltcp::socket::dhcpv4;
use smoltcp::wire::{DhcpMessageType, DhcpPacket, DhcpRepr, IpCidr, Ipv4Cidr};

use crate::peers::Network;

/// Microseconds after which something that is waited for is reported the first time: two requests were not answered. The
/// time to each further report is twice the last one.
pub const WAIT_US: u64 = 20_000_000;
/// Longest time between two reports.
pub const LONGEST_WAIT_US: u64 = 600_000_000;
/// Longest time between two turns: this module counts a lease from the turn after its packet, the socket from the packet.
const TURN_US: u64 = 1_000_000;
/// Longest packet that is kept for its times: a frame of Ethernet.
const PACKET: usize = 1500;
/// Seconds of a lease whose packet names none, as smoltcp assumes them.
const UNNAMED_LEASE: u32 = 120;

/// What a server granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The address, and the prefix of its network.
    pub network: Network,
    /// Router of the network.
    pub router: Option<Ipv4Addr>,
    /// The server.
    pub server: Ipv4Addr,
    /// Seconds from the grant to its end.
    pub seconds: u32,
}

/// Why an address is no longer in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The lease ended without an answer of a server.
    Expired,
    /// The server refused to renew it.
    Refused,
    /// A server granted another address.
    Replaced,
}

/// What is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Awaited {
    /// The link is down.
    Link,
    /// No server grants a lease.
    Server,
    /// No server renews the lease, which is still in use.
    Renewal,
}

/// Something for the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// An address is in use from now on.
    Leased(Lease),
    /// The address stays in use, from now on for the seconds of this lease.
    Renewed(Lease),
    /// An address is not in use any more, and its connections must end.
    Lost(Ipv4Addr, Cause),
    /// Nothing came for this many seconds; asking continues.
    Waiting(Awaited, u64),
}

/// A lease in use.
#[derive(Clone, Copy, Debug)]
struct Held {
    lease: Lease,
    /// Microseconds of the clock after which a renewal is late.
    renew_at: u64,
    /// Microseconds of the clock at which it ends.
    ends_at: u64,
}

/// A wait for one thing.
#[derive(Clone, Copy, Debug)]
struct Wait {
    awaited: Awaited,
    since: u64,
    next_report: u64,
    step: u64,
}

/// The DHCP client of an interface.
pub struct Dhcp {
    socket: SocketHandle,
    gateway: Option<Ipv4Addr>,
    held: Option<Held>,
    link_is_up: bool,
    /// The link was down while a lease was held, and no server has answered since.
    is_in_doubt: bool,
    wait: Option<Wait>,
}

impl Dhcp {
    /// Adds the socket. `gateway` is the route of a lease that names no router.
    pub fn new(set: &mut SocketSet<'_>, gateway: Option<Ipv4Addr>) -> Dhcp {
        let mut socket = dhcpv4::Socket::new();
        // With a place for the packet, smoltcp reports each renewal, not only one that changes something.
        socket.set_receive_packet_buffer(Box::leak(vec![0; PACKET].into_boxed_slice()));
        let socket = set.add(socket);
        Dhcp { socket, gateway, held: None, link_is_up: false, is_in_doubt: false, wait: None }
    }

    /// Returns the address in use.
    pub fn address(&self) -> Option<Ipv4Addr> {
        self.held.map(|held| held.lease.network.address)
    }

    /// Applies what the socket has received since the last call, and reports it. Called at least once a second,
    /// after the interface was polled; `now` is in microseconds.
    pub fn turn(
        &mut self,
        interface: &mut Interface,
        set: &mut SocketSet<'_>,
        link_is_up: bool,
        now: u64,
        mut report: impl FnMut(Event),
    ) {
        let socket = set.get_mut::<dhcpv4::Socket<'_>>(self.socket);
        match socket.poll() {
            Some(dhcpv4::Event::Configured(config)) => {
                let (seconds, renewal) = times(config.packet.as_ref());
                let network = Network { address: config.address.address(), prefix: config.address.prefix_len() };
                let lease = Lease { network, router: config.router, server: config.server.address, seconds };
                self.apply(lease, renewal, interface, now, &mut report);
            }
            Some(dhcpv4::Event::Deconfigured) => {
                let is_over = self.held.is_some_and(|held| now + TURN_US >= held.ends_at);
                self.lose(if is_over { Cause::Expired } else { Cause::Refused }, interface, &mut report);
            }
            None => {}
        }
        // After a reset the socket knows the lease no longer.
        if self.held.is_some_and(|held| now >= held.ends_at) {
            self.lose(Cause::Expired, interface, &mut report);
        }
        if self.link_is_up && !link_is_up {
            self.is_in_doubt = self.held.is_some();
        }
        if link_is_up && !self.link_is_up && (self.is_in_doubt || self.held.is_none()) {
            socket.reset();
            // That the socket has no lease any more is no loss: see the head of this file.
            let _ = socket.poll();
        }
        self.link_is_up = link_is_up;
        self.report_wait(now, report);
    }

    fn apply(
        &mut self,
        lease: Lease,
        renewal: u32,
        interface: &mut Interface,
        now: u64,
        report: &mut impl FnMut(Event),
    ) {
        let is_renewal = self.held.is_some_and(|held| held.lease.network == lease.network);
        if !is_renewal {
            self.lose(Cause::Replaced, interface, report);
            interface.update_ip_addrs(|addresses| {
                // A lease that is lost leaves none behind, so there is room.
                let _ = addresses.push(IpCidr::Ipv4(Ipv4Cidr::new(lease.network.address, lease.network.prefix)));
            });
        }
        match lease.router.or(self.gateway) {
            // A default route takes the place of the one before.
            Some(router) => drop(interface.routes_mut().add_default_ipv4_route(router)),
            None => drop(interface.routes_mut().remove_default_ipv4_route()),
        }
        let after = |seconds: u32| now + u64::from(seconds) * 1_000_000;
        self.held = Some(Held { lease, renew_at: after(renewal), ends_at: after(lease.seconds) });
        self.is_in_doubt = false;
        report(if is_renewal { Event::Renewed(lease) } else { Event::Leased(lease) });
    }

    /// Takes the address and its route from the interface, if there is one.
    fn lose(&mut self, cause: Cause, interface: &mut Interface, report: &mut impl FnMut(Event)) {
        let Some(held) = self.held.take() else { return };
        self.is_in_doubt = false;
        interface.update_ip_addrs(|addresses| addresses.clear());
        interface.routes_mut().remove_default_ipv4_route();
        report(Event::Lost(held.lease.network.address, cause));
    }

    fn awaited(&self, now: u64) -> Option<Awaited> {
        match self.held {
            _ if !self.link_is_up => Some(Awaited::Link),
            None => Some(Awaited::Server),
            Some(_) if self.is_in_doubt => Some(Awaited::Server),
            Some(held) if now >= held.renew_at => Some(Awaited::Renewal),
            Some(_) => None,
        }
    }

    fn report_wait(&mut self, now: u64, mut report: impl FnMut(Event)) {
        let awaited = self.awaited(now);
        if awaited != self.wait.map(|wait| wait.awaited) {
            let begin = |awaited| Wait { awaited, since: now, next_report: now + WAIT_US, step: WAIT_US };
            self.wait = awaited.map(begin);
        }
        if let Some(wait) = &mut self.wait
            && now >= wait.next_report
        {
            report(Event::Waiting(wait.awaited, (now - wait.since) / 1_000_000));
            wait.step = (2 * wait.step).min(LONGEST_WAIT_US);
            wait.next_report += wait.step;
        }
    }
}

/// Returns the seconds of a lease, and those after which a renewal is late: half of them, or the server's T1 where that is
/// later (RFC 2131, section 4.4.5).
fn times(packet: Option<&DhcpPacket<&[u8]>>) -> (u32, u32) {
    // Another server's late offer may have taken the place of the packet.
    let granted = packet
        .and_then(|packet| DhcpRepr::parse(packet).ok())
        .filter(|packet| packet.message_type == DhcpMessageType::Ack);
    let seconds = granted.as_ref().and_then(|packet| packet.lease_duration).unwrap_or(UNNAMED_LEASE);
    let named = granted.and_then(|packet| packet.renew_duration).filter(|&renewal| renewal < seconds);
    (seconds, named.unwrap_or(0).max(seconds / 2))
}

#[cfg(test)]
mod server;
#[cfg(test)]
mod tests;
