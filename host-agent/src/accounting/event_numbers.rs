//! Numbers of records to numbers of events: an event has one record or several, and some records are no events.

use std::collections::VecDeque;

/// Consecutive events with the same number of records, or records that are no events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Run {
    /// Records of each event; 0: the run is of records that are no events.
    each: u64,
    /// Events, or records that are no events.
    count: u64,
}

impl Run {
    fn records(&self) -> u64 {
        self.each.max(1) * self.count
    }
}

/// How many events the records below a number are.
#[derive(Clone, Debug, Default)]
pub struct EventNumbers {
    /// Runs from record `start` on.
    runs: VecDeque<Run>,
    start: u64,
    /// Events before `start`.
    before: u64,
    /// Number of the record after the last run.
    end: u64,
    total: u64,
}

impl EventNumbers {
    /// Begins to count at record `start`.
    pub fn new(start: u64) -> EventNumbers {
        EventNumbers { start, end: start, ..EventNumbers::default() }
    }

    /// Takes an event whose records are numbered `first` to `first` + `records` - 1. Records since the last event are no
    /// events.
    pub fn add(&mut self, first: u64, records: usize) {
        self.push(0, first.saturating_sub(self.end));
        self.push(records as u64, 1);
        self.total += 1;
    }

    fn push(&mut self, each: u64, count: u64) {
        if count == 0 {
            return;
        }
        match self.runs.back_mut() {
            Some(last) if last.each == each => last.count += count,
            _ => self.runs.push_back(Run { each, count }),
        }
        self.end += Run { each, count }.records();
    }

    /// Events taken.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// Events whose records are all numbered below `number`, which must not be below one given to
    /// [`EventNumbers::forget`].
    pub fn below(&self, number: u64) -> u64 {
        if number >= self.end {
            return self.total;
        }
        let (mut at, mut events) = (self.start, self.before);
        for run in &self.runs {
            let left = number.saturating_sub(at);
            events += left.checked_div(run.each).map_or(0, |whole| run.count.min(whole));
            if left < run.records() {
                break;
            }
            at += run.records();
        }
        events
    }

    /// Nothing below `number` will be asked for any more.
    pub fn forget(&mut self, number: u64) {
        while let Some(run) = self.runs.front().copied().filter(|run| self.start + run.records() <= number) {
            self.start += run.records();
            self.before += if run.each > 0 { run.count } else { 0 };
            self.runs.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::EventNumbers;
    use proptest::prelude::*;

    proptest! {
        /// At any number the answer is what a list of all events gives.
        #[test]
        fn events_below_a_number_are_those_that_are_whole(
            start in 0u64..1000,
            steps in prop::collection::vec((0u64..4, 1usize..4), 0..60),
            forget in any::<prop::sample::Index>(),
        ) {
            let (mut numbers, mut ends, mut next) = (EventNumbers::new(start), Vec::new(), start);
            for (gap, records) in steps {
                next += gap / 3;
                numbers.add(next, records);
                next += records as u64;
                ends.push(next);
            }
            let forgotten = start + forget.index((next - start + 1) as usize) as u64;
            for round in 0..2 {
                for number in if round == 0 { start } else { forgotten }..next + 3 {
                    let expected = ends.iter().filter(|&&end| end <= number).count() as u64;
                    prop_assert_eq!(numbers.below(number), expected, "{} {:?}", number, numbers);
                }
                numbers.forget(forgotten);
            }
            prop_assert_eq!(numbers.total(), ends.len() as u64);
        }
    }
}
