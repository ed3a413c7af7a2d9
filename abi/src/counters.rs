//! A row of group counters: one (group, class), two 128-bit beats of a snapshot.

/// Events are counted in 48 bits and wrap.
pub const EVENT_BITS: u32 = 48;
/// Mask of an event counter.
pub const EVENT_MASK: u64 = (1 << EVENT_BITS) - 1;

/// Counters of one (group, class).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(C)]
pub struct CounterRow {
    /// Events counted, modulo 2^48.
    pub events: u64,
    /// Bytes of those events, modulo 2^64.
    pub bytes: u64,
    /// Redundant events, modulo 2^48.
    pub redundant_events: u64,
    /// Bytes of the redundant events, modulo 2^64.
    pub redundant_bytes: u64,
}

impl CounterRow {
    /// Whether nothing was ever counted here.
    pub const fn is_zero(&self) -> bool {
        self.events | self.bytes | self.redundant_events | self.redundant_bytes == 0
    }

    /// Adds one event of `length` bytes.
    #[inline(always)]
    pub const fn count(&mut self, length: u32, redundant: bool) {
        let (one, bytes) = if redundant { (1, length as u64) } else { (0, 0) };
        self.events = (self.events + 1) & EVENT_MASK;
        self.bytes = self.bytes.wrapping_add(length as u64);
        self.redundant_events = (self.redundant_events + one) & EVENT_MASK;
        self.redundant_bytes = self.redundant_bytes.wrapping_add(bytes);
    }

    /// What was counted since `baseline`, a reading of the same row less than one wrap ago.
    pub const fn since(&self, baseline: &CounterRow) -> CounterRow {
        CounterRow {
            events: self.events.wrapping_sub(baseline.events) & EVENT_MASK,
            bytes: self.bytes.wrapping_sub(baseline.bytes),
            redundant_events: self.redundant_events.wrapping_sub(baseline.redundant_events) & EVENT_MASK,
            redundant_bytes: self.redundant_bytes.wrapping_sub(baseline.redundant_bytes),
        }
    }

    /// Adds another row, for totals over groups or over baselines.
    pub const fn add(&mut self, other: &CounterRow) {
        self.events = self.events.wrapping_add(other.events);
        self.bytes = self.bytes.wrapping_add(other.bytes);
        self.redundant_events = self.redundant_events.wrapping_add(other.redundant_events);
        self.redundant_bytes = self.redundant_bytes.wrapping_add(other.redundant_bytes);
    }

    /// The two beats of this row: (events 48, zeros 16 | bytes 64), then the same of the redundant ones.
    pub const fn to_beats(&self) -> [u128; 2] {
        [
            (self.events & EVENT_MASK) as u128 | ((self.bytes as u128) << 64),
            (self.redundant_events & EVENT_MASK) as u128 | ((self.redundant_bytes as u128) << 64),
        ]
    }

    /// The row in two beats.
    pub const fn from_beats(beats: [u128; 2]) -> CounterRow {
        CounterRow {
            events: beats[0] as u64 & EVENT_MASK,
            bytes: (beats[0] >> 64) as u64,
            redundant_events: beats[1] as u64 & EVENT_MASK,
            redundant_bytes: (beats[1] >> 64) as u64,
        }
    }
}
