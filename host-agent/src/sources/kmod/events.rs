//! Ring records as events.

use std::time::{Duration, Instant};

use deltascope_abi::random::hash;
use deltascope_abi::record::Class;
use deltascope_abi::ring::{RingKind, RingRecord, flag};
use rustc_hash::FxHashMap;

use crate::attribution::{Attribution, AttributionLimits, ContainerId, Hierarchy};
use crate::event::{Event, OwnerId, OwnerKind, Unjudged, What, body_fingerprint};
use crate::procfs::ProcFs;
use crate::report::Details;
use crate::sink::{Sink, SinkError};
use crate::sources::kmod::map::monotonic_ns;

/// Control groups whose owners are kept; beyond, all are forgotten and found again.
const OWNERS: usize = 65_536;
/// Time between two walks over the control groups.
const WALK_INTERVAL: Duration = Duration::from_millis(20);
/// Owner of what belongs to no control group.
const NO_GROUP: &str = "none";

/// Owners of control groups, by their ids.
#[derive(Debug)]
pub(in crate::sources) struct OwnerTable {
    attribution: Attribution,
    owners: FxHashMap<(u64, OwnerKind), OwnerId>,
    /// Owners of what belongs to no control group.
    none: FxHashMap<OwnerKind, OwnerId>,
    /// When the last walk over the groups began, in nanoseconds of CLOCK_MONOTONIC.
    walked_ns: u64,
    /// Records that named no control group.
    without: u64,
}

impl OwnerTable {
    pub(in crate::sources) fn new() -> OwnerTable {
        let limits = AttributionLimits { walk_interval: WALK_INTERVAL, ..AttributionLimits::default() };
        let attribution = Attribution::new(ProcFs::default(), limits);
        OwnerTable { attribution, owners: FxHashMap::default(), none: FxHashMap::default(), walked_ns: 0, without: 0 }
    }

    /// Who a record is charged to. The first record of a group may wait for a walk over the groups.
    pub(in crate::sources) fn owner(&mut self, record: &RingRecord, sink: &mut dyn Sink) -> Result<OwnerId, SinkError> {
        let kind = owner_kind(record);
        if record.flags & flag::NO_CGROUP != 0 {
            return self.without_group(record, kind, sink);
        }
        if let Some(&owner) = self.owners.get(&(record.cgroup, kind)) {
            return Ok(owner);
        }
        let id = self.resolve(record);
        let owner = self.charged(id, kind, sink)?;
        if self.owners.len() == OWNERS {
            self.owners.clear();
        }
        self.owners.insert((record.cgroup, kind), owner);
        Ok(owner)
    }

    /// On a host without version 2 every task is at its root: there `/proc` of the process may have the container.
    fn without_group(
        &mut self,
        record: &RingRecord,
        kind: OwnerKind,
        sink: &mut dyn Sink,
    ) -> Result<OwnerId, SinkError> {
        self.without += 1;
        if self.attribution.hierarchy() == Hierarchy::V1 {
            let id = self.attribution.resolve_pid(record.tgid, Instant::now());
            if id != ContainerId::UNKNOWN {
                return self.charged(id, kind, sink);
            }
        }
        if let Some(&owner) = self.none.get(&kind) {
            return Ok(owner);
        }
        let owner = sink.owner(kind, NO_GROUP)?;
        self.none.insert(kind, owner);
        Ok(owner)
    }

    /// The owner of a container, with what is known of it.
    fn charged(&self, id: ContainerId, kind: OwnerKind, sink: &mut dyn Sink) -> Result<OwnerId, SinkError> {
        let container = self.attribution.container(id);
        let owner = sink.owner(kind, container.key())?;
        Details::of(container).map_or(Ok(()), |details| sink.describe(owner, &details))?;
        Ok(owner)
    }

    /// The container of a group that this table has not met. A walk that began after the event and did not meet the
    /// group has come too late for it: the group is gone, and its name cannot be known any more.
    fn resolve(&mut self, record: &RingRecord) -> ContainerId {
        let deadline = Instant::now() + 4 * WALK_INTERVAL;
        loop {
            let (walks, begun, now) = (self.attribution.counts().walks, monotonic_ns(), Instant::now());
            let id = self.attribution.resolve_cgroup_id(record.cgroup, now);
            if self.attribution.counts().walks != walks {
                self.walked_ns = begun;
            }
            if id != ContainerId::UNKNOWN || self.walked_ns > record.time_ns || now > deadline {
                return id;
            }
            std::thread::sleep(WALK_INTERVAL);
        }
    }

    /// What is known of the container of a key.
    pub(in crate::sources) fn details(&self, key: &str) -> Option<Details> {
        self.attribution.keyed(key).and_then(Details::of)
    }

    /// Records so far that named no control group: the module states `attribution=none`.
    pub(in crate::sources) fn without(&self) -> u64 {
        self.without
    }
}

/// The kind of the owner of a record's event.
fn owner_kind(record: &RingRecord) -> OwnerKind {
    if record.flags & flag::CONTENT != 0 { OwnerKind::Sends } else { OwnerKind::Container }
}

/// The event of a record, charged to `owner`; nothing for a record that is no event.
pub(in crate::sources) fn event(record: &RingRecord, owner: OwnerId) -> Option<Event> {
    let what = match RingKind::from_code(record.kind)? {
        RingKind::Page => What::Page { class: page_class(record.flags), before: record.before, after: record.after },
        RingKind::Send if record.flags & flag::CONTENT != 0 => return Some(by_content(record, owner)),
        RingKind::Send => What::Send { socket: record.key, fingerprint: fingerprint(record) },
        RingKind::Sampling | RingKind::Loss => return None,
    };
    Some(Event { owner, length: record.length, what })
}

/// The event of a send by content; its length is without the head.
fn by_content(record: &RingRecord, owner: OwnerId) -> Event {
    let head = record.after.min(record.length);
    let length = record.length - head;
    let has = |bits: u16| record.flags & bits != 0;
    let why = match () {
        () if has(flag::ENCRYPTED) => Some(Unjudged::Encrypted),
        () if has(flag::TRUNCATED | flag::PARTIAL) => Some(Unjudged::Incomplete),
        () if length == 0 => Some(Unjudged::NoBody),
        () => None,
    };
    let what = match why {
        Some(why) => What::Unjudged { why, head },
        None => What::Body {
            peer: record.key,
            connection: record.unit,
            fingerprint: body_fingerprint(record.before, length),
            head,
        },
    };
    Event { owner, length, what }
}

/// CRC32C below, a non-zero hash of socket and length above. A send that was not read whole gets an upper half of its
/// own record, which no other send of its socket has.
fn fingerprint(record: &RingRecord) -> u64 {
    let upper = if record.flags & (flag::TRUNCATED | flag::PARTIAL) != 0 {
        hash(record.sequence ^ u64::from(record.cpu) << 48) as u32
    } else {
        hash(record.key ^ (u64::from(record.length) << 40)) as u32
    };
    u64::from(upper.max(1)) << 32 | u64::from(record.before)
}

/// Class of a judged page; a record that names none was not judged.
fn page_class(flags: u16) -> Class {
    match flags & (flag::AFTER_T | flag::AT_EXIT | flag::UNJUDGED) {
        flag::AFTER_T => Class::PageAfterT,
        flag::AT_EXIT => Class::PageAtExit,
        _ => Class::PageUnjudged,
    }
}
