//! Most memory in use at a time.

use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// Counts what a heap has given out. One processor changes it, with interrupts that never allocate.
#[derive(Debug, Default)]
pub struct Watermark {
    used: AtomicUsize,
    peak: AtomicUsize,
    refused: AtomicUsize,
}

impl Watermark {
    /// A heap that has given out nothing.
    pub const fn new() -> Watermark {
        Watermark { used: AtomicUsize::new(0), peak: AtomicUsize::new(0), refused: AtomicUsize::new(0) }
    }

    /// Counts `bytes` given out.
    pub fn take(&self, bytes: usize) {
        let used = self.used.load(Relaxed) + bytes;
        self.used.store(used, Relaxed);
        self.peak.store(self.peak.load(Relaxed).max(used), Relaxed);
    }

    /// Counts `bytes` given back.
    pub fn give(&self, bytes: usize) {
        self.used.store(self.used.load(Relaxed).saturating_sub(bytes), Relaxed);
    }

    /// Counts a request that had no room.
    pub fn refuse(&self) {
        self.refused.store(self.refused.load(Relaxed) + 1, Relaxed);
    }

    /// Bytes in use.
    pub fn used(&self) -> usize {
        self.used.load(Relaxed)
    }

    /// Most bytes in use at a time.
    pub fn peak(&self) -> usize {
        self.peak.load(Relaxed)
    }

    /// Requests that had no room.
    pub fn refused(&self) -> usize {
        self.refused.load(Relaxed)
    }
}

/// What an unused word of a stack holds.
pub const PAINT: u32 = 0xA5A5_5A5A;

/// Returns the words at the low end of a stack that still hold [`PAINT`]; a stack grows towards them. 0 means that the
/// stack was full, and may have been overrun.
pub fn unused_words(words: impl Iterator<Item = u32>) -> usize {
    words.take_while(|&word| word == PAINT).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_peak_stays_when_memory_is_given_back() {
        let mark = Watermark::new();
        mark.take(100);
        mark.take(50);
        mark.give(120);
        mark.take(10);
        mark.refuse();
        assert_eq!((mark.used(), mark.peak(), mark.refused()), (40, 150, 1));
    }

    #[test]
    fn a_stack_is_unused_up_to_its_first_changed_word() {
        assert_eq!(unused_words([PAINT, PAINT, 0, PAINT].into_iter()), 2);
        assert_eq!(unused_words([1, PAINT].into_iter()), 0);
    }
}
