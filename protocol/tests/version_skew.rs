//! Agent and server of different releases: they work together, or one refuses by name.
#![allow(clippy::unwrap_used, reason = "tests stop at the first surprise")]

mod server_bench;

use deltascope_abi::crc::crc32c;
use deltascope_abi::record::{Class, Record};
use deltascope_abi::{ABI_MAJOR, ABI_MINOR, ABI_VERSION};
use deltascope_protocol::frame::{self, ErrorCode, FrameError, Hello, Message, PROTOCOL_VERSION};
use deltascope_protocol::server::Config;
use server_bench::{Bench, Got, encode, events, hello};

/// The frame as a release with another protocol version would send it.
fn of_version(mut frame: Vec<u8>, version: u8) -> Vec<u8> {
    let end = frame.len() - 4;
    frame[5] = version;
    let crc = crc32c(&frame[..end]).to_le_bytes();
    frame[end..].copy_from_slice(&crc);
    frame
}

#[test]
fn another_minor_version_works_either_way() {
    for abi_version in [ABI_VERSION + 1, ABI_VERSION + 7, u32::from(ABI_MAJOR) << 16] {
        let mut bench = Bench::new(Config::default());
        let id = bench.connect();
        let bytes = encode(&Message::Hello(Hello { abi_version, ..hello(1, 2, 3) }));
        bench.give(id, &bytes);
        let answer = bench.server.transmit(id).to_vec();
        let Message::Welcome(welcome) = frame::decode(&answer).unwrap() else { panic!("{answer:?}") };
        assert_eq!(welcome.abi_version, ABI_VERSION, "the agent learns what the server knows");
        bench.take(id);
        let record = Record::pair(1, Class::PageAfterT, 1, 2, 2);
        assert_eq!(bench.ask(id, &events(0, 0, &[record])), [Got::Ack { sequence: 1, credit: 131_073 }]);
    }
}

#[test]
fn another_major_version_is_refused_and_both_are_named() {
    for major in [ABI_MAJOR - 1, ABI_MAJOR + 1, u16::MAX] {
        let mut bench = Bench::new(Config::default());
        let id = bench.connect();
        let abi_version = u32::from(major) << 16 | u32::from(ABI_MINOR);
        let frames = bench.ask(id, &encode(&Message::Hello(Hello { abi_version, ..hello(1, 2, 3) })));
        let [Got::Error { code: ErrorCode::Version, text, .. }] = &frames[..] else { panic!("{frames:?}") };
        assert!(text.contains(&format!("expected {ABI_MAJOR}.x, found {major}.x")), "{text}");
        assert!(bench.server.is_closing(id));
    }
}

#[test]
fn another_protocol_version_is_refused_and_both_are_named_on_either_side() {
    for version in [PROTOCOL_VERSION - 1, PROTOCOL_VERSION + 1, u8::MAX] {
        let mut bench = Bench::new(Config::default());
        let id = bench.connect();
        bench.give(id, &of_version(encode(&Message::Hello(hello(1, 2, 3))), version));
        let answer = bench.server.transmit(id).to_vec();
        let Message::Error(error) = frame::decode(&answer).unwrap() else { panic!("{answer:?}") };
        assert_eq!(error.code, ErrorCode::Version);
        assert!(error.text.contains(&format!("expected {PROTOCOL_VERSION}, found {version}")), "{}", error.text);
        // What the other release would see of this Error, were the roles exchanged: a frame whose byte 5 names it.
        let found = frame::decode(&of_version(answer.clone(), version)).unwrap_err();
        assert_eq!(found, FrameError::Version { expected: PROTOCOL_VERSION, found: version });
        assert_eq!(answer[5], PROTOCOL_VERSION);
    }
}
