//! Looking for memory that was moved to another address of a family.

use super::moved_memory::Part;
use super::overlap::{Overlap, Piece, Traits};
use super::round::Round;
use super::view::FamilyView;
use super::window::windows;
use super::{Doubt, FrameAccess, Skips};
use crate::procfs::PAGE_SIZE;

impl<V: FamilyView> Round<'_, V> {
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
