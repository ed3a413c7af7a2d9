//! The boot id: a number for the time between two clearings of the engine's tables.

use deltascope_abi::random::hash;

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
            Entropy::Random(random) => hash(random).max(1),
            Entropy::Counter(count) => hash(hash(count) ^ nonce).max(1),
        })
    }

    /// The tables were cleared.
    pub fn renew(&mut self) {
        let old = self.id.take().unwrap_or_default();
        self.entropy = match self.entropy {
            Entropy::Random(random) => Entropy::Random(hash(random ^ old)),
            Entropy::Counter(count) => Entropy::Counter(hash(count ^ old)),
        };
    }
}
