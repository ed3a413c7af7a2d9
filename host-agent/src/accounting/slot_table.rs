//! A table of numbered slots that gives up the least recently used one.

use lru::LruCache;
use std::hash::Hash;

/// Keys in slots 0 to `capacity` - 1.
#[derive(Clone, Debug)]
pub struct SlotTable<K: Eq + Hash> {
    slots: LruCache<K, u32>,
    /// Free slots, the next one last.
    free: Vec<u32>,
    capacity: usize,
}

impl<K: Copy + Eq + Hash> SlotTable<K> {
    /// An empty table.
    pub fn new(capacity: u32) -> SlotTable<K> {
        SlotTable { slots: LruCache::unbounded(), free: (0..capacity).rev().collect(), capacity: capacity as usize }
    }

    /// Makes the table larger; the new slots are used after those that were free before.
    pub fn grow(&mut self, capacity: u32) {
        let old = self.capacity as u32;
        if capacity > old {
            self.free.splice(0..0, (old..capacity).rev());
            self.capacity = capacity as usize;
        }
    }

    /// Whether every slot is taken.
    pub fn is_full(&self) -> bool {
        self.free.is_empty()
    }

    /// Whether a key has a slot.
    pub fn contains(&self, key: &K) -> bool {
        self.slots.contains(key)
    }

    /// The slot of `key`, which becomes the most recently used one.
    pub fn touch(&mut self, key: &K) -> Option<u32> {
        self.slots.get(key).copied()
    }

    /// Puts a key that is not in the table into a free slot, the lowest never used one first.
    /// `None` when every slot is taken.
    pub fn insert(&mut self, key: K) -> Option<u32> {
        let slot = self.free.pop()?;
        self.slots.put(key, slot);
        Some(slot)
    }

    /// Puts a key into one slot, as the most recently used one; nothing happens when the slot is taken or beyond the
    /// table, or the key is in it.
    pub fn insert_at(&mut self, slot: u32, key: K) {
        let Some(at) = self.free.iter().position(|&free| free == slot) else { return };
        if !self.slots.contains(&key) {
            self.free.remove(at);
            self.slots.put(key, slot);
        }
    }

    /// Takes the least recently used key out and frees its slot.
    pub fn remove_oldest(&mut self) -> Option<(u32, K)> {
        let (key, slot) = self.slots.pop_lru()?;
        self.free.push(slot);
        Some((slot, key))
    }

    /// Taken slots with their keys, the least recently used first.
    pub fn by_age(&self) -> impl Iterator<Item = (u32, K)> + '_ {
        self.slots.iter().rev().map(|(&key, &slot)| (slot, key))
    }

    /// Number of taken slots.
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Number of slots.
    pub fn capacity(&self) -> usize {
        self.capacity
    }
}

#[cfg(test)]
mod tests {
    use super::SlotTable;
    use proptest::prelude::*;

    proptest! {
        /// Against a list that is sorted by use.
        #[test]
        fn behaves_like_a_sorted_list(capacity in 1u32..8, keys in prop::collection::vec(0u8..16, 0..200)) {
            let mut table = SlotTable::new(capacity);
            let mut list: Vec<(u8, u32)> = Vec::new();
            for key in keys {
                let found = table.touch(&key);
                let place = list.iter().position(|&(known, _)| known == key);
                prop_assert_eq!(found, place.map(|at| list[at].1));
                let entry = match place {
                    Some(at) => list.remove(at),
                    None => {
                        if list.len() == capacity as usize {
                            prop_assert_eq!(table.insert(key), None);
                            let (oldest, slot) = list.remove(0);
                            prop_assert_eq!(table.remove_oldest(), Some((slot, oldest)));
                        }
                        let slot = table.insert(key).expect("a slot is free");
                        prop_assert!(slot < capacity && list.iter().all(|&(_, taken)| taken != slot));
                        (key, slot)
                    }
                };
                list.push(entry);
                prop_assert_eq!(table.len(), list.len());
            }
        }
    }

    #[test]
    fn a_table_without_slots_takes_nothing() {
        let mut table = SlotTable::new(0);
        assert_eq!(table.insert(1), None);
        assert_eq!(table.remove_oldest(), None);
        assert_eq!(table.len(), 0);
    }
}
