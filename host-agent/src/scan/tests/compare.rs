//! The rule of distinct frames on families that hold still.

use proptest::prelude::*;

use super::fake::{FakeFamily, Page, START, ZERO, charges, equal};
use crate::procfs::PAGE_SIZE;
use crate::scan::{Doubt, FrameAccess, RegionTag, Verdict};

use FrameAccess::{ExclusiveBit, Frames};
use Page::{Absent, File, Frame, Swapped};

/// Whether each record is redundant, in order.
fn redundant(records: &[crate::scan::ScanRecord]) -> Vec<bool> {
    records
        .iter()
        .map(|record| match record.verdict {
            Verdict::Judged { before, after } => before == after,
            Verdict::Unjudged(reason) => panic!("unjudged: {reason:?}"),
        })
        .collect()
}

#[test]
fn a_worker_that_writes_and_a_parent_that_writes_come_to_the_same() {
    for access in [Frames, ExclusiveBit] {
        for writer in 0..5 {
            // Page 0 gets the content that it had, page 1 another one, page 2 is left alone.
            let mut family = FakeFamily::new(&[&[Frame(10), Frame(11), Frame(12)][..]; 5]).holds(10, 1).holds(20, 1);
            family.pages[writer][..2].copy_from_slice(&[Frame(20), Frame(21)]);
            let (records, counts) = family.scan(access);
            assert_eq!(redundant(&records), [true, false], "{access:?}, writer {writer}");
            assert_eq!((counts.origins.pages(), equal(&counts), counts.mergeable), (2, 1, 1));
            let payer = charges(5).members[writer];
            assert!(records.iter().all(|record| record.container == payer));
        }
    }
}

#[test]
fn k_distinct_frames_are_k_minus_1_copies() {
    for access in [Frames, ExclusiveBit] {
        let rows: Vec<[Page; 2]> = (0..6).map(|m| [Frame(10 + m), Frame(20 + m)]).collect();
        let rows: Vec<&[Page]> = rows.iter().map(|row| &row[..]).collect();
        let mut family = FakeFamily::new(&rows);
        for frame in 10..16 {
            family = family.holds(frame, 3);
        }
        let (records, counts) = family.scan(access);
        assert_eq!((counts.origins.pages(), equal(&counts), counts.mergeable), (10, 5, 5));
        assert_eq!(records.iter().filter(|r| r.region == Some(RegionTag(9))).count(), 5);
        assert!(records.iter().all(|r| r.length == 4096));
    }
}

#[test]
fn a_copy_is_redundant_when_it_equals_another_copy() {
    // The original is the frame that two still share; two copies equal each other.
    for access in [Frames, ExclusiveBit] {
        let mut family =
            FakeFamily::new(&[&[Frame(20)], &[Frame(21)], &[Frame(10)], &[Frame(10)]]).holds(20, 4).holds(21, 4);
        let (records, counts) = family.scan(access);
        assert_eq!(redundant(&records), [true, true]);
        assert_eq!((equal(&counts), counts.mergeable), (2, 1));
    }
}

#[test]
fn the_only_owner_pays_and_else_the_root() {
    // Members 3 and 4 share a copy that one of them made before it forked.
    let mut family =
        FakeFamily::new(&[&[Frame(10)], &[Frame(10)], &[Frame(10)], &[Frame(11)], &[Frame(11)], &[Frame(12)]]);
    let charges = charges(6);
    let (records, _) = family.scan_charged(Frames, &charges);
    let mut payers: Vec<_> = records.iter().map(|record| record.container).collect();
    payers.sort_unstable();
    assert_eq!(payers, [charges.members[5], charges.root]);
}

#[test]
fn what_is_no_anonymous_frame_is_left_out_and_counted() {
    let mut family = FakeFamily::new(&[
        &[Absent, Swapped, File, Frame(ZERO), Frame(10), Frame(ZERO)],
        &[Frame(20), Frame(21), Frame(22), Frame(23), Absent, Swapped],
    ]);
    let (records, counts) = family.scan(Frames);
    assert!(records.is_empty());
    let skips = counts.skips;
    assert_eq!((skips.absent, skips.swapped), (2, 2));
    assert_eq!((skips.file_or_shared, skips.zero_frame), (1, 2));
    assert_eq!(counts.bytes_read, 0, "nothing is read where nothing is compared");
}

#[test]
fn without_numbers_a_shared_page_of_zeros_may_be_the_zero_frame() {
    let mut family = FakeFamily::new(&[&[Frame(ZERO)], &[Frame(20)], &[Frame(ZERO)]]);
    let (records, counts) = family.scan(ExclusiveBit);
    assert!(records.is_empty());
    assert_eq!(counts.skips.zero_frame, 2);
    // Two first writes beside it are distinguished all the same.
    let mut family = FakeFamily::new(&[&[Frame(ZERO)], &[Frame(20)], &[Frame(21)]]);
    let (records, _) = family.scan(ExclusiveBit);
    assert_eq!(redundant(&records), [false]);
}

#[test]
fn without_numbers_copies_are_a_lower_bound() {
    // Two pairs, each with a frame of its own: three distinct frames, of which two are known
    // apart.
    let mut family = FakeFamily::new(&[&[Frame(10)], &[Frame(10)], &[Frame(11)], &[Frame(11)], &[Frame(12)]]);
    assert_eq!(family.scan(Frames).1.origins.pages(), 2);
    assert_eq!(family.scan(ExclusiveBit).1.origins.pages(), 1);
}

#[test]
fn only_addresses_with_two_frames_are_read_and_each_frame_once() {
    let mut rows = vec![(0..10_000).map(|page| Frame(1000 + page)).collect::<Vec<Page>>(); 3];
    for page in (0..10_000).step_by(100) {
        rows[2][page] = Frame(100_000 + page as u64);
    }
    let rows: Vec<&[Page]> = rows.iter().map(|row| &row[..]).collect();
    let mut family = FakeFamily::new(&rows);
    let (records, counts) = family.scan(Frames);
    assert_eq!(records.len(), 100);
    assert_eq!(counts.bytes_read, 200 * PAGE_SIZE as u64);
    let expected: Vec<u64> = (0..100).map(|n| START + n * 100 * PAGE_SIZE as u64).collect();
    assert_eq!(family.read[&0], expected);
    assert_eq!(family.read[&2], expected);
    assert!(!family.read.contains_key(&1));
}

#[test]
fn an_address_with_more_frames_than_a_batch_holds_is_read_whole() {
    let rows: Vec<[Page; 2]> = (0..100).map(|m| [Frame(1000 + m), Frame(10)]).collect();
    let rows: Vec<&[Page]> = rows.iter().map(|row| &row[..]).collect();
    let (records, counts) = FakeFamily::new(&rows).scan(Frames);
    assert_eq!((records.len(), counts.judged), (99, 99));
}

/// A page of a member, with few frames so that they meet.
fn any_page() -> impl Strategy<Value = Page> {
    prop_oneof![
        6 => (10u64..16).prop_map(Frame),
        1 => Just(Absent),
        1 => Just(Swapped),
        1 => Just(File),
        1 => Just(Frame(ZERO)),
    ]
}

proptest! {
    #[test]
    fn every_family_is_counted_by_the_rule(
        rows in (2..7usize, 1..6usize).prop_flat_map(|(members, pages)| {
            let row = proptest::collection::vec(any_page(), pages);
            proptest::collection::vec(row, members)
        }),
        bytes in proptest::collection::vec(0u8..3, 6),
    ) {
        let pages = rows[0].len();
        // No frame is at two addresses: that would be memory that was moved.
        let apart = |(page, shown): (usize, &Page)| match *shown {
            Frame(frame) if frame != ZERO => Frame(frame + 100 * page as u64),
            other => other,
        };
        let rows: Vec<Vec<Page>> = rows.iter().map(|row| row.iter().enumerate().map(apart).collect()).collect();
        let rows: Vec<&[Page]> = rows.iter().map(|row| &row[..]).collect();
        let mut family = FakeFamily::new(&rows);
        family.swap = true;
        for page in 0..pages as u64 {
            for (frame, byte) in (10..).zip(&bytes) {
                family = family.holds(frame + 100 * page, *byte);
            }
        }
        // Counted again, the slow way: sets of frames and of contents.
        let (mut copies, mut mergeable, mut looked_at) = (0, 0, 0);
        for page in 0..pages {
            let shown = rows.iter().map(|row| row[page]);
            let frames: std::collections::BTreeSet<u64> = shown
                .filter_map(|page| match page {
                    Frame(frame) if frame != ZERO => Some(frame),
                    _ => None,
                })
                .collect();
            let contents: std::collections::BTreeSet<u8> =
                frames.iter().map(|frame| bytes[*frame as usize % 100 - 10]).collect();
            copies += frames.len().saturating_sub(1) as u64;
            mergeable += (frames.len() - contents.len()) as u64;
            looked_at += rows.len() as u64;
        }
        let (_, exact) = family.scan(Frames);
        prop_assert_eq!(exact.origins.pages(), copies);
        prop_assert_eq!(exact.mergeable, mergeable);
        prop_assert!(equal(&exact) <= 2 * mergeable && equal(&exact) <= copies);
        let skips = exact.skips;
        let left_out = skips.absent + skips.swapped + skips.file_or_shared + skips.zero_frame;
        let frames = rows.iter().flat_map(|row| row.iter());
        let held = frames.filter(|page| matches!(page, Frame(f) if *f != ZERO)).count() as u64;
        prop_assert_eq!(left_out + held, looked_at);
        let (_, bound) = family.scan(ExclusiveBit);
        prop_assert!(bound.origins.pages() <= exact.origins.pages());
    }
}

#[test]
fn a_frame_at_another_address_of_the_family_is_no_copy() {
    // Member 1 has moved its memory one page on; no member has written.
    let mut family = FakeFamily::new(&[&[Frame(10), Frame(11), Frame(12)], &[Absent, Frame(10), Frame(11)]]);
    let (records, counts) = family.scan(Frames);
    assert!(records.is_empty(), "{records:?}");
    assert_eq!(counts.doubts.get(Doubt::Remapped), 2, "two addresses with two frames each");
    // A frame that others have at its own address stays the original there.
    let mut family = FakeFamily::new(&[
        &[Frame(10), Frame(11), Frame(12)],
        &[Frame(10), Frame(11), Frame(12)],
        &[Absent, Frame(10), Frame(20)],
    ]);
    let (records, counts) = family.scan(Frames);
    assert_eq!((records.len(), counts.doubts.get(Doubt::Remapped)), (1, 1));
}

#[test]
fn frame_shared_outside_the_family_is_a_copy() {
    // Member 1 shares frame 20 with a process that is not of the family: it is mapped twice, but nowhere else here.
    let mut family = FakeFamily::new(&[&[Frame(10)], &[Frame(10)], &[Frame(20)], &[Frame(20)]]);
    family.pages[3] = vec![Absent];
    family.outside.insert(20);
    let (records, counts) = family.scan(Frames);
    assert_eq!((records.len(), counts.doubts.total()), (1, 0));
}

#[test]
fn memory_that_was_moved_where_only_one_has_any_is_in_doubt() {
    // Pages 2 to 4 of member 1 are its pages 0 and 1 and one of its own.
    let mut family = FakeFamily::new(&[
        &[Frame(10), Frame(11), Absent, Absent, Absent],
        &[Absent, Absent, Frame(10), Frame(30), Frame(11)],
    ]);
    family.alone = vec![(1, 2)];
    let (records, counts) = family.scan(Frames);
    assert!(records.is_empty());
    assert_eq!(counts.doubts.get(Doubt::Remapped), 1);
    // Nothing was moved where no frame is at two addresses.
    let mut family = FakeFamily::new(&[&[Frame(10), Absent], &[Frame(10), Frame(30)]]);
    family.alone = vec![(1, 1)];
    assert_eq!(family.scan(Frames).1.doubts.total(), 0);
}

#[test]
fn memory_that_a_fork_does_not_hand_down_is_in_doubt_and_no_copy() {
    for access in [Frames, ExclusiveBit] {
        let mut family = FakeFamily::new(&[&[Frame(10), Frame(11)], &[Frame(20), Absent]]);
        family.traits.not_inherited = true;
        let (records, counts) = family.scan(access);
        assert!(records.is_empty());
        assert_eq!(counts.doubts.get(Doubt::NotInherited), 1);
    }
}

#[test]
fn each_place_in_swap_may_be_one_copy_more() {
    let mut family = FakeFamily::new(&[&[Frame(10), Swapped], &[Swapped, Swapped], &[Frame(20), Absent]]);
    family.swap = true;
    let (records, counts) = family.scan(Frames);
    // Page 0: two frames and one in swap; page 1: two members with one place in swap, which is one page.
    assert_eq!((records.len(), counts.doubts.get(Doubt::Swapped)), (1, 1));
    let (_, counts) = family.scan(ExclusiveBit);
    assert_eq!(counts.doubts.get(Doubt::Swapped), 2, "places in swap are not shown");
}

#[test]
fn without_numbers_frames_that_are_not_exclusive_may_all_be_copies() {
    let mut family = FakeFamily::new(&[&[Frame(10)], &[Frame(10)], &[Frame(11)], &[Frame(11)], &[Frame(12)]]);
    let (_, counts) = family.scan(ExclusiveBit);
    assert_eq!((counts.origins.pages(), counts.doubts.get(Doubt::NotToldApart)), (1, 3));
    assert_eq!(family.scan(Frames).1.doubts.total(), 0);
}

#[test]
fn exclusive_bit_of_a_huge_page_is_not_that_of_its_parts() {
    // Member 0 has a huge page mapped whole of which member 1 has copied the first part: on older kernels all parts
    // of it look exclusive.
    let parts: Vec<Page> = (0..512).map(|part| Frame(1000 + part)).collect();
    let mut copied = parts.clone();
    copied[0] = Frame(1);
    for names_huge in [true, false] {
        let mut family = FakeFamily::new(&[&parts, &copied]);
        family.huge_bit.insert(0);
        assert_eq!(family.scan(ExclusiveBit).1.origins.pages(), 512, "what the bit alone would say");
        family.traits.huge = true;
        family.huge = names_huge.then(|| [(0, 0..512)].into());
        let (_, counts) = family.scan(ExclusiveBit);
        assert_eq!((counts.origins.pages(), counts.judged), (1, 1), "names_huge: {names_huge}");
    }
}

#[test]
fn frames_that_the_kernel_has_merged_are_no_copies_of_each_other() {
    let mut family = FakeFamily::new(&[&[Frame(10)], &[Frame(11)], &[Frame(12)]]).holds(10, 1).holds(11, 1);
    family.traits.mergeable = true;
    family.merged = Some([10, 11].into());
    let (records, counts) = family.scan(Frames);
    assert_eq!((records.len(), equal(&counts)), (1, 0));
    family.merged = Some([].into());
    assert_eq!(family.scan(Frames).1.origins.pages(), 2);
}

#[test]
fn holes_that_the_kernel_reports_are_not_read() {
    let mut rows = vec![vec![Absent; 100_000]; 2];
    for (number, row) in rows.iter_mut().enumerate() {
        row[7] = Frame(10 + number as u64);
        row[90_000] = Frame(20 + number as u64);
    }
    let rows: Vec<&[Page]> = rows.iter().map(|row| &row[..]).collect();
    let scan = |tells_holes| {
        let mut family = FakeFamily { tells_holes, ..FakeFamily::new(&rows) };
        let (records, counts) = family.scan(Frames);
        (records.len(), counts.skips.absent, family.entries)
    };
    let (found, absent, read) = scan(true);
    assert_eq!((found, absent), (2, 199_996));
    assert!(read < 1000, "{read} entries");
    assert_eq!(scan(false).0, 2);
    assert_eq!(scan(false).1, absent);
}
