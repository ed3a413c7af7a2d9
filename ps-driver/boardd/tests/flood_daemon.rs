//! A flood of ClientHellos at the daemon program, small enough for every run of the tests: what its loop's CPU goes to, and who
//! gets in. There is no time in the conditions; `cargo xtask net flood` measures the bars at 30,000 a second.
#![allow(clippy::unwrap_used, reason = "tests stop at the first surprise")]

mod support;

use deltascope_abi::record::Record;
use deltascope_protocol::frame::{self, Hello, MAX_FRAME_BYTES, Message};
use deltascope_testkit::frames;
use deltascope_tls::Channel;
use rustix::net::sockopt::set_socket_linger;
use rustix::net::{AddressFamily, SendFlags, SocketFlags, SocketType, ipproto, socket_with};
use rustls::pki_types::ServerName;
use serde_json::Value;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;
use support::{Daemon, Keys, Peer, encode, hello, is_welcome};

/// Records of a frame of the session: as many as TLS takes at a time.
const RECORDS: usize = 4_000;
/// Connections that a flood holds open.
const HELD: usize = 1_000;
/// Connections between two pauses of 5 ms of a flood, and of one that shares its address with an agent: on that address chance
/// decides, and this is a test of every run.
const BURST: usize = 40;
const SMALL_BURST: usize = 10;
/// One flood at a time.
static ALONE: Mutex<()> = Mutex::new(());
/// Seconds of CPU for the session during the flood.
const SESSION_SECONDS: f64 = 0.6;
/// Connections that the daemon drops meanwhile, at least.
const DROPPED: u64 = 300;
/// Most of the loop's CPU that peers without a session have while a session has work, beside a quarter of the time that
/// the loop sleeps.
const SHARE: f64 = 0.1;
/// What both shares save up together and what they may be over by at a time, in seconds.
const SAVED: f64 = 0.02;
/// Agents that get in during a flood.
const AGENTS: u8 = 4;

/// A thread that sends ClientHellos from one address until it is dropped.
struct Flood {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Flood {
    fn start(keys: &Keys, source: [u8; 4], target: SocketAddr, burst: usize) -> Flood {
        let config = keys.client(&keys.agent("flood"));
        let hello = Channel::client(config, ServerName::try_from("localhost").unwrap()).unwrap().transmit().to_vec();
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        let thread = std::thread::spawn(move || {
            let mut held: VecDeque<OwnedFd> = VecDeque::new();
            while !stopped.load(Ordering::Relaxed) {
                held.extend((0..burst).filter_map(|_| client_hello(source, target, &hello)));
                held.drain(..held.len().saturating_sub(HELD));
                std::thread::sleep(Duration::from_millis(5));
            }
        });
        Flood { stop, thread: Some(thread) }
    }
}

impl Drop for Flood {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.take().unwrap().join().unwrap();
    }
}

/// One connection with a ClientHello; `None` when the kernel takes no more.
fn client_hello(source: [u8; 4], target: SocketAddr, hello: &[u8]) -> Option<OwnedFd> {
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let socket = socket_with(AddressFamily::INET, SocketType::STREAM, flags, Some(ipproto::TCP)).ok()?;
    // Closed by RST, so that the ports do not run out.
    set_socket_linger(&socket, Some(Duration::ZERO)).ok()?;
    rustix::net::bind(&socket, &SocketAddr::from((source, 0))).ok()?;
    _ = rustix::net::connect(&socket, &target);
    rustix::net::send(&socket, hello, SendFlags::NOSIGNAL).ok()?;
    Some(socket)
}

/// Connections that were not chosen, or gave their place to another one.
fn dropped(status: &Value) -> u64 {
    let count = |reason: &str| status["rejected_peers_total"][reason].as_u64().unwrap();
    count("dropped_early") + count("crowded_out")
}

fn seconds(status: &Value, counter: &str, work: &str) -> f64 {
    status[counter][work].as_f64().unwrap()
}

/// CPU time of the daemon's loop in seconds, as the kernel counts it: its only thread that works is its first.
fn cpu(daemon: &Daemon) -> f64 {
    let id = daemon.child.id();
    let text = std::fs::read_to_string(format!("/proc/{id}/task/{id}/schedstat")).unwrap();
    text.split_whitespace().next().unwrap().parse::<f64>().unwrap() / 1e9
}

/// A session that sends records as fast as its credit allows, until it is dropped.
struct Session {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<u64>>,
}

impl Session {
    fn start(daemon: &Daemon, keys: &Keys) -> Session {
        let mut peer = Peer::new(daemon, keys.client(&keys.agent("session")));
        let welcome = peer.send_hello(&hello(1, 4)).unwrap();
        let Message::Welcome(welcome) = frame::decode(&welcome).unwrap() else { panic!("a Welcome") };
        let mut credit = welcome.credit;
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        let records = vec![Record::nop(); RECORDS];
        let thread = std::thread::spawn(move || {
            let (mut next, mut passed) = (0, 0);
            while !(stopped.load(Ordering::Relaxed) && passed == next) {
                if !stopped.load(Ordering::Relaxed) && next + RECORDS as u64 <= credit {
                    peer.send(&frames::records(next, 0, &records));
                    next += RECORDS as u64;
                    continue;
                }
                assert!(peer.read().unwrap() > 0, "the daemon keeps the session");
                while let Ok(Some(length)) = frame::frame_length(&peer.plaintext, MAX_FRAME_BYTES)
                    && peer.plaintext.len() >= length
                {
                    let bytes: Vec<u8> = peer.plaintext.drain(..length).collect();
                    let Message::Ack(ack) = frame::decode(&bytes).unwrap() else { panic!("an Ack") };
                    (passed, credit) = (ack.sequence, ack.credit);
                }
            }
            passed
        });
        Session { stop, thread: Some(thread) }
    }

    /// Ends it; returns the records that were acknowledged, which are all that were sent.
    fn end(mut self) -> u64 {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.take().unwrap().join().unwrap()
    }
}

/// The case tls_est2, and the bar of a tenth, of the program itself.
#[test]
fn session_keeps_the_loop_and_handshakes_have_a_tenth_of_it() {
    let _alone = ALONE.lock();
    let keys = Keys::new();
    let mut daemon = keys.daemon(&[]);
    let session = Session::start(&daemon, &keys);
    let flood = Flood::start(&keys, [127, 0, 0, 2], daemon.address, BURST);
    daemon.status_when(|status| dropped(status) > 0 && status["records_total"].as_u64() > Some(0));
    let (before, cpu_before) = (daemon.status(), cpu(&daemon));
    let worked = |status: &Value| seconds(status, "loop_cpu_seconds_total", "sessions");
    let after = daemon.status_when(|status| {
        worked(status) - worked(&before) >= SESSION_SECONDS && dropped(status) - dropped(&before) >= DROPPED
    });
    let cpu = cpu(&daemon) - cpu_before;
    drop(flood);
    let passed = session.end();
    let spent = |counter, work| seconds(&after, counter, work) - seconds(&before, counter, work);
    let sessions = spent("loop_cpu_seconds_total", "sessions");
    let beside = ["accepting", "handshakes"].map(|work| spent("loop_cpu_beside_sessions_seconds_total", work));
    let slept =
        after["loop_slept_seconds_total"].as_f64().unwrap() - before["loop_slept_seconds_total"].as_f64().unwrap();
    let others = beside[0] + beside[1];
    let figures = format!(
        "sessions {sessions:.3} s, accepting {:.3} s, handshakes {:.3} s, slept {slept:.3} s, CPU of the thread {cpu:.3} s",
        beside[0], beside[1]
    );
    println!("{figures}");
    assert!(others <= SHARE * (sessions + others) + slept / 4.0 + SAVED, "{figures}");
    assert!(beside[1] > 0.0, "handshakes are starved: {figures}");
    // The kernel's count of the same thread has no room for work that the daemon does not count.
    assert!(sessions >= 0.8 * (cpu - others), "{figures}");
    assert_eq!(daemon.status()["records_total"], passed, "every record is acknowledged");
}

/// Waits until the daemon has dropped more connections of a flood.
fn drop_more(daemon: &mut Daemon) {
    let before = dropped(&daemon.status());
    daemon.status_when(|status| dropped(status) > before + 100);
}

/// Agents on another address than the flood are chosen in the turn in which they come: none is sent away.
#[test]
fn agent_on_another_address_gets_in_at_its_first_attempt() {
    let _alone = ALONE.lock();
    let keys = Keys::new();
    let mut daemon = keys.daemon(&[]);
    let agent = keys.client(&keys.agent("agent"));
    let _flood = Flood::start(&keys, [127, 0, 0, 2], daemon.address, BURST);
    for number in 2..2 + AGENTS {
        drop_more(&mut daemon);
        let mut peer = Peer::new(&daemon, agent.clone());
        assert!(is_welcome(&peer.send_hello(&hello(number, 4)).unwrap()));
    }
    // And beside a session that always has work.
    let session = Session::start(&daemon, &keys);
    for number in 2 + AGENTS..2 + 2 * AGENTS {
        drop_more(&mut daemon);
        let mut peer = Peer::new(&daemon, agent.clone());
        assert!(is_welcome(&peer.send_hello(&hello(number, 4)).unwrap()));
    }
    assert!(session.end() > 0);
}

/// Sessions have places of their own: one that lost its connection finds another one, although every session is taken and
/// authenticated peers that send nothing hold all places of those without a session.
#[test]
fn session_resumes_at_its_first_attempt_during_a_flood() {
    let _alone = ALONE.lock();
    let keys = Keys::new();
    let mut daemon = keys.daemon(&["--max-sessions", &AGENTS.to_string()]);
    let agent = keys.client(&keys.agent("agent"));
    let silent = ["one", "two", "three"].map(|name| keys.client(&keys.agent(name)));
    let welcome = |peer: &mut Peer, hello: &Hello<'_>| {
        let answer = peer.send_hello(&encode(&Message::Hello(*hello))).unwrap();
        let Message::Welcome(welcome) = frame::decode(&answer).unwrap() else { panic!("{:?}", frame::decode(&answer)) };
        (welcome.boot_id, welcome.grant)
    };
    let mut sessions: Vec<(Hello<'_>, Peer)> = Vec::new();
    for number in 1..=AGENTS {
        let mut peer = Peer::new(&daemon, agent.clone());
        let mut hello = frames::hello(number, 4, 4);
        (hello.boot_id, hello.grant) = welcome(&mut peer, &hello);
        sessions.push((hello, peer));
    }
    let _flood = Flood::start(&keys, [127, 0, 0, 2], daemon.address, BURST);
    for (hello, peer) in sessions {
        drop(peer);
        // As many as there are places, and half as many again.
        let open = |number: usize| {
            let mut peer = Peer::new(&daemon, silent[number % silent.len()].clone());
            peer.handshake().unwrap();
            peer
        };
        let _silent: Vec<Peer> = (0..24).map(open).collect();
        drop_more(&mut daemon);
        let mut peer = Peer::new(&daemon, agent.clone());
        assert_eq!(welcome(&mut peer, &hello), (hello.boot_id, hello.grant), "the same grant");
    }
    let status = daemon.status();
    assert_eq!((&status["resumed_total"], &status["grants_total"]), (&AGENTS.into(), &AGENTS.into()), "{status}");
}

/// On the address of the flood chance decides, and an agent that tries again gets in.
#[test]
fn agent_on_the_address_of_the_flood_gets_in() {
    let _alone = ALONE.lock();
    let keys = Keys::new();
    let mut daemon = keys.daemon(&[]);
    let agent = keys.client(&keys.agent("agent"));
    let _flood = Flood::start(&keys, [127, 0, 0, 1], daemon.address, SMALL_BURST);
    for number in 1..=AGENTS {
        drop_more(&mut daemon);
        let mut attempts = 0;
        loop {
            attempts += 1;
            let mut peer = Peer::new(&daemon, agent.clone());
            if peer.try_hello(&hello(number, 4)).is_some_and(|answer| is_welcome(&answer)) {
                break;
            }
            assert!(attempts < 1_000, "agent {number} is kept out");
            std::thread::sleep(Duration::from_millis(100));
        }
        println!("agent {number}: {attempts} attempts");
    }
}
