//! Where the mappings of a family's members lie over one another.

use super::Skips;
use crate::procfs::{Mapping, PAGE_SIZE};

/// Addresses at which two or more members have the same mapping with anonymous pages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Span {
    /// First address.
    pub start: u64,
    /// First address behind.
    pub end: u64,
    /// Members, ascending.
    pub members: Vec<usize>,
}

impl Span {
    /// Pages of all members together.
    pub(crate) fn pages(&self) -> u64 {
        (self.end - self.start) / PAGE_SIZE as u64 * self.members.len() as u64
    }
}

/// What two mappings must agree in to be one and the same: the file, and where its first byte
/// would lie. All anonymous memory agrees; its parts merge and split as a program runs.
type Origin = ((u32, u32), u64, u64);

/// The origin of a mapping whose pages can be copies; for the others, counts why not.
pub(crate) fn origin(mapping: &Mapping, skips: &mut Skips) -> Option<Origin> {
    let pages = mapping.pages();
    let in_pages = |bytes: Option<u64>| bytes.map_or(0, |bytes| bytes / PAGE_SIZE as u64);
    if mapping.hugetlb {
        skips.hugetlb += pages;
        return None;
    }
    if mapping.device_memory || mapping.gate {
        skips.device_memory += pages;
        return None;
    }
    if mapping.shared || mapping.anonymous == Some(0) {
        let resident = in_pages(mapping.resident).min(pages);
        let swapped = in_pages(mapping.swapped).min(pages - resident);
        skips.file_or_shared += resident;
        skips.swapped += swapped;
        skips.absent += pages - resident - swapped;
        return None;
    }
    let base = if mapping.inode == 0 { 0 } else { mapping.start.wrapping_sub(mapping.offset) };
    Some((mapping.device, mapping.inode, base))
}

/// The spans of a family, ordered by address, from the mappings of each member.
pub(crate) fn spans(members: &[Vec<Mapping>], skips: &mut Skips) -> Vec<Span> {
    // (address, begins, member, origin): ends sort before beginnings at the same address.
    let mut edges: Vec<(u64, bool, usize, Origin)> = Vec::new();
    for (member, mappings) in members.iter().enumerate() {
        for mapping in mappings {
            if let Some(origin) = origin(mapping, skips) {
                edges.push((mapping.start, true, member, origin));
                edges.push((mapping.end, false, member, origin));
            }
        }
    }
    edges.sort_unstable();
    let mut spans: Vec<Span> = Vec::new();
    let mut active: Vec<(Origin, usize)> = Vec::new();
    let mut from = 0;
    for (address, begins, member, origin) in edges {
        if address > from {
            for group in active.chunk_by(|a, b| a.0 == b.0).filter(|g| g.len() > 1) {
                let members = group.iter().map(|&(_, member)| member).collect();
                push(&mut spans, from, address, members);
            }
            from = address;
        }
        match (active.binary_search(&(origin, member)), begins) {
            (Err(place), true) => active.insert(place, (origin, member)),
            (Ok(place), false) => {
                active.remove(place);
            }
            _ => {}
        }
    }
    spans
}

/// Adds a span, to the one before where that only ends because a mapping was split.
fn push(spans: &mut Vec<Span>, start: u64, end: u64, members: Vec<usize>) {
    match spans.last_mut() {
        Some(last) if last.end == start && last.members == members => last.end = end,
        _ => spans.push(Span { start, end, members }),
    }
}
