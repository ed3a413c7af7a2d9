//! The worked example of `docs/protocol.md` is what the server and the frame code really send.
#![allow(clippy::unwrap_used, reason = "tests stop at the first surprise")]

mod server_bench;

use deltascope_abi::loss::{LossReason, Losses};
use deltascope_abi::record::{Class, Record};
use deltascope_protocol::frame::{Bye, Cursor, Cursors, Hello, Message, Records};
use deltascope_protocol::server::Config;
use server_bench::{Bench, encode, hello, snapshot_request, state_at};
use std::fmt::Write;

const DOCUMENT: &str = include_str!("../../docs/protocol.md");

fn dump(text: &mut String, who: &str, bytes: &[u8]) {
    writeln!(text, "{who}, {} bytes", bytes.len()).unwrap();
    for (line, bytes) in bytes.chunks(16).enumerate() {
        let hex: Vec<_> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        writeln!(text, "{:04x}  {}", line * 16, hex.join(" ")).unwrap();
    }
    writeln!(text).unwrap();
}

/// Gives the agent's frame to the server, and writes both down.
fn exchange(
    text: &mut String,
    bench: &mut Bench<deltascope_model::GoldenEngine>,
    id: deltascope_protocol::server::ConnectionId,
    frame: (&str, Vec<u8>),
    answers: &[&str],
) {
    dump(text, &format!("agent: {}", frame.0), &frame.1);
    bench.give(id, &frame.1);
    let mut bytes = bench.server.transmit(id).to_vec();
    bench.server.advance(id, bytes.len());
    for answer in answers {
        let length = u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]) as usize;
        dump(text, &format!("server: {answer}"), &bytes[..length]);
        bytes.drain(..length);
    }
    assert!(bytes.is_empty(), "{bytes:?}");
}

#[test]
fn the_worked_example_is_what_is_sent() {
    let mut bench = Bench::new(Config::default());
    let id = bench.connect();
    let mut text = String::new();
    let hello = Hello { session: *b"session-00000001", agent: *b"agent-of-web-1..", host: "web-1", ..hello(1, 2, 3) };
    let hello = encode(&Message::Hello(hello));
    exchange(&mut text, &mut bench, id, ("Hello", hello), &["Welcome"]);
    let records = [
        Record::pair(1, Class::PageAfterT, 4096, 0xAABB_CCDD, 0xAABB_CCDD),
        Record::send(0, 2, 1500, 0x0123_4567_89AB_CDEF).with_reply(),
    ];
    let records: Vec<_> = records.iter().map(|record| record.to_bytes()).collect();
    let mut losses = Losses::default();
    losses.add(LossReason::Ring, 3);
    let cursors = [Cursor { source: 1, unit: 0, position: 5 }.to_bytes()];
    let cursors = Cursors(&cursors);
    let events = Records { first_sequence: 0, replies_below: 0, losses, cursors, records: &records };
    let events = encode(&Message::Records(events));
    exchange(&mut text, &mut bench, id, ("Records", events), &["Replies", "Ack"]);
    exchange(&mut text, &mut bench, id, ("SnapshotRequest", snapshot_request(7, 0, 1)), &["Snapshot"]);
    exchange(&mut text, &mut bench, id, ("StateAt", state_at(8, 2, 3)), &["StateAtReply"]);
    let bye = encode(&Message::Bye(Bye { next_sequence: 2 }));
    exchange(&mut text, &mut bench, id, ("Bye", bye), &["Ack"]);
    assert!(bench.server.is_closing(id));
    assert!(DOCUMENT.contains(text.trim_end()), "the example in docs/protocol.md should read:\n\n{text}");
}

/// Numbers in the document's table of limits and timers.
#[test]
fn limits_and_timers_are_those_of_the_code() {
    use deltascope_protocol::frame::{MAX_CURSORS, MAX_FRAME_BYTES, MAX_FRAME_RECORDS, MAX_HELLO_BYTES};
    let config = Config::default();
    let seconds = |limit: std::time::Duration| format!("{} s", limit.as_secs());
    let thousands = |number: usize| match number {
        0..1_000 => format!("{number}"),
        _ => format!("{},{:03}", number / 1_000, number % 1_000),
    };
    let rows = [
        ("longest frame", format!("{} bytes", thousands(MAX_FRAME_BYTES))),
        ("longest frame before the Welcome", format!("{} bytes", thousands(MAX_HELLO_BYTES))),
        ("records of a Records frame", thousands(MAX_FRAME_RECORDS)),
        ("cursors of a frame", thousands(MAX_CURSORS)),
        ("credit of an idle session, at most", format!("{} records", thousands(config.window))),
        ("credit of an idle session, at least", format!("{} records", thousands(MAX_FRAME_RECORDS))),
        ("groups of a first grant", thousands(config.default_groups as usize)),
        ("contexts of a first grant", thousands(config.default_contexts as usize)),
        ("sessions for each of which a first grant is kept", thousands(config.reserved_sessions)),
        ("groups of a grant", thousands(config.max_groups as usize)),
        ("sessions", thousands(config.max_sessions)),
        ("connections", thousands(config.max_connections)),
        ("snapshots asked for and not received", thousands(config.max_snapshots)),
        ("states asked for and not received", thousands(config.max_states)),
        ("Hello after the connection", seconds(config.hello_timeout)),
        ("silence of an agent", seconds(config.idle_timeout)),
        ("a session without a connection", seconds(config.resume_time)),
        (
            "a connected session that has left nothing, since its last record, once its place is needed",
            seconds(config.unused_time),
        ),
        ("attempts to reset a failed engine", seconds(config.engine_retry)),
    ];
    let memory = config.memory_bound() >> 20;
    assert!(
        DOCUMENT.contains(&format!("together have at most {memory} MiB")),
        "docs/protocol.md should name {memory} MiB"
    );
    for (what, value) in rows {
        let row = format!("| {what} | {value} |");
        assert!(DOCUMENT.contains(&row), "docs/protocol.md should have the row\n{row}");
    }
}
