//! Which containers have series of their own, and what the others have together. The sums are exact.
//!
//! A counter must never go down, so that what was once counted in `other` stays there: a container that gets series of its
//! own later has in them what came since. What one had that loses its series moves to `expired`.

use std::collections::HashMap;
use std::hash::Hash;

/// The counters of one container, each at the same place in all of them.
pub type Values<const N: usize> = [u64; N];

/// Counters of containers as series.
#[derive(Debug)]
pub struct SeriesTable<K, const N: usize> {
    most: usize,
    entries: HashMap<K, Entry<N>>,
    /// What was counted while a container had no series of its own.
    other: Values<N>,
    /// What was in series that are no more.
    expired: Values<N>,
}

#[derive(Clone, Copy, Debug)]
struct Entry<const N: usize> {
    listed: bool,
    present: bool,
    /// Counters of the round that is being added.
    now: Values<N>,
    /// Those of the last round with this container.
    last: Values<N>,
    /// Of `last`, what is in `other` or `expired`.
    elsewhere: Values<N>,
}

/// The series of one round.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Series<K, const N: usize> {
    /// Containers with series of their own, in the order of the report.
    pub listed: Vec<(K, Values<N>)>,
    /// All others that have counted since the run began.
    pub other: Values<N>,
    /// What was in series that are no more.
    pub expired: Values<N>,
}

impl<K: Clone + Eq + Hash, const N: usize> SeriesTable<K, N> {
    /// At most `most` containers have series of their own.
    pub fn new(most: usize) -> Self {
        SeriesTable { most, entries: HashMap::new(), other: [0; N], expired: [0; N] }
    }

    /// Takes the counters of one round, those that waste the most first, and returns the series. A container that is not
    /// there loses its series. `waste` is what decides who gets the last ones.
    pub fn update(&mut self, counters: &[(K, Values<N>)], waste: impl Fn(&Values<N>) -> u64) -> Series<K, N> {
        self.entries.values_mut().for_each(|entry| entry.present = false);
        for (key, values) in counters {
            let new = Entry { listed: false, present: true, now: *values, last: [0; N], elsewhere: [0; N] };
            let entry = self.entries.entry(key.clone()).or_insert(new);
            (entry.present, entry.now) = (true, *values);
        }
        let gone: Vec<K> = self.listed().filter(|(_, entry)| !entry.present).map(|(key, _)| key.clone()).collect();
        gone.iter().for_each(|key| self.expire(key));
        let mut room = self.most.saturating_sub(self.listed().count());
        for (key, values) in counters {
            if self.entries[key].listed {
                continue;
            }
            if room == 0 {
                // The least of those with series makes room for one that has wasted more than twice as much, so that equals do
                // not take turns.
                let least = self.listed().min_by_key(|(_, entry)| waste(&entry.now));
                match least.map(|(key, entry)| (key.clone(), waste(&entry.now))) {
                    Some((least, wasted)) if wasted.saturating_mul(2) < waste(values) => self.expire(&least),
                    // Those that follow have wasted less.
                    _ => break,
                }
                room = 1;
            }
            room -= 1;
            if let Some(entry) = self.entries.get_mut(key) {
                entry.listed = true;
            }
        }
        let mut listed = Vec::new();
        for (key, values) in counters {
            let Some(entry) = self.entries.get_mut(key) else { continue };
            if entry.listed {
                listed.push((key.clone(), less(values, &entry.elsewhere)));
            } else {
                let new = less(values, &entry.last);
                add(&mut self.other, &new);
                add(&mut entry.elsewhere, &new);
            }
            entry.last = *values;
        }
        Series { listed, other: self.other, expired: self.expired }
    }

    fn listed(&self) -> impl Iterator<Item = (&K, &Entry<N>)> {
        self.entries.iter().filter(|(_, entry)| entry.listed)
    }

    fn expire(&mut self, key: &K) {
        if let Some(entry) = self.entries.get_mut(key) {
            entry.listed = false;
            add(&mut self.expired, &less(&entry.last, &entry.elsewhere));
            entry.elsewhere = entry.last;
        }
    }
}

/// Adds one container's counters to a sum.
pub fn add<const N: usize>(sum: &mut Values<N>, values: &Values<N>) {
    sum.iter_mut().zip(values).for_each(|(sum, value)| *sum = sum.saturating_add(*value));
}

fn less<const N: usize>(values: &Values<N>, before: &Values<N>) -> Values<N> {
    std::array::from_fn(|at| values[at].saturating_sub(before[at]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn total(series: &Series<u8, 1>) -> u64 {
        series.listed.iter().map(|(_, [value])| value).sum::<u64>() + series.other[0] + series.expired[0]
    }

    #[test]
    fn container_that_wastes_most_gets_the_last_series() {
        let mut table = SeriesTable::<u8, 1>::new(2);
        let series = table.update(&[(1, [30]), (2, [20]), (3, [10])], |values| values[0]);
        assert_eq!(series, Series { listed: vec![(1, [30]), (2, [20])], other: [10], expired: [0] });
        let series = table.update(&[(3, [50]), (1, [31]), (2, [20])], |values| values[0]);
        assert_eq!(series, Series { listed: vec![(3, [40]), (1, [31])], other: [10], expired: [20] });
        let series = table.update(&[(3, [50]), (1, [31]), (2, [25])], |values| values[0]);
        assert_eq!(series, Series { listed: vec![(3, [40]), (1, [31])], other: [15], expired: [20] });
    }

    #[test]
    fn silent_container_loses_its_series_and_comes_back_from_zero() {
        let mut table = SeriesTable::<u8, 1>::new(2);
        table.update(&[(1, [30])], |values| values[0]);
        assert_eq!(table.update(&[], |values| values[0]), Series { listed: vec![], other: [0], expired: [30] });
        let series = table.update(&[(1, [33])], |values| values[0]);
        assert_eq!(series, Series { listed: vec![(1, [3])], other: [0], expired: [30] });
    }

    proptest! {
        #[test]
        fn sums_are_exact_and_nothing_goes_down(
            most in 0..5usize,
            rounds in proptest::collection::vec(proptest::collection::btree_map(0u8..12, 0u64..100, 0..12), 1..40),
        ) {
            let mut table = SeriesTable::<u8, 1>::new(most);
            let mut counted = BTreeMap::<u8, u64>::new();
            let mut before: Option<Series<u8, 1>> = None;
            for round in rounds {
                for (&key, &more) in &round {
                    *counted.entry(key).or_default() += more;
                }
                let mut counters: Vec<(u8, Values<1>)> = round.keys().map(|&key| (key, [counted[&key]])).collect();
                counters.sort_by_key(|&(key, [value])| (std::cmp::Reverse(value), key));
                let series = table.update(&counters, |values| values[0]);
                prop_assert!(series.listed.len() <= most);
                prop_assert_eq!(total(&series), counted.values().sum::<u64>());
                if let Some(before) = before {
                    prop_assert!(series.other >= before.other && series.expired >= before.expired);
                    for (key, values) in &series.listed {
                        let earlier = before.listed.iter().find(|(other, _)| other == key);
                        prop_assert!(earlier.is_none_or(|(_, earlier)| values >= earlier));
                    }
                }
                before = Some(series);
            }
        }
    }
}
