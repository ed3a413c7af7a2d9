//! Where the mappings of a family's members lie over one another.

use super::Skips;
use crate::procfs::{Mapping, PAGE_SIZE};

/// What the mappings of a span ask for beside the comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Traits {
    /// The kernel may have merged equal pages there (KSM).
    pub mergeable: bool,
    /// A member has excluded it from forks, so that its pages need not be of a common origin.
    pub not_inherited: bool,
    /// Huge pages are mapped whole there.
    pub huge: bool,
    /// They are huge pages of hugetlbfs, whose copies are not counted.
    pub hugetlb: bool,
    /// A mapping was read without its flags, so that `not_inherited` is not known.
    pub flags_unknown: bool,
}

impl Traits {
    fn of(mapping: &Mapping) -> Self {
        let Mapping { mergeable, not_inherited, huge, hugetlb, flags_unknown, .. } = *mapping;
        Self { mergeable, not_inherited, huge: huge != Some(0), hugetlb, flags_unknown }
    }

    fn with(self, other: Self) -> Self {
        Self {
            mergeable: self.mergeable || other.mergeable,
            not_inherited: self.not_inherited || other.not_inherited,
            huge: self.huge || other.huge,
            hugetlb: self.hugetlb || other.hugetlb,
            flags_unknown: self.flags_unknown || other.flags_unknown,
        }
    }

    /// Whether copies there are not counted, and are in the bracket only.
    pub(crate) fn is_only_bracketed(self) -> bool {
        self.not_inherited || self.hugetlb
    }
}

/// Addresses at which two or more members have the same mapping with anonymous pages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Span {
    /// First address.
    pub start: u64,
    /// First address behind.
    pub end: u64,
    /// Members, ascending.
    pub members: Vec<usize>,
    /// Of all their mappings there.
    pub traits: Traits,
}

/// Addresses at which one member alone has a mapping with anonymous pages, of which some are mapped more than once or which is
/// in part at addresses of others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Piece {
    /// The member.
    pub member: usize,
    /// First address.
    pub start: u64,
    /// First address behind.
    pub end: u64,
    /// Bytes of it that are mapped more than once.
    pub mapped_twice: u64,
}

/// The addresses that a family has in common, and those that one member has alone.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Overlap {
    /// Ordered by address.
    pub spans: Vec<Span>,
    /// Where memory may be that was moved to another address.
    pub alone: Vec<Piece>,
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
    if mapping.hugetlb {
        skips.hugetlb += pages;
        let base = mapping.start.wrapping_sub(mapping.offset);
        return (!mapping.shared).then_some((mapping.device, mapping.inode, base));
    }
    if mapping.device_memory || mapping.gate {
        skips.device_memory += pages;
        return None;
    }
    // A mapping of which all is in swap has nothing anonymous in memory.
    if mapping.shared || mapping.anonymous == Some(0) && mapping.swapped.is_none_or(|bytes| bytes == 0) {
        // Shared memory that is read without its counts is left out whole.
        let resident = mapping.resident.map_or(pages, |bytes| bytes / PAGE_SIZE as u64).min(pages);
        let swapped = mapping.swapped.map_or(0, |bytes| bytes / PAGE_SIZE as u64).min(pages - resident);
        skips.file_or_shared += resident;
        skips.swapped += swapped;
        skips.absent += pages - resident - swapped;
        return None;
    }
    let base = if mapping.inode == 0 { 0 } else { mapping.start.wrapping_sub(mapping.offset) };
    Some((mapping.device, mapping.inode, base))
}

/// The spans of a family, ordered by address, from the mappings of each member.
pub(crate) fn overlap(members: &[Vec<Mapping>], skips: &mut Skips) -> Overlap {
    // (address, begins, member, origin, number of the mapping): ends sort before beginnings at the same address.
    let mut edges: Vec<(u64, bool, usize, Origin, usize)> = Vec::new();
    for (member, mappings) in members.iter().enumerate() {
        for (number, mapping) in mappings.iter().enumerate() {
            if let Some(origin) = origin(mapping, skips) {
                edges.push((mapping.start, true, member, origin, number));
                edges.push((mapping.end, false, member, origin, number));
            }
        }
    }
    edges.sort_unstable();
    let mut overlap = Overlap::default();
    let mut active: Vec<(Origin, usize, usize)> = Vec::new();
    let mut from = 0;
    for (address, begins, member, origin, number) in edges {
        if address > from {
            for group in active.chunk_by(|a, b| a.0 == b.0) {
                let mapping = |&(_, member, number): &(Origin, usize, usize)| &members[member][number];
                match group {
                    [one] => push_alone(&mut overlap.alone, from, address, one.1, mapping(one)),
                    _ => {
                        let traits = group.iter().map(mapping).map(Traits::of).fold(Traits::default(), Traits::with);
                        let members = group.iter().map(|&(_, member, _)| member).collect();
                        push(&mut overlap.spans, Span { start: from, end: address, members, traits });
                    }
                }
            }
            from = address;
        }
        match (active.binary_search(&(origin, member, number)), begins) {
            (Err(place), true) => active.insert(place, (origin, member, number)),
            (Ok(place), false) => {
                active.remove(place);
            }
            _ => {}
        }
    }
    overlap
}

/// Adds a span, to the one before where that only ends because a mapping was split. Without its flags each piece is a span
/// of its own: some may have been excluded from forks.
fn push(spans: &mut Vec<Span>, span: Span) {
    match spans.last_mut() {
        Some(last)
            if !span.traits.flags_unknown
                && last.end == span.start
                && last.members == span.members
                && last.traits == span.traits =>
        {
            last.end = span.end;
        }
        _ => spans.push(span),
    }
}

fn push_alone(pieces: &mut Vec<Piece>, start: u64, end: u64, member: usize, mapping: &Mapping) {
    // A mapping that others have a part of is looked at whole: its pages were counted together.
    let is_part = (start, end) != (mapping.start, mapping.end);
    if (mapping.mapped_twice > 0 || is_part) && mapping.anonymous != Some(0) && !mapping.hugetlb {
        pieces.push(Piece { member, start, end, mapped_twice: mapping.mapped_twice });
    }
}
