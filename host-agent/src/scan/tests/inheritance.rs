//! Mappings that were read without their flags.

use super::fake::{FakeFamily, Page, Page::*};
use crate::scan::overlap::Traits;
use crate::scan::{Doubt, FrameAccess};

const PAGES: usize = 256;

/// Two members with frames of their own at some pages, and one in common at the last.
fn family(apart: usize, last: [Page; 2]) -> FakeFamily {
    let pages = |first: u64, last: Page| -> Vec<Page> { (first..).take(apart).map(Frame).chain([last]).collect() };
    let (a, b) = (pages(1_000, last[0]), pages(2_000, last[1]));
    FakeFamily { traits: Traits { flags_unknown: true, ..Traits::default() }, ..FakeFamily::new(&[&a, &b]) }
}

#[test]
fn frame_in_common_was_handed_down() {
    let mut family = family(PAGES, [Frame(11), Frame(11)]);
    family.excluded = true;
    let (_, counts) = family.scan(FrameAccess::Frames);
    assert_eq!((counts.origins.pages(), &family.asked[..]), (PAGES as u64, &[][..]));
}

#[test]
fn without_a_frame_in_common_the_flags_decide() {
    for (excluded, pages) in [(false, PAGES), (true, PAGES), (false, 1), (true, 1)] {
        let mut family = family(pages, [Absent, Absent]);
        family.excluded = excluded;
        let (_, counts) = family.scan(FrameAccess::Frames);
        let expected = if excluded { (0, pages as u64) } else { (pages as u64, 0) };
        assert_eq!((counts.origins.pages(), counts.doubts.get(Doubt::NotInherited)), expected);
        assert_eq!(family.asked, [pages], "whatever their number");
    }
}

#[test]
fn pages_that_one_member_has_alone_are_in_no_doubt() {
    let one: Vec<Page> =
        (0..2 * PAGES as u64).map(|page| if page % 2 == 0 { Frame(1_000 + page) } else { Absent }).collect();
    let other: Vec<Page> = one.iter().map(|page| if *page == Absent { Frame(9_000) } else { Absent }).collect();
    let mut family = FakeFamily {
        traits: Traits { flags_unknown: true, ..Traits::default() },
        excluded: true,
        ..FakeFamily::new(&[&one, &other])
    };
    let (_, counts) = family.scan(FrameAccess::Frames);
    assert_eq!((counts.origins.pages(), counts.doubts.total(), family.asked.len()), (0, 0, 0));
}
