//! Addresses that are looked at together, and those of them that are looked at again.

use std::ops::Range;

use super::DoubtCounts;
use super::overlap::Traits;
use crate::procfs::PAGE_SIZE;

/// Bytes in a page, as records and addresses count them.
pub(super) const PAGE: u64 = PAGE_SIZE as u64;
/// Entries that are held at once, of all members together: 8 MiB.
const WINDOW_ENTRIES: usize = 1 << 20;
/// Pages of the address space in one window at most: 16 MiB.
pub(super) const WINDOW_PAGES: usize = 4096;

/// An address with two or more distinct frames.
#[derive(Debug)]
pub(super) struct Place {
    /// Pages behind the start of the window.
    pub(super) page: usize,
    /// Its holders in the pool.
    pub(super) holders: Range<usize>,
    /// Distinct frames.
    pub(super) frames: usize,
    /// Pages there of which each may be one more copy, counted with the place.
    pub(super) doubts: DoubtCounts,
    /// Members that have a page there.
    pub(super) pages: usize,
    /// A frame has moved here before.
    pub(super) moved: bool,
}

/// Consecutive pages of some members.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window<'w> {
    pub(super) members: &'w [usize],
    pub(super) traits: Traits,
    pub(super) start: u64,
    pub(super) pages: usize,
}

/// An address that has to be looked at again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Unsettled {
    pub(super) address: u64,
    /// A frame there has moved while its content was read; the next time is the last.
    pub(super) moved: bool,
    /// Members that had a page there, at the look with the most.
    pub(super) pages: usize,
}

/// Addresses of some members to look at later.
pub(super) struct Later {
    pub(super) members: Vec<usize>,
    pub(super) traits: Traits,
    pub(super) places: Vec<Unsettled>,
}

/// Returns start and pages of the windows in a range of addresses, for that many members.
pub(super) fn windows(start: u64, end: u64, members: usize) -> impl Iterator<Item = (u64, usize)> {
    let window = (WINDOW_ENTRIES / members.max(1)).clamp(64, WINDOW_PAGES) as u64 * PAGE;
    let count = (end - start).div_ceil(window);
    (0..count).map(move |number| {
        let start = start + number * window;
        (start, ((end - start).min(window) / PAGE) as usize)
    })
}
