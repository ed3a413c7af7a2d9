//! One look at the memory of one family.

use std::ops::Range;
use std::time::Duration;

use super::contents::Contents;
use super::frames::{Frame, Holder, Rule, by_frame, frame};
use super::judge::{Judgement, Look};
use super::overlap::Span;
use super::view::FamilyView;
use super::{RegionTag, ScanRecord, Skips, UnjudgedReason, Verdict};
use crate::attribution::ContainerId;
use crate::procfs::{PAGE_SIZE, PageEntry};

/// Bytes in a page, as records and addresses count them.
const PAGE: u64 = PAGE_SIZE as u64;
/// Entries that are held at once, of all members together: 8 MiB.
const WINDOW_ENTRIES: usize = 1 << 20;
/// How long pages that the kernel is moving get to arrive, and how often: it moves some hundreds
/// at a time and may be interrupted.
const SETTLE: Duration = Duration::from_millis(1);
const SETTLES: usize = 20;
/// Addresses that are given so much patience; of more than these each is looked at once more.
const MAX_UNSETTLED: usize = 1 << 20;
/// Pages of the address space in one window at most: 16 MiB.
const WINDOW_PAGES: usize = 4096;

/// What was found in one family.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct RoundCounts {
    pub copies: u64,
    pub judged: u64,
    pub redundant: u64,
    pub moved: u64,
    pub unreadable: u64,
    pub mergeable: u64,
    pub collisions: u64,
    pub skips: Skips,
    pub bytes_read: u64,
    pub vanished: u64,
}

/// Who pays for the copies of a family.
#[derive(Debug)]
pub(crate) struct Charges {
    /// The container of each member.
    pub members: Vec<ContainerId>,
    /// The container of the family's root.
    pub root: ContainerId,
    /// Tagged ranges of addresses.
    pub regions: Vec<(Range<u64>, RegionTag)>,
}

/// An address with two or more distinct frames.
#[derive(Debug)]
struct Place {
    /// Pages behind the start of the window.
    page: usize,
    /// Its holders in the pool.
    holders: Range<usize>,
    /// Distinct frames.
    frames: usize,
    /// A frame has moved here before.
    moved: bool,
}

/// An address that has to be looked at again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Unsettled {
    address: u64,
    /// A frame there has moved while its content was read; the next time is the last.
    moved: bool,
}

/// A page to read, for the frame of this number in a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Slot {
    member: usize,
    address: u64,
    frame: usize,
}

/// Looks at the memory of one family, span by span.
pub(crate) struct Round<'a, V> {
    view: &'a mut V,
    rule: Rule,
    charges: &'a Charges,
    batch_bytes: usize,
    emit: &'a mut dyn FnMut(ScanRecord),
    counts: RoundCounts,
    gone: Vec<bool>,
    judgement: Judgement,
    /// Buffers of the last batch, to be used again.
    spare: Contents,
    /// Whether some page of the family may really be in swap.
    swap: bool,
    /// Members and addresses to look at once more.
    unsettled: Vec<(Vec<usize>, Vec<Unsettled>)>,
    /// This is the last look, so that everything gets its verdict.
    last: bool,
}

impl<'a, V: FamilyView> Round<'a, V> {
    /// Prepares a look at a family with as many members as `charges` has containers. Without
    /// `swap`, what looks swapped is a page that the kernel is moving.
    pub(crate) fn new(
        view: &'a mut V,
        rule: Rule,
        charges: &'a Charges,
        batch_bytes: usize,
        swap: bool,
        emit: &'a mut dyn FnMut(ScanRecord),
    ) -> Self {
        Self {
            view,
            rule,
            gone: vec![false; charges.members.len()],
            charges,
            batch_bytes,
            emit,
            counts: RoundCounts::default(),
            judgement: Judgement::default(),
            spare: Contents::default(),
            swap,
            unsettled: Vec::new(),
            last: false,
        }
    }

    /// Counts pages that were left out before the first look.
    pub(crate) fn skip(&mut self, skips: &Skips) {
        self.counts.skips = *skips;
    }

    /// Looks at one span, and says after each window how many of its bytes are done.
    pub(crate) fn span(&mut self, span: &Span, done: &mut dyn FnMut(&RoundCounts, u64)) {
        let window = (WINDOW_ENTRIES / span.members.len().max(1)).clamp(64, WINDOW_PAGES) as u64;
        let mut start = span.start;
        while start < span.end {
            let pages = ((span.end - start) / PAGE).min(window);
            let unsettled = self.window(&span.members, start, pages as usize, None);
            if !unsettled.is_empty() {
                self.unsettled.push((span.members.clone(), unsettled));
            }
            start += pages * PAGE;
            done(&self.counts, pages * PAGE * span.members.len() as u64);
        }
    }

    /// Looks again at the addresses that had not settled, a moment later, and says what was
    /// found in all.
    pub(crate) fn finish(mut self) -> RoundCounts {
        for settle in 1..=SETTLES {
            let count: usize = self.unsettled.iter().map(|(_, places)| places.len()).sum();
            if count == 0 {
                break;
            }
            self.last = settle == SETTLES || count > MAX_UNSETTLED;
            std::thread::sleep(SETTLE);
            for (members, unsettled) in std::mem::take(&mut self.unsettled) {
                let (Some(first), Some(last)) = (unsettled.first(), unsettled.last()) else {
                    continue;
                };
                let (start, pages) = (first.address, ((last.address - first.address) / PAGE) as usize + 1);
                let again = self.window(&members, start, pages, Some(&unsettled));
                self.unsettled.push((members, again));
            }
        }
        self.counts
    }

    /// Looks at consecutive pages and gives the addresses that have not settled, ascending: a
    /// frame moved while its content was read, or a member shows swap, which is also how a page
    /// looks while the kernel moves it. With `again`, only those addresses are looked at, and
    /// what moves once more stays unjudged.
    fn window(&mut self, members: &[usize], start: u64, pages: usize, again: Option<&[Unsettled]>) -> Vec<Unsettled> {
        let mut tables = Vec::with_capacity(members.len());
        for &member in members {
            if let Some(table) = self.entries(member, start, pages) {
                tables.push((member, table));
            }
        }
        let mut pool: Vec<Holder> = Vec::new();
        let mut places: Vec<Place> = Vec::new();
        let mut unsettled: Vec<Unsettled> = Vec::new();
        let mut ignored = Skips::default();
        for page in 0..pages {
            let address = start + page as u64 * PAGE;
            let (skips, moved) = match again {
                None => (&mut self.counts.skips, false),
                Some(again) => match again.binary_search_by_key(&address, |place| place.address) {
                    Ok(place) => (&mut ignored, again[place].moved),
                    Err(_) => continue,
                },
            };
            let from = pool.len();
            let swapped = skips.swapped;
            for (member, table) in &tables {
                pool.extend(self.rule.holder(*member, table[page], skips));
            }
            // With swap, an address without any frame is left in peace, and the second look is
            // believed.
            let suspect = if self.swap { again.is_none() && pool.len() > from } else { !self.last };
            if suspect && skips.swapped > swapped {
                pool.truncate(from);
                unsettled.push(Unsettled { address, moved });
                continue;
            }
            pool[from..].sort_unstable();
            let frames = by_frame(&pool[from..]).count();
            if frames < 2 {
                pool.truncate(from);
                continue;
            }
            places.push(Place { page, holders: from..pool.len(), frames, moved });
        }
        let mut rest = &places[..];
        while !rest.is_empty() {
            let mut bytes = 0;
            let fitting = rest
                .iter()
                .take_while(|place| {
                    bytes += place.frames * PAGE_SIZE;
                    bytes <= self.batch_bytes
                })
                .count();
            // One address always goes, however many frames it has.
            let (batch, behind) = rest.split_at(fitting.max(1));
            self.batch(&tables, start, &pool, batch, &mut unsettled);
            rest = behind;
        }
        unsettled.sort_unstable();
        unsettled
    }

    /// The entries of a member, unless it has gone.
    fn entries(&mut self, member: usize, address: u64, pages: usize) -> Option<Vec<PageEntry>> {
        if self.gone[member] {
            return None;
        }
        let mut table = vec![PageEntry::default(); pages];
        match self.view.entries(member, address, &mut table) {
            Ok(()) => Some(table),
            Err(_) => {
                self.gone[member] = true;
                self.counts.vanished += 1;
                None
            }
        }
    }

    /// Reads the contents at some places, looks at the frames again, and judges.
    fn batch(
        &mut self,
        tables: &[(usize, Vec<PageEntry>)],
        start: u64,
        pool: &[Holder],
        places: &[Place],
        unsettled: &mut Vec<Unsettled>,
    ) {
        let (Some(first), Some(last)) = (places.first(), places.last()) else {
            return;
        };
        let contents = self.read(start, pool, places);
        let from = start + first.page as u64 * PAGE;
        let pages = last.page - first.page + 1;
        let mut later = Vec::with_capacity(tables.len());
        for (member, before) in tables {
            later.push((before, self.entries(*member, from, pages)));
        }
        let mut frame_number = 0;
        for place in places {
            let address = start + place.page as u64 * PAGE;
            let holders = &pool[place.holders.clone()];
            let stayed = later.iter().all(|(before, after)| {
                after.as_ref().is_some_and(|after| {
                    let after = after[place.page - first.page];
                    self.rule.identity(before[place.page]) == self.rule.identity(after)
                })
            });
            if stayed {
                let looks: Vec<Look<'_>> = by_frame(holders)
                    .enumerate()
                    .filter_map(|(number, holders)| {
                        Some(Look { frame: frame(holders)?, content: contents.frame(frame_number + number) })
                    })
                    .collect();
                self.judge(address, &looks);
            } else if place.moved || self.last {
                let eldest = by_frame(holders).filter_map(frame);
                for copy in eldest.skip(1).collect::<Vec<_>>() {
                    self.record(address, copy, Verdict::Unjudged(UnjudgedReason::Moved));
                }
            } else {
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
