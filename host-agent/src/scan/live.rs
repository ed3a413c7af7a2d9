//! A family of real processes.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::{Arc, Mutex};

use super::borrowed::{comparable, may_borrow, place_in_order};
use super::family::Family;
use super::frame_flags::FrameFlags;
use super::lineage::{Ancestor, Lineage};
use super::mappings::{self, Listed};
use super::open_files::OpenFiles;
use super::time_limit::TimeLimit;
use super::{FrameAccess, ProcessCounts, Unread, UnreadCounts};
use crate::procfs::mapping_flags::MappingFlags;
use crate::procfs::{Mapping, PageEntry, Pagemap, ProcError, ProcFs, ProcessMemory, ProcessStat};

/// A member that can be looked at.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) stat: ProcessStat,
    /// `None` while it is closed to save descriptors.
    pub(super) pagemap: Option<Arc<Pagemap>>,
    pub(super) memory: Arc<Mutex<ProcessMemory>>,
    pub(super) mappings: Vec<Mapping>,
    /// Bytes of its largest mapping, where that was too large to read the flags of its mappings.
    pub(super) large: Option<u64>,
    /// Addresses that it has excluded from forks, once they were asked for.
    pub(super) excluded: Option<Result<Vec<Range<u64>>, Unread>>,
    pub(super) pages: u64,
    pub(super) contents_denied: bool,
}

/// A member that was given up before the comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lost {
    /// Why.
    pub reason: Unread,
    /// Its anonymous pages, in memory and in swap, as far as they are known.
    pub pages: u64,
}

/// How the processes of a family are read.
#[derive(Debug)]
pub(crate) struct Reading<'a> {
    /// Their files.
    pub proc: ProcFs,
    /// Flags of frames.
    pub flags: Arc<FrameFlags>,
    /// Flags of mappings.
    pub mapping_flags: Arc<MappingFlags>,
    /// How frames are distinguished.
    pub access: FrameAccess,
    /// Gives a process up that does not answer.
    pub limit: &'a mut TimeLimit,
    /// A process may be stalled where its numbers would be less exact without.
    pub may_stall: bool,
}

/// The members of a family that can be looked at, the eldest first.
#[derive(Debug)]
pub(crate) struct LiveFamily<'a> {
    pub(super) reading: Reading<'a>,
    pub(super) members: Vec<Member>,
    /// Buffers of the last look, to be used again.
    pub(super) spare: (Vec<PageEntry>, Vec<u8>),
    pub(super) open: OpenFiles,
    lost: Vec<Lost>,
    in_motion: Vec<usize>,
    /// Members that have the memory of another one, with its process number.
    borrowers: Vec<(u32, u32)>,
}

impl<'a> LiveFamily<'a> {
    /// Opens every member that lives and may be looked at; the others are counted. A single
    /// one that remains is counted as alone, and there is nothing to compare.
    pub(crate) fn open(reading: Reading<'a>, family: &Family, counts: &mut ProcessCounts) -> Self {
        let (proc, access) = (reading.proc.clone(), reading.access);
        let mut live = Self {
            reading,
            members: Vec::with_capacity(family.members.len()),
            spare: Default::default(),
            open: OpenFiles::new(family.members.len()),
            lost: Vec::new(),
            in_motion: Vec::new(),
            borrowers: Vec::new(),
        };
        let comparable = comparable(&proc);
        // Numbers of members in the kernel's order of their memories.
        let mut memories: Vec<u32> = Vec::with_capacity(family.members.len());
        for (stat, &listed) in family.members.iter().zip(&family.pages) {
            // One that has ended shows none any more.
            let pages = listed.max(anonymous_pages(&proc, stat));
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
                Some(Ok(place)) => {
                    live.borrowers.push((stat.pid, memories[place]));
                    counts.sharing_memory += 1;
                    continue;
                }
                Some(Err(place)) => memories.insert(place, number),
                // With frame numbers such a child shows the frames of its parent, and no copy.
                None if access == FrameAccess::ExclusiveBit
                    && may_borrow(&proc, live.members.iter().map(|member| &member.stat), stat) =>
                {
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

    /// The fork tree of the members.
    pub(crate) fn lineage(&self, family: &Family) -> Lineage {
        let numbers = self.members.iter().enumerate().map(|(index, member)| (member.stat.pid, index));
        let mut by_pid: HashMap<u32, usize> = numbers.collect();
        for &(borrower, task) in &self.borrowers {
            let owner = self.members.iter().position(|member| member.stat.task().number() == task);
            owner.and_then(|owner| by_pid.insert(borrower, owner));
        }
        let listed: HashSet<u32> = family.members.iter().map(|member| member.pid).collect();
        let above = |member: &Member| match (by_pid.get(&member.stat.parent), member.stat.forked_without_exec) {
            (_, false) => Ancestor::Exec,
            (Some(&parent), _) => Ancestor::Member(parent),
            (None, _) if listed.contains(&member.stat.parent) => Ancestor::Unread,
            (None, _) => Ancestor::Ended,
        };
        Lineage::new(self.members.iter().map(above).collect())
    }

    /// Members that were given up before the comparison.
    pub(crate) fn lost(&self) -> &[Lost] {
        &self.lost
    }

    /// Number of members that have the memory of another one.
    pub(crate) fn borrowing(&self) -> u64 {
        self.borrowers.len() as u64
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
            let now = self.reading.proc.process(stat.pid).ok();
            let now = now.filter(|now| now.thread.is_some() && same_program(stat, now));
            if let Some(now) = now {
                return self.open_task(&now, pages);
            }
        }
        opened
    }

    fn open_task(&mut self, stat: &ProcessStat, pages: u64) -> Result<(Member, bool), Unread> {
        let unread = |error: ProcError| reason(&error, stat);
        let task = stat.task();
        let pagemap = self.ask(stat, move |proc| proc.pagemap(task).map(Arc::new)).map_err(unread)?;
        let flags = self.reading.access == FrameAccess::Frames && self.reading.flags.can_be_read();
        let flags = flags.then(|| (self.reading.flags.clone(), self.reading.mapping_flags.clone()));
        let map = pagemap.clone();
        let read = move |proc: &ProcFs| {
            let flags = flags.as_ref().map(|(frames, mappings)| (&**frames, &**mappings));
            mappings::read(proc, task, &map, flags)
        };
        let listed = self.ask(stat, read).map_err(unread)?;
        let Listed { mappings, settled, large } = listed;
        let pid = stat.pid;
        let now = self.ask(stat, move |proc| proc.process(pid)).map_err(unread)?;
        if !same_program(stat, &now) {
            return Err(Unread::Vanished);
        }
        if stat.thread.is_some() && mappings.is_empty() {
            return Err(Unread::MainThreadEnded);
        }
        let memory = Arc::new(Mutex::new(self.reading.proc.memory(task)));
        let (pagemap, excluded, contents_denied) = (Some(pagemap), None, false);
        Ok((Member { stat: *stat, pagemap, memory, mappings, large, excluded, pages, contents_denied }, settled))
    }

    fn add(&mut self, member: Member) {
        self.members.push(member);
        self.open.opened(self.members.len() - 1);
        self.keep_within_limit();
    }

    /// Reads something of a process within the time limit, after closing files of others where no descriptor is left.
    pub(super) fn ask<T: Send + 'static>(
        &mut self,
        stat: &ProcessStat,
        action: impl Fn(&ProcFs) -> Result<T, ProcError> + Send + Sync + 'static,
    ) -> Result<T, ProcError> {
        let action = Arc::new(action);
        loop {
            let (proc, action) = (self.reading.proc.clone(), action.clone());
            let outcome = self.reading.limit.call(stat, move || action(&proc));
            match outcome.unwrap_or(Err(ProcError::Hung { pid: stat.pid })) {
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

    pub(super) fn keep_within_limit(&mut self) {
        while let Some(member) = self.open.surplus() {
            self.close(member);
        }
    }

    pub(super) fn close(&mut self, member: usize) {
        self.members[member].pagemap = None;
        // A thread that was left behind with the file keeps it.
        if let Ok(mut memory) = self.members[member].memory.try_lock() {
            memory.close();
        }
    }

    /// Opens the pagemap of a member again, after it was closed to save descriptors, and checks that it still is
    /// that of the same program.
    pub(super) fn reopen(&mut self, member: usize) -> Result<Arc<Pagemap>, Unread> {
        let pagemap = match &self.members[member].pagemap {
            Some(pagemap) => pagemap.clone(),
            None => {
                let stat = self.members[member].stat;
                let unread = |error: ProcError| reason(&error, &stat);
                let (task, pid) = (stat.task(), stat.pid);
                let pagemap = self.ask(&stat, move |proc| proc.pagemap(task).map(Arc::new)).map_err(unread)?;
                let now = self.ask(&stat, move |proc| proc.process(pid)).map_err(unread)?;
                if !same_program(&stat, &now) {
                    return Err(Unread::Vanished);
                }
                self.members[member].pagemap.insert(pagemap).clone()
            }
        };
        self.open.opened(member);
        self.keep_within_limit();
        Ok(pagemap)
    }
}

/// Why a member is given up after an error.
pub(super) fn reason(error: &ProcError, stat: &ProcessStat) -> Unread {
    match error {
        ProcError::Vanished { .. } if stat.thread.is_some() => Unread::MainThreadEnded,
        ProcError::Vanished { .. } => Unread::Vanished,
        ProcError::Denied { .. } => Unread::Permission,
        ProcError::Descriptors { .. } => Unread::Descriptors,
        ProcError::Hung { .. } => Unread::Hung,
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
    anonymous(proc, stat).unwrap_or(0)
}

/// Anonymous pages of a process, in memory and in swap; `None` without memory.
pub(crate) fn anonymous(proc: &ProcFs, stat: &ProcessStat) -> Option<u64> {
    let status = proc.status(stat.task()).ok()?;
    let bytes = status.resident_anonymous?.saturating_add(status.swapped.unwrap_or(0));
    Some(bytes / crate::procfs::PAGE_SIZE as u64)
}

/// Counts members that were given up by their reason.
pub(crate) fn unread_counts(lost: &[Lost]) -> UnreadCounts {
    let mut counts = UnreadCounts::default();
    lost.iter().for_each(|lost| counts.add(lost.reason, 1));
    counts
}
