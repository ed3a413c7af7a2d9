//! A bounded map that forgets what was used least recently and knows how old its entries are.

use lru::LruCache;
use std::borrow::Borrow;
use std::hash::Hash;
use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

/// At most `capacity` entries; one that was not renewed for `ttl` is stale.
#[derive(Debug)]
pub(crate) struct FreshMap<K: Eq + Hash, V> {
    /// Each value with the moment at which it was renewed.
    entries: LruCache<K, (V, Instant)>,
    ttl: Duration,
}

impl<K: Eq + Hash, V> FreshMap<K, V> {
    /// Holds at least one entry.
    pub(crate) fn new(capacity: usize, ttl: Duration) -> Self {
        let capacity = NonZeroUsize::new(capacity).unwrap_or(NonZeroUsize::MIN);
        Self { entries: LruCache::new(capacity), ttl }
    }

    /// Uses an entry: its value and whether it is fresh.
    pub(crate) fn get<Q>(&mut self, key: &Q, now: Instant) -> Option<(&V, bool)>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        let (value, renewed) = self.entries.get(key)?;
        Some((value, now.saturating_duration_since(*renewed) < self.ttl))
    }

    /// Stores or renews an entry and gives the value that had to go for it, if any: the one
    /// before under this key, or the least recently used.
    pub(crate) fn insert(&mut self, key: K, value: V, now: Instant) -> Option<V> {
        self.entries.push(key, (value, now)).map(|(_, (value, _))| value)
    }
}
