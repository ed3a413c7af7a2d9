//! A family in a few lines: pages, who shows which frame, and what is in the frames.

use std::collections::{HashMap, HashSet};

use crate::attribution::ContainerId;
use crate::procfs::{Mapping, PAGE_SIZE, PageEntry};
use crate::scan::found::{Charges, RoundCounts};
use crate::scan::frames::Rule;
use crate::scan::lineage::{Ancestor, Lineage};
use crate::scan::overlap::{Overlap, Piece, Span, Traits};
use crate::scan::round::Round;
use crate::scan::view::FamilyView;
use crate::scan::{FrameAccess, Probe, RegionTag, ScanRecord, Unread};

/// Where the pages of a family begin.
pub const START: u64 = 0x7f00_0000_0000;
/// Number of the zero frame.
pub const ZERO: u64 = 7;

/// What a member shows at a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Page {
    /// An anonymous frame of this number.
    Frame(u64),
    /// Nothing.
    Absent,
    /// In swap.
    Swapped,
    /// A page of a file.
    File,
}

/// A change that happens before a look at the entries, counted over all members.
pub type Change = (usize, Box<dyn Fn(&mut FakeFamily)>);

/// A family as the comparison sees it.
#[derive(Default)]
pub struct FakeFamily {
    /// For each member, what it shows at each page.
    pub pages: Vec<Vec<Page>>,
    /// The first byte of the frames that do not hold their own number.
    pub contents: HashMap<u64, Vec<u8>>,
    /// Members whose memory cannot be read.
    pub closed: HashSet<usize>,
    /// Members that have ended.
    pub gone: HashSet<usize>,
    /// What happens, and before which look.
    pub changes: Vec<Change>,
    /// Whether some of its pages may really be in swap.
    pub swap: bool,
    /// Looks at entries so far.
    pub looks: usize,
    /// What the mappings ask for.
    pub traits: Traits,
    /// Frames that the kernel has merged; `None` if it does not tell.
    pub merged: Option<HashSet<u64>>,
    /// Members that have the pages from a number on alone.
    pub alone: Vec<(usize, usize)>,
    /// Pages at which huge pages are mapped whole, for each member; `None` if the kernel does not tell.
    pub huge: Option<HashMap<usize, std::ops::Range<usize>>>,
    /// Whether holes can be found without reading their entries.
    pub tells_holes: bool,
    /// Whether a member has excluded the pages from forks, and of how many that was asked.
    pub excluded: bool,
    pub asked: Vec<usize>,
    /// Entries read so far.
    pub entries: usize,
    /// Frames that a process outside the family has too.
    pub outside: HashSet<u64>,
    /// Members that show bit 56 of their first page for all.
    pub huge_bit: HashSet<usize>,
    /// Pages read of each member.
    pub read: HashMap<usize, Vec<u64>>,
}

impl FakeFamily {
    /// Members that show these pages.
    pub fn new(pages: &[&[Page]]) -> Self {
        Self { pages: pages.iter().map(|pages| pages.to_vec()).collect(), ..Self::default() }
    }

    /// Gives a frame a content: a page of one byte.
    pub fn holds(mut self, frame: u64, byte: u8) -> Self {
        self.contents.insert(frame, vec![byte; PAGE_SIZE]);
        self
    }

    /// How often each frame is mapped, at whatever page.
    fn mapped(&self) -> HashMap<u64, usize> {
        let mut mapped = HashMap::new();
        for page in self.pages.iter().flatten() {
            if let Page::Frame(frame) = page {
                *mapped.entry(*frame).or_default() += 1;
            }
        }
        mapped
    }

    /// Scans the family: its records and what was counted.
    pub fn scan(&mut self, access: FrameAccess) -> (Vec<ScanRecord>, RoundCounts) {
        self.scan_charged(access, &charges(self.pages.len()))
    }

    /// Scans the family under the given charges.
    pub fn scan_charged(&mut self, access: FrameAccess, charges: &Charges) -> (Vec<ScanRecord>, RoundCounts) {
        let rule = Rule::new(&Probe { access, zero_frame: (access == FrameAccess::Frames).then_some(ZERO) });
        let span = Span {
            start: START,
            end: START + (self.pages[0].len() * PAGE_SIZE) as u64,
            members: (0..self.pages.len()).collect(),
            traits: self.traits,
        };
        let piece = |&(member, first): &(usize, usize)| Piece {
            member,
            start: START + (first * PAGE_SIZE) as u64,
            end: span.end,
            mapped_twice: 4096,
        };
        let alone: Vec<Piece> = self.alone.iter().map(piece).collect();
        let common = self.alone.iter().map(|(_, first)| *first).min().unwrap_or(self.pages[0].len());
        let span = Span { end: START + (common * PAGE_SIZE) as u64, ..span };
        let mut records = Vec::new();
        let mut emit = |record| records.push(record);
        let swap = self.swap;
        let mut round = Round::new(self, rule, charges, 256 << 10, swap, &mut emit);
        let mut spans = vec![span];
        round.learn_flags(&mut spans);
        round.span(&spans[0], &mut |_, _| ());
        let counts = round.finish(&Overlap { spans, alone });
        assert_eq!(counts.origins.pages(), counts.judged + counts.moved + counts.unreadable);
        assert_eq!(counts.origins.pages(), records.len() as u64);
        assert!(counts.mergeable <= equal(&counts));
        (records, counts)
    }
}

/// Counted pages that equal another one at their address, whatever their origin.
pub fn equal(counts: &RoundCounts) -> u64 {
    let origins = &counts.origins;
    origins.inherited.equal() + origins.born.equal() + origins.unknown.equal()
}

/// Members that the first one has forked.
pub fn star(members: usize) -> Lineage {
    Lineage::new((0..members).map(|member| if member == 0 { Ancestor::Exec } else { Ancestor::Member(0) }).collect())
}

/// A container of its own for every member and one more for the root; the second page tagged.
pub fn charges(members: usize) -> Charges {
    let page = PAGE_SIZE as u64;
    Charges {
        members: (1..=members as u32).map(ContainerId::numbered).collect(),
        root: ContainerId::numbered(1 + members as u32),
        pages: vec![1000; members],
        lineage: star(members),
        regions: vec![(START + page..START + 2 * page, RegionTag(9))],
    }
}

impl FamilyView for FakeFamily {
    fn entries(&mut self, member: usize, address: u64, entries: &mut [PageEntry]) -> Result<(), Unread> {
        self.looks += 1;
        self.entries += entries.len();
        for (look, change) in std::mem::take(&mut self.changes) {
            match look == self.looks {
                true => change(self),
                false => self.changes.push((look, change)),
            }
        }
        if self.gone.contains(&member) {
            return Err(Unread::Vanished);
        }
        let first = ((address - START) / PAGE_SIZE as u64) as usize;
        let mapped = self.mapped();
        for (page, entry) in (first..).zip(entries) {
            *entry = PageEntry(match self.pages[member][page] {
                Page::Absent => 0,
                Page::Swapped => 1 << 62,
                Page::File => 1 << 63 | 1 << 61 | 77,
                Page::Frame(frame) => {
                    let bit_of = match (self.huge_bit.contains(&member), self.pages[member][0]) {
                        (true, Page::Frame(first)) => first,
                        _ => frame,
                    };
                    let once = bit_of != ZERO && mapped.get(&bit_of) == Some(&1) && !self.outside.contains(&bit_of);
                    1 << 63 | u64::from(once) << 56 | frame
                }
            });
        }
        Ok(())
    }

    fn huge(&mut self, member: usize, range: std::ops::Range<u64>) -> Option<Vec<std::ops::Range<u64>>> {
        let pages = self.huge.as_ref()?.get(&member).cloned().unwrap_or_default();
        let address = |page: usize| START + (page * PAGE_SIZE) as u64;
        let within = address(pages.start).max(range.start)..address(pages.end).min(range.end);
        Some(Vec::from([within]))
    }

    fn populated(&mut self, member: usize, range: std::ops::Range<u64>) -> Option<Vec<std::ops::Range<u64>>> {
        if !self.tells_holes {
            return None;
        }
        let address = |page: usize| START + (page * PAGE_SIZE) as u64;
        let pages = (0..self.pages[member].len()).filter(|&page| self.pages[member][page] != Page::Absent);
        Some(pages.map(|page| address(page)..address(page + 1)).filter(|one| range.contains(&one.start)).collect())
    }

    fn not_inherited(&mut self, _members: &[usize], _range: std::ops::Range<u64>, pages: usize) -> bool {
        self.asked.push(pages);
        self.excluded
    }

    fn times_mapped(&mut self, frame: u64) -> Option<u64> {
        let within = self.mapped().get(&frame).copied().unwrap_or(0);
        Some(within as u64 + u64::from(self.outside.contains(&frame)))
    }

    fn pieces(&mut self, _member: usize) -> Option<Vec<Mapping>> {
        None
    }

    fn merged(&mut self, frame: u64) -> Option<bool> {
        Some(self.merged.as_ref()?.contains(&frame))
    }

    fn contents(&mut self, member: usize, addresses: &[u64], out: &mut [u8], readable: &mut [bool]) {
        readable.fill(false);
        assert!(addresses.is_sorted(), "pages are asked for in order");
        for (number, &address) in addresses.iter().enumerate() {
            self.read.entry(member).or_default().push(address);
            let page = ((address - START) / PAGE_SIZE as u64) as usize;
            let Page::Frame(frame) = self.pages[member][page] else {
                continue;
            };
            if self.closed.contains(&member) || self.gone.contains(&member) {
                continue;
            }
            let out = &mut out[number * PAGE_SIZE..(number + 1) * PAGE_SIZE];
            match self.contents.get(&frame) {
                Some(content) => out.copy_from_slice(content),
                None if frame == ZERO => out.fill(0),
                None => {
                    out.fill(0);
                    out[..8].copy_from_slice(&frame.to_le_bytes());
                }
            }
            readable[number] = true;
        }
    }
}
