//! Looking for memory that was moved to another address of a family.

use std::ops::Range;

use super::frames::{Holder, by_frame};
use super::listed_pages::is_own;
use super::moved_memory::Part;
use super::moved_whole::Pages;
use super::overlap::{Overlap, Piece, Traits};
use super::round::Round;
use super::view::FamilyView;
use super::window::windows;
use super::{Doubt, FrameAccess, Skips};
use crate::procfs::{Mapping, PAGE_SIZE, PageEntry};

impl<V: FamilyView> Round<'_, V> {
    /// Notes a page that no other member has at its address, which may have been moved here.
    pub(super) fn note_alone(&mut self, traits: Traits, address: u64, holders: &[Holder]) {
        let [one] = holders else { return };
        let is_elsewhere = self.mapped_elsewhere(holders).filter(|_| !self.is_merged(traits, holders));
        let part = self.moved_memory.alone_in_span(one.member, one.exclusive());
        if let Some(frame) = is_elsewhere.filter(|_| self.rule.access() == FrameAccess::Frames) {
            self.moved_memory.suspect(frame, address, Some(part));
        }
    }

    /// The frames at an address with several that may be memory that was moved here.
    pub(super) fn suspects(&mut self, traits: Traits, holders: &[Holder]) -> Vec<u64> {
        let are_several = holders.first().is_some_and(|first| holders.iter().any(|holder| holder.key() != first.key()));
        if self.rule.access() != FrameAccess::Frames || traits.is_only_bracketed() || !are_several {
            return Vec::new();
        }
        let mut suspects = Vec::new();
        for one in by_frame(holders) {
            suspects.extend(self.mapped_elsewhere(one).filter(|_| !self.is_merged(traits, one)));
        }
        suspects
    }

    /// The frame that some holders have in common at an address, if it may be mapped somewhere else too.
    fn mapped_elsewhere(&mut self, holders: &[Holder]) -> Option<u64> {
        let (frame, here) = (holders.first()?.key(), holders.len() as u64);
        let is_elsewhere = match holders {
            [one] => !one.exclusive(),
            _ => self.view.times_mapped(frame).is_none_or(|times| times > here),
        };
        is_elsewhere.then_some(frame)
    }

    /// Takes those of the suspects that are at another address too out of the holders of an address, and returns how many
    /// pages that leaves in doubt.
    pub(super) fn leave_out_moved(&self, suspects: &[u64], pool: &mut Vec<Holder>, from: usize) -> u64 {
        if suspects.is_empty() {
            return 0;
        }
        let holders = pool.split_off(from);
        let (mut frames, mut left) = (0, 0);
        for one in by_frame(&holders) {
            frames += 1;
            if !one.iter().any(|holder| suspects.contains(&holder.key()) && self.moved_memory.is_moved(holder.key())) {
                left += 1;
                pool.extend(one);
            }
        }
        frames - left.max(1)
    }

    /// Looks at memory that one member has alone and returns, for each piece, the pages that may be copies if it was
    /// moved here. Without frame numbers that cannot be found out.
    pub(super) fn alone(&mut self, pieces: &[Piece]) -> Vec<u64> {
        let mut pages_of = Vec::with_capacity(pieces.len());
        for (number, piece) in pieces.iter().enumerate() {
            let (mut own, mut twice) = (0, 0);
            let populated = self.populated(&[piece.member], piece.start..piece.end);
            for (start, pages) in populated.iter().flat_map(|range| windows(range.start, range.end, 1)) {
                let Some(table) = self.entries(piece.member, Traits::default(), start, pages) else {
                    break;
                };
                self.listed.find(piece.member, start, &table);
                for (entry, address) in table.into_iter().zip((start..).step_by(PAGE_SIZE)) {
                    match self.rule.holder(piece.member, entry, &mut Skips::default()) {
                        Some(holder) if holder.exclusive() => own += 1,
                        Some(holder) => {
                            twice += 1;
                            if self.rule.access() == FrameAccess::Frames {
                                self.moved_memory.suspect(holder.key(), address, Some(Part::Alone(number)));
                            }
                        }
                        None => own += u64::from(entry.swapped() && !entry.guard()),
                    }
                }
            }
            if self.rule.access() == FrameAccess::ExclusiveBit && twice > 0 {
                self.counts.doubts.add(Doubt::Remapped, own);
            }
            pages_of.push(own);
        }
        pages_of
    }

    /// Looks for the suspected frames at every address of the family.
    pub(super) fn find_moved(&mut self, overlap: &Overlap) {
        let spans = overlap.spans.iter().flat_map(|s| s.members.iter().map(|&member| (member, s.start, s.end)));
        let alone = overlap.alone.iter().map(|piece| (piece.member, piece.start, piece.end));
        for (member, start, end) in spans.chain(alone) {
            let populated = self.populated(&[member], start..end);
            for (start, pages) in populated.iter().flat_map(|range| windows(range.start, range.end, 1)) {
                let Some(table) = self.entries(member, Traits::default(), start, pages) else {
                    break;
                };
                for (entry, address) in table.into_iter().zip((start..).step_by(PAGE_SIZE)) {
                    if let Some(holder) = self.rule.holder(member, entry, &mut Skips::default()) {
                        self.moved_memory.see(holder.key(), address);
                    }
                }
            }
        }
    }

    /// The most pages that members can have moved and written whole.
    pub(super) fn moved_whole(&mut self, overlap: &Overlap) -> u64 {
        let moved = std::mem::take(&mut self.may_have_moved);
        moved.pages(|mover, other, spans, files| {
            let spans: Vec<Range<u64>> =
                spans.iter().map(|&span| overlap.spans[span].start..overlap.spans[span].end).collect();
            self.came_in(mover, other, &spans, files)
        })
    }

    /// The pages in some spans, by file, that one member has where the other one has none, in mappings in which both have no
    /// frame in common. Memory that was moved stays a mapping of its own.
    fn came_in(&mut self, mover: usize, other: usize, spans: &[Range<u64>], files: &Pages) -> Pages {
        let mut pages = Pages::new();
        let Some(mappings) = self.view.pieces(mover) else { return pages };
        // Heap and stack are where exec has put them.
        let movable = |mapping: &&Mapping| !mapping.shared && !mapping.gate && !mapping.of_exec;
        for mapping in mappings.iter().filter(movable) {
            let file = (mapping.device, mapping.inode);
            if !files.contains_key(&file) {
                continue;
            }
            let first = spans.partition_point(|span| span.end <= mapping.start);
            let within = spans[first..].iter().take_while(|span| span.start < mapping.end);
            let within = within.map(|span| span.start.max(mapping.start)..span.end.min(mapping.end));
            let alone = within.map(|range| self.alone_beside(mover, other, range)).sum::<Option<u64>>();
            *pages.entry(file).or_default() += alone.unwrap_or(0);
        }
        pages
    }

    /// The pages that one member has in a range and the other one has not; `None` where they have a frame in common, as far as
    /// it can be known.
    fn alone_beside(&mut self, member: usize, other: usize, range: Range<u64>) -> Option<u64> {
        let mut alone = 0;
        for range in self.populated(&[member], range) {
            for (start, pages) in windows(range.start, range.end, 2) {
                let own = self.entries(member, Traits::default(), start, pages);
                let (Some(own), Some(others)) = (own, self.entries(other, Traits::default(), start, pages)) else {
                    return Some(alone);
                };
                for (&own, &others) in own.iter().zip(&others) {
                    let is_one = own.present() == others.present() && own.frame() == others.frame();
                    match (self.has_page(own), self.has_page(others)) {
                        (true, true) if is_one && self.rule.access() == FrameAccess::Frames => return None,
                        // What is shared with its old address was not written.
                        (true, false) if !self.moved_memory.is_elsewhere(own.frame()) => alone += 1,
                        _ => {}
                    }
                }
            }
        }
        Some(alone)
    }

    fn has_page(&self, entry: PageEntry) -> bool {
        let is_held = || self.rule.holder(0, entry, &mut Skips::default()).is_some();
        is_own(entry) && (!entry.present() || is_held())
    }
}
