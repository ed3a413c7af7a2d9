//! A family of real processes.

use std::cmp::Ordering;
use std::ops::Range;

use super::family::Family;
use super::frame_flags::FrameFlags;
use super::open_files::OpenFiles;
use super::view::FamilyView;
use super::{FrameAccess, ProcessCounts, Unread, UnreadCounts};
use crate::procfs::{Mapping, PageEntry, Pagemap, ProcError, ProcFs, ProcessMemory, ProcessStat, sys};

/// How often the mappings of a member are read until two lists agree.
const READINGS: usize = 4;

/// A member that can be looked at.
#[derive(Debug)]
struct Member {
    stat: ProcessStat,
    /// `None` while it is closed to save descriptors.
    pagemap: Option<Pagemap>,
    memory: ProcessMemory,
    mappings: Vec<Mapping>,
    pages: u64,
    contents_denied: bool,
}

/// A member that was given up before the comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lost {
    /// Why.
    pub reason: Unread,
    /// Its anonymous pages, in memory and in swap, as far as they are known.
    pub pages: u64,
}

/// The members of a family that can be looked at, the eldest first.
#[derive(Debug)]
pub(crate) struct LiveFamily<'a> {
    proc: &'a ProcFs,
    flags: &'a FrameFlags,
    members: Vec<Member>,
    open: OpenFiles,
    lost: Vec<Lost>,
    in_motion: Vec<usize>,
}

impl<'a> LiveFamily<'a> {
    /// Opens every member that lives and may be looked at; the others are counted. A single
    /// one that remains is counted as alone, and there is nothing to compare.
    pub(crate) fn open(
        proc: &'a ProcFs,
        flags: &'a FrameFlags,
        access: FrameAccess,
        family: &Family,
        counts: &mut ProcessCounts,
    ) -> Self {
        let mut live = Self {
            proc,
            flags,
            members: Vec::with_capacity(family.members.len()),
            open: OpenFiles::new(family.members.len()),
            lost: Vec::new(),
            in_motion: Vec::new(),
        };
        let comparable = comparable(proc);
        // Numbers of members in the kernel's order of their memories.
        let mut memories: Vec<u32> = Vec::with_capacity(family.members.len());
        for stat in &family.members {
            let pages = anonymous_pages(proc, stat);
            let (member, settled) = match live.open_member(stat, pages) {
                Ok(opened) => opened,
                Err(reason) => {
                    match reason {
                        Unread::Vanished => counts.vanished += 1,
                        _ => counts.unreadable += 1,
                    }
                    live.lost.push(Lost { reason, pages });
                    continue;
                }
            };
            // A child of vfork borrows its parent's memory.
            let number = stat.task().number();
            let place = match comparable {
                true => place_in_order(&memories, number),
                false => None,
            };
            match place {
                Some(Ok(_)) => {
                    counts.sharing_memory += 1;
                    continue;
                }
                Some(Err(place)) => memories.insert(place, number),
                // With frame numbers such a child shows the frames of its parent, and no copy.
                None if access == FrameAccess::ExclusiveBit && live.may_borrow(stat) => {
                    counts.unreadable += 1;
                    live.lost.push(Lost { reason: Unread::OwnMemoryUnknown, pages });
                    continue;
                }
                None => {}
            }
            if !settled {
                live.in_motion.push(live.members.len());
            }
            live.add(member);
        }
        match live.members.len() {
            1 => counts.alone += 1,
            members => counts.scanned += members as u64,
        }
        live
    }

    /// The process numbers of the members.
    pub(crate) fn pids(&self) -> impl Iterator<Item = u32> {
        self.members.iter().map(|member| member.stat.pid)
    }

    /// The anonymous pages of each member, in memory and in swap.
    pub(crate) fn pages(&self) -> Vec<u64> {
        self.members.iter().map(|member| member.pages).collect()
    }

    /// Members that were given up before the comparison.
    pub(crate) fn lost(&self) -> &[Lost] {
        &self.lost
    }

    /// Members whose mappings changed each time that they were read.
    pub(crate) fn in_motion(&self) -> &[usize] {
        &self.in_motion
    }

    /// Members whose contents were denied.
    pub(crate) fn contents_denied(&self) -> u64 {
        self.members.iter().filter(|member| member.contents_denied).count() as u64
    }

    /// The mappings of the members, which are taken away.
    pub(crate) fn take_mappings(&mut self) -> Vec<Vec<Mapping>> {
        self.members.iter_mut().map(|member| std::mem::take(&mut member.mappings)).collect()
    }

    /// Opens one member, and whether its mappings stayed while they were read. The pagemap comes first: it stays with
    /// the memory of this moment, so that whatever is read later of another memory, after an exec, is never judged.
    ///
    /// A first thread that ended after the listing shows no mappings any more; then another one is asked.
    fn open_member(&mut self, stat: &ProcessStat, pages: u64) -> Result<(Member, bool), Unread> {
        let opened = self.open_task(stat, pages);
        if stat.thread.is_none() && !matches!(&opened, Ok((member, _)) if !member.mappings.is_empty()) {
            let now = self.proc.process(stat.pid).ok().filter(|now| now.thread.is_some() && same_program(stat, now));
            if let Some(now) = now {
                return self.open_task(&now, pages);
            }
        }
        opened
    }

    fn open_task(&mut self, stat: &ProcessStat, pages: u64) -> Result<(Member, bool), Unread> {
        let unread = |error: ProcError| reason(&error, stat);
        let proc = self.proc;
        let pagemap = self.descriptor(|| proc.pagemap(stat.task())).map_err(unread)?;
        let (mappings, settled) = self.mappings(stat).map_err(unread)?;
        let now = self.descriptor(|| proc.process(stat.pid)).map_err(unread)?;
        if !same_program(stat, &now) {
            return Err(Unread::Vanished);
        }
        if stat.thread.is_some() && mappings.is_empty() {
            return Err(Unread::MainThreadEnded);
        }
        let memory = proc.memory(stat.task());
        let member = Member { stat: *stat, pagemap: Some(pagemap), memory, mappings, pages, contents_denied: false };
        Ok((member, settled))
    }

    /// Reads the mappings with their counts until the list is the same afterwards: the kernel lets the program map
    /// and unmap between two of its lines.
    fn mappings(&mut self, stat: &ProcessStat) -> Result<(Vec<Mapping>, bool), ProcError> {
        let proc = self.proc;
        let mut mappings = Vec::new();
        for _ in 0..READINGS {
            mappings = self.descriptor(|| proc.mappings(stat.task()))?;
            let after = self.descriptor(|| proc.bare_mappings(stat.task()))?;
            if covered(&mappings) == covered(&after) {
                return Ok((mappings, true));
            }
        }
        Ok((mappings, false))
    }

    fn add(&mut self, member: Member) {
        self.members.push(member);
        self.open.opened(self.members.len() - 1);
        self.keep_within_limit();
    }

    /// Does something that needs a descriptor, after closing others where none is left.
    fn descriptor<T>(&mut self, mut action: impl FnMut() -> Result<T, ProcError>) -> Result<T, ProcError> {
        loop {
            match action() {
                Err(ProcError::Descriptors { path }) => {
                    let Some(member) = self.open.least_recent() else {
                        return Err(ProcError::Descriptors { path });
                    };
                    self.close(member);
                }
                outcome => return outcome,
            }
        }
    }

    fn keep_within_limit(&mut self) {
        while let Some(member) = self.open.surplus() {
            self.close(member);
        }
    }

    fn close(&mut self, member: usize) {
        self.members[member].pagemap = None;
        self.members[member].memory.close();
    }

    /// Opens the pagemap of a member again, after it was closed to save descriptors, and checks that it still is
    /// that of the same program.
    fn reopen(&mut self, member: usize) -> Result<(), Unread> {
        if self.members[member].pagemap.is_none() {
            let (proc, stat) = (self.proc, self.members[member].stat);
            let unread = |error: ProcError| reason(&error, &stat);
            let pagemap = self.descriptor(|| proc.pagemap(stat.task())).map_err(unread)?;
            let now = self.descriptor(|| proc.process(stat.pid)).map_err(unread)?;
            if !same_program(&stat, &now) {
                return Err(Unread::Vanished);
            }
            self.members[member].pagemap = Some(pagemap);
        }
        self.open.opened(member);
        self.keep_within_limit();
        Ok(())
    }

    /// Whether a process may have borrowed the memory of a member, where the kernel does not compare: it counts the
    /// same of its memory as the process that created it, or as any member if that one is not among them.
    fn may_borrow(&self, stat: &ProcessStat) -> bool {
        let creator = self.members.iter().find(|member| member.stat.pid == stat.parent);
        match creator {
            Some(creator) => self.equal_counts(&creator.stat, stat),
            None => self.members.iter().any(|member| self.equal_counts(&member.stat, stat)),
        }
    }

    /// Whether two processes count the same of their memories. They are different memories when one shows the same
    /// before and after the other was read, and the other something else.
    fn equal_counts(&self, a: &ProcessStat, b: &ProcessStat) -> bool {
        let lines = |stat: &ProcessStat| self.proc.memory_lines(stat.task()).ok();
        for _ in 0..READINGS {
            let (before, other, after) = (lines(a), lines(b), lines(a));
            if before.is_some() && before == after {
                return other.is_none() || other == before;
            }
        }
        true
    }
}

/// Why a member is given up after an error.
fn reason(error: &ProcError, stat: &ProcessStat) -> Unread {
    match error {
        ProcError::Vanished { .. } if stat.thread.is_some() => Unread::MainThreadEnded,
        ProcError::Vanished { .. } => Unread::Vanished,
        ProcError::Denied { .. } => Unread::Permission,
        ProcError::Descriptors { .. } => Unread::Descriptors,
        _ => Unread::Other,
    }
}

/// Whether a process still runs the program that was listed.
fn same_program(listed: &ProcessStat, now: &ProcessStat) -> bool {
    now.start_time == listed.start_time
        && now.layout == listed.layout
        && now.forked_without_exec == listed.forked_without_exec
        && now.has_memory()
}

/// Anonymous pages of a process, in memory and in swap; 0 where they are not shown.
pub(crate) fn anonymous_pages(proc: &ProcFs, stat: &ProcessStat) -> u64 {
    let Ok(status) = proc.status(stat.task()) else {
        return 0;
    };
    let bytes = status.resident_anonymous.unwrap_or(0).saturating_add(status.swapped.unwrap_or(0));
    bytes / crate::procfs::PAGE_SIZE as u64
}

/// Whether the kernel compares memories of the processes that `/proc` shows: the call may be forbidden, and its
/// numbers are those of our own PID namespace.
pub(crate) fn comparable(proc: &ProcFs) -> bool {
    let own = std::process::id();
    proc.own_pid().is_ok_and(|pid| pid == own) && sys::compare_memory(own, own).is_ok()
}

/// The place of a memory in the kernel's order, as of a binary search; `None` where a comparison was refused.
fn place_in_order(memories: &[u32], number: u32) -> Option<Result<usize, usize>> {
    let mut refused = false;
    let place = memories.binary_search_by(|&other| {
        sys::compare_memory(other, number).unwrap_or_else(|_| {
            refused = true;
            Ordering::Less
        })
    });
    (!refused).then_some(place)
}

/// Addresses and origin of a mapping, or of several that follow each other and have the same origin.
#[derive(PartialEq, Eq)]
struct Covered {
    start: u64,
    end: u64,
    device: (u32, u32),
    inode: u64,
    shared: bool,
}

/// The addresses that mappings cover, by origin, however they are cut into pieces.
fn covered(mappings: &[Mapping]) -> Vec<Covered> {
    let mut covered: Vec<Covered> = Vec::with_capacity(mappings.len());
    for mapping in mappings {
        let Mapping { start, end, device, inode, shared, .. } = *mapping;
        match covered.last_mut() {
            Some(last) if last.end == start && (last.device, last.inode, last.shared) == (device, inode, shared) => {
                last.end = end;
            }
            _ => covered.push(Covered { start, end, device, inode, shared }),
        }
    }
    covered
}

impl FamilyView for LiveFamily<'_> {
    fn entries(&mut self, member: usize, address: u64, entries: &mut [PageEntry]) -> Result<(), Unread> {
        self.reopen(member)?;
        let Member { pagemap: Some(pagemap), stat, .. } = &self.members[member] else {
            return Err(Unread::Other);
        };
        pagemap.read(address, entries).map_err(|error| match reason(&error, stat) {
            // The memory is gone, whichever thread it was opened through.
            Unread::MainThreadEnded => Unread::Vanished,
            reason => reason,
        })
    }

    fn contents(&mut self, member: usize, addresses: &[u64], out: &mut [u8], readable: &mut [bool]) {
        self.open.opened(member);
        self.keep_within_limit();
        loop {
            match self.members[member].memory.open() {
                Err(ProcError::Descriptors { .. }) => match self.open.least_recent() {
                    Some(other) => self.close(other),
                    None => break,
                },
                Err(error) => {
                    self.members[member].contents_denied |= error.is_denied();
                    break;
                }
                Ok(()) => break,
            }
        }
        self.members[member].memory.read_pages(addresses, out, readable);
    }

    fn huge(&mut self, member: usize, range: Range<u64>) -> Option<Vec<Range<u64>>> {
        self.reopen(member).ok()?;
        self.members[member].pagemap.as_ref()?.huge(range).ok()
    }

    fn populated(&mut self, member: usize, range: Range<u64>) -> Option<Vec<Range<u64>>> {
        self.reopen(member).ok()?;
        self.members[member].pagemap.as_ref()?.populated(range).ok()
    }

    fn merged(&mut self, frame: u64) -> Option<bool> {
        self.flags.merged(frame)
    }
}

/// Counts members that were given up by their reason.
pub(crate) fn unread_counts(lost: &[Lost]) -> UnreadCounts {
    let mut counts = UnreadCounts::default();
    lost.iter().for_each(|lost| counts.add(lost.reason, 1));
    counts
}
