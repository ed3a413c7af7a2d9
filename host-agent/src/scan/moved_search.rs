//! Looking for memory that was moved to another address of a family.

use super::frames::{Holder, by_frame};
use super::moved_memory::Part;
use super::overlap::{Overlap, Piece, Traits};
use super::round::Round;
use super::view::FamilyView;
use super::window::windows;
use super::{Doubt, FrameAccess, Skips};
use crate::procfs::PAGE_SIZE;

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
}
