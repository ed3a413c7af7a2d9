//! Names that are known, and those that are asked for.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use lru::LruCache;
use serde::{Deserialize, Serialize};

use super::RuntimeNames;
use crate::attribution::{ContainerKind, describe};

/// Containers whose names, or whose missing names, are held; beyond, the one is forgotten that was not asked for longest. The
/// dead keep their names as long as they are shown, and until then.
const MOST: NonZeroUsize = NonZeroUsize::new(16_384).unwrap();
/// Time from the first look-up of a name to the second; doubled each time. Runtimes name a container up to a second after
/// its first process runs.
const FIRST_RETRY: Duration = Duration::from_millis(250);
/// The longest time between two look-ups of a name.
const LAST_RETRY: Duration = Duration::from_secs(300);
/// Fewest look-ups in vain after which a name counts as missing.
const MISSING: u32 = 6;

/// What is known of one container.
#[derive(Debug)]
enum Entry {
    Named(Arc<RuntimeNames>),
    Wanted {
        /// Look-ups in vain.
        tries: u32,
        /// When to look again.
        next: Instant,
    },
}

/// One runtime, as surfaces show it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuntimeStatus {
    /// `docker`, `podman`, or the path of a socket.
    pub runtime: String,
    /// Look-ups.
    pub lookups: u64,
    /// Look-ups that failed as a whole.
    pub failures: u64,
    /// Names that were found.
    pub found: u64,
    /// Why the last look-up failed; null if it did not.
    pub error: Option<String>,
}

/// How the names are found, as surfaces show it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NameCacheStatus {
    /// Containers and pods with a name.
    pub named: u64,
    /// Those that no runtime has named yet.
    pub waiting: u64,
    /// Those that no runtime names after several look-ups; they are looked up again, less and less often.
    pub missing: u64,
    /// Every runtime that was found.
    pub runtimes: Vec<RuntimeStatus>,
}

#[derive(Debug)]
struct State {
    entries: LruCache<String, Entry>,
    runtimes: Vec<RuntimeStatus>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

/// Names by id of container and uid of pod, shared by who shows them and who finds them. Nothing here waits for a runtime.
#[derive(Clone, Debug)]
pub struct NameCache(Arc<Shared>);

impl Default for NameCache {
    fn default() -> NameCache {
        let state = State { entries: LruCache::new(MOST), runtimes: Vec::new() };
        NameCache(Arc::new(Shared { state: Mutex::new(state), changed: Condvar::new() }))
    }
}

impl NameCache {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The names of the container behind a path of a control group, if they are known; else they are asked for.
    pub fn of_path(&self, path: &str) -> Option<Arc<RuntimeNames>> {
        if !path.starts_with('/') {
            return None;
        }
        match describe(path).kind {
            // What LXC calls a container is its id.
            ContainerKind::Container { runtime, id, .. } if runtime != "lxc" => self.get(&id),
            ContainerKind::Pod { uid } => self.get(&uid),
            _ => None,
        }
    }

    /// The names of an id of a container or a uid of a pod, as [`NameCache::of_path`] gives them.
    pub fn get(&self, id: &str) -> Option<Arc<RuntimeNames>> {
        let mut state = self.state();
        match state.entries.get(id) {
            Some(Entry::Named(names)) => return Some(names.clone()),
            Some(Entry::Wanted { .. }) => return None,
            None => {}
        }
        state.entries.push(id.to_owned(), Entry::Wanted { tries: 0, next: Instant::now() });
        self.0.changed.notify_all();
        None
    }

    /// How the names are found.
    pub fn status(&self) -> NameCacheStatus {
        let state = self.state();
        let mut status = NameCacheStatus { runtimes: state.runtimes.clone(), ..NameCacheStatus::default() };
        for (_, entry) in &state.entries {
            match entry {
                Entry::Named(_) => status.named += 1,
                Entry::Wanted { tries, .. } if *tries >= MISSING => status.missing += 1,
                Entry::Wanted { .. } => status.waiting += 1,
            }
        }
        status
    }

    /// Asks for the names of containers, by the paths of their control groups, and waits until each is known or was looked up
    /// twice in vain, at most for `limit`.
    pub fn look_up<'a>(&self, paths: impl Iterator<Item = &'a str>, limit: Duration) {
        let begun = Instant::now();
        paths.for_each(|path| _ = self.of_path(path));
        let mut state = self.state();
        loop {
            let open = state.entries.iter().any(|(_, entry)| matches!(entry, Entry::Wanted { tries: 0 | 1, .. }));
            let left = limit.saturating_sub(begun.elapsed());
            if !open || left.is_zero() {
                return;
            }
            state = self.0.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Waits until there is something to look up, at most for `limit`, and returns what.
    pub(super) fn due(&self, limit: Duration) -> Vec<String> {
        let begun = Instant::now();
        let mut state = self.state();
        loop {
            let now = Instant::now();
            let (mut due, mut wait) = (Vec::new(), limit.saturating_sub(begun.elapsed()));
            for (id, entry) in &state.entries {
                match entry {
                    Entry::Wanted { next, .. } if *next <= now => due.push(id.clone()),
                    Entry::Wanted { next, .. } => wait = wait.min(next.duration_since(now)),
                    Entry::Named(_) => {}
                }
            }
            if !due.is_empty() || begun.elapsed() >= limit {
                return due;
            }
            state = self.0.changed.wait_timeout(state, wait).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Enters what was found of `due`; the others are looked up again later.
    pub(super) fn enter(&self, due: &[String], found: HashMap<String, RuntimeNames>, runtimes: Vec<RuntimeStatus>) {
        let now = Instant::now();
        let mut state = self.state();
        for (id, names) in found {
            // What was forgotten meanwhile is not asked for any more.
            if let Some(entry) = state.entries.peek_mut(&id) {
                *entry = Entry::Named(Arc::new(names));
            }
        }
        for id in due {
            if let Some(Entry::Wanted { tries, next }) = state.entries.peek_mut(id) {
                *next = now + LAST_RETRY.min(FIRST_RETRY * 2u32.saturating_pow(*tries));
                *tries += 1;
            }
        }
        state.runtimes = runtimes;
        self.0.changed.notify_all();
    }

    /// Whether nothing else holds the cache any more.
    pub(super) fn is_left(&self) -> bool {
        Arc::strong_count(&self.0) == 1
    }
}
