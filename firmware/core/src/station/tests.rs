//! The station against a client of smoltcp, over a wire of two queues that loses frames on demand.

use super::*;
use crate::wire::End;
use alloc::rc::Rc;
use core::cell::RefCell;
use deltascope_model::GoldenEngine;
use deltascope_protocol::server::{Config, Entropy};
use deltascope_testkit::frames::{self, encode};
use smoltcp::iface::{Config as InterfaceConfig, Interface, SocketSet};
use smoltcp::time::Instant;
use smoltcp::wire::{EthernetAddress, HardwareAddress, IpCidr};

fn interface(end: &mut End, last: u8, now: u64) -> Interface {
    let mac = HardwareAddress::Ethernet(EthernetAddress([2, 0, 0, 0, 0, last]));
    let mut interface = Interface::new(InterfaceConfig::new(mac), end, Instant::from_micros(now as i64));
    interface.update_ip_addrs(|addresses| {
        let _ = addresses.push(IpCidr::new(IpAddress::v4(169, 254, 1, last), 16));
    });
    interface
}

/// A board, a client and the wire between them, on a clock of their own.
struct World {
    now: u64,
    ends: [End; 2],
    interfaces: [Interface; 2],
    board: SocketSet<'static>,
    client: SocketSet<'static>,
    station: Station<GoldenEngine>,
    cut: Rc<RefCell<bool>>,
    local_port: u16,
}

impl World {
    fn new(sockets: usize, config: Config, peers: Peers) -> World {
        let (mut ends, cut) = End::pair();
        let interfaces = [interface(&mut ends[0], 1, 0), interface(&mut ends[1], 2, 0)];
        let engine = GoldenEngine::default();
        let server = Server::new(engine, config, Entropy::Counter(1)).unwrap();
        let mut board = SocketSet::new(vec![]);
        let station = Station::new(server, sockets, 5770, peers, &mut board);
        World { now: 0, ends, interfaces, board, client: SocketSet::new(vec![]), station, cut, local_port: 50_000 }
    }

    fn connect(&mut self) -> SocketHandle {
        let buffer = || tcp::SocketBuffer::new(vec![0; 65_536]);
        let handle = self.client.add(tcp::Socket::new(buffer(), buffer()));
        self.local_port += 1;
        let socket = self.client.get_mut::<tcp::Socket<'_>>(handle);
        let remote = (IpAddress::v4(169, 254, 1, 1), 5770);
        socket.connect(self.interfaces[1].context(), remote, self.local_port).unwrap();
        handle
    }

    fn run(&mut self, milliseconds: u64) {
        for _ in 0..milliseconds {
            self.now += 1_000;
            let now = Instant::from_micros(self.now as i64);
            self.interfaces[0].poll(now, &mut self.ends[0], &mut self.board);
            self.station.turn(&mut self.board, self.now);
            self.interfaces[0].poll(now, &mut self.ends[0], &mut self.board);
            self.interfaces[1].poll(now, &mut self.ends[1], &mut self.client);
        }
    }

    fn socket(&mut self, handle: SocketHandle) -> &mut tcp::Socket<'static> {
        self.client.get_mut(handle)
    }

    fn received(&mut self, handle: SocketHandle) -> Vec<u8> {
        let mut bytes = vec![0; 65_536];
        let count = self.socket(handle).recv_slice(&mut bytes).unwrap_or(0);
        bytes.truncate(count);
        bytes
    }
}

fn hello(number: u8) -> Vec<u8> {
    encode(&Message::Hello(frames::hello(number, 4, 16)))
}

fn notes(station: &mut Station<GoldenEngine>) -> Vec<Note> {
    core::iter::from_fn(|| station.take_note()).collect()
}

const CLIENT: Ipv4Addr = Ipv4Addr::new(169, 254, 1, 2);

#[test]
fn a_hello_is_answered_with_a_welcome() {
    let mut world = World::new(2, Config::default(), Peers::LINK_LOCAL);
    let handle = world.connect();
    world.run(20);
    world.socket(handle).send_slice(&hello(1)).unwrap();
    world.run(20);
    let bytes = world.received(handle);
    assert!(matches!(frame::decode(&bytes), Ok(Message::Welcome(_))), "{} bytes", bytes.len());
    assert_eq!(notes(&mut world.station), [Note::Accepted(CLIENT, 50_001)]);
}

#[test]
fn a_peer_that_is_not_allowed_is_cut_off() {
    let mut world = World::new(1, Config::default(), "10.0.0.0/8".parse().unwrap());
    let handle = world.connect();
    world.run(20);
    assert_eq!(world.socket(handle).state(), tcp::State::Closed);
    assert_eq!(world.station.counters(), Counters { not_allowed: 1, ..Counters::default() });
    // The socket is free again.
    let other = world.connect();
    world.run(20);
    assert_eq!(world.socket(other).state(), tcp::State::Closed);
    let expected = [Note::NotAllowed(CLIENT, 50_001), Note::NotAllowed(CLIENT, 50_002)];
    assert_eq!(notes(&mut world.station), expected);
}

#[test]
fn a_connection_too_many_gets_a_reason() {
    let config = Config { max_connections: 1, ..Config::default() };
    let mut world = World::new(2, config, Peers::LINK_LOCAL);
    world.connect();
    world.run(20);
    let second = world.connect();
    world.run(20);
    let bytes = world.received(second);
    let Ok(Message::Error(error)) = frame::decode(&bytes) else { panic!("{} bytes", bytes.len()) };
    assert_eq!(error.code, ErrorCode::Limit);
    assert_eq!(world.station.counters().full, 1);
}

#[test]
fn garbage_ends_its_connection_and_no_other() {
    let mut world = World::new(2, Config::default(), Peers::LINK_LOCAL);
    let (good, bad) = (world.connect(), world.connect());
    world.run(20);
    world.socket(bad).send_slice(&[0x5A; 512]).unwrap();
    world.run(50);
    assert_eq!(world.socket(bad).state(), tcp::State::CloseWait, "the server ends it");
    world.socket(good).send_slice(&hello(2)).unwrap();
    world.run(20);
    assert!(matches!(frame::decode(&world.received(good)), Ok(Message::Welcome(_))));
    assert_eq!(world.station.connections(), 1);
}

#[test]
fn a_cut_link_is_given_up_and_the_socket_serves_again() {
    let mut world = World::new(1, Config::default(), Peers::LINK_LOCAL);
    let handle = world.connect();
    world.run(20);
    world.socket(handle).send_slice(&hello(3)).unwrap();
    world.run(20);
    *world.cut.borrow_mut() = true;
    // The server ends a silent connection after 30 s, and TCP one that acknowledges nothing after 60 s.
    world.run(100_000);
    assert_eq!(world.station.connections(), 0);
    world.socket(handle).abort();
    *world.cut.borrow_mut() = false;
    let again = world.connect();
    world.run(2_000);
    world.socket(again).send_slice(&hello(3)).unwrap();
    world.run(100);
    assert!(matches!(frame::decode(&world.received(again)), Ok(Message::Welcome(_))));
}

#[test]
fn a_client_that_leaves_frees_its_socket() {
    let mut world = World::new(1, Config::default(), Peers::LINK_LOCAL);
    for _ in 0..5 {
        let handle = world.connect();
        world.run(50);
        assert_eq!(world.socket(handle).state(), tcp::State::Established);
        world.socket(handle).close();
        world.run(50);
        assert_eq!(world.station.connections(), 0);
    }
    assert_eq!(world.station.counters().accepted, 5);
}

#[test]
fn a_lost_address_resets_its_connections() {
    let mut world = World::new(2, Config::default(), Peers::LINK_LOCAL);
    let handle = world.connect();
    world.run(20);
    assert_eq!(world.station.connections(), 1);
    world.station.abort(&mut world.board);
    world.run(20);
    assert_eq!(world.socket(handle).state(), tcp::State::Closed, "the client got a reset");
    assert_eq!(world.station.connections(), 0);
    world.connect();
    world.run(20);
    assert_eq!(world.station.counters().accepted, 2);
}
