//! The Verilated fingerprint block behind the DMA, through the driver of the board.

use deltascope_abi::crc::crc32c;
use deltascope_abi::fingerprint::Fingerprint;
use deltascope_driver::fingerprint::FingerprintError;

use crate::axi_dma::fingerprint::open;

fn bytes(length: usize) -> Vec<u8> {
    (0..length).map(|n| (n * 7 + length) as u8).collect()
}

#[test]
fn packet_of_every_length_has_its_checksum() {
    let mut block = open(4096).expect("the block");
    for length in (1..=70).chain([255, 256, 257, 4095, 4096]) {
        let packet = bytes(length);
        let expected = Fingerprint::Whole { crc: crc32c(&packet), bytes: length as u32 };
        assert_eq!(block.fingerprint(&packet), Ok(expected), "{length} bytes");
    }
}

#[test]
fn packet_that_no_transfer_moves_is_refused_and_the_next_is_not() {
    let mut block = open(64).expect("the block");
    for length in [0, 65] {
        let refused = FingerprintError::PacketBytes { most: 64, found: length };
        assert_eq!(block.fingerprint(&bytes(length)), Err(refused));
    }
    let packet = bytes(64);
    assert_eq!(block.fingerprint(&packet), Ok(Fingerprint::Whole { crc: crc32c(&packet), bytes: 64 }));
}
