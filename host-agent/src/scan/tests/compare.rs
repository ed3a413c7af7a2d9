//! The rule of distinct frames on families that hold still.

use proptest::prelude::*;

use super::fake::{FakeFamily, Page, START, ZERO, charges};
use crate::procfs::PAGE_SIZE;
use crate::scan::{FrameAccess, RegionTag, Verdict};

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
            assert_eq!((counts.copies, counts.redundant, counts.mergeable), (2, 1, 1));
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
        assert_eq!((counts.copies, counts.redundant, counts.mergeable), (10, 5, 5));
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
        assert_eq!((counts.redundant, counts.mergeable), (2, 1));
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
    assert_eq!(family.scan(Frames).1.copies, 2);
    assert_eq!(family.scan(ExclusiveBit).1.copies, 1);
}

#[test]
fn only_addresses_with_two_frames_are_read_and_each_frame_once() {
    let mut rows = vec![vec![Frame(1); 10_000]; 3];
    for page in (0..10_000).step_by(100) {
        rows[2][page] = Frame(2);
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
    fn every_family_is_counted_as_the_rule_says(
        rows in (2..7usize, 1..6usize).prop_flat_map(|(members, pages)| {
            let row = proptest::collection::vec(any_page(), pages);
            proptest::collection::vec(row, members)
        }),
        bytes in proptest::collection::vec(0u8..3, 6),
    ) {
        let pages = rows[0].len();
        let rows: Vec<&[Page]> = rows.iter().map(|row| &row[..]).collect();
        let mut family = FakeFamily::new(&rows);
        family.swap = true;
        for (frame, byte) in (10..).zip(&bytes) {
            family = family.holds(frame, *byte);
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
                frames.iter().map(|frame| bytes[*frame as usize - 10]).collect();
            copies += frames.len().saturating_sub(1) as u64;
            mergeable += (frames.len() - contents.len()) as u64;
            looked_at += rows.len() as u64;
        }
        let (_, exact) = family.scan(Frames);
        prop_assert_eq!(exact.copies, copies);
        prop_assert_eq!(exact.mergeable, mergeable);
        prop_assert!(exact.redundant <= 2 * mergeable && exact.redundant <= copies);
        let skips = exact.skips;
        let left_out = skips.absent + skips.swapped + skips.file_or_shared + skips.zero_frame;
        let frames = rows.iter().flat_map(|row| row.iter());
        let held = frames.filter(|page| matches!(page, Frame(f) if *f != ZERO)).count() as u64;
        prop_assert_eq!(left_out + held, looked_at);
        let (_, bound) = family.scan(ExclusiveBit);
        prop_assert!(bound.copies <= exact.copies);
    }
}
