//! Bit 56 of the pages of a huge page that is mapped whole: on older kernels it is that of the first page for all.

use std::ops::Range;

use crate::procfs::{PAGE_SIZE, PageEntry};

/// Bytes in a page, as addresses count them.
const PAGE: u64 = PAGE_SIZE as u64;
/// Bytes of a huge page: the smallest that this is compiled for; larger ones are a multiple.
const HUGE_PAGE: u64 = 2 << 20;

/// Takes what bit 56 states out of the entries in a range of addresses.
pub(crate) fn forget_exclusive(table: &mut [PageEntry], address: u64, range: Range<u64>) {
    let first = (range.start.max(address) - address) / PAGE;
    let end = (range.end.saturating_sub(address) / PAGE).min(table.len() as u64);
    for entry in table.iter_mut().take(end as usize).skip(first as usize) {
        *entry = entry.maybe_shared();
    }
}

/// Widens a range to whole huge pages, within a window: whether a page may be part of one is seen of all its pages
/// together.
pub(crate) fn whole(range: Range<u64>, window: Range<u64>) -> Range<u64> {
    let start = (range.start / HUGE_PAGE * HUGE_PAGE).max(window.start);
    start..range.end.next_multiple_of(HUGE_PAGE).min(window.end)
}

/// The ranges that a huge page may be mapped at whole where the kernel does not tell: all their entries are present
/// and say the same of bit 56.
pub(crate) fn maybe_huge(table: &[PageEntry], address: u64) -> Vec<Range<u64>> {
    let end = address + table.len() as u64 * PAGE;
    let first = address / HUGE_PAGE * HUGE_PAGE;
    let ranges = (first..end).step_by(HUGE_PAGE as usize).map(|start| start.max(address)..(start + HUGE_PAGE).min(end));
    let uniform = |range: &Range<u64>| {
        let of = |at: u64| ((at - address) / PAGE) as usize;
        let entries = &table[of(range.start)..of(range.end)];
        entries.iter().all(|entry| entry.present() && entry.exclusive() == entries[0].exclusive())
    };
    ranges.filter(uniform).collect()
}
