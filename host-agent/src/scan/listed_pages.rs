//! Pages that a member had when its mappings were listed, and that were not at their addresses when these were looked at.
//!
//! A program that moves memory (`mremap`) meanwhile can have its pages elsewhere both times. Nothing in `/proc` reports that they
//! were moved and not given back, so each of them may be a copy that was not counted.

use std::ops::Range;

use super::overlap::Overlap;
use crate::procfs::{Mapping, PAGE_SIZE, PageEntry};

/// Bytes in a page, as addresses count them.
const PAGE: u64 = PAGE_SIZE as u64;

/// The pages of one mapping.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Listed {
    range: Range<u64>,
    pages: u64,
    found: u64,
}

/// The mappings of all members that are looked at whole.
#[derive(Debug, Default)]
pub(crate) struct ListedPages {
    /// By member, ordered by address.
    members: Vec<Vec<Listed>>,
}

impl ListedPages {
    /// Takes the mappings of the members of which every address is looked at.
    pub(crate) fn new(members: &[Vec<Mapping>], overlap: &Overlap) -> Self {
        let mut looked_at: Vec<Vec<Range<u64>>> = vec![Vec::new(); members.len()];
        for span in &overlap.spans {
            span.members.iter().for_each(|&member| looked_at[member].push(span.start..span.end));
        }
        overlap.alone.iter().for_each(|piece| looked_at[piece.member].push(piece.start..piece.end));
        looked_at.iter_mut().for_each(|ranges| ranges.sort_unstable_by_key(|range| range.start));
        let members = members.iter().zip(&looked_at).map(|(mappings, looked_at)| {
            let is_whole = |mapping: &Mapping| {
                let first = looked_at.partition_point(|range| range.end <= mapping.start);
                let within = looked_at[first..].iter().take_while(|range| range.start < mapping.end);
                let bytes = within.map(|range| range.end.min(mapping.end) - range.start.max(mapping.start));
                bytes.sum::<u64>() == mapping.end - mapping.start
            };
            let listed = mappings.iter().map(|mapping| (mapping, anonymous(mapping)));
            let listed = listed.filter(|&(mapping, pages)| pages > 0 && is_whole(mapping));
            listed.map(|(mapping, pages)| Listed { range: mapping.start..mapping.end, pages, found: 0 }).collect()
        });
        Self { members: members.collect() }
    }

    /// Counts the pages that a member shows from an address on.
    pub(crate) fn find(&mut self, member: usize, start: u64, table: &[PageEntry]) {
        let Some(listed) = self.members.get_mut(member) else {
            return;
        };
        let end = start + table.len() as u64 * PAGE;
        let first = listed.partition_point(|one| one.range.end <= start);
        for one in listed[first..].iter_mut().take_while(|one| one.range.start < end) {
            let at = |address: u64| ((address - start) / PAGE) as usize;
            let entries = &table[at(one.range.start.max(start))..at(one.range.end.min(end))];
            one.found += entries.iter().filter(|entry| is_own(**entry)).count() as u64;
        }
    }

    /// Takes a member out that was given up.
    pub(crate) fn forget(&mut self, member: usize) {
        self.members.get_mut(member).into_iter().for_each(Vec::clear);
    }

    /// The pages that were listed and not found.
    pub(crate) fn missing(&self) -> u64 {
        self.members.iter().flatten().map(|one| one.pages.saturating_sub(one.found)).sum()
    }
}

/// Whether an entry is that of a page of the member's own, in memory or in swap. Without frame numbers the zero frame looks
/// like one.
pub(crate) fn is_own(entry: PageEntry) -> bool {
    if entry.present() { !entry.file_or_shared() } else { entry.swapped() && !entry.guard() }
}

/// Anonymous pages of a private mapping, in memory and in swap. What `smaps` calls swap of a mapped file may be its pages and
/// not copies of them.
pub(crate) fn anonymous(mapping: &Mapping) -> u64 {
    if mapping.shared || mapping.gate || mapping.hugetlb || mapping.device_memory {
        return 0;
    }
    let swapped = if mapping.inode == 0 { mapping.swapped.unwrap_or(0) } else { 0 };
    // Read without smaps, those in swap are among the anonymous ones.
    let swapped = if mapping.flags_unknown { 0 } else { swapped };
    (mapping.anonymous.unwrap_or(0) + swapped) / PAGE
}
