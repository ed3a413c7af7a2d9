//! Reading the contents of a batch of addresses and judging them.

use std::ops::Range;

use super::contents::Contents;
use super::frames::{Frame, Holder, Own, by_frame, frame};
use super::judge::{Counted, Look, is_zero};
use super::origins::Held;
use super::overlap::Traits;
use super::round::Round;
use super::view::FamilyView;
use super::window::{PAGE, Place, Unsettled, Window};
use super::{Doubt, FrameAccess, ScanRecord, UnjudgedReason, Verdict, huge_pages};
use crate::procfs::{PAGE_SIZE, PageEntry};

/// A page to read, for the frame of this number in a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Slot {
    member: usize,
    address: u64,
    frame: usize,
}

/// One of the distinct frames at an address, with what was read of it.
struct Seen<'a> {
    frame: Frame,
    holders: &'a [Holder],
    content: Option<&'a [u8]>,
    /// The member from which the content was read.
    reader: usize,
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
            let contents = Some((&contents, frame_number)).filter(|_| stayed);
            if stayed || place.moved || self.last {
                let entries = tables.iter().map(|(member, table)| (*member, table[place.page]));
                self.judge(address, traits, holders, entries, contents);
            } else {
                // It is counted again at the next look.
                self.counts.doubts.take_all(&place.doubts);
                unsettled.push(Unsettled { address, moved: true, pages: place.pages });
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
        contents.member[range].fill(member);
        let pages = readable.iter().filter(|read| **read).count() as u64;
        self.counts.bytes_read += pages * PAGE;
    }

    /// Judges the frames at one address by what every member shows there and by their contents, which begin at a number of
    /// the batch. Without contents a frame has moved, and nothing is judged.
    fn judge(
        &mut self,
        address: u64,
        traits: Traits,
        holders: &[Holder],
        entries: impl Iterator<Item = (usize, PageEntry)>,
        contents: Option<(&Contents, usize)>,
    ) {
        let mut frames: Vec<Seen<'_>> = Vec::new();
        for (number, holders) in by_frame(holders).enumerate() {
            let Some(frame) = frame(holders) else {
                continue;
            };
            let frame = Frame { merged: self.is_merged(traits, holders), ..frame };
            let content = contents.and_then(|(contents, first)| contents.frame(first + number));
            let reader = contents.map_or(frame.eldest, |(contents, first)| contents.reader(first + number));
            frames.push(Seen { frame, holders, content, reader });
        }
        self.divide(holders, entries, &frames);
        let looks: Vec<Look<'_>> = frames
            .iter()
            .zip(&self.divider.groups)
            .map(|(seen, &group)| Look { frame: seen.frame, content: seen.content, group })
            .collect();
        let without = if contents.is_some() { UnjudgedReason::Unreadable } else { UnjudgedReason::Moved };
        let mut judgement = std::mem::take(&mut self.judgement);
        judgement.judge(self.rule.access(), &looks, without);
        self.counts.mergeable += judgement.mergeable;
        self.counts.collisions += judgement.collisions;
        self.counts.skips.zero_frame += judgement.zero_frame;
        // If it was no zero frame, it was one frame more.
        self.counts.doubts.add(Doubt::NotToldApart, u64::from(judgement.zero_frame > 0));
        for counted in &judgement.counted {
            self.record(address, looks[counted.number].frame, counted);
        }
        self.judgement = judgement;
    }

    /// Divides the frames at an address by origin.
    fn divide(&mut self, holders: &[Holder], entries: impl Iterator<Item = (usize, PageEntry)>, frames: &[Seen<'_>]) {
        let members = self.charges.lineage.len();
        self.divider.reset(members);
        let mut may_be_huge = false;
        for (member, entry) in entries {
            self.divider.own[member] = self.rule.own(entry);
            may_be_huge |= entry.is_maybe_shared();
        }
        for member in (0..members).filter(|&member| self.gone[member]) {
            self.divider.own[member] = Own::Uncertain;
        }
        for holder in holders {
            match self.rule.access() == FrameAccess::Frames || holder.exclusive() {
                true => self.divider.own[holder.member] = Own::Page,
                false => self.divider.shared.push(holder.member),
            }
        }
        let apart = self.rule.access() == FrameAccess::Frames;
        // One page that is mapped more than once, and nowhere else at this address: a member that has it too has moved it, or was
        // not read. It is no page that the others here were copied from, as far as can be seen.
        let is_elsewhere = self.divider.shared.len() == 1 && holders.len() > 1 && !may_be_huge;
        // Without frame numbers one page that is not exclusive is known to be none of zeros: the one that was read.
        for &Seen { frame, content, reader, .. } in frames {
            if !apart && !frame.exclusive && content.is_some_and(|content| !is_zero(content)) {
                self.divider.own[reader] = if is_elsewhere { Own::Uncertain } else { Own::Page };
            }
        }
        let held = frames.iter().map(|&Seen { frame, holders, content, reader }| match (apart, frame.exclusive) {
            // Equal pages that the kernel has merged say nothing of where they came from.
            (true, _) if frame.merged => Held::By(frame.eldest),
            (true, _) => Held::Common(holders),
            (false, true) => Held::By(frame.eldest),
            (false, false) if content.is_some() && !is_elsewhere => Held::By(reader),
            (false, false) => Held::Unclear,
        });
        self.divider.divide(&self.charges.lineage, held);
    }

    fn record(&mut self, address: u64, page: Frame, counted: &Counted) {
        let &Counted { origin, verdict, sibling_only, .. } = counted;
        self.counts.origins.add(origin, verdict, sibling_only);
        match verdict {
            Verdict::Judged { .. } => self.counts.judged += 1,
            Verdict::Unjudged(UnjudgedReason::Moved) => self.counts.moved += 1,
            Verdict::Unjudged(UnjudgedReason::Unreadable) => self.counts.unreadable += 1,
        }
        let container = match page.holders {
            1 => self.charges.members[page.eldest],
            _ => self.charges.root,
        };
        let region = self.charges.regions.iter().find(|(range, _)| range.contains(&address)).map(|(_, tag)| *tag);
        (self.emit)(ScanRecord { container, region, origin, verdict, sibling_only, length: PAGE_SIZE as u32 });
    }
}
