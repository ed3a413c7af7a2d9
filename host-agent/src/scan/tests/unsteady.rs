//! Families that change while they are looked at.

use super::fake::{Change, FakeFamily, Page, equal};
use crate::scan::{Doubt, FrameAccess, UnjudgedReason, Unread, Verdict};

use Page::{Absent, Frame};

/// Two members, two pages copied at once: looks 1 and 2 are the first, 3 and 4 the second.
fn pair() -> FakeFamily {
    FakeFamily::new(&[&[Frame(10), Frame(11)], &[Frame(20), Frame(21)]])
}

fn shows(look: usize, member: usize, page: usize, shown: Page) -> Change {
    (look, Box::new(move |family: &mut FakeFamily| family.pages[member][page] = shown))
}

fn unjudged(verdict: Verdict, reason: UnjudgedReason) -> bool {
    verdict == Verdict::Unjudged(reason)
}

#[test]
fn a_frame_that_moves_once_is_judged_where_it_came_to_rest() {
    let mut family = pair();
    family.changes.push(shows(3, 0, 0, Frame(99)));
    let (_, counts) = family.scan(FrameAccess::Frames);
    assert_eq!((counts.origins.pages(), counts.judged, counts.moved), (2, 2, 0));
    // One window again for both members, with a look before and after.
    assert_eq!(family.looks, 8);
}

#[test]
fn a_frame_that_moves_twice_leaves_its_copy_unjudged() {
    let mut family = pair();
    family.changes.push(shows(3, 0, 0, Frame(98)));
    family.changes.push(shows(7, 0, 0, Frame(99)));
    let (records, counts) = family.scan(FrameAccess::Frames);
    assert_eq!((counts.origins.pages(), counts.judged, counts.moved), (2, 1, 1));
    let moved = |record: &&crate::scan::ScanRecord| unjudged(record.verdict, UnjudgedReason::Moved);
    assert_eq!(records.iter().filter(moved).count(), 1);
}

#[test]
fn a_move_between_the_first_looks_at_two_members_makes_no_copy() {
    // A shared frame moves after member 0 was looked at and before member 1 is.
    let mut family = FakeFamily::new(&[&[Frame(10)], &[Frame(10)]]);
    family.changes.push(shows(2, 0, 0, Frame(90)));
    family.changes.push(shows(2, 1, 0, Frame(90)));
    let (records, counts) = family.scan(FrameAccess::Frames);
    assert!(records.is_empty(), "{records:?}");
    assert_eq!(counts.origins.pages(), 0);
}

#[test]
fn a_page_that_leaves_for_swap_meanwhile_is_no_copy_any_more() {
    for swap in [true, false] {
        let mut family = pair();
        family.swap = swap;
        family.changes.push(shows(3, 1, 0, Page::Swapped));
        let (_, counts) = family.scan(FrameAccess::Frames);
        assert_eq!((counts.origins.pages(), counts.judged, counts.moved), (1, 1, 0));
    }
    // It may have been moved to another address.
    let mut family = pair();
    family.changes.push(shows(3, 1, 0, Absent));
    let (_, counts) = family.scan(FrameAccess::Frames);
    assert_eq!((counts.origins.pages(), counts.doubts.get(Doubt::Remapped)), (1, 1));
}

#[test]
fn a_page_on_its_way_to_another_frame_looks_swapped_and_is_waited_for() {
    // All but one member have been unmapped for the move, which makes that one exclusive.
    let rows: [&[Page]; 4] = [&[Page::Swapped], &[Page::Swapped], &[Frame(20)], &[Frame(10)]];
    for access in [FrameAccess::Frames, FrameAccess::ExclusiveBit] {
        for (swap, arrives) in [(true, 5), (false, 5), (false, 41)] {
            let mut family = FakeFamily::new(&rows);
            family.swap = swap;
            for member in [0, 1, 3] {
                family.changes.push(shows(arrives, member, 0, Frame(30)));
            }
            let (_, counts) = family.scan(access);
            assert_eq!((counts.origins.pages(), counts.judged), (1, 1), "{access:?} {swap} {arrives}");
            assert_eq!(counts.skips.swapped, 2, "counted at the first look only");
        }
    }
}

#[test]
fn an_address_whose_frames_are_all_on_their_way_is_waited_for_unless_there_is_swap() {
    for (swap, copies) in [(false, 1), (true, 0)] {
        let mut family = FakeFamily::new(&[&[Page::Swapped], &[Page::Swapped]]);
        family.swap = swap;
        family.changes.push(shows(3, 0, 0, Frame(10)));
        family.changes.push(shows(3, 1, 0, Frame(20)));
        assert_eq!(family.scan(FrameAccess::Frames).1.origins.pages(), copies, "{swap}");
    }
}

#[test]
fn what_stays_in_swap_ends_the_wait() {
    for swap in [true, false] {
        let mut family = FakeFamily::new(&[&[Page::Swapped], &[Frame(20)], &[Frame(30)]]);
        family.swap = swap;
        let (_, counts) = family.scan(FrameAccess::Frames);
        assert_eq!((counts.origins.pages(), counts.judged, counts.skips.swapped), (1, 1, 1), "{swap}");
    }
}

#[test]
fn an_address_that_never_settles_gets_its_verdict_in_the_end() {
    // Swapped for all looks but the last, and then its frame moves.
    let mut family = FakeFamily::new(&[&[Page::Swapped], &[Frame(20)]]);
    let looks = 2 + 2 * 19;
    family.changes.push(shows(looks + 1, 0, 0, Frame(10)));
    family.changes.push(shows(looks + 3, 0, 0, Frame(11)));
    let (_, counts) = family.scan(FrameAccess::Frames);
    assert_eq!((counts.origins.pages(), counts.moved), (1, 1));
}

#[test]
fn without_numbers_a_change_of_the_exclusive_bit_is_a_move() {
    // Member 1 gives its copy back and shares again, as after a merge.
    let mut family = FakeFamily::new(&[&[Frame(10)], &[Frame(20)], &[Frame(10)]]);
    family.changes.push(shows(4, 1, 0, Frame(10)));
    let (records, counts) = family.scan(FrameAccess::ExclusiveBit);
    assert!(records.is_empty(), "{records:?} {counts:?}");
}

#[test]
fn a_member_that_ends_is_counted_and_the_others_are_compared() {
    let rows: [&[Page]; 3] = [&[Frame(10)], &[Frame(20)], &[Frame(30)]];
    // Before the first look, between the members, and after the contents were read.
    for (look, before) in [(1, "all"), (3, "its first look"), (4, "the second looks")] {
        let mut family = FakeFamily::new(&rows);
        let end: Change = (
            look,
            Box::new(|family: &mut FakeFamily| {
                family.gone.insert(2);
            }),
        );
        family.changes.push(end);
        let (_, counts) = family.scan(FrameAccess::Frames);
        assert_eq!((counts.origins.pages(), counts.judged), (1, 1), "it ends before {before}");
        assert_eq!(counts.unread.get(Unread::Vanished), 1, "it ends before {before}");
        assert_eq!(counts.doubts.get(Doubt::UnreadMembers), 1000, "each of its pages may be one copy more");
    }
}

#[test]
fn a_family_that_ends_whole_leaves_nothing() {
    let mut family = pair();
    family.gone.extend([0, 1]);
    let (records, counts) = family.scan(FrameAccess::Frames);
    assert!(records.is_empty());
    assert_eq!(counts.unread.get(Unread::Vanished), 2);
}

#[test]
fn a_frame_that_cannot_be_read_leaves_its_copy_unjudged() {
    let mut family = pair();
    family.closed.insert(1);
    let (records, counts) = family.scan(FrameAccess::Frames);
    assert_eq!((counts.origins.pages(), counts.unreadable, counts.judged), (2, 2, 0));
    assert!(records.iter().all(|r| unjudged(r.verdict, UnjudgedReason::Unreadable)));
}

#[test]
fn a_shared_frame_is_read_from_whoever_lets() {
    let mut family = FakeFamily::new(&[&[Frame(10)], &[Frame(10)], &[Frame(20)]]).holds(10, 1).holds(20, 1);
    family.closed.insert(0);
    let (_, counts) = family.scan(FrameAccess::Frames);
    assert_eq!((counts.origins.pages(), equal(&counts), counts.unreadable), (1, 1, 0));
}
