//! Results of the fingerprint block, an optional block of the board design (`rtl/docs/fingerprint.md`).

/// Bytes of a result.
pub const RESULT_BYTES: usize = 8;
/// Bit that a packet with a gap has, and then no other.
const GAP: u64 = 1 << 63;
/// Bits of the length, which is counted modulo 2^31.
const LENGTH: u64 = (1 << 31) - 1;

/// A result: bits 31:0 are the CRC32C of the packet's bytes, bits 62:32 their number modulo 2^31; or bit 63 alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fingerprint {
    /// Of a packet.
    Whole {
        /// CRC32C of its bytes.
        crc: u32,
        /// Its bytes modulo 2^31.
        bytes: u32,
    },
    /// The packet had a gap between its bytes.
    Gap,
}

impl Fingerprint {
    /// Reads the bits of a result.
    pub const fn from_bits(bits: u64) -> Fingerprint {
        match bits & GAP {
            0 => Fingerprint::Whole { crc: bits as u32, bytes: (bits >> 32 & LENGTH) as u32 },
            _ => Fingerprint::Gap,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Fingerprint;

    #[test]
    fn result_is_crc_and_length_or_a_gap() {
        let whole = Fingerprint::Whole { crc: 0xE306_9283, bytes: 9 };
        assert_eq!(Fingerprint::from_bits(0x0000_0009_E306_9283), whole);
        assert_eq!(Fingerprint::from_bits(0x8000_0000_0000_0000), Fingerprint::Gap);
    }
}
