//! Reading the contents of a batch of addresses and judging them.

use std::ops::Range;

use super::contents::Contents;
use super::frames::{Frame, Holder, by_frame, frame};
use super::judge::Look;
use super::round::{PAGE, Place, Round, Unsettled, Window};
use super::view::FamilyView;
use super::{Doubt, ScanRecord, UnjudgedReason, Verdict, huge_pages};
use crate::procfs::{PAGE_SIZE, PageEntry};

/// A page to read, for the frame of this number in a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Slot {
    member: usize,
    address: u64,
    frame: usize,
}

impl<V: FamilyView> Round<'_, V> {
    /// Reads the contents at some places, looks at the frames again, and judges.
    pub(super) fn batch(
        &mut self,
        window: Window<'_>,
        tables: &[(usize, Vec<PageEntry>)],
        pool: &[Holder],
        places: &[Place],
        unsettled: &mut Vec<Unsettled>,
    ) {
        let (Some(first), Some(last)) = (places.first(), places.last()) else {
            return;
        };
        let (start, traits) = (window.start, window.traits);
        let contents = self.read(start, pool, places);
        let mut looked_at = start + first.page as u64 * PAGE..start + (last.page as u64 + 1) * PAGE;
        if traits.huge {
            looked_at = huge_pages::whole(looked_at, start..start + window.pages as u64 * PAGE);
        }
        let from = looked_at.start;
        let pages = ((looked_at.end - from) / PAGE) as usize;
        let before_first = ((from - start) / PAGE) as usize;
        let mut later = Vec::with_capacity(tables.len());
        for (member, before) in tables {
            later.push((before, self.entries(*member, traits, from, pages)));
        }
        let mut frame_number = 0;
        for place in places {
            let address = start + place.page as u64 * PAGE;
            let holders = &pool[place.holders.clone()];
            let stayed = later.iter().all(|(before, after)| {
                after.as_ref().is_some_and(|after| {
                    let after = after[place.page - before_first];
                    self.rule.identity(before[place.page]) == self.rule.identity(after)
                })
            });
            if stayed {
                let looks: Vec<Look<'_>> = by_frame(holders)
                    .enumerate()
                    .filter_map(|(number, holders)| {
                        let frame = Frame { merged: self.is_merged(traits, holders), ..frame(holders)? };
                        Some(Look { frame, content: contents.frame(frame_number + number) })
                    })
                    .collect();
                self.judge(address, &looks);
            } else if place.moved || self.last {
                let eldest = by_frame(holders).filter_map(frame);
                for copy in eldest.skip(1).collect::<Vec<_>>() {
                    self.record(address, copy, Verdict::Unjudged(UnjudgedReason::Moved));
                }
            } else {
                // It is counted again at the next look.
                self.counts.doubts.take_all(&place.doubts);
                unsettled.push(Unsettled { address, moved: true });
            }
            frame_number += place.frames;
        }
        self.spare = contents;
    }

    /// Reads one page for each frame of each place, from its eldest holder or, where that
    /// fails, from the next one.
    fn read(&mut self, start: u64, pool: &[Holder], places: &[Place]) -> Contents {
        let mut slots: Vec<Slot> = Vec::new();
        for place in places {
            for holders in by_frame(&pool[place.holders.clone()]) {
                slots.extend(holders.first().map(|eldest| Slot {
                    member: eldest.member,
                    address: start + place.page as u64 * PAGE,
                    frame: slots.len(),
                }));
            }
        }
        let mut contents = std::mem::take(&mut self.spare);
        contents.reset(slots.len());
        slots.sort_unstable();
        let mut at = 0;
        for slots in slots.chunk_by(|a, b| a.member == b.member) {
            let addresses: Vec<u64> = slots.iter().map(|slot| slot.address).collect();
            let range = at..at + slots.len();
            self.fetch(slots[0].member, &addresses, &mut contents, range);
            for (number, slot) in slots.iter().enumerate() {
                contents.place[slot.frame] = at + number;
            }
            at += slots.len();
        }
        let mut number = 0;
        for place in places {
            let address = [start + place.page as u64 * PAGE];
            for holders in by_frame(&pool[place.holders.clone()]) {
                let page = contents.place[number];
                for other in holders.iter().skip(1) {
                    if contents.readable[page] {
                        break;
                    }
                    self.fetch(other.member, &address, &mut contents, page..page + 1);
                }
                number += 1;
            }
        }
        contents
    }

    fn fetch(&mut self, member: usize, addresses: &[u64], contents: &mut Contents, range: Range<usize>) {
        if self.gone[member] {
            return;
        }
        let readable = &mut contents.readable[range.clone()];
        let out = &mut contents.bytes[range.start * PAGE_SIZE..range.end * PAGE_SIZE];
        self.view.contents(member, addresses, out, readable);
        let pages = readable.iter().filter(|read| **read).count() as u64;
        self.counts.bytes_read += pages * PAGE;
    }

    fn judge(&mut self, address: u64, looks: &[Look<'_>]) {
        let mut judgement = std::mem::take(&mut self.judgement);
        judgement.judge(self.rule.access(), looks);
        self.counts.mergeable += judgement.mergeable;
        self.counts.collisions += judgement.collisions;
        self.counts.skips.zero_frame += judgement.zero_frame;
        // If it was no zero frame, it was one frame more.
        self.counts.doubts.add(Doubt::NotToldApart, u64::from(judgement.zero_frame > 0));
        for &(number, verdict) in &judgement.copies {
            self.record(address, looks[number].frame, verdict);
        }
        self.judgement = judgement;
    }

    fn record(&mut self, address: u64, copy: Frame, verdict: Verdict) {
        self.counts.copies += 1;
        match verdict {
            Verdict::Judged { before, after } => {
                self.counts.judged += 1;
                self.counts.redundant += u64::from(before == after);
            }
            Verdict::Unjudged(UnjudgedReason::Moved) => self.counts.moved += 1,
            Verdict::Unjudged(UnjudgedReason::Unreadable) => self.counts.unreadable += 1,
        }
        let container = match copy.holders {
            1 => self.charges.members[copy.eldest],
            _ => self.charges.root,
        };
        let region = self.charges.regions.iter().find(|(range, _)| range.contains(&address)).map(|(_, tag)| *tag);
        (self.emit)(ScanRecord { container, region, verdict, length: PAGE_SIZE as u32 });
    }
}
