//! A family of real processes.

use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use super::borrowed::{comparable, may_borrow, place_in_order};
use super::family::Family;
use super::frame_flags::FrameFlags;
use super::mappings::{self, Listed};
use super::open_files::OpenFiles;
use super::time_limit::TimeLimit;
use super::view::{FamilyView, SMALL_HOLE};
use super::{FrameAccess, ProcessCounts, Unread, UnreadCounts};
use crate::procfs::{Mapping, PAGE_SIZE, PageEntry, Pagemap, ProcError, ProcFs, ProcessMemory, ProcessStat};

/// Bytes of a mapping that `smaps` may count while the process goes on with its work: a stall below 10 ms.
const NO_STALL: u64 = 128 << 20;

/// A member that can be looked at.
#[derive(Debug)]
struct Member {
    stat: ProcessStat,
    /// `None` while it is closed to save descriptors.
    pagemap: Option<Arc<Pagemap>>,
    memory: Arc<Mutex<ProcessMemory>>,
    mappings: Vec<Mapping>,
    /// Bytes of its largest mapping, where that was too large to read the flags of its mappings.
    large: Option<u64>,
    /// Addresses that it has excluded from forks, once they were asked for.
    excluded: Option<Result<Vec<Range<u64>>, Unread>>,
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

/// How the processes of a family are read.
#[derive(Debug)]
pub(crate) struct Reading<'a> {
    /// Their files.
    pub proc: ProcFs,
    /// Flags of frames.
    pub flags: Arc<FrameFlags>,
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
    reading: Reading<'a>,
    members: Vec<Member>,
    /// Buffers of the last look, to be used again.
    spare: (Vec<PageEntry>, Vec<u8>),
    open: OpenFiles,
    lost: Vec<Lost>,
    in_motion: Vec<usize>,
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
        };
        let comparable = comparable(&proc);
        // Numbers of members in the kernel's order of their memories.
        let mut memories: Vec<u32> = Vec::with_capacity(family.members.len());
        for stat in &family.members {
            let pages = anonymous_pages(&proc, stat);
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
        let flags = flags.then(|| self.reading.flags.clone());
        let map = pagemap.clone();
        let listed = self.ask(stat, move |proc| mappings::read(proc, task, &map, flags.as_deref())).map_err(unread)?;
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
    fn ask<T: Send + 'static>(
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

    fn keep_within_limit(&mut self) {
        while let Some(member) = self.open.surplus() {
            self.close(member);
        }
    }

    fn close(&mut self, member: usize) {
        self.members[member].pagemap = None;
        // A thread that was left behind with the file keeps it.
        if let Ok(mut memory) = self.members[member].memory.try_lock() {
            memory.close();
        }
    }

    /// Opens the pagemap of a member again, after it was closed to save descriptors, and checks that it still is
    /// that of the same program.
    fn reopen(&mut self, member: usize) -> Result<Arc<Pagemap>, Unread> {
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

    /// Asks the kernel for runs of pages of a member.
    fn runs(
        &mut self,
        member: usize,
        action: impl FnOnce(&Pagemap) -> std::io::Result<Vec<Range<u64>>> + Send + 'static,
    ) -> Option<Vec<Range<u64>>> {
        let pagemap = self.reopen(member).ok()?;
        let stat = self.members[member].stat;
        self.reading.limit.call(&stat, move || action(&pagemap).ok())?
    }
}

/// Why a member is given up after an error.
fn reason(error: &ProcError, stat: &ProcessStat) -> Unread {
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
    let Ok(status) = proc.status(stat.task()) else {
        return 0;
    };
    let bytes = status.resident_anonymous.unwrap_or(0).saturating_add(status.swapped.unwrap_or(0));
    bytes / crate::procfs::PAGE_SIZE as u64
}

impl FamilyView for LiveFamily<'_> {
    fn entries(&mut self, member: usize, address: u64, entries: &mut [PageEntry]) -> Result<(), Unread> {
        let pagemap = self.reopen(member)?;
        let stat = self.members[member].stat;
        let mut table = std::mem::take(&mut self.spare.0);
        table.resize(entries.len(), PageEntry::default());
        let look = move || pagemap.read(address, &mut table).map(|()| table);
        match self.reading.limit.call(&stat, look).ok_or(Unread::Hung)? {
            Ok(table) => {
                entries.copy_from_slice(&table);
                self.spare.0 = table;
                Ok(())
            }
            // The memory is gone, whichever thread it was opened through.
            Err(error) => Err(match reason(&error, &stat) {
                Unread::MainThreadEnded => Unread::Vanished,
                reason => reason,
            }),
        }
    }

    fn contents(&mut self, member: usize, addresses: &[u64], out: &mut [u8], readable: &mut [bool]) {
        self.open.opened(member);
        self.keep_within_limit();
        readable.fill(false);
        let stat = self.members[member].stat;
        loop {
            let memory = self.members[member].memory.clone();
            let open = move || memory.lock().unwrap_or_else(PoisonError::into_inner).open();
            match self.reading.limit.call(&stat, open) {
                Some(Err(ProcError::Descriptors { .. })) => match self.open.least_recent() {
                    Some(other) => self.close(other),
                    None => return,
                },
                Some(Err(error)) => {
                    self.members[member].contents_denied |= error.is_denied();
                    return;
                }
                Some(Ok(())) => break,
                None => return,
            }
        }
        let memory = self.members[member].memory.clone();
        let (addresses, mut bytes) = (addresses.to_vec(), std::mem::take(&mut self.spare.1));
        let mut read = vec![false; addresses.len()];
        bytes.resize(addresses.len() * PAGE_SIZE, 0);
        let look = move || {
            memory.lock().unwrap_or_else(PoisonError::into_inner).read_pages(&addresses, &mut bytes, &mut read);
            (bytes, read)
        };
        if let Some((bytes, read)) = self.reading.limit.call(&stat, look) {
            out.copy_from_slice(&bytes);
            readable.copy_from_slice(&read);
            self.spare.1 = bytes;
        }
    }

    fn huge(&mut self, member: usize, range: Range<u64>) -> Option<Vec<Range<u64>>> {
        self.runs(member, move |pagemap| pagemap.huge(range))
    }

    fn populated(&mut self, member: usize, range: Range<u64>) -> Option<Vec<Range<u64>>> {
        self.runs(member, move |pagemap| pagemap.populated(range, SMALL_HOLE))
    }

    fn not_inherited(&mut self, members: &[usize], range: Range<u64>) -> bool {
        members.iter().any(|&member| {
            let Some(large) = self.members[member].large else {
                return false;
            };
            // What would stall the process is not asked for; then it may be so.
            if large > NO_STALL && !self.reading.may_stall {
                return true;
            }
            let stat = self.members[member].stat;
            if self.members[member].excluded.is_none() {
                let excluded = self.ask(&stat, move |proc| mappings::excluded(proc, stat.task()));
                self.members[member].excluded = Some(excluded.map_err(|error| reason(&error, &stat)));
            }
            match &self.members[member].excluded {
                Some(Ok(excluded)) => excluded.iter().any(|one| one.start < range.end && range.start < one.end),
                _ => true,
            }
        })
    }

    fn merged(&mut self, frame: u64) -> Option<bool> {
        self.reading.flags.merged(frame)
    }
}

/// Counts members that were given up by their reason.
pub(crate) fn unread_counts(lost: &[Lost]) -> UnreadCounts {
    let mut counts = UnreadCounts::default();
    lost.iter().for_each(|lost| counts.add(lost.reason, 1));
    counts
}
