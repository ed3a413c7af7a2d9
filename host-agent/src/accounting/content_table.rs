//! Bodies to the contexts of a session.
//!
//! The contexts are a direct-mapped table of bodies sent recently: the key of a body within a scope decides its context, and
//! the key is what the context is given. A body that meets its own key there was sent before. Another key there is evicted,
//! which can hide that it comes again; it can never make a body look like one that was sent.

use deltascope_abi::random::hash;

use crate::event::Scope;

/// More contexts are wanted when this share of them has evicted a body.
const FULL: u64 = 16;

/// Returns the key of a body within a scope: the lower half is its CRC32C, the upper half depends on its length, on the scope
/// and on `within`, the peer, the container or the connection, and is never 0.
pub fn content_key(scope: Scope, within: u64, fingerprint: u64) -> u64 {
    let place = hash(within ^ hash(scope as u64 + 1));
    let upper = hash(place ^ (fingerprint >> 32)) as u32;
    u64::from(upper.max(1)) << 32 | (fingerprint & 0xFFFF_FFFF)
}

/// What a context holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Held {
    /// Whose the context is: of a body its key, of a connection its number.
    whose: u64,
    /// The key that the context was given; 0 where there is none.
    key: u64,
}

/// Evictions after which a table of these contexts is too small.
fn wanted_after(held: &[Held]) -> u64 {
    (held.len() as u64 / FULL).max(1)
}

/// What each context holds, as far as this agent gave it.
#[derive(Clone, Debug)]
pub struct ContentTable {
    held: Vec<Held>,
    given: u64,
    evicted: u64,
    /// Evictions at which more contexts are wanted.
    wanted_at: u64,
}

impl ContentTable {
    /// A table over contexts 0 to `granted` - 1 of a session, which hold nothing; at most 65,536 are used.
    pub fn new(granted: u32) -> ContentTable {
        let held = vec![Held::default(); granted.clamp(1, 1 << 16) as usize];
        ContentTable { wanted_at: wanted_after(&held), held, given: 0, evicted: 0 }
    }

    fn place(&self, whose: u64) -> usize {
        (hash(whose) % self.held.len() as u64) as usize
    }

    /// The context of a key, which holds it from now on.
    pub fn put(&mut self, key: u64) -> u16 {
        self.put_at(key, key)
    }

    /// The one context of `whose`, which holds a key from now on.
    pub fn put_at(&mut self, whose: u64, key: u64) -> u16 {
        let place = self.place(whose);
        let before = std::mem::replace(&mut self.held[place], Held { whose, key });
        self.given += 1;
        self.evicted += u64::from(before.key != 0 && before.whose != whose);
        place as u16
    }

    /// Whether a sixteenth as many keys as there are contexts were evicted since this table was made or grew.
    pub fn wants_more(&self) -> bool {
        self.evicted >= self.wanted_at
    }

    /// Takes contexts up to `granted` - 1 into use, and returns the context and key of each body that has another context
    /// now: what the engine must be given so that it knows them there.
    pub fn grow(&mut self, granted: u32) -> Vec<(u16, u64)> {
        let contexts = granted.clamp(1, 1 << 16) as usize;
        if contexts <= self.held.len() {
            self.wanted_at = self.evicted + wanted_after(&self.held);
            return Vec::new();
        }
        let old = std::mem::replace(&mut self.held, vec![Held::default(); contexts]);
        for &one in old.iter().filter(|one| one.key != 0) {
            let place = self.place(one.whose);
            self.evicted += u64::from(std::mem::replace(&mut self.held[place], one).key != 0);
        }
        self.wanted_at = self.evicted + wanted_after(&self.held);
        let moved = self.held.iter().enumerate().filter(|&(place, one)| one.key != 0 && old.get(place) != Some(one));
        moved.map(|(place, one)| (place as u16, one.key)).collect()
    }

    /// Keys that contexts were given, one a body and scope.
    pub fn given(&self) -> u64 {
        self.given
    }

    /// Of them, those that took the place of another one.
    pub fn evicted(&self) -> u64 {
        self.evicted
    }
}

#[cfg(test)]
mod tests {
    use super::{ContentTable, content_key};
    use crate::event::{Scope, body_fingerprint};
    use proptest::prelude::*;
    use std::collections::HashSet;

    #[test]
    fn keys_differ_by_scope_peer_length_and_bytes() {
        let body = body_fingerprint(0xABCD, 100);
        let mut keys = HashSet::new();
        for scope in Scope::ALL {
            for within in [0, 1, u64::MAX] {
                for fingerprint in [body, body_fingerprint(0xABCD, 101), body_fingerprint(0xABCE, 100), 0] {
                    let key = content_key(scope, within, fingerprint);
                    assert_ne!(key >> 32, 0);
                    assert_eq!(key as u32, fingerprint as u32);
                    assert!(keys.insert(key));
                }
            }
        }
    }

    proptest! {
        /// What the table has is in the engine, also after it grew, and what is in the engine was sent before.
        #[test]
        fn a_body_is_found_again_until_another_one_takes_its_context(
            contexts in 1u32..40,
            steps in prop::collection::vec((1u64..60, prop::option::weighted(0.03, 1u32..200)), 0..400),
        ) {
            let mut table = ContentTable::new(contexts);
            let (mut engine, mut evicted, mut sent) = (vec![0u64; 200], 0, HashSet::new());
            for (key, grow) in steps {
                let key = key << 32 | 5;
                if let Some(granted) = grow {
                    let before = table.evicted();
                    for (context, key) in table.grow(granted) {
                        engine[context as usize] = key;
                    }
                    evicted += table.evicted() - before;
                }
                let known = table.held.iter().any(|one| one.key == key);
                let (before, put) = (table.evicted(), table.put(key) as usize);
                evicted += table.evicted() - before;
                prop_assert!(engine[put] == key || !known, "in the engine where the table has it");
                prop_assert!(engine[put] != key || sent.contains(&key), "a growth may leave it in a context of before");
                sent.insert(key);
                prop_assert!(!known || table.evicted() == before, "a body does not evict itself");
                engine[put] = key;
            }
            prop_assert_eq!(table.evicted(), evicted);
        }
    }

    #[test]
    fn more_contexts_are_wanted_after_evictions_and_not_at_once_again() {
        let mut table = ContentTable::new(4);
        assert!(!table.wants_more());
        (1..100u64).for_each(|key| _ = table.put(key << 32));
        assert!(table.wants_more() && table.evicted() >= 95 && table.given() == 99);
        table.grow(4);
        assert!(!table.wants_more(), "there were none");
    }
}
