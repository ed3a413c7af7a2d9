//! A bounded map that forgets what was used least recently and knows how old its entries are.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;
use std::time::{Duration, Instant};

#[derive(Debug)]
struct Entry<V> {
    value: V,
    renewed: Instant,
    stamp: u64,
}

/// At most `capacity` entries; one that was not renewed for `ttl` is stale.
#[derive(Debug)]
pub(crate) struct Lru<K, V> {
    entries: HashMap<K, Entry<V>>,
    /// Keys by the stamp of their last use, oldest first.
    order: BTreeMap<u64, K>,
    capacity: usize,
    ttl: Duration,
    stamp: u64,
}

impl<K: Clone + Eq + Hash, V> Lru<K, V> {
    /// Holds at least one entry.
    pub(crate) fn new(capacity: usize, ttl: Duration) -> Self {
        Self { entries: HashMap::new(), order: BTreeMap::new(), capacity: capacity.max(1), ttl, stamp: 0 }
    }

    /// Uses an entry: its value and whether it is fresh.
    pub(crate) fn get<Q>(&mut self, key: &Q, now: Instant) -> Option<(&mut V, bool)>
    where
        K: std::borrow::Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        let entry = self.entries.get_mut(key)?;
        self.stamp += 1;
        if let Some(key) = self.order.remove(&entry.stamp) {
            self.order.insert(self.stamp, key);
        }
        entry.stamp = self.stamp;
        let fresh = now.saturating_duration_since(entry.renewed) < self.ttl;
        Some((&mut entry.value, fresh))
    }

    /// Stores or renews an entry and gives the value that had to go for it, if any: the one
    /// before under this key, or the least recently used.
    pub(crate) fn insert(&mut self, key: K, value: V, now: Instant) -> Option<V> {
        self.stamp += 1;
        let entry = Entry { value, renewed: now, stamp: self.stamp };
        self.order.insert(self.stamp, key.clone());
        if let Some(old) = self.entries.insert(key, entry) {
            self.order.remove(&old.stamp);
            return Some(old.value);
        }
        if self.entries.len() <= self.capacity {
            return None;
        }
        let (_, oldest) = self.order.pop_first()?;
        self.entries.remove(&oldest).map(|entry| entry.value)
    }
}
