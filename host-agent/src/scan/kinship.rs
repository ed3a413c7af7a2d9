//! Who a process has memory from, where its parent has ended or it has changed what exec gave it.

use std::collections::HashMap;
use std::sync::Arc;

use super::FrameAccess;
use super::frame_flags::{FrameFlags, FrameKind};
use super::time_limit::TimeLimit;
use crate::procfs::{Mapping, PAGE_SIZE, PageEntry, Pagemap, ProcFs, ProcessStat};

/// Bytes in a page, as addresses count them.
const PAGE: u64 = PAGE_SIZE as u64;
/// Pages that are compared at once.
const CHUNK: u64 = 4096;
/// Pages of two processes that are compared at most, 4 GiB; what a fork handed down is found with the first few.
const MAX_PAGES: u64 = 1 << 20;
/// Addresses below are those of programs that are linked to a fixed address.
const RANDOM: u64 = 1 << 32;

/// Where the uppermost file of a program is mapped: device and inode of the file, and its address. Exec chooses the address and
/// fork hands it down.
pub(crate) type Place = ((u32, u32), u64, u64);

/// What is known of the kinship of processes.
pub(crate) trait Kinship {
    /// The 16 random bytes that exec gave a process and fork handed down, if they can be read. It can overwrite them.
    fn nonce(&mut self, process: &ProcessStat) -> Option<[u8; 16]>;

    /// Whether exec puts a process at addresses that are the same each time.
    fn is_fixed(&mut self, process: &ProcessStat) -> bool;

    /// The path of a process's program.
    fn program(&mut self, process: &ProcessStat) -> Option<String>;

    /// Where the program is mapped.
    fn place(&mut self, process: &ProcessStat) -> Option<Place>;

    /// Whether two processes with one program at one place have memory from each other; `None` where that cannot be known.
    fn are_kin(&mut self, a: &ProcessStat, b: &ProcessStat) -> Option<bool>;
}

/// The kinship of real processes.
pub(crate) struct LiveKinship<'a> {
    proc: &'a ProcFs,
    limit: &'a mut TimeLimit,
    access: FrameAccess,
    flags: Arc<FrameFlags>,
    mappings: HashMap<u32, Option<Arc<Vec<Mapping>>>>,
    /// By number of the process: whether its addresses are not random.
    fixed: HashMap<u32, bool>,
}

impl<'a> LiveKinship<'a> {
    /// Asks the given processes' files, each within the time limit.
    pub(crate) fn new(proc: &'a ProcFs, limit: &'a mut TimeLimit, access: FrameAccess, flags: Arc<FrameFlags>) -> Self {
        Self { proc, limit, access, flags, mappings: HashMap::new(), fixed: HashMap::new() }
    }

    /// The time limit of each file.
    pub(crate) fn limit(&mut self) -> &mut TimeLimit {
        self.limit
    }

    fn mappings(&mut self, process: &ProcessStat) -> Option<Arc<Vec<Mapping>>> {
        if let Some(known) = self.mappings.get(&process.pid) {
            return known.clone();
        }
        let (proc, task) = (self.proc.clone(), process.task());
        let read = self.limit.call(process, move || proc.bare_mappings(task).ok()).flatten().map(Arc::new);
        self.mappings.insert(process.pid, read.clone());
        read
    }

    fn pagemap(&mut self, process: &ProcessStat) -> Option<Arc<Pagemap>> {
        let (proc, task) = (self.proc.clone(), process.task());
        self.limit.call(process, move || proc.pagemap(task).ok())?.map(Arc::new)
    }

    fn entries(&mut self, process: &ProcessStat, map: &Arc<Pagemap>, start: u64, pages: u64) -> Option<Vec<PageEntry>> {
        let map = map.clone();
        self.limit.call(process, move || {
            let mut table = vec![PageEntry::default(); pages as usize];
            map.read(start, &mut table).ok().map(|()| table)
        })?
    }

    /// Whether two processes have a frame in common at one address that is neither a file's nor merged. Memory that all of a
    /// program's processes have from its start, relocated addresses for one, is hardly ever written.
    fn have_frame_in_common(&mut self, a: &ProcessStat, b: &ProcessStat) -> Option<bool> {
        let (of_a, of_b) = (self.mappings(a)?, self.mappings(b)?);
        let (map_a, map_b) = (self.pagemap(a)?, self.pagemap(b)?);
        let mut left = MAX_PAGES;
        for one in of_a.iter().filter(|mapping| !mapping.shared && !mapping.gate) {
            let first = of_b.partition_point(|other| other.end <= one.start);
            for other in of_b[first..].iter().take_while(|other| other.start < one.end) {
                if (other.device, other.inode, other.shared) != (one.device, one.inode, false) {
                    continue;
                }
                let (mut at, end) = (one.start.max(other.start), one.end.min(other.end));
                while at < end {
                    let pages = ((end - at) / PAGE).min(CHUNK);
                    left = left.checked_sub(pages)?;
                    let tables = (self.entries(a, &map_a, at, pages)?, self.entries(b, &map_b, at, pages)?);
                    if tables.0.iter().zip(&tables.1).any(|(a, b)| self.is_one_frame(*a, *b)) {
                        return Some(true);
                    }
                    at += pages * PAGE;
                }
            }
        }
        Some(false)
    }

    fn is_one_frame(&self, a: PageEntry, b: PageEntry) -> bool {
        let same = a.present() && b.present() && a.frame() == b.frame() && !a.exclusive() && !a.file_or_shared();
        // Nor is it the zero frame, or memory of a device.
        same && self.flags.kind(a.frame()) == Some(FrameKind::Anonymous) && self.flags.merged(a.frame()) == Some(false)
    }

    /// Whether exec has put a process at random addresses, as far as it can be known now.
    fn is_random(&self, process: &ProcessStat) -> bool {
        self.proc.has_random_addresses(process.task()) == Some(true)
    }
}

impl Kinship for LiveKinship<'_> {
    fn nonce(&mut self, process: &ProcessStat) -> Option<[u8; 16]> {
        let (proc, task) = (self.proc.clone(), process.task());
        self.limit.call(process, move || proc.exec_nonce(task).ok())?
    }

    fn is_fixed(&mut self, process: &ProcessStat) -> bool {
        if let Some(&known) = self.fixed.get(&process.pid) {
            return known;
        }
        let (proc, task) = (self.proc.clone(), process.task());
        let random = self.limit.call(process, move || proc.has_random_addresses(task)).flatten();
        self.fixed.insert(process.pid, random == Some(false));
        random == Some(false)
    }

    fn program(&mut self, process: &ProcessStat) -> Option<String> {
        self.proc.link(&format!("{}/exe", process.pid)).ok()
    }

    fn place(&mut self, process: &ProcessStat) -> Option<Place> {
        let mappings = self.mappings(process)?;
        let last = mappings.iter().rfind(|mapping| mapping.inode != 0 && !mapping.shared)?;
        Some((last.device, last.inode, last.start))
    }

    fn are_kin(&mut self, a: &ProcessStat, b: &ProcessStat) -> Option<bool> {
        if self.access == FrameAccess::Frames && self.flags.can_be_read() {
            return self.have_frame_in_common(a, b);
        }
        let random = self.place(a).is_some_and(|(_, _, address)| address >= RANDOM);
        (random && self.is_random(a) && self.is_random(b)).then_some(true)
    }
}
