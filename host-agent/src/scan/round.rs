//! One look at the memory of one family.

use std::ops::Range;
use std::time::Duration;

use super::contents::Contents;
use super::found::{Charges, RoundCounts};
use super::frames::{Holder, Rule, by_frame};
use super::huge_pages::{forget_exclusive, maybe_huge};
use super::judge::Judgement;
use super::listed_pages::ListedPages;
use super::moved_memory::MovedMemory;
use super::moved_whole::MovedWhole;
use super::origins::Divider;
use super::overlap::{Overlap, Span, Traits};
use super::view::{FamilyView, SMALL_HOLE};
use super::window::{Later, PAGE, Place, Unsettled, WINDOW_PAGES, Window, windows};
use super::{Doubt, DoubtCounts, FrameAccess, ScanRecord, Skips};
use crate::procfs::{PAGE_SIZE, PageEntry};

/// How long pages that the kernel is moving get to arrive, and how often: it moves some hundreds
/// at a time and may be interrupted.
const SETTLE: Duration = Duration::from_millis(1);
const SETTLES: usize = 20;
/// Addresses that are given so much patience; of more than these each is looked at once more.
const MAX_UNSETTLED: usize = 1 << 20;

/// Looks at the memory of one family, span by span. Reading and judging is in `batch.rs`.
pub(crate) struct Round<'a, V> {
    pub(super) view: &'a mut V,
    pub(super) rule: Rule,
    pub(super) charges: &'a Charges,
    batch_bytes: usize,
    pub(super) emit: &'a mut dyn FnMut(ScanRecord),
    pub(super) counts: RoundCounts,
    pub(super) gone: Vec<bool>,
    pub(super) judgement: Judgement,
    pub(super) divider: Divider,
    /// Buffers of the last batch, to be used again.
    pub(super) spare: Contents,
    /// Whether some page of the family may really be in swap.
    swap: bool,
    /// Addresses to look at once more.
    unsettled: Vec<Later>,
    /// This is the last look, so that everything gets its verdict.
    pub(super) last: bool,
    pub(super) moved_memory: MovedMemory,
    /// Addresses to look at once it is known which memory was moved.
    held: Vec<Later>,
    /// It is known.
    resolved: bool,
    /// Memory that may have been moved and written whole before.
    pub(super) may_have_moved: MovedWhole,
    /// What the members had when they were listed.
    pub(super) listed: ListedPages,
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
            divider: Divider::default(),
            spare: Contents::default(),
            swap,
            unsettled: Vec::new(),
            last: false,
            moved_memory: MovedMemory::default(),
            held: Vec::new(),
            resolved: false,
            listed: ListedPages::default(),
            may_have_moved: MovedWhole::default(),
        }
    }

    /// Expects the pages that the members had when they were listed, and memory that may have been moved before.
    pub(crate) fn expect(&mut self, listed: ListedPages, may_have_moved: MovedWhole) {
        (self.listed, self.may_have_moved) = (listed, may_have_moved);
    }

    /// Counts pages that were left out before the first look.
    pub(crate) fn skip(&mut self, skips: &Skips) {
        self.counts.skips = *skips;
    }

    /// Looks at one span, and reports after each window how many of its bytes are done.
    pub(crate) fn span(&mut self, span: &Span, done: &mut dyn FnMut(&RoundCounts, u64)) {
        let all = (span.end - span.start) / PAGE;
        let populated = self.populated(&span.members, span.start..span.end);
        let looked_at: u64 = populated.iter().map(|range| (range.end - range.start) / PAGE).sum();
        let members = span.members.len() as u64;
        self.counts.skips.absent += if span.traits.hugetlb { 0 } else { (all - looked_at) * members };
        done(&self.counts, (all - looked_at) * members * PAGE);
        let traits = span.traits;
        self.moved_memory.begin_span();
        self.may_have_moved.begin_span();
        let of_range = |range: &Range<u64>| windows(range.start, range.end, span.members.len());
        for (start, pages) in populated.iter().flat_map(of_range) {
            let window = Window { members: &span.members, traits, start, pages };
            let places = self.window(window, None);
            self.later(window, places);
            done(&self.counts, pages as u64 * PAGE * span.members.len() as u64);
        }
    }

    /// The ranges of addresses in which one of some members has pages; small holes are within them. All of them where
    /// there are few or where that cannot be asked.
    pub(super) fn populated(&mut self, members: &[usize], range: Range<u64>) -> Vec<Range<u64>> {
        let large = range.end - range.start > WINDOW_PAGES as u64 * PAGE;
        let settled = if large { self.settled(members, &range) } else { None };
        settled.unwrap_or_else(|| vec![range])
    }

    fn settled(&mut self, members: &[usize], range: &Range<u64>) -> Option<Vec<Range<u64>>> {
        let mut ranges = Vec::new();
        for &member in members.iter().filter(|&&member| !self.gone[member]) {
            ranges.extend(self.view.populated(member, range.clone())?);
        }
        ranges.sort_unstable_by_key(|range| range.start);
        ranges.dedup_by(|next, range| {
            let near = next.start <= range.end.saturating_add(SMALL_HOLE);
            if near {
                range.end = range.end.max(next.end);
            }
            near
        });
        Some(ranges)
    }

    /// Looks again at the addresses that had not settled, a moment later, then at those where memory of other
    /// addresses may be, and returns what was found in all.
    pub(crate) fn finish(mut self, overlap: &Overlap) -> RoundCounts {
        self.settle();
        let alone = self.alone(&overlap.alone);
        let mut moved = match self.rule.access() {
            FrameAccess::Frames => 0,
            FrameAccess::ExclusiveBit => self.moved_memory.maybe_moved_in_spans(),
        };
        if !self.moved_memory.is_empty() {
            self.find_moved(overlap);
            moved = self.moved_memory.pages_beside_moved(&alone);
            self.resolved = true;
            self.unsettled = std::mem::take(&mut self.held);
            self.last = false;
            self.settle();
        }
        // Those that are seen to have been moved are among those that may have been.
        let moved = moved.max(self.moved_whole(overlap));
        self.counts.doubts.add(Doubt::Remapped, moved + self.listed.missing());
        self.counts
    }

    fn settle(&mut self) {
        for settle in 1..=SETTLES {
            let count: usize = self.unsettled.iter().map(|later| later.places.len()).sum();
            if count == 0 {
                break;
            }
            self.last = settle == SETTLES || count > MAX_UNSETTLED;
            std::thread::sleep(SETTLE);
            for Later { members, traits, places } in std::mem::take(&mut self.unsettled) {
                let (Some(first), Some(last)) = (places.first(), places.last()) else {
                    continue;
                };
                let (start, pages) = (first.address, ((last.address - first.address) / PAGE) as usize + 1);
                let window = Window { members: &members, traits, start, pages };
                let again = self.window(window, Some(&places));
                self.later(window, again);
            }
        }
    }

    fn later(&mut self, window: Window<'_>, places: Vec<Unsettled>) {
        if !places.is_empty() {
            self.unsettled.push(Later { members: window.members.to_vec(), traits: window.traits, places });
        }
    }

    /// Looks at consecutive pages and gives the addresses that have not settled, ascending: a
    /// frame moved while its content was read, or a member shows swap, which is also how a page
    /// looks while the kernel moves it. With `again`, only those addresses are looked at, and
    /// what moves once more stays unjudged.
    fn window(&mut self, window: Window<'_>, again: Option<&[Unsettled]>) -> Vec<Unsettled> {
        let Window { members, traits, start, pages } = window;
        let mut tables = Vec::with_capacity(members.len());
        for &member in members {
            if let Some(table) = self.entries(member, traits, start, pages) {
                if again.is_none() {
                    self.listed.find(member, start, &table);
                }
                tables.push((member, table));
            }
        }
        let mut pool: Vec<Holder> = Vec::new();
        let mut places: Vec<Place> = Vec::new();
        let mut unsettled: Vec<Unsettled> = Vec::new();
        let mut held: Vec<Unsettled> = Vec::new();
        let mut ignored = Skips::default();
        for page in 0..pages {
            let address = start + page as u64 * PAGE;
            let (skips, moved, before) = match again {
                // Those were counted with their mapping.
                None if traits.hugetlb => (&mut ignored, false, 0),
                None => (&mut self.counts.skips, false, 0),
                Some(again) => match again.binary_search_by_key(&address, |place| place.address) {
                    Ok(place) => (&mut ignored, again[place].moved, again[place].pages),
                    Err(_) => continue,
                },
            };
            let from = pool.len();
            let swapped = skips.swapped;
            for (member, table) in &tables {
                pool.extend(self.rule.holder(*member, table[page], skips));
            }
            let shows_swap = skips.swapped > swapped;
            if again.is_none() {
                self.may_have_moved.note(&pool[from..], tables.len(), shows_swap);
            }
            let now = pool.len() - from + (skips.swapped - swapped) as usize;
            let unsettled_here = Unsettled { address, moved, pages: now.max(before) };
            // With swap, an address without any frame is left in peace, and the second look is
            // believed.
            let suspect = if self.swap { again.is_none() && pool.len() > from } else { !self.last };
            if suspect && shows_swap && !traits.is_only_bracketed() {
                pool.truncate(from);
                unsettled.push(unsettled_here);
                continue;
            }
            pool[from..].sort_unstable();
            let mut moved_here = 0;
            if again.is_none() && !traits.is_only_bracketed() {
                self.note_alone(traits, address, &pool[from..]);
            }
            let suspects = self.suspects(traits, &pool[from..]);
            if self.resolved {
                moved_here = self.leave_out_moved(&suspects, &mut pool, from);
            } else if !suspects.is_empty() {
                for frame in suspects {
                    self.moved_memory.suspect(frame, address, None);
                }
                pool.truncate(from);
                held.push(unsettled_here);
                continue;
            }
            let in_swap = if shows_swap { self.rule.swapped(tables.iter().map(|(_, table)| table[page])) } else { 0 };
            let frames = by_frame(&pool[from..]).count();
            let mut doubts = self.doubts(traits, &pool[from..], frames, in_swap);
            doubts.add(Doubt::Remapped, moved_here);
            // A member had a page there before, and may have moved it away.
            doubts.add(Doubt::Remapped, before.saturating_sub(now) as u64);
            self.counts.doubts += doubts;
            if frames < 2 || traits.is_only_bracketed() {
                pool.truncate(from);
                continue;
            }
            let pages = unsettled_here.pages;
            places.push(Place { page, holders: from..pool.len(), frames, doubts, pages, moved });
        }
        if !held.is_empty() {
            self.held.push(Later { members: members.to_vec(), traits, places: held });
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
            self.batch(window, &tables, &pool, batch, &mut unsettled);
            rest = behind;
        }
        unsettled.sort_unstable();
        unsettled
    }

    /// The pages at one address of which each may be a copy that is not counted: those in swap, those that are not
    /// distinguished, and all of a region that a fork need not have handed down.
    fn doubts(&self, traits: Traits, holders: &[Holder], frames: usize, in_swap: u64) -> DoubtCounts {
        let mut doubts = DoubtCounts::default();
        let apart = match self.rule.access() {
            FrameAccess::Frames => 0,
            FrameAccess::ExclusiveBit => (holders.len() - frames) as u64,
        };
        // The first of all is the original.
        let in_swap = if frames == 0 { in_swap.saturating_sub(1) } else { in_swap };
        let more = frames.saturating_sub(1) as u64 + apart + in_swap;
        if traits.hugetlb {
            doubts.add(Doubt::Hugetlb, more);
        } else if traits.not_inherited {
            doubts.add(Doubt::NotInherited, more);
        } else {
            doubts.add(Doubt::Swapped, in_swap);
            doubts.add(Doubt::NotToldApart, apart);
        }
        doubts
    }

    /// Whether the kernel has merged the pages that have this frame. Where that cannot be asked, a frame that is
    /// mapped more than once in memory that may be merged is taken for one.
    pub(super) fn is_merged(&mut self, traits: Traits, holders: &[Holder]) -> bool {
        let Some(first) = holders.first().filter(|_| traits.mergeable) else {
            return false;
        };
        self.rule.access() == FrameAccess::Frames && self.view.merged(first.key()).unwrap_or_else(|| !first.exclusive())
    }

    /// The entries of a member, unless it has been given up. What they say of huge pages that are mapped whole is
    /// not used: bit 56 of all their pages is that of the first.
    pub(super) fn entries(
        &mut self,
        member: usize,
        traits: Traits,
        address: u64,
        pages: usize,
    ) -> Option<Vec<PageEntry>> {
        if self.gone[member] {
            return None;
        }
        let mut table = vec![PageEntry::default(); pages];
        if let Err(reason) = self.view.entries(member, address, &mut table) {
            self.gone[member] = true;
            self.listed.forget(member);
            self.counts.unread.add(reason, 1);
            self.counts.doubts.add(Doubt::UnreadMembers, self.charges.pages[member]);
            return None;
        }
        if traits.huge && self.rule.access() == FrameAccess::ExclusiveBit {
            let range = address..address + pages as u64 * PAGE;
            match self.view.huge(member, range.clone()) {
                Some(huge) => huge.into_iter().for_each(|huge| forget_exclusive(&mut table, address, huge)),
                None => maybe_huge(&table, address).into_iter().for_each(|huge| {
                    forget_exclusive(&mut table, address, huge);
                }),
            }
        }
        Some(table)
    }
}
