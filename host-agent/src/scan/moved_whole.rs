//! Memory that a member may have moved to another address (`mremap`) and written whole since.
//!
//! Its frames are those of nobody else, so that nothing tells it from memory that the member has allocated. But its relative
//! has pages where the member maps nothing any more, or nothing with pages, and the member has pages where its relative does not:
//! outside the relative's mappings, or within them, in a mapping of the member's own that has no frame in common with it.

use std::collections::{HashMap, HashSet};

use super::frames::Holder;
use super::lineage::Lineage;
use super::listed_pages::anonymous;
use crate::procfs::{Mapping, PAGE_SIZE};

/// The file of a mapping; all anonymous memory is of one kind.
type File = ((u32, u32), u64);
/// Pages by file.
pub(super) type Pages = HashMap<File, u64>;

/// What one of two relatives may have moved away from the addresses at which the other one has it.
#[derive(Debug)]
struct Move {
    mover: usize,
    other: usize,
    /// Pages of the other one at addresses where the mover has no mapping with pages.
    left: Pages,
    /// Numbers of the spans in which the mover has a page at an address where the other one has none.
    spans: Vec<usize>,
}

/// The memory that members may have moved and written whole.
#[derive(Debug, Default)]
pub(crate) struct MovedWhole {
    /// For each member, what it may have moved, and what the process that handed its memory down may have.
    moves: Vec<[Move; 2]>,
    /// Of the span that is looked at: its number, and the moves that it is not known to be one of.
    span: Option<usize>,
    open: Vec<(usize, usize)>,
    /// By member: the last look at an address at which it had a page.
    seen: Vec<u64>,
    looks: u64,
}

impl MovedWhole {
    /// Compares the mappings of each member with those of the process that handed its memory down.
    pub(crate) fn new(lineage: &Lineage, members: &[Vec<Mapping>]) -> MovedWhole {
        let pairs = (0..members.len()).filter_map(|member| Some((member, lineage.source(member)?)));
        let one = |mover: usize, other: usize| {
            let left = unmapped(&members[other], &members[mover]);
            Move { mover, other, left, spans: Vec::new() }
        };
        let moves = pairs.map(|(member, source)| [one(member, source), one(source, member)]).collect();
        MovedWhole { moves, seen: vec![0; members.len()], ..MovedWhole::default() }
    }

    /// Begins the next span.
    pub(super) fn begin_span(&mut self) {
        self.span = Some(self.span.map_or(0, |span| span + 1));
        let all = self.moves.iter().enumerate().flat_map(|(pair, moves)| {
            moves.iter().enumerate().filter(|(_, one)| !one.left.is_empty()).map(move |(side, _)| (pair, side))
        });
        self.open.clear();
        self.open.extend(all);
    }

    /// Notes who of the members of the present span has a page at an address.
    pub(super) fn note(&mut self, holders: &[Holder], members: usize, in_swap: bool) {
        let Some(span) = self.span.filter(|_| !self.open.is_empty()) else { return };
        if (holders.is_empty() || holders.len() == members) && !in_swap {
            return;
        }
        self.looks += 1;
        for holder in holders {
            self.seen[holder.member] = self.looks;
        }
        let (moves, seen, looks) = (&mut self.moves, &self.seen, self.looks);
        self.open.retain(|&(pair, side)| {
            let one = &mut moves[pair][side];
            let is_here = in_swap || seen[one.mover] == looks && seen[one.other] != looks;
            if is_here {
                one.spans.push(span);
            }
            !is_here
        });
    }

    /// The most pages that were moved, after a look at those that may have come in.
    pub(crate) fn pages(&self, mut came_in: impl FnMut(usize, usize, &[usize], &Pages) -> Pages) -> u64 {
        let mut sum: u64 = 0;
        for moves in &self.moves {
            let [by_member, by_source] = moves.each_ref().map(|one| match one.spans.is_empty() {
                true => Pages::new(),
                false => came_in(one.mover, one.other, &one.spans, &one.left),
            });
            let files: HashSet<&File> = moves.iter().flat_map(|one| one.left.keys()).collect();
            for file in files {
                let of = |pages: &Pages| pages.get(file).copied().unwrap_or(0);
                let (source_left, member_left) = (of(&moves[0].left), of(&moves[1].left));
                let in_member = of(&by_member).min(source_left);
                let in_source = of(&by_source).min(member_left);
                // What is left of both may be one and the same, at two places where the other one maps nothing.
                let outside = (source_left - in_member).min(member_left - in_source);
                sum += in_member + in_source + outside;
            }
        }
        sum
    }
}

/// The pages that one process has at addresses where another one has no mapping with pages, by file.
fn unmapped(one: &[Mapping], other: &[Mapping]) -> Pages {
    let mut pages = Pages::new();
    for mapping in one {
        let own = anonymous(mapping);
        if own == 0 {
            continue;
        }
        let first = other.partition_point(|other| other.end <= mapping.start);
        let within = other[first..].iter().take_while(|other| other.start < mapping.end);
        let within = within.filter(|other| anonymous(other) > 0);
        let common = within.map(|other| other.end.min(mapping.end) - other.start.max(mapping.start)).sum::<u64>();
        let alone = (mapping.end - mapping.start - common) / PAGE_SIZE as u64;
        if alone > 0 {
            *pages.entry((mapping.device, mapping.inode)).or_default() += own.min(alone);
        }
    }
    pages
}
