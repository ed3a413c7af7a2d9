//! Pages that were listed and are not where they were, and pages that may have been moved before.

use crate::procfs::{Mapping, PageEntry};
use crate::scan::Skips;
use crate::scan::lineage::{Ancestor, Lineage};
use crate::scan::listed_pages::ListedPages;
use crate::scan::moved_whole::MovedWhole;
use crate::scan::overlap::overlap;

const PRESENT: PageEntry = PageEntry(1 << 63 | 1 << 56);
const SWAPPED: PageEntry = PageEntry(1 << 62);
const FILE: PageEntry = PageEntry(1 << 63 | 1 << 61);

/// An anonymous mapping of the pages from `first` up to `end`, of which some are there.
fn mapping(first: u64, end: u64, pages: u64) -> Mapping {
    Mapping {
        start: first * 4096,
        end: end * 4096,
        anonymous: Some(pages * 4096),
        resident: Some(pages * 4096),
        swapped: Some(0),
        ..Mapping::default()
    }
}

fn listed(members: &[Vec<Mapping>]) -> ListedPages {
    ListedPages::new(members, &overlap(members, &mut Skips::default()))
}

#[test]
fn pages_that_are_not_found_are_missing() {
    let members = [vec![mapping(10, 20, 6), mapping(40, 50, 3)], vec![mapping(10, 20, 10)]];
    let mut pages = listed(&members);
    // The mapping that the first member has alone is not looked at, since no frame of it is mapped elsewhere.
    assert_eq!(pages.missing(), 16);
    pages.find(0, 10 * 4096, &[PRESENT, SWAPPED, FILE, PageEntry(0), PRESENT]);
    assert_eq!(pages.missing(), 13);
    pages.find(1, 5 * 4096, &[PRESENT; 20]);
    assert_eq!(pages.missing(), 3, "outside a mapping nothing is found");
    pages.find(0, 15 * 4096, &[PRESENT; 5]);
    assert_eq!(pages.missing(), 0, "more than were listed are no loss elsewhere");
    let mut pages = listed(&members);
    pages.forget(1);
    assert_eq!(pages.missing(), 6);
}

#[test]
fn mapping_that_others_have_in_part_is_looked_at_whole() {
    let members = [vec![mapping(10, 30, 8)], vec![mapping(10, 20, 1)]];
    let found = overlap(&members, &mut Skips::default());
    let alone: Vec<(usize, u64)> = found.alone.iter().map(|piece| (piece.member, piece.start / 4096)).collect();
    assert_eq!(alone, [(0, 20)]);
    assert_eq!(listed(&members).missing(), 9);
}

#[test]
fn memory_may_have_been_moved_to_where_the_relative_has_none() {
    let family = Lineage::new(vec![Ancestor::Exec, Ancestor::Member(0)]);
    let parent = || vec![mapping(10, 20, 10), mapping(50, 60, 4)];
    let pages = |lineage: &Lineage, members: &[Vec<Mapping>]| {
        MovedWhole::new(lineage, members).pages(|_, _, _, _| unreachable!("no page was looked at"))
    };
    let moved = |child: Vec<Mapping>| pages(&family, &[parent(), child]);
    // Away from the parent's addresses, and in part.
    assert_eq!(moved(vec![mapping(50, 60, 4), mapping(80, 90, 10)]), 10);
    assert_eq!(moved(vec![mapping(15, 20, 5), mapping(50, 60, 4), mapping(80, 90, 10)]), 5);
    // The mapping was kept (`MREMAP_DONTUNMAP`), or the relative had one with no pages at the other end.
    assert_eq!(moved(vec![mapping(10, 20, 0), mapping(50, 60, 4), mapping(80, 90, 10)]), 10);
    // Something is mapped there, the child has nothing elsewhere, or nothing of the same file.
    assert_eq!(moved(vec![mapping(10, 20, 1), mapping(50, 60, 4), mapping(80, 90, 10)]), 0);
    assert_eq!(moved(vec![mapping(50, 60, 4)]), 0);
    let file = Mapping { inode: 7, ..mapping(80, 90, 10) };
    assert_eq!(moved(vec![mapping(50, 60, 4), file]), 0);
    // Two programs have nothing from each other.
    let unrelated = Lineage::new(vec![Ancestor::Exec, Ancestor::Exec]);
    assert_eq!(pages(&unrelated, &[parent(), vec![mapping(80, 90, 10)]]), 0);
}
