//! From a socket to the container that sends on it.

use std::time::{Duration, Instant};

use rustc_hash::FxHashMap;

use crate::attribution::{Attribution, AttributionLimits, ContainerId, ContainerKind};
use crate::event::{OwnerId, OwnerKind};
use crate::procfs::ProcFs;
use crate::report::Details;
use crate::sink::{Sink, SinkError};

/// Sockets whose owners are kept; beyond, all are forgotten and found again.
const KNOWN: usize = 65_536;
/// Time between two walks over the control groups.
const WALK_INTERVAL: Duration = Duration::from_millis(20);
/// Shortest time between two looks at the open files of all processes, and as a multiple of what the last one took.
const LOOK_INTERVAL: Duration = Duration::from_millis(250);
const LOOK_SHARE: u32 = 20;
/// Group of the first process of systemd, which opens sockets for the services that it starts.
const INIT_GROUP: &str = "/init.scope";

/// What is known of the sender of a direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Charge {
    /// Control group of version 2 in which the socket was made.
    pub cgroup: Option<u64>,
    /// Number of the socket among the files of processes; 0 when it has none.
    pub inode: u32,
    /// The same of the socket that listens at the local address.
    pub listener: u32,
    /// The socket of the connection was gone: the control group is that of the one that listens.
    pub is_gone: bool,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Owners {
    proc: ProcFs,
    attribution: Attribution,
    /// Owners, and whether they are those of sockets that listen.
    known: FxHashMap<Charge, (OwnerId, bool)>,
    /// Processes by the sockets that they had open at the last look.
    processes: FxHashMap<u64, u32>,
    /// When the last look began, and when the next one may.
    looked: Option<Instant>,
    next_look: Option<Instant>,
    unknown: Option<OwnerId>,
    /// Processes are in groups of version 1 too: the root of version 2 then reports nothing of a container.
    has_version_1: bool,
    /// Events of senders that are not known.
    pub(super) unknown_events: u64,
    /// Events charged to the process that listens at the local address.
    pub(super) listener_events: u64,
}

impl Owners {
    pub(super) fn new() -> Owners {
        Owners::of(ProcFs::default())
    }

    /// Finds owners in a mounted proc file system.
    pub(super) fn of(proc: ProcFs) -> Owners {
        let limits = AttributionLimits { walk_interval: WALK_INTERVAL, ..AttributionLimits::default() };
        let own = proc.own_pid().and_then(|pid| proc.cgroup(pid));
        Owners {
            has_version_1: own.is_ok_and(|groups| !groups.v1.is_empty()),
            attribution: Attribution::new(proc.clone(), limits),
            proc,
            known: FxHashMap::default(),
            processes: FxHashMap::default(),
            looked: None,
            next_look: None,
            unknown: None,
            unknown_events: 0,
            listener_events: 0,
        }
    }

    /// Returns the owner of an event that was captured at `since`; `None` while a look at the files of processes is needed
    /// and not due. With `at_once` it is made.
    pub(super) fn owner(
        &mut self,
        charge: Charge,
        since: Instant,
        at_once: bool,
        sink: &mut dyn Sink,
    ) -> Result<Option<OwnerId>, SinkError> {
        let (owner, by_listener) = match self.known.get(&charge) {
            Some(&known) => known,
            None => {
                let Some((container, by_listener)) = self.container(charge, since, at_once) else { return Ok(None) };
                let container = self.attribution.container(container);
                let owner = sink.owner(OwnerKind::Sends, container.key())?;
                Details::of(container).map_or(Ok(()), |details| sink.describe(owner, &details))?;
                if container.kind == ContainerKind::Unknown {
                    self.unknown = Some(owner);
                }
                if self.known.len() == KNOWN {
                    self.known.clear();
                }
                self.known.insert(charge, (owner, by_listener));
                (owner, by_listener)
            }
        };
        if self.unknown == Some(owner) {
            self.unknown_events += 1;
        } else {
            self.listener_events += u64::from(by_listener);
        }
        Ok(Some(owner))
    }

    /// What is known of the container of a key.
    pub(super) fn details(&self, key: &str) -> Option<Details> {
        self.attribution.keyed(key).and_then(Details::of)
    }

    /// The container of a sender, and whether it is that of the socket that listens. A group states less than a process where
    /// every process is in it, or where systemd has made the socket for another one. `None`: the files of processes have to
    /// be looked at, and that is not due.
    fn container(&mut self, charge: Charge, since: Instant, at_once: bool) -> Option<(ContainerId, bool)> {
        let of_group = charge.cgroup.map_or(ContainerId::UNKNOWN, |cgroup| self.of_group(cgroup, since));
        let group = self.attribution.container(of_group);
        let is_root = group.kind == ContainerKind::Root;
        let sockets =
            [(charge.inode, false), (charge.listener, true)].map(|(inode, listens)| (u64::from(inode), listens));
        let is_known = |&(inode, _): &(u64, bool)| inode == 0 || self.processes.contains_key(&inode);
        if !is_root && group.kind != ContainerKind::Unknown && group.path != INIT_GROUP {
            return Some((of_group, charge.is_gone));
        }
        let of_group = if is_root && self.has_version_1 { ContainerId::UNKNOWN } else { of_group };
        if !sockets.iter().all(is_known) && self.looked.is_none_or(|looked| looked < since) {
            if !at_once && self.next_look.is_some_and(|next| Instant::now() < next) {
                return None;
            }
            self.look();
        }
        for (inode, listens) in sockets {
            let Some(&process) = self.processes.get(&inode) else { continue };
            let container = self.attribution.resolve_pid(process, Instant::now());
            if container != ContainerId::UNKNOWN {
                return Some((container, listens));
            }
        }
        Some((of_group, charge.is_gone))
    }

    /// The container of a group that was there at `since`. One that no walk has met may have been made since the last.
    fn of_group(&mut self, cgroup: u64, since: Instant) -> ContainerId {
        loop {
            if let Some(id) = self.attribution.resolve_cgroup_id_of(cgroup, since, Instant::now()) {
                return id;
            }
            std::thread::sleep(WALK_INTERVAL);
        }
    }

    /// Looks at the open files of all processes. Of those that have one socket the first counts, but not the first process
    /// of the system, which may keep sockets that it has made for others.
    fn look(&mut self) {
        let begun = Instant::now();
        self.looked = Some(begun);
        self.processes.clear();
        for pid in self.proc.pids().unwrap_or_default() {
            for inode in self.proc.socket_inodes(pid) {
                let process = self.processes.entry(inode).or_insert(pid);
                if *process == 1 {
                    *process = pid;
                }
            }
        }
        self.next_look = Some(Instant::now() + LOOK_INTERVAL.max(LOOK_SHARE * begun.elapsed()));
    }
}
