//! A family of real processes.

use std::cmp::Ordering;

use super::ProcessCounts;
use super::family::Family;
use super::view::{FamilyView, Gone};
use crate::procfs::{Mapping, PageEntry, Pagemap, ProcError, ProcFs, ProcessMemory, ProcessStat, sys};

/// A member that can be looked at.
#[derive(Debug)]
struct Member {
    stat: ProcessStat,
    pagemap: Pagemap,
    memory: ProcessMemory,
    mappings: Vec<Mapping>,
}

/// The members of a family that can be looked at, the eldest first.
#[derive(Debug)]
pub(crate) struct LiveFamily {
    members: Vec<Member>,
}

impl LiveFamily {
    /// Opens every member that lives and may be looked at; the others are counted. A single
    /// one that remains is counted as alone, and there is nothing to compare.
    pub(crate) fn open(proc: &ProcFs, family: &Family, counts: &mut ProcessCounts) -> Self {
        let mut members: Vec<Member> = Vec::with_capacity(family.members.len());
        // Numbers of members in the kernel's order of their memories.
        let mut memories: Vec<u32> = Vec::with_capacity(family.members.len());
        for stat in &family.members {
            let member = match open(proc, stat) {
                Ok(member) => member,
                Err(error) => {
                    match error.is_vanished() {
                        true => counts.vanished += 1,
                        false => counts.unreadable += 1,
                    }
                    continue;
                }
            };
            // A child of vfork borrows its parent's memory. Where the kernel will not compare,
            // such a child shows the same frames, and only the exclusive bit is misled.
            let place =
                memories.binary_search_by(|&other| sys::compare_memory(other, stat.pid).unwrap_or(Ordering::Less));
            match place {
                Ok(_) => counts.sharing_memory += 1,
                Err(place) => {
                    memories.insert(place, stat.pid);
                    members.push(member);
                }
            }
        }
        match members.len() {
            1 => counts.alone += 1,
            members => counts.scanned += members as u64,
        }
        Self { members }
    }

    /// The process numbers of the members.
    pub(crate) fn pids(&self) -> impl Iterator<Item = u32> {
        self.members.iter().map(|member| member.stat.pid)
    }

    /// The mappings of the members, which are taken away.
    pub(crate) fn take_mappings(&mut self) -> Vec<Vec<Mapping>> {
        self.members.iter_mut().map(|member| std::mem::take(&mut member.mappings)).collect()
    }
}

/// Opens one member. The pagemap comes first: it stays with the memory of this moment, so that
/// whatever is read later of another memory, after an exec, is never judged.
fn open(proc: &ProcFs, stat: &ProcessStat) -> Result<Member, ProcError> {
    let pagemap = proc.pagemap(stat.pid)?;
    let mappings = proc.mappings(stat.pid)?;
    let now = proc.stat(stat.pid)?;
    let same = now.start_time == stat.start_time
        && now.layout == stat.layout
        && now.forked_without_exec == stat.forked_without_exec
        && now.has_memory();
    if !same {
        return Err(ProcError::Vanished { path: format!("process {}", stat.pid) });
    }
    Ok(Member { stat: *stat, pagemap, memory: proc.memory(stat.pid), mappings })
}

impl FamilyView for LiveFamily {
    fn entries(&mut self, member: usize, address: u64, entries: &mut [PageEntry]) -> Result<(), Gone> {
        self.members[member].pagemap.read(address, entries).map_err(|_| Gone)
    }

    fn contents(&mut self, member: usize, addresses: &[u64], out: &mut [u8], readable: &mut [bool]) {
        self.members[member].memory.read_pages(addresses, out, readable);
    }
}
