//! The bound on the memory of all sessions holds when no agent reads or confirms anything, over reconnects.
#![allow(clippy::unwrap_used, reason = "tests stop at the first surprise")]

mod server_bench;

use deltascope_abi::record::Record;
use deltascope_abi::{DEFAULT_CONTEXTS, DEFAULT_GROUPS};
use deltascope_model::{Config as Sizes, GoldenEngine};
use deltascope_protocol::frame::{Hello, Message};
use deltascope_protocol::server::{Config, LEAST_SESSION_BYTES};
use server_bench::{Bench, Got, encode, events, hello};

/// Resident memory of this process in bytes. The other tests of this file would be in it, so there is one.
fn resident() -> u64 {
    deltascope_testkit::memory::resident(std::process::id()).unwrap()
}

struct Session {
    number: u8,
    boot_id: u64,
    grant: u64,
    next: u64,
}

#[test]
fn sessions_that_neither_read_nor_confirm_stay_within_the_bound() {
    let config = Config::default();
    let bound = config.memory_bound();
    assert_eq!(bound, 160 << 20, "docs/protocol.md names it");
    assert!(config.max_sessions as u64 * LEAST_SESSION_BYTES < bound);
    let sizes = Sizes::with_tables(DEFAULT_CONTEXTS, DEFAULT_GROUPS);
    let mut bench = Bench::over(GoldenEngine::new(sizes).unwrap(), config.clone());
    let reads = vec![Record::read(3); 16_000];
    let mut sessions: Vec<_> =
        (1..=config.max_sessions as u8).map(|number| Session { number, boot_id: 0, grant: 0, next: 0 }).collect();
    let before = resident();
    let (mut most, mut sent) = (0, 0);
    for round in 0..3 {
        let mut connections = Vec::new();
        for session in &mut sessions {
            let Session { number, boot_id, grant, next } = *session;
            let again = Hello { boot_id, grant, next_sequence: next, ..hello(number, 0, 0) };
            let id = bench.connect();
            bench.server.receive(id, &encode(&Message::Hello(again)), bench.now);
            bench.settle();
            // The Welcome is read, and nothing behind it.
            let mut peek = bench.server.transmit(id).to_vec();
            let length = u32::from_le_bytes(*peek.first_chunk().unwrap()) as usize;
            peek.truncate(length);
            bench.server.advance(id, length);
            let [Got::Welcome { boot_id, grant, next, credit, .. }] = server_bench::frames(&peek)[..] else {
                panic!("{number} in round {round}")
            };
            (session.boot_id, session.grant, session.next) = (boot_id, grant, next);
            // Everything that the credit allows.
            while session.next < credit {
                let count = reads.len().min((credit - session.next) as usize);
                bench.server.receive(id, &events(session.next, 0, &reads[..count]), bench.now);
                session.next += count as u64;
                sent += count;
                most = most.max(bench.server.memory());
            }
            connections.push(id);
        }
        bench.settle();
        most = most.max(bench.server.memory());
        let grown = resident().saturating_sub(before);
        println!("round {round}: {grown} bytes resident, {most} at most by the server's own counter, {sent} records");
        assert!(most <= bound, "{most} of {bound}");
        // The engine, its replies and the allocator have a share of their own.
        assert!(grown <= bound + (24 << 20), "round {round}: {grown} of {bound}");
        for id in connections {
            bench.server.disconnect(id, bench.now);
        }
    }
    assert!(sent > 64 * 16_000, "every session has sent more than a frame");
    assert_eq!(bench.server.sessions(), config.max_sessions);
}
