//! Contiguous ranges of groups or contexts, each lent to one session at a time.

use alloc::vec::Vec;
use core::ops::Range;

/// The numbers from 0 to `total`, and which of them are lent.
#[derive(Debug)]
pub(super) struct Ranges {
    total: u32,
    /// Lent ranges by their start.
    lent: Vec<Range<u32>>,
}

impl Ranges {
    pub fn new(total: u32) -> Ranges {
        Ranges { total, lent: Vec::new() }
    }

    /// Lends the lowest `count` contiguous numbers.
    pub fn lend(&mut self, count: u32) -> Option<Range<u32>> {
        let mut start = 0;
        let mut at = self.lent.len();
        for (index, lent) in self.lent.iter().enumerate() {
            if lent.start - start >= count {
                at = index;
                break;
            }
            start = lent.end;
        }
        if self.total - start < count {
            return None;
        }
        self.lent.insert(at, start..start + count);
        Some(start..start + count)
    }

    /// Takes a lent range back.
    pub fn give_back(&mut self, range: &Range<u32>) {
        self.lent.retain(|lent| lent != range);
    }

    /// Numbers of the longest range that could be lent now.
    pub fn longest(&self) -> u32 {
        let mut start = 0;
        let mut longest = 0;
        for lent in &self.lent {
            longest = longest.max(lent.start - start);
            start = lent.end;
        }
        longest.max(self.total - start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_never_overlap_and_come_back() {
        let mut ranges = Ranges::new(10);
        assert_eq!(ranges.lend(4), Some(0..4));
        assert_eq!(ranges.lend(4), Some(4..8));
        assert_eq!(ranges.lend(4), None);
        assert_eq!(ranges.longest(), 2);
        ranges.give_back(&(0..4));
        assert_eq!(ranges.longest(), 4);
        assert_eq!(ranges.lend(2), Some(0..2));
        assert_eq!(ranges.lend(2), Some(2..4));
        assert_eq!(ranges.lend(2), Some(8..10));
        assert_eq!(ranges.lend(1), None);
        assert_eq!(ranges.longest(), 0);
    }
}
