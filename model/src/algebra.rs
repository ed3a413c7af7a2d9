//! The delta algebra of one context.

/// A context: a reference and an accumulator. Its state is `reference ^ accumulator`.
///
/// XOR is its own inverse and does not care about order, so a run of deltas may be applied in any order or
/// split over any number of lanes, and a delta applied twice is undone. That is why the transport must
/// deliver each event exactly once. XOR keeps parity, not counts: counts need a counter.
///
/// ```
/// use deltascope_model::Context;
///
/// let mut context = Context::default();
/// context.load(0xFFFF_0000_FFFF_0000);
/// context.accum(0x0000_FFFF_0000_FFFF);
/// assert_eq!(context.read(), u64::MAX);
/// assert_eq!(context.swap(7), u64::MAX);
/// assert_eq!(context, Context { reference: 7, accumulator: 0 });
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Context {
    /// What the state is compared with: the operand of the last LOAD or SWAP.
    pub reference: u64,
    /// XOR of the deltas since then.
    pub accumulator: u64,
}

impl Context {
    /// LOAD: `R <- value, A <- 0`. The accumulator is cleared, so deltas of before are gone.
    #[inline(always)]
    pub const fn load(&mut self, value: u64) {
        *self = Context { reference: value, accumulator: 0 };
    }

    /// ACCUM: `A <- A ^ delta`.
    #[inline(always)]
    pub const fn accum(&mut self, delta: u64) {
        self.accumulator ^= delta;
    }

    /// READ: the state `R ^ A`. Changes nothing.
    #[inline(always)]
    pub const fn read(&self) -> u64 {
        self.reference ^ self.accumulator
    }

    /// Whether the deltas since the last LOAD or SWAP cancelled (or there were none). It does not mean that
    /// nothing happened.
    #[inline(always)]
    pub const fn is_zero(&self) -> bool {
        self.accumulator == 0
    }

    /// SWAP: `R <- value, A <- 0`; gives the state before.
    #[inline(always)]
    pub const fn swap(&mut self, value: u64) -> u64 {
        let before = self.read();
        self.load(value);
        before
    }

    /// SWAP with REBASE: `R <- R ^ A, A <- 0`; gives the state, which stays what it was.
    #[inline(always)]
    pub const fn rebase(&mut self) -> u64 {
        self.swap(self.read())
    }
}
