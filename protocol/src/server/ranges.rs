//! The groups, or the contexts, of the engine: which are lent, each to one session at a time.

use alloc::vec::Vec;
use core::ops::Range;

/// The numbers from 0 to `total`, and which of them are lent.
#[derive(Debug)]
pub(super) struct Ranges {
    total: u32,
    /// Lent runs by their start.
    lent: Vec<Range<u32>>,
}

impl Ranges {
    pub fn new(total: u32) -> Ranges {
        Ranges { total, lent: Vec::new() }
    }

    /// Numbers that are not lent.
    pub fn free(&self) -> u32 {
        self.total - self.lent.iter().map(|lent| lent.end - lent.start).sum::<u32>()
    }

    /// Lends `count` numbers: together in the middle of the longest gap, so that those before and those after it can
    /// grow without a gap of their own, or in several runs where no gap is long enough. `None` when they are not free.
    pub fn lend(&mut self, count: u32) -> Option<Vec<Range<u32>>> {
        if count > self.free() {
            return None;
        }
        let gap = self.gaps().max_by_key(|gap| (gap.end - gap.start, u32::MAX - gap.start))?;
        let length = gap.end - gap.start;
        if length < count {
            return self.gather(count);
        }
        let start = if gap.start == 0 { 0 } else { gap.start + (length - count) / 2 };
        self.take(start..start + count);
        Some(alloc::vec![start..start + count])
    }

    /// Lends `count` numbers more to the owner of those that end at `end`: behind them as far as these are free.
    pub fn lend_behind(&mut self, end: u32, count: u32) -> Option<Vec<Range<u32>>> {
        if count > self.free() {
            return None;
        }
        let gap = self.gaps().find(|gap| gap.start == end);
        let near = gap.map_or(0, |gap| (gap.end - gap.start).min(count));
        let mut runs = Vec::new();
        if near > 0 {
            self.take(end..end + near);
            runs.push(end..end + near);
        }
        if near < count {
            match self.lend(count - near) {
                Some(more) => runs.extend(more),
                None => {
                    self.give_back(&runs);
                    return None;
                }
            }
        }
        Some(runs)
    }

    /// Takes lent runs back.
    pub fn give_back(&mut self, runs: &[Range<u32>]) {
        for run in runs {
            self.lent = self.lent.iter().flat_map(|lent| without(lent, run)).collect();
        }
    }

    /// Lends the lowest free numbers.
    fn gather(&mut self, count: u32) -> Option<Vec<Range<u32>>> {
        let mut left = count;
        let mut runs = Vec::new();
        for gap in self.gaps() {
            let length = (gap.end - gap.start).min(left);
            if length > 0 {
                runs.push(gap.start..gap.start + length);
            }
            left -= length;
        }
        runs.iter().for_each(|run| self.take(run.clone()));
        Some(runs)
    }

    fn take(&mut self, run: Range<u32>) {
        let at = self.lent.partition_point(|lent| lent.start < run.start);
        self.lent.insert(at, run);
    }

    /// Free runs between the lent ones, by their start.
    fn gaps(&self) -> impl Iterator<Item = Range<u32>> {
        let starts = core::iter::once(0).chain(self.lent.iter().map(|lent| lent.end));
        let ends = self.lent.iter().map(|lent| lent.start).chain(core::iter::once(self.total));
        starts.zip(ends).map(|(start, end)| start..end).filter(|gap| gap.start < gap.end)
    }
}

/// What is left of a run without another one.
fn without(run: &Range<u32>, gone: &Range<u32>) -> impl Iterator<Item = Range<u32>> + use<> {
    let before = run.start..run.end.min(gone.start);
    let after = run.start.max(gone.end)..run.end;
    [before, after].into_iter().filter(|left| left.start < left.end)
}

#[cfg(test)]
#[allow(clippy::single_range_in_vec_init, reason = "lists of runs, of which some have one")]
mod tests {
    use super::*;
    use alloc::vec;

    #[test]
    fn lent_numbers_never_overlap_and_come_back() {
        let mut ranges = Ranges::new(20);
        assert_eq!(ranges.lend(4), Some(vec![0..4]));
        assert_eq!(ranges.lend(4), Some(vec![10..14]), "in the middle of what is free");
        assert_eq!(ranges.lend_behind(4, 3), Some(vec![4..7]));
        assert_eq!(ranges.lend_behind(7, 5), Some(vec![7..10, 16..18]), "behind it, and where there is room");
        assert_eq!((ranges.free(), ranges.lend(5)), (4, None));
        assert_eq!(ranges.lend(4), Some(vec![14..16, 18..20]), "in pieces");
        assert_eq!((ranges.free(), ranges.lend(1), ranges.lend_behind(20, 1)), (0, None, None));
        // Part of a run that was lent at once, and parts of several.
        ranges.give_back(&[1..3, 6..12]);
        assert_eq!(ranges.free(), 8);
        assert_eq!(ranges.lend(8), Some(vec![1..3, 6..12]));
        ranges.give_back(&[0..20]);
        assert_eq!((ranges.free(), ranges.lend(20)), (20, Some(vec![0..20])));
    }
}
