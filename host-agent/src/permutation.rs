//! An optional keyed permutation of fingerprints: the engine needs to know only which ones are equal.
//!
//! A CRC of a guessable page confirms a guess. With a key that never leaves the agent, a reader of the records sees
//! which fingerprints of one session are equal, as the engine must, and can no longer check a guess against them, nor
//! compare sessions.
//!
//! - The two halves of a PAIR go through one permutation of 32 bits, so equal stays equal and distinct stays distinct.
//! - The operand of a SEND goes through a permutation of 64 bits, walked on until the upper half is not zero. That is
//!   a permutation of the operands whose upper half is not zero, which the rule for SEND asks for.
//! - Other ops have no fingerprint of a page or a payload and pass unchanged: deltas must keep their algebra.
//!
//! The permutations are the block ciphers Speck32/64 and Speck64/128 (Beaulieu et al., "The SIMON and SPECK Families of
//! Lightweight Block Ciphers", 2013, section 4), the ones with these block sizes. A block of 32 bits hides what a
//! fingerprint is from somebody who looks on; it does not from somebody who makes the agent fingerprint four
//! thousand million pages of their choice.

use deltascope_abi::record::{Op, Record};

const ROUNDS_32: usize = 22;
const ROUNDS_64: usize = 27;

/// A key, expanded.
#[derive(Clone)]
pub struct Permutation {
    small: [u16; ROUNDS_32],
    large: [u32; ROUNDS_64],
}

impl std::fmt::Debug for Permutation {
    /// Without the key.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Permutation")
    }
}

impl Permutation {
    /// The permutations of a key: 8 bytes for the one of 32 bits, 16 for the one of 64.
    pub fn new(key: &[u8; 24]) -> Permutation {
        let word = |at: usize| u16::from_le_bytes([key[at], key[at + 1]]);
        let long = |at: usize| u32::from_le_bytes([key[at], key[at + 1], key[at + 2], key[at + 3]]);
        let mut small = [0; ROUNDS_32];
        let (mut round_key, mut rest) = (word(0), [word(2), word(4), word(6)]);
        for (round, slot) in small.iter_mut().enumerate() {
            *slot = round_key;
            let next = &mut rest[round % 3];
            (*next, round_key) = round_32(*next, round_key, round as u16);
        }
        let mut large = [0; ROUNDS_64];
        let (mut round_key, mut rest) = (long(8), [long(12), long(16), long(20)]);
        for (round, slot) in large.iter_mut().enumerate() {
            *slot = round_key;
            let next = &mut rest[round % 3];
            (*next, round_key) = round_64(*next, round_key, round as u32);
        }
        Permutation { small, large }
    }

    /// A key of the system's random numbers, for one session.
    ///
    /// # Errors
    /// There are none.
    pub fn random() -> std::io::Result<Permutation> {
        use std::io::Read;
        let mut key = [0; 24];
        std::fs::File::open("/dev/urandom")?.read_exact(&mut key)?;
        Ok(Permutation::new(&key))
    }

    /// The record with its fingerprints permuted.
    pub fn record(&self, record: Record) -> Record {
        let operand = match record.op() {
            Some(Op::Pair) => {
                let (before, after) = (record.operand as u32, (record.operand >> 32) as u32);
                u64::from(self.page(before)) | u64::from(self.page(after)) << 32
            }
            Some(Op::Send) => self.send(record.operand),
            _ => record.operand,
        };
        Record { operand, ..record }
    }

    /// The fingerprint of a page.
    pub fn page(&self, fingerprint: u32) -> u32 {
        let (mut x, mut y) = ((fingerprint >> 16) as u16, fingerprint as u16);
        for &key in &self.small {
            (x, y) = round_32(x, y, key);
        }
        u32::from(x) << 16 | u32::from(y)
    }

    /// The operand of a SEND. An upper half that is not zero stays so; one that is zero breaks the rule for SEND
    /// and stays as it is.
    pub fn send(&self, operand: u64) -> u64 {
        if operand >> 32 == 0 {
            return operand;
        }
        let mut block = self.block(operand);
        while block >> 32 == 0 {
            block = self.block(block);
        }
        block
    }

    fn block(&self, block: u64) -> u64 {
        let (mut x, mut y) = ((block >> 32) as u32, block as u32);
        for &key in &self.large {
            (x, y) = round_64(x, y, key);
        }
        u64::from(x) << 32 | u64::from(y)
    }
}

fn round_32(x: u16, y: u16, key: u16) -> (u16, u16) {
    let x = x.rotate_right(7).wrapping_add(y) ^ key;
    (x, y.rotate_left(2) ^ x)
}

fn round_64(x: u32, y: u32, key: u32) -> (u32, u32) {
    let x = x.rotate_right(8).wrapping_add(y) ^ key;
    (x, y.rotate_left(3) ^ x)
}

#[cfg(test)]
mod tests {
    use super::Permutation;
    use deltascope_abi::record::{Class, Record};
    use proptest::prelude::*;

    /// The vectors of appendix C of the paper.
    #[test]
    fn is_the_published_cipher() {
        let mut key = [0; 24];
        for (at, word) in [0x0100_u16, 0x0908, 0x1110, 0x1918].into_iter().enumerate() {
            key[2 * at..2 * at + 2].copy_from_slice(&word.to_le_bytes());
        }
        for (at, word) in [0x0302_0100_u32, 0x0b0a_0908, 0x1312_1110, 0x1b1a_1918].into_iter().enumerate() {
            key[8 + 4 * at..12 + 4 * at].copy_from_slice(&word.to_le_bytes());
        }
        let permutation = Permutation::new(&key);
        assert_eq!(permutation.page(0x6574_694c), 0xa868_42f2);
        assert_eq!(permutation.send(0x3b72_6574_7475_432d), 0x8c6f_a548_454e_028b);
    }

    /// Every value of 2^22 neighbours goes somewhere else: no two meet.
    #[test]
    fn distinct_pages_stay_distinct() {
        let permutation = Permutation::new(&[7; 24]);
        let mut seen = vec![0_u64; 1 << 26];
        for fingerprint in 0..1_u32 << 22 {
            let image = permutation.page(fingerprint);
            let (word, bit) = ((image >> 6) as usize, 1_u64 << (image & 63));
            assert_eq!(seen[word] & bit, 0, "{fingerprint:08x}");
            seen[word] |= bit;
        }
    }

    proptest! {
        #[test]
        fn what_the_engine_finds_redundant_stays_so(
            key: [u8; 24], before: u32, after: u32, one in 1_u64 << 32.., other in 1_u64 << 32..,
        ) {
            let permutation = Permutation::new(&key);
            for after in [before, after] {
                let record = Record::pair(3, Class::PageAfterT, 4096, before, after);
                let permuted = permutation.record(record);
                prop_assert_eq!(permuted.head, record.head);
                prop_assert_eq!(permuted.operand as u32 == (permuted.operand >> 32) as u32, before == after);
            }
            let image = |operand| permutation.record(Record::send(3, 5, 100, operand)).operand;
            prop_assert!(image(one) >> 32 != 0);
            prop_assert_eq!(image(one) == image(other), one == other);
            prop_assert_eq!(permutation.record(Record::accum(5, one)), Record::accum(5, one));
        }
    }
}
