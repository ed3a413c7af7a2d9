//! A table of numbered slots that finds the least recently used one in constant time.

use std::collections::HashMap;
use std::hash::Hash;

const NONE: u32 = u32::MAX;

#[derive(Clone, Debug)]
struct Slot<K> {
    key: Option<K>,
    newer: u32,
    older: u32,
}

/// Keys in slots 0 to `capacity` - 1.
#[derive(Clone, Debug)]
pub struct Lru<K> {
    slots: Vec<Slot<K>>,
    free: Vec<u32>,
    index: HashMap<K, u32>,
    newest: u32,
    oldest: u32,
}

impl<K: Copy + Eq + Hash> Lru<K> {
    /// An empty table.
    pub fn new(capacity: u32) -> Lru<K> {
        Lru {
            slots: (0..capacity).map(|_| Slot { key: None, newer: NONE, older: NONE }).collect(),
            free: (0..capacity).rev().collect(),
            index: HashMap::new(),
            newest: NONE,
            oldest: NONE,
        }
    }

    /// The slot of `key`, which becomes the most recently used one.
    pub fn touch(&mut self, key: &K) -> Option<u32> {
        let slot = *self.index.get(key)?;
        if self.newest != slot {
            self.unlink(slot);
            self.link_newest(slot);
        }
        Some(slot)
    }

    /// Puts a key that is not in the table into a free slot, the lowest never used one first.
    /// `None` when every slot is taken.
    pub fn insert(&mut self, key: K) -> Option<u32> {
        let slot = self.free.pop()?;
        self.slots[slot as usize].key = Some(key);
        self.index.insert(key, slot);
        self.link_newest(slot);
        Some(slot)
    }

    /// Puts a key into one slot, as the most recently used one; nothing happens when the slot is taken or beyond the
    /// table, or the key is in it.
    pub fn insert_at(&mut self, slot: u32, key: K) {
        let Some(at) = self.free.iter().position(|&free| free == slot) else { return };
        if self.index.contains_key(&key) {
            return;
        }
        self.free.remove(at);
        self.slots[slot as usize].key = Some(key);
        self.index.insert(key, slot);
        self.link_newest(slot);
    }

    /// Taken slots with their keys, the least recently used first.
    pub fn by_age(&self) -> impl Iterator<Item = (u32, K)> + '_ {
        let entry = |slot: u32| Some((slot, self.slots.get(slot as usize)?.key?));
        let newer = move |&(slot, _): &(u32, K)| entry(self.slots[slot as usize].newer);
        std::iter::successors(entry(self.oldest), newer)
    }

    /// Takes the least recently used key out and frees its slot.
    pub fn remove_oldest(&mut self) -> Option<(u32, K)> {
        let slot = self.oldest;
        let key = self.slots.get_mut(slot as usize)?.key.take()?;
        self.unlink(slot);
        self.index.remove(&key);
        self.free.push(slot);
        Some((slot, key))
    }

    /// Taken slots with their keys, by slot.
    pub fn iter(&self) -> impl Iterator<Item = (u32, K)> + '_ {
        self.slots.iter().enumerate().filter_map(|(slot, entry)| Some((slot as u32, entry.key?)))
    }

    /// Number of taken slots.
    pub fn len(&self) -> usize {
        self.index.len()
    }

    /// Number of slots.
    pub fn capacity(&self) -> usize {
        self.slots.len()
    }

    fn unlink(&mut self, slot: u32) {
        let (newer, older) = (self.slots[slot as usize].newer, self.slots[slot as usize].older);
        match self.slots.get_mut(newer as usize) {
            Some(entry) => entry.older = older,
            None => self.newest = older,
        }
        match self.slots.get_mut(older as usize) {
            Some(entry) => entry.newer = newer,
            None => self.oldest = newer,
        }
    }

    fn link_newest(&mut self, slot: u32) {
        let second = self.newest;
        self.slots[slot as usize].newer = NONE;
        self.slots[slot as usize].older = second;
        match self.slots.get_mut(second as usize) {
            Some(entry) => entry.newer = slot,
            None => self.oldest = slot,
        }
        self.newest = slot;
    }
}

#[cfg(test)]
mod tests {
    use super::Lru;
    use proptest::prelude::*;

    proptest! {
        /// Against a list that is sorted by use.
        #[test]
        fn behaves_like_a_sorted_list(capacity in 1u32..8, keys in prop::collection::vec(0u8..16, 0..200)) {
            let mut lru = Lru::new(capacity);
            let mut list: Vec<(u8, u32)> = Vec::new();
            for key in keys {
                let found = lru.touch(&key);
                let place = list.iter().position(|&(known, _)| known == key);
                prop_assert_eq!(found, place.map(|at| list[at].1));
                let entry = match place {
                    Some(at) => list.remove(at),
                    None => {
                        if list.len() == capacity as usize {
                            prop_assert_eq!(lru.insert(key), None);
                            let (oldest, slot) = list.remove(0);
                            prop_assert_eq!(lru.remove_oldest(), Some((slot, oldest)));
                        }
                        let slot = lru.insert(key).expect("a slot is free");
                        prop_assert!(slot < capacity && list.iter().all(|&(_, taken)| taken != slot));
                        (key, slot)
                    }
                };
                list.push(entry);
                prop_assert_eq!(lru.len(), list.len());
            }
        }
    }

    #[test]
    fn a_table_without_slots_takes_nothing() {
        let mut lru = Lru::new(0);
        assert_eq!(lru.insert(1), None);
        assert_eq!(lru.remove_oldest(), None);
        assert_eq!(lru.len(), 0);
    }
}
