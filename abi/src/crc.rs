//! CRC32C (Castagnoli), the checksum of wire frames and the fingerprint of pages and payloads.

/// CRC32C of `bytes`, by the processor's instruction where it has one.
#[cfg(all(feature = "std", not(target_arch = "arm")))]
pub fn crc32c(bytes: &[u8]) -> u32 {
    ::crc32c::crc32c(bytes)
}

/// CRC32C of `bytes`. The crates' tables are made for 64-bit processors: on a 32-bit ARM, `crc32c` takes 72 instructions
/// for 16 bytes and `crc` 92, [`table_driven`] takes 58 (`cargo xtask board cost`).
#[cfg(any(not(feature = "std"), target_arch = "arm"))]
pub fn crc32c(bytes: &[u8]) -> u32 {
    table_driven(bytes)
}

/// The polynomial, reflected (RFC 3720, section 12.1).
const POLYNOMIAL: u32 = 0x82F6_3B78;
/// What a byte contributes that has 0 to 3 bytes behind it: 4 KiB, an eighth of the Cortex-A9's data cache.
static TABLES: [[u32; 256]; 4] = tables();

const fn tables() -> [[u32; 256]; 4] {
    let mut tables = [[0; 256]; 4];
    let mut byte = 0;
    while byte < 256 {
        let mut crc = byte as u32;
        let mut behind = 0;
        while behind < 4 {
            let mut bit = 0;
            while bit < 8 {
                crc = (crc >> 1) ^ if crc & 1 != 0 { POLYNOMIAL } else { 0 };
                bit += 1;
            }
            tables[behind][byte] = crc;
            behind += 1;
        }
        byte += 1;
    }
    tables
}

/// CRC32C without hardware help, a 32-bit word at a time.
pub const fn table_driven(bytes: &[u8]) -> u32 {
    // Four words in a turn: the loop's own instructions count.
    let (turns, rest) = bytes.as_chunks::<16>();
    let mut crc = u32::MAX;
    let mut at = 0;
    while at < turns.len() {
        let words = turns[at].as_chunks::<4>().0;
        crc = with_word(with_word(with_word(with_word(crc, words[0]), words[1]), words[2]), words[3]);
        at += 1;
    }
    let mut at = 0;
    while at < rest.len() {
        crc = (crc >> 8) ^ TABLES[0][((crc ^ rest[at] as u32) & 0xFF) as usize];
        at += 1;
    }
    !crc
}

const fn with_word(crc: u32, word: [u8; 4]) -> u32 {
    let word = u32::from_le_bytes(word) ^ crc;
    TABLES[3][(word & 0xFF) as usize]
        ^ TABLES[2][(word >> 8 & 0xFF) as usize]
        ^ TABLES[1][(word >> 16 & 0xFF) as usize]
        ^ TABLES[0][(word >> 24) as usize]
}
