//! The groups, or the contexts, of one session: runs of the engine's numbers, which the session numbers from 0.

use alloc::vec::Vec;
use core::ops::Range;

/// Runs in the order in which the session numbers them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Extents {
    runs: Vec<Range<u32>>,
}

impl Extents {
    pub fn new(runs: Vec<Range<u32>>) -> Extents {
        let mut extents = Extents::default();
        extents.append(runs);
        extents
    }

    /// Numbers that the session has.
    pub fn count(&self) -> u32 {
        self.runs.iter().map(|run| run.end - run.start).sum()
    }

    /// The engine's number behind the last one; 0 when there is none.
    pub fn end(&self) -> u32 {
        self.runs.last().map_or(0, |run| run.end)
    }

    /// Puts runs behind those that the session has.
    pub fn append(&mut self, runs: Vec<Range<u32>>) {
        for run in runs {
            match self.runs.last_mut().filter(|last| last.end == run.start) {
                Some(last) => last.end = run.end,
                None => self.runs.push(run),
            }
        }
    }

    /// Runs of the engine's numbers.
    pub fn runs(&self) -> &[Range<u32>] {
        &self.runs
    }

    /// The engine's numbers of the session's `first..end`, in runs.
    pub fn inside(&self, first: u32, end: u32) -> impl Iterator<Item = Range<u32>> + '_ {
        let mut below = 0;
        self.runs.iter().filter_map(move |run| {
            let here = below..below + (run.end - run.start);
            below = here.end;
            let (start, end) = (here.start.max(first), here.end.min(end));
            (start < end).then(|| run.start + (start - here.start)..run.start + (end - here.start))
        })
    }

    /// The engine's number of one of the session's.
    pub fn to_engine(&self, number: u32) -> Option<u32> {
        self.inside(number, number + 1).next().map(|run| run.start)
    }

    /// The session's number of one of the engine's.
    pub fn to_session(&self, number: u32) -> Option<u32> {
        let mut below = 0;
        self.runs.iter().find_map(|run| {
            let start = below;
            below += run.end - run.start;
            run.contains(&number).then(|| start + (number - run.start))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_runs_are_translated_both_ways() {
        let mut extents = Extents::new(alloc::vec![4..6, 6..7, 20..22]);
        assert_eq!((extents.runs().len(), extents.count(), extents.end()), (2, 5, 22));
        extents.append(alloc::vec![0..1]);
        let engine = [4, 5, 6, 20, 21, 0];
        for (number, engine) in (0..).zip(engine) {
            assert_eq!((extents.to_engine(number), extents.to_session(engine)), (Some(engine), Some(number)));
        }
        assert_eq!((extents.to_engine(6), extents.to_session(7)), (None, None));
        assert_eq!(extents.inside(1, 4).collect::<Vec<_>>(), [5..7, 20..21]);
        assert_eq!(extents.inside(3, 3).count(), 0);
    }
}
