use super::{QUEUES, Queues, WAITING};
use rustix::net::{AddressFamily, SocketFlags, SocketType, ipproto, socket_with};
use std::collections::BTreeSet;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

/// Queues of a port of this machine that only the test accepts from.
fn queues(count: usize, seed: u64) -> (Queues, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    (Queues::new(listener, count, seed).expect("queues"), address)
}

/// A connection from an address of 127.0.0.0/8 that is not waited for.
fn begin(source: u8, target: SocketAddr) -> TcpStream {
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let socket = socket_with(AddressFamily::INET, SocketType::STREAM, flags, Some(ipproto::TCP)).expect("a socket");
    rustix::net::bind(&socket, &SocketAddr::from((Ipv4Addr::new(127, 0, 0, source), 0))).expect("its address");
    _ = rustix::net::connect(&socket, &target);
    TcpStream::from(socket)
}

/// Connects from an address, and returns the index of its queue.
fn queue_of(queues: &mut Queues, source: u8, target: SocketAddr) -> usize {
    let _held = begin(source, target);
    queues.look();
    let accepted = queues.accept().expect("it can be accepted");
    assert_eq!(accepted.map(|(_, peer)| peer.ip()), Some(Ipv4Addr::new(127, 0, 0, source).into()));
    queues.last
}

#[test]
fn each_address_has_one_queue_and_addresses_share_them_evenly() {
    let (mut queues, target) = queues(QUEUES, 1);
    assert_eq!(queues.sockets.len(), QUEUES);
    let mut used = [0; QUEUES];
    for source in 1..=128 {
        let queue = queue_of(&mut queues, source, target);
        used[queue] += 1;
        assert_eq!(queue_of(&mut queues, source, target), queue, "127.0.0.{source}");
    }
    assert!(used.iter().all(|&count| (1..=24).contains(&count)), "{used:?}");
}

#[test]
fn full_queue_of_one_address_leaves_another_address_its_own() {
    let (mut queues, target) = queues(QUEUES, 2);
    let flood_queue = queue_of(&mut queues, 1, target);
    let agent = (2..100).find(|&source| queue_of(&mut queues, source, target) != flood_queue).expect("another queue");
    // More than the queue holds: what comes now from this address is dropped by the kernel.
    let _flood: Vec<TcpStream> = (0..WAITING / QUEUES as i32 + 40).map(|_| begin(1, target)).collect();
    let _agent = begin(agent, target);
    // It is among the first two that are accepted, one of each queue.
    queues.look();
    let mut first = || queues.accept().expect("it can be accepted").map(|(_, peer)| peer.ip());
    let agent = Some(Ipv4Addr::new(127, 0, 0, agent).into());
    assert!([first(), first()].contains(&agent));
}

#[test]
fn addresses_are_spread_again_while_more_come_than_are_accepted() {
    let (mut queues, target) = queues(QUEUES, 3);
    let map = |queues: &mut Queues| (1..=32).map(|source| queue_of(queues, source, target)).collect::<Vec<_>>();
    let before = map(&mut queues);
    // Nothing waits, so nothing changes.
    queues.look();
    queues.spread(1);
    assert_eq!(map(&mut queues), before);
    let _held = [begin(1, target), begin(1, target)];
    queues.look();
    queues.spread(2);
    // What waited is not lost.
    let mut waited = || queues.accept().expect("it can be accepted").is_some();
    assert_eq!([waited(), waited(), waited()], [true, true, false]);
    let after = map(&mut queues);
    let moved = before.iter().zip(&after).filter(|(one, other)| one != other).count();
    assert!(moved >= 16, "{moved} of 32 addresses have another queue");
    // Not again within a second.
    let _held = begin(1, target);
    queues.look();
    queues.spread(999_999);
    assert!(queues.accept().expect("it can be accepted").is_some());
    assert_eq!(map(&mut queues), after);
}

#[test]
fn socket_of_ipv6_has_queues_for_both_families() {
    // A machine without IPv6 cannot show it.
    let Ok(listener) = TcpListener::bind("[::]:0") else { return };
    let port = listener.local_addr().expect("an address").port();
    let mut queues = Queues::new(listener, QUEUES, 4).expect("queues");
    assert_eq!(queues.sockets.len(), QUEUES);
    let target = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut used = BTreeSet::new();
    for source in 1..=32 {
        let mut here = BTreeSet::new();
        for _ in 0..2 {
            let _held = begin(source, target);
            queues.look();
            assert!(queues.accept().expect("it can be accepted").is_some());
            here.insert(queues.last);
        }
        assert_eq!(here.len(), 1, "127.0.0.{source}");
        used.extend(here);
    }
    assert!(used.len() >= QUEUES / 2, "{used:?}");
    // The network of ::1 is all zeros, and 0 times any number is 0, whatever the port and the rest of the address.
    for time in 1..=8 {
        let _held = TcpStream::connect_timeout(&SocketAddr::from((Ipv6Addr::LOCALHOST, port)), Duration::from_secs(60));
        queues.look();
        queues.spread(time * 1_000_000);
        assert!(queues.accept().expect("it can be accepted").is_some());
        assert_eq!(queues.last, 0);
    }
}

#[test]
fn address_in_use_is_refused_and_one_queue_is_enough() {
    let (mut one, target) = queues(1, 5);
    assert_eq!(queue_of(&mut one, 1, target), 0);
    let (_several, target) = queues(QUEUES, 6);
    assert!(TcpListener::bind(target).is_err(), "the sockets share the port with each other only");
}
