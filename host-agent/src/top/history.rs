//! What came before: the waste of each container in the last rounds.

use std::collections::{HashMap, VecDeque};

use super::key::Key;
use super::rows::Row;

/// Rounds that are remembered.
pub(super) const ROUNDS: usize = 32;

/// The waste of each container, the last round at the back.
#[derive(Clone, Debug, Default)]
pub(super) struct History(HashMap<Key, VecDeque<f64>>);

impl History {
    /// Adds a round. A container that is not in it has wasted nothing; one that is not in any of the rounds that are
    /// remembered is forgotten.
    pub fn add(&mut self, rows: &[Row]) {
        for values in self.0.values_mut() {
            values.push_back(0.0);
        }
        for row in rows {
            let values = self.0.entry(row.key.clone()).or_insert_with(|| VecDeque::from([0.0]));
            if let Some(last) = values.back_mut() {
                *last = row.waste();
            }
        }
        for values in self.0.values_mut() {
            if values.len() > ROUNDS {
                values.pop_front();
            }
        }
        self.0.retain(|_, values| values.iter().any(|&value| value > 0.0));
    }

    /// The last values of a container, at most `count`.
    pub fn last(&self, key: &Key, count: usize) -> Vec<f64> {
        let values = self.0.get(key).map(|values| values.iter().copied().collect::<Vec<_>>()).unwrap_or_default();
        values[values.len().saturating_sub(count)..].to_vec()
    }

    /// Forgets everything: what comes next does not follow from it.
    pub fn clear(&mut self) {
        self.0.clear();
    }
}
