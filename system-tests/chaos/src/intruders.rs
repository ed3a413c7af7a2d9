//! Peers that mean no good: many connections, floods, garbage, silence.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use deltascope_abi::record::{Class, Record};
use deltascope_protocol::frame::Message;
use deltascope_testkit::Rng;
use deltascope_testkit::frames::{encode, hello, records};

use crate::job::World;

/// Records of one flooding frame.
const FLOOD_RECORDS: usize = 4_096;

fn connect(world: &World<'_>) -> Option<TcpStream> {
    let stream = TcpStream::connect(world.board.address).ok()?;
    stream.set_write_timeout(Some(Duration::from_millis(500))).ok()?;
    stream.set_read_timeout(Some(Duration::from_millis(50))).ok()?;
    world.totals(|totals| totals.rejected_peers += 1);
    Some(stream)
}

/// A session that sends records whatever its credit, reads nothing and names groups that are not its own.
fn flood(world: &World<'_>, rng: &mut Rng, until: Instant) {
    let Some(mut stream) = connect(world) else { return };
    let identity = |rng: &mut Rng| [rng.next().to_le_bytes(), (rng.next() | 1).to_le_bytes()].concat();
    let (session, agent) = (identity(rng), identity(rng));
    let mut hello = hello(1, 4, 4);
    hello.session.copy_from_slice(&session);
    hello.agent.copy_from_slice(&agent);
    let mut sent = 0;
    let mut next = 0;
    let mut frame = encode(&Message::Hello(hello));
    while stream.write_all(&frame).is_ok() && Instant::now() < until {
        sent += frame.len() as u64;
        if next == 0 {
            // The Welcome, or a refusal; what it reports does not matter to this one.
            _ = stream.read(&mut [0; 512]);
        }
        let beyond = rng.below(200) == 0;
        let group = if beyond { 4 } else { rng.below(4) as u16 };
        let record = Record::pair(group, Class::PageAfterT, 1, 2, 3);
        frame = records(next, 0, &vec![record; FLOOD_RECORDS]);
        next += FLOOD_RECORDS as u64;
    }
    world.totals(|totals| totals.rejected_peer_bytes += sent);
}

/// Bytes that mean nothing, some of them behind a right length.
fn garbage(world: &World<'_>, rng: &mut Rng) {
    let Some(mut stream) = connect(world) else { return };
    let count = 1 + rng.below(4_000);
    let mut bytes: Vec<u8> = (0..count).map(|_| rng.next() as u8).collect();
    if rng.below(2) == 0 && bytes.len() > 8 {
        let length = (bytes.len() as u32) & !3;
        bytes[..4].copy_from_slice(&length.to_le_bytes());
        (bytes[4], bytes[5]) = (1 + rng.below(11) as u8, 1);
    }
    _ = stream.write_all(&bytes);
    world.totals(|totals| totals.rejected_peer_bytes += bytes.len() as u64);
    if rng.below(2) == 0 {
        // It reads nothing and stays for a while.
        thread::sleep(rng.millis(0, 100));
    }
}

/// Floods and throws garbage until the time is over.
pub fn harass(world: &World<'_>, seed: u64, time: Duration) {
    let mut rng = Rng::new(seed);
    let until = Instant::now() + time;
    while Instant::now() < until {
        if rng.below(4) == 0 {
            flood(world, &mut rng, until.min(Instant::now() + Duration::from_millis(300)));
        } else {
            garbage(world, &mut rng);
        }
        thread::sleep(rng.millis(5, 60));
    }
}

/// Opens `count` connections and holds all of them for a moment. Gives how much resident memory the daemon had at
/// most by then, and checks that it answers.
pub fn crowd(world: &World<'_>, count: u64) -> Result<u64> {
    let count = descriptors(count)?;
    let mut held = Vec::new();
    for number in 0..count {
        // The daemon may be down for a moment: others kill it.
        let stream = (0..100).find_map(|_| {
            TcpStream::connect(world.board.address).inspect_err(|_| thread::sleep(Duration::from_millis(20))).ok()
        });
        let mut stream = stream.with_context(|| format!("connection {number} of {count}: no listener"))?;
        stream.set_nonblocking(true)?;
        _ = stream.write(&[0xFF; 64]);
        held.push(stream);
    }
    world.totals(|totals| totals.rejected_peers += count);
    let status = world.board.status()?;
    ensure!(status["connections"].as_u64() <= Some(128), "connections: expected at most 128, found {status}");
    world.board.peak()
}

/// Raises the limit of open files and gives how many of `most` connections fit.
fn descriptors(most: u64) -> Result<u64> {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the structure is valid and lives through both calls.
    let result = unsafe {
        libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit);
        limit.rlim_cur = limit.rlim_max;
        libc::setrlimit(libc::RLIMIT_NOFILE, &limit)
    };
    ensure!(result == 0, "the limit of open files: {}", std::io::Error::last_os_error());
    Ok(most.min(limit.rlim_cur.saturating_sub(256)))
}
