//! Values, blocks and what is refused.

use super::*;
use alloc::format;
use proptest::prelude::*;

fn parse(text: &str) -> Result<Settings, SettingsError> {
    Settings::parse(text)
}

#[test]
fn the_default_text_names_the_defaults() {
    assert_eq!(parse(DEFAULT_TEXT), Ok(Settings::default()));
    assert_eq!(parse(""), Ok(Settings::default()));
    let named = DEFAULT_TEXT.lines().filter_map(|line| line.split_once('=')).map(|(key, _)| key);
    assert!(named.eq(KEYS.split(", ")), "KEYS names every key in the order of the text");
}

#[test]
fn each_key_takes_its_values() {
    let text = "board=ax7020\nengine=mailbox\naddress=dhcp\ngateway=10.0.2.2\nmac=02:11:22:33:44:55\nport=0x1234\n\
                peers=link-local,10.0.2.2/32\nsessions=8\nbitstream=0x1000000+4045564\nfclk_mhz=150\n\
                boot_count=none\nwatchdog=off\ntest=hang\n";
    let expected = Settings {
        board: Board::Ax7020,
        engine: Access::Mailbox,
        address: Address::Dhcp,
        gateway: Some(Ipv4Addr::new(10, 0, 2, 2)),
        mac: [2, 0x11, 0x22, 0x33, 0x44, 0x55],
        port: 0x1234,
        peers: "link-local,10.0.2.2".parse().unwrap(),
        sessions: 8,
        bitstream: Bitstream::Memory { address: 0x100_0000, bytes: 4_045_564 },
        fclk_mhz: 150,
        boot_count: None,
        watchdog: false,
        test: Test::Hang,
    };
    assert_eq!(parse(text), Ok(expected));
}

#[test]
fn wrong_values_are_refused_by_key() {
    let wrong = [
        "board=zynq",
        "engine=",
        "address=10.0.2.15",
        "address=10.0.2.15/33",
        "gateway=10.0.2",
        "mac=01:00:00:00:00:00",
        "mac=02:00:00:00:00",
        "mac=2:0:0:0:0:0",
        "port=0",
        "port=65536",
        "peers=",
        "sessions=0",
        "sessions=9",
        "bitstream=0x1000001+4",
        "bitstream=0x1000000+3",
        "bitstream=0x0+4",
        "bitstream=0x3ffffffc+0xffffffff",
        "fclk_mhz=151",
        "boot_count=",
        "boot_count=0",
        "boot_count=0xf80001",
        "boot_count=0xfc0000",
        "watchdog=1",
        "test=crash",
    ];
    for line in wrong {
        let key = line.split('=').next().unwrap_or_default();
        let found = parse(line);
        assert!(matches!(found, Err(SettingsError::Value { key: named, .. }) if named == key), "{line}: {found:?}");
    }
    assert_eq!(parse("port=1\nspeed=9"), Err(SettingsError::Key { line: 2 }));
    assert_eq!(parse("port=1\n\nport"), Err(SettingsError::Line { line: 3 }));
}

#[test]
fn a_changed_bit_of_a_block_is_seen() {
    let good = block(DEFAULT_TEXT).unwrap();
    assert_eq!(text(&good), Ok(DEFAULT_TEXT));
    for bit in (0..28 * 8).chain(HEADER * 8..(HEADER + DEFAULT_TEXT.len()) * 8) {
        let mut bad = good;
        bad[bit / 8] ^= 1 << (bit % 8);
        assert!(text(&bad).is_err(), "bit {bit}");
    }
}

#[test]
fn a_text_of_a_whole_block_is_the_longest() {
    let longest = "#".repeat(BYTES - HEADER);
    assert_eq!(text(&block(&longest).unwrap()), Ok(longest.as_str()));
    assert_eq!(block(&format!("{longest}#")), Err(SettingsError::Length { found: BYTES - HEADER + 1 }));
}

proptest! {
    #[test]
    fn any_block_gives_a_text_or_an_error(bytes in proptest::collection::vec(any::<u8>(), BYTES), start in 0usize..40) {
        let mut block = block(DEFAULT_TEXT).unwrap();
        block[start..].copy_from_slice(&bytes[start..]);
        if let Ok(text) = text(&block) {
            let _ = Settings::parse(text);
        }
    }

    #[test]
    fn any_text_gives_settings_or_an_error(text in "([a-z_]{1,9}=[0-9a-z.:,+/x-]{0,20}\n){0,8}") {
        let _ = Settings::parse(&text);
    }
}
