//! CRC32C: the table-driven and the accelerated one are the same function, and it is the published one.

use deltascope_abi::crc::{crc32c, table_driven};
use proptest::prelude::*;

/// RFC 3720, appendix B.4, and the check value of the catalogue of parametrised CRCs (CRC-32/ISCSI).
#[test]
fn published_vectors() {
    let rising: Vec<u8> = (0..32).collect();
    let falling: Vec<u8> = (0..32).rev().collect();
    let vectors: [(&[u8], u32); 6] = [
        (b"123456789", 0xE306_9283),
        (&[], 0),
        (&[0; 32], 0x8A91_36AA),
        (&[0xFF; 32], 0x62A8_AB43),
        (&rising, 0x46DD_794E),
        (&falling, 0x113F_DB5C),
    ];
    for (bytes, expected) in vectors {
        assert_eq!(table_driven(bytes), expected, "{bytes:?}");
        assert_eq!(crc32c(bytes), expected, "{bytes:?}");
    }
}

/// One bit at a time, as the polynomial defines (reflected 0x1EDC6F41).
fn bit_by_bit(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| if crc & 1 == 1 { crc >> 1 ^ 0x82F6_3B78 } else { crc >> 1 };
    !bytes.iter().fold(u32::MAX, |crc, &byte| (0..8).fold(crc ^ u32::from(byte), step))
}

proptest! {
    #[test]
    fn three_ways_to_one_checksum(bytes in prop::collection::vec(any::<u8>(), 0..5000), start in 0..17usize) {
        // Any alignment: the accelerated one takes its ends apart.
        let bytes = bytes.get(start..).unwrap_or_default();
        prop_assert_eq!(table_driven(bytes), crc32c(bytes));
        prop_assert_eq!(table_driven(bytes), bit_by_bit(bytes));
    }
}
