//! The resolver: caches in front of `/proc` and the control group file system.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::time::{Duration, Instant};

use super::fresh_map::FreshMap;
use super::groups::Groups;
use super::walk::walk;
use super::{ContainerKind, Description, describe};
use crate::procfs::{ProcFs, lossless};

/// Handle of a container. A handle is never used twice, so one that outlives its entry in the
/// resolver means "unknown" and never another container.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ContainerId(u32);

impl ContainerId {
    /// What could not be attributed.
    pub const UNKNOWN: Self = Self(0);

    /// A handle for tests.
    #[cfg(test)]
    pub(crate) fn numbered(number: u32) -> Self {
        Self(number)
    }

    /// The bare number: dense, from 1 on in the order of first sight.
    pub fn number(self) -> u32 {
        self.0
    }
}

/// A container with everything known about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Container {
    /// Its handle.
    pub id: ContainerId,
    /// A name for people; others may have the same one.
    pub name: String,
    /// The path of its control group.
    pub path: String,
    /// Inode of its directory in the version 2 hierarchy; `None` without one.
    pub cgroup_id: Option<u64>,
    /// What it is.
    pub kind: ContainerKind,
}

impl Container {
    /// What identifies it: the path of its control group, and `unknown` without one.
    pub fn key(&self) -> &str {
        if self.path.is_empty() { &self.name } else { &self.path }
    }
}

/// Which hierarchies of control groups this host has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hierarchy {
    /// A version 2 hierarchy is mounted: groups have ids, from which a kernel module's events
    /// can be attributed.
    V2,
    /// Version 1 only, or nothing mounted: processes can be attributed, ids cannot.
    V1,
}

/// Bounds of the resolver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AttributionLimits {
    /// Containers held; beyond, the least recently seen is forgotten.
    pub containers: usize,
    /// Ids held, unknown ones included.
    pub ids: usize,
    /// How long an answer counts before it is looked up again.
    pub ttl: Duration,
    /// Groups that one walk lists.
    pub walk_groups: usize,
    /// Time between two walks: unknown ids in between wait for the next.
    pub walk_interval: Duration,
}

impl Default for AttributionLimits {
    fn default() -> Self {
        Self {
            containers: 16_384,
            ids: 65_536,
            ttl: Duration::from_secs(30),
            walk_groups: 65_536,
            walk_interval: Duration::from_secs(1),
        }
    }
}

/// How the resolver has fared since it was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AttributionCounts {
    /// Questions answered with a container.
    pub resolved: u64,
    /// Questions answered with [`ContainerId::UNKNOWN`].
    pub unknown: u64,
    /// Walks over the hierarchy.
    pub walks: u64,
    /// Walks that stopped at their bound.
    pub walks_cut: u64,
    /// Containers forgotten because there were too many.
    pub evicted: u64,
}

/// Attributes processes and control group ids to containers.
#[derive(Debug)]
pub struct Attribution {
    proc: ProcFs,
    groups: Groups,
    limits: AttributionLimits,
    by_path: FreshMap<String, ContainerId>,
    by_cgroup_id: FreshMap<u64, ContainerId>,
    containers: HashMap<ContainerId, Container>,
    /// By path.
    keys: HashMap<String, ContainerId>,
    unknown: Container,
    last_walk: Option<Instant>,
    /// What the last walk met, by id.
    listed: HashMap<u64, String>,
    last_id: u32,
    counts: AttributionCounts,
}

impl Attribution {
    /// Looks for the version 2 hierarchy in the mounts of this process. Without one, or
    /// without `mountinfo`, processes are attributed all the same.
    pub fn new(proc: ProcFs, limits: AttributionLimits) -> Self {
        let groups = Groups::of(&proc);
        Self {
            proc,
            groups,
            by_path: FreshMap::new(limits.containers, limits.ttl),
            by_cgroup_id: FreshMap::new(limits.ids, limits.ttl),
            limits,
            containers: HashMap::new(),
            keys: HashMap::new(),
            unknown: Container {
                id: ContainerId::UNKNOWN,
                name: "unknown".to_owned(),
                path: String::new(),
                cgroup_id: None,
                kind: ContainerKind::Unknown,
            },
            last_walk: None,
            listed: HashMap::new(),
            last_id: 0,
            counts: AttributionCounts::default(),
        }
    }

    /// Which hierarchies there are.
    pub fn hierarchy(&self) -> Hierarchy {
        match self.groups.folder {
            Some(_) => Hierarchy::V2,
            None => Hierarchy::V1,
        }
    }

    /// How the resolver has fared.
    pub fn counts(&self) -> AttributionCounts {
        self.counts
    }

    /// The container of a version 2 control group that was there at `since`, as [`Attribution::resolve_cgroup_id`] finds it;
    /// `None` while the next walk may meet it. What a walk after `since` did not meet is gone and stays unknown.
    pub fn resolve_cgroup_id_of(&mut self, cgroup_id: u64, since: Instant, now: Instant) -> Option<ContainerId> {
        let answered = self.by_cgroup_id.get(&cgroup_id, now).is_some_and(|(_, fresh)| fresh);
        let id = self.resolve_cgroup_id(cgroup_id, now);
        let is_final = id != ContainerId::UNKNOWN || answered || self.last_walk.is_none_or(|walk| walk > since);
        is_final.then_some(id)
    }

    /// The container behind a handle; the one called `unknown` for
    /// [`ContainerId::UNKNOWN`] and for handles that were forgotten.
    pub fn container(&self, id: ContainerId) -> &Container {
        self.containers.get(&id).unwrap_or(&self.unknown)
    }

    /// The container of a key, among those that are held.
    pub fn keyed(&self, key: &str) -> Option<&Container> {
        self.containers.get(self.keys.get(key)?)
    }

    /// The container of a process, unknown when the process is gone.
    pub fn resolve_pid(&mut self, pid: u32, now: Instant) -> ContainerId {
        let id = match self.proc.cgroup(pid) {
            Ok(paths) => match self.groups.best(&paths) {
                Some((path, v2)) => self.resolve_path(&path, v2, now),
                None => ContainerId::UNKNOWN,
            },
            Err(_) => ContainerId::UNKNOWN,
        };
        self.count(id)
    }

    /// The container of a version 2 control group, by its id. Ids that no walk has met are
    /// unknown, and stay so until the answer is older than its time to live.
    pub fn resolve_cgroup_id(&mut self, cgroup_id: u64, now: Instant) -> ContainerId {
        if let Some((&id, true)) = self.by_cgroup_id.get(&cgroup_id, now) {
            return self.count(id);
        }
        // A group that a walk has met may be gone: its id is not used again, and its path is still that of its container.
        let met = self.listed.contains_key(&cgroup_id);
        let due = self.last_walk.is_none_or(|last| now.saturating_duration_since(last) >= self.limits.walk_interval);
        if let (false, true, Some(mount)) = (met, due, self.groups.folder.clone()) {
            self.last_walk = Some(now);
            self.counts.walks += 1;
            let found = walk(&mount, self.limits.walk_groups);
            self.counts.walks_cut += u64::from(found.cut);
            self.listed = found.groups.into_iter().collect();
        } else if !met {
            return self.count(ContainerId::UNKNOWN);
        }
        // Only groups asked for become containers: hosts have many idle ones.
        let id = match self.listed.get(&cgroup_id).cloned() {
            Some(path) => self.resolve_path(&path, true, now),
            None => ContainerId::UNKNOWN,
        };
        self.by_cgroup_id.insert(cgroup_id, id, now);
        self.count(id)
    }

    fn count(&mut self, id: ContainerId) -> ContainerId {
        if id == ContainerId::UNKNOWN {
            self.counts.unknown += 1;
        } else {
            self.counts.resolved += 1;
        }
        id
    }

    fn resolve_path(&mut self, path: &str, v2: bool, now: Instant) -> ContainerId {
        let description = describe(path);
        let known = self.by_path.get(description.path.as_str(), now);
        let known = known.map(|(id, fresh)| (*id, fresh));
        if let Some((id, true)) = known {
            return id;
        }
        let cgroup_id = if v2 { self.inode(&description.path) } else { None };
        if let Some((id, false)) = known {
            // A service that was restarted keeps its path and gets another directory.
            if let Some(container) = self.containers.get_mut(&id) {
                container.cgroup_id = cgroup_id;
            }
            self.by_path.insert(description.path, id, now);
            return id;
        }
        let Some(next) = self.last_id.checked_add(1) else {
            return ContainerId::UNKNOWN;
        };
        self.last_id = next;
        let id = ContainerId(next);
        let Description { path, name, kind } = description;
        self.keys.insert(path.clone(), id);
        self.containers.insert(id, Container { id, name, path: path.clone(), cgroup_id, kind });
        if let Some(evicted) = self.by_path.insert(path, id, now) {
            self.counts.evicted += 1;
            if let Some(container) = self.containers.remove(&evicted) {
                self.keys.remove(&container.path);
            }
        }
        id
    }

    /// The inode of a group's directory. A path that leaves the reader's own control group
    /// namespace (`/../..`) has no directory here.
    fn inode(&self, path: &str) -> Option<u64> {
        let mount = self.groups.folder.as_ref()?;
        if path.split('/').any(|component| component == "..") {
            return None;
        }
        let name = lossless::name(path.trim_start_matches('/'));
        let directory = mount.join(OsStr::from_bytes(&name));
        Some(std::fs::metadata(directory).ok()?.ino())
    }
}
