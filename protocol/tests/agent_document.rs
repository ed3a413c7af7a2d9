//! `docs/protocol.md` states of this agent what the code does, and an agent meets servers of other releases.
#![allow(clippy::unwrap_used, reason = "tests stop at the first surprise")]

mod pair;

use deltascope_abi::crc::crc32c;
use deltascope_abi::loss::Losses;
use deltascope_abi::{ABI_MAJOR, ABI_VERSION};
use deltascope_protocol::agent::{Config, Endpoint, EndpointError};
use deltascope_protocol::frame::{self, Cursors, Extensions, Message, PROTOCOL_VERSION, Welcome};
use pair::identity;

const DOCUMENT: &str = include_str!("../../docs/protocol.md");

#[test]
fn limits_and_timers_are_those_of_the_code() {
    let Config { retention_bytes, frame_records, max_delay, snapshot_interval, keepalive, silence, .. } =
        Config::default();
    assert_eq!(frame_records, 4_096);
    let rows = [
        format!("| retention | {} MiB of frames |", retention_bytes >> 20),
        String::from("| records of a frame | at most 4,096 |"),
        format!("| delay that coalescing adds to a record | at most {} ms |", max_delay.as_millis()),
        format!(
            "| time between snapshots while records flow | {} ms, less when the retention is half full |",
            snapshot_interval.as_millis()
        ),
        format!("| silence before an empty Records frame | {} s |", keepalive.as_secs()),
        format!("| silence of a server that owes a frame | {} s,", silence.as_secs()),
    ];
    for row in rows {
        assert!(DOCUMENT.contains(&row), "docs/protocol.md should have the row\n{row}");
    }
}

fn welcome(abi_version: u32) -> Vec<u8> {
    let welcome = Welcome {
        abi_version,
        engine: 1,
        boot_id: 5,
        grant: 1,
        inherited: false,
        groups: 4,
        contexts: 4,
        most_groups: 4,
        most_contexts: 4,
        journal_lanes: 0,
        journal_depth: 0,
        next_sequence: 0,
        credit: 1_000,
        position: 0,
        losses: Losses::default(),
        cursors: Cursors(&[]),
        extensions: Extensions::NONE,
    };
    let mut bytes = vec![0; 256];
    let length = frame::encode(&Message::Welcome(welcome), &mut bytes).unwrap();
    bytes.truncate(length);
    bytes
}

fn answered(bytes: &[u8]) -> Result<Endpoint, EndpointError> {
    let mut session = Endpoint::new(Config::default(), identity(1));
    session.connected(0);
    session.receive(bytes, 0).map(|()| session)
}

#[test]
fn a_server_of_another_minor_version_is_taken() {
    for version in [ABI_VERSION + 1, u32::from(ABI_MAJOR) << 16] {
        assert!(answered(&welcome(version)).unwrap().granted().is_some());
    }
}

#[test]
fn a_server_of_another_major_version_is_refused_for_good_and_both_are_named() {
    let error = answered(&welcome(ABI_VERSION + (1 << 16))).unwrap_err();
    assert!(error.is_fatal());
    let (expected, found) = (ABI_MAJOR, ABI_MAJOR + 1);
    assert!(error.to_string().contains(&format!("expected {expected}.x, found {found}.x")), "{error}");

    let mut other = welcome(ABI_VERSION);
    other[5] = PROTOCOL_VERSION + 1;
    let end = other.len() - 4;
    let crc = crc32c(&other[..end]).to_le_bytes();
    other[end..].copy_from_slice(&crc);
    let error = answered(&other).unwrap_err();
    assert!(error.is_fatal());
    let (expected, found) = (PROTOCOL_VERSION, PROTOCOL_VERSION + 1);
    assert!(error.to_string().contains(&format!("expected {expected}, found {found}")), "{error}");
}
