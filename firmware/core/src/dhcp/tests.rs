//! The client against a server of bytes, on a clock of their own. The interface is polled more often than the client, as in
//! the image's loop.

use super::server::{ACK, DISCOVER, OFFER, REQUEST, SERVER, Server, resolve};
use super::*;
use crate::wire::End;
use alloc::vec::Vec;
use smoltcp::iface::Config;
use smoltcp::time::Instant;
use smoltcp::wire::{EthernetAddress, HardwareAddress};

/// Microseconds between two polls of the interface, and between two turns of the client.
const POLL: u64 = 100_000;
const TURN: u64 = 3 * POLL;
const GRANTED: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 20);
const OTHER: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 21);
const GATEWAY: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 254);
const LEASE: Lease =
    Lease { network: Network { address: GRANTED, prefix: 24 }, router: Some(SERVER), server: SERVER, seconds: 1_000 };

struct World {
    now: u64,
    interface: Interface,
    sockets: SocketSet<'static>,
    dhcp: Dhcp,
    board: End,
    wire: End,
    server: Server,
    is_up: bool,
    /// Seconds of the clock, and what was reported.
    events: Vec<(u64, Event)>,
}

impl World {
    fn new(seconds: u32) -> World {
        let ([mut board, wire], _) = End::pair();
        let mac = HardwareAddress::Ethernet(EthernetAddress([2, 0, 0, 0, 0, 20]));
        let interface = Interface::new(Config::new(mac), &mut board, Instant::ZERO);
        let mut sockets = SocketSet::new(vec![]);
        let dhcp = Dhcp::new(&mut sockets, Some(GATEWAY));
        let server = Server::new(seconds);
        World { now: 0, interface, sockets, dhcp, board, wire, server, is_up: true, events: vec![] }
    }

    fn run(&mut self, seconds: u64) {
        let end = self.now + seconds * 1_000_000;
        while self.now < end {
            self.now += POLL;
            // What is sent and received, until nothing is: an answer comes at once.
            loop {
                let now = Instant::from_micros(self.now as i64);
                self.interface.poll(now, &mut self.board, &mut self.sockets);
                let Some(frame) = self.wire.take() else { break };
                if !self.is_up {
                    continue;
                }
                for answer in self.server.answer(&frame, self.now).into_iter().chain(resolve(&frame)) {
                    self.wire.send(answer);
                }
            }
            let World { interface, sockets, dhcp, events, now, is_up, .. } = self;
            if !now.is_multiple_of(TURN) {
                continue;
            }
            dhcp.turn(interface, sockets, *is_up, *now, |event| events.push((*now / 1_000_000, event)));
        }
    }

    fn events(&mut self) -> Vec<(u64, Event)> {
        core::mem::take(&mut self.events)
    }

    fn kinds(&mut self) -> Vec<Event> {
        self.events().into_iter().map(|(_, event)| event).collect()
    }

    fn router(&mut self) -> Option<IpCidr> {
        let mut found = None;
        self.interface.routes_mut().update(|routes| {
            found = routes.iter().map(|route| IpCidr::new(route.via_router, 32)).next();
        });
        found
    }
}

fn host(address: Ipv4Addr) -> Option<IpCidr> {
    Some(IpCidr::new(address.into(), 32))
}

#[test]
fn a_lease_gives_address_and_route() {
    let mut world = World::new(1_000);
    world.run(1);
    assert_eq!(world.kinds(), [Event::Leased(LEASE)]);
    assert_eq!(world.interface.ip_addrs(), [IpCidr::new(GRANTED.into(), 24)]);
    assert_eq!(world.router(), host(SERVER));
    assert_eq!(world.dhcp.address(), Some(GRANTED));
}

#[test]
fn a_lease_without_router_and_times_takes_the_defaults() {
    let mut world = World::new(0);
    (world.server.router, world.server.seconds) = (None, None);
    world.run(1);
    assert_eq!(world.kinds(), [Event::Leased(Lease { router: None, seconds: 120, ..LEASE })]);
    assert_eq!(world.router(), host(GATEWAY));
}

#[test]
fn a_lease_is_renewed_at_half_its_time_and_reported() {
    let mut world = World::new(1_000);
    world.run(1_700);
    let renewed = |at| (at, Event::Renewed(LEASE));
    assert_eq!(world.events(), [(0, Event::Leased(LEASE)), renewed(500), renewed(1_000), renewed(1_500)]);
    let (_, renewal) = world.server.asked.last().unwrap();
    assert_eq!((renewal.kind, renewal.client, renewal.destination), (REQUEST, GRANTED, SERVER), "to the server itself");
}

#[test]
fn without_a_server_the_wait_is_reported_and_ends_when_it_answers() {
    let mut world = World::new(1_000);
    world.server.is_on = false;
    world.run(1_300);
    let waiting = |seconds| (seconds, Event::Waiting(Awaited::Server, seconds));
    assert_eq!(world.events(), [20, 60, 140, 300, 620, 1220].map(waiting));
    assert!(world.server.asked.len() > 100, "it asks each 10 s: {}", world.server.asked.len());
    assert!(world.server.asked.iter().all(|(_, request)| request.kind == DISCOVER));
    world.server.is_on = true;
    world.run(11);
    assert_eq!(world.kinds(), [Event::Leased(LEASE)]);
}

#[test]
fn a_server_that_falls_silent_costs_the_address_at_the_end() {
    let mut world = World::new(1_000);
    world.run(1);
    world.server.is_on = false;
    world.run(980);
    let renewals = [520, 560, 640, 800].map(|at| (at, Event::Waiting(Awaited::Renewal, at - 500)));
    assert_eq!(world.events()[1..], renewals);
    assert_eq!(world.interface.ip_addrs().len(), 1, "in use until its end");
    let last = &world.server.asked.last().unwrap().1;
    assert_eq!((last.destination, last.source), (Ipv4Addr::BROADCAST, GRANTED), "any server may renew it");
    world.run(60);
    assert_eq!(
        world.events(),
        [(1_000, Event::Lost(GRANTED, Cause::Expired)), (1_020, Event::Waiting(Awaited::Server, 20))]
    );
    assert_eq!((world.interface.ip_addrs().len(), world.router()), (0, None));
    world.server.is_on = true;
    world.run(11);
    assert_eq!(world.kinds(), [Event::Leased(LEASE)]);
}

#[test]
fn a_refused_renewal_costs_the_address_at_once() {
    let mut world = World::new(1_000);
    world.run(1);
    world.server.refuses = true;
    world.run(500);
    assert_eq!(world.events()[1..], [(500, Event::Lost(GRANTED, Cause::Refused))]);
    assert_eq!((world.interface.ip_addrs().len(), world.router()), (0, None));
    world.server.refuses = false;
    world.run(11);
    assert_eq!(world.kinds(), [Event::Leased(LEASE)]);
}

#[test]
fn a_link_that_comes_back_keeps_the_address_and_asks_at_once() {
    let mut world = World::new(1_000);
    world.run(100);
    world.is_up = false;
    world.run(30);
    assert_eq!(world.events()[1..], [(120, Event::Waiting(Awaited::Link, 20))]);
    assert_eq!(world.interface.ip_addrs().len(), 1);
    let asked = world.server.asked.len();
    world.is_up = true;
    world.run(1);
    assert_eq!(world.events(), [(130, Event::Renewed(LEASE))]);
    assert_eq!(world.server.asked[asked].1.kind, DISCOVER, "it may be another network");
    assert_eq!(world.interface.ip_addrs().len(), 1);
}

#[test]
fn a_link_to_another_network_brings_another_address() {
    let mut world = World::new(1_000);
    world.run(1);
    world.is_up = false;
    world.run(5);
    (world.is_up, world.server.address) = (true, OTHER);
    world.run(2);
    let network = Network { address: OTHER, prefix: 24 };
    let expected = [Event::Lost(GRANTED, Cause::Replaced), Event::Leased(Lease { network, ..LEASE })];
    assert_eq!(world.kinds()[1..], expected);
    assert_eq!(world.interface.ip_addrs(), [IpCidr::new(OTHER.into(), 24)]);
}

#[test]
fn a_link_without_a_server_keeps_the_address_to_the_end_of_the_lease() {
    let mut world = World::new(1_000);
    world.run(1);
    world.is_up = false;
    world.run(5);
    (world.is_up, world.server.is_on) = (true, false);
    world.run(990);
    assert_eq!(world.interface.ip_addrs().len(), 1);
    assert!(world.events()[1..].iter().all(|(_, event)| matches!(event, Event::Waiting(Awaited::Server, _))));
    world.run(6);
    assert_eq!(world.kinds(), [Event::Lost(GRANTED, Cause::Expired)]);
    assert_eq!(world.interface.ip_addrs().len(), 0);
}

#[test]
fn times_are_those_of_the_grant_only() {
    let mut world = World::new(1_000);
    world.run(1);
    let request = &world.server.asked[0].1;
    let times_of = |kind| times(Some(&DhcpPacket::new_unchecked(world.server.message(kind, request).as_slice())));
    assert_eq!(times_of(ACK), (1_000, 500));
    // Another server's late offer is where the grant was.
    assert_eq!(times_of(OFFER), (UNNAMED_LEASE, UNNAMED_LEASE / 2));
}
