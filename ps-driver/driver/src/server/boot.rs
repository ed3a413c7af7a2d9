//! The boot id: a number for the time between two clearings of the engine's tables.

/// Where a boot id comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entropy {
    /// A random number.
    Random(u64),
    /// A counter that survives power cycles, for a board without entropy: it is mixed with the nonce of the first
    /// Hello, so two boards, or one that lost its counter, do not meet by counting alike.
    Counter(u64),
}

/// The boot id, which a board without entropy has only once it has heard a nonce.
#[derive(Debug)]
pub(super) struct Boot {
    entropy: Entropy,
    id: Option<u64>,
}

impl Boot {
    pub fn new(entropy: Entropy) -> Boot {
        Boot { entropy, id: None }
    }

    /// The id, made now if there is none yet.
    pub fn id(&mut self, nonce: u64) -> u64 {
        let Boot { entropy, id } = self;
        *id.get_or_insert_with(|| match *entropy {
            Entropy::Random(random) => mix(random).max(1),
            Entropy::Counter(count) => mix(mix(count) ^ nonce).max(1),
        })
    }

    /// The tables were cleared.
    pub fn renew(&mut self) {
        let old = self.id.take().unwrap_or_default();
        self.entropy = match self.entropy {
            Entropy::Random(random) => Entropy::Random(mix(random ^ old)),
            Entropy::Counter(count) => Entropy::Counter(mix(count ^ old)),
        };
    }
}

/// SplitMix64's output function: a bijection that spreads every bit.
fn mix(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}
