//! Verdicts from contents.

use crate::procfs::PAGE_SIZE;
use crate::scan::frames::Frame;
use crate::scan::judge::{Judgement, Look};
use crate::scan::origins::Group;
use crate::scan::{FrameAccess, Origin, UnjudgedReason, Verdict};

fn look(eldest: usize, holders: usize, content: Option<&[u8]>) -> Look<'_> {
    let frame = Frame { holders, eldest, exclusive: holders == 1, merged: false };
    Look { frame, content, group: GROUP }
}

/// The group of the root, in which all frames are that a test does not put elsewhere.
const GROUP: Group = Group { number: 0, origin: Origin::Unknown, is_root: true };

fn judge(looks: &[Look<'_>]) -> Judgement {
    let mut judgement = Judgement::default();
    judgement.judge(FrameAccess::Frames, looks, UnjudgedReason::Unreadable);
    judgement
}

fn verdicts(judgement: &Judgement) -> Vec<(usize, Verdict)> {
    judgement.counted.iter().map(|counted| (counted.number, counted.verdict)).collect()
}

/// Another page with the same CRC32C: a multiple of the generator polynomial (bit-reflected,
/// 33 bits) changes no remainder.
fn collide(page: &[u8]) -> Vec<u8> {
    let mut other = page.to_vec();
    let polynomial = 1u64 | 0x82f6_3b78 << 1;
    for (byte, change) in other[64..72].iter_mut().zip(polynomial.to_le_bytes()) {
        *byte ^= change;
    }
    other
}

#[test]
fn fingerprints_are_those_of_the_reference_and_the_copy() {
    let (old, new) = (vec![1; PAGE_SIZE], vec![2; PAGE_SIZE]);
    let judgement = judge(&[look(0, 2, Some(&old)), look(2, 1, Some(&new))]);
    let verdict = Verdict::Judged { before: crc32c::crc32c(&old), after: crc32c::crc32c(&new) };
    assert_eq!(verdicts(&judgement), [(1, verdict)]);
    let judgement = judge(&[look(0, 2, Some(&old)), look(2, 1, Some(&old))]);
    let crc = crc32c::crc32c(&old);
    let verdict = Verdict::Judged { before: crc, after: crc };
    assert_eq!(verdicts(&judgement), [(1, verdict)]);
    assert_eq!((judgement.mergeable, judgement.collisions), (1, 0));
}

#[test]
fn equal_fingerprints_of_different_bytes_do_not_make_a_copy_redundant() {
    let old: Vec<u8> = (0..PAGE_SIZE).map(|at| at as u8).collect();
    let new = collide(&old);
    assert_ne!(old, new);
    assert_eq!(crc32c::crc32c(&old), crc32c::crc32c(&new));
    let judgement = judge(&[look(0, 1, Some(&old)), look(1, 1, Some(&new))]);
    let after = crc32c::crc32c(&new);
    let verdict = Verdict::Judged { before: !after, after };
    assert_eq!(verdicts(&judgement), [(1, verdict)]);
    assert_eq!((judgement.mergeable, judgement.collisions), (0, 1));
    // A third frame with the bytes of the second makes both of those redundant.
    let looks = [look(0, 2, Some(&old)), look(2, 1, Some(&new)), look(3, 1, Some(&new))];
    let judgement = judge(&looks);
    let redundant = Verdict::Judged { before: after, after };
    let mut copies = verdicts(&judgement);
    copies.sort_unstable_by_key(|copy| copy.0);
    assert_eq!(copies, [(1, redundant), (2, redundant)]);
}

#[test]
fn the_reference_is_the_frame_with_most_holders_that_can_be_read() {
    let pages: Vec<Vec<u8>> = (0..3).map(|byte| vec![byte; PAGE_SIZE]).collect();
    let reference = |looks: &[Look<'_>]| {
        let copies: Vec<usize> = judge(looks).counted.iter().map(|copy| copy.number).collect();
        (0..looks.len()).find(|number| !copies.contains(number))
    };
    let page = |number: usize| Some(&pages[number][..]);
    let looks = [look(0, 1, page(0)), look(1, 1, page(1)), look(2, 3, page(2))];
    assert_eq!(reference(&looks), Some(2), "most holders");
    let looks = [look(1, 1, page(0)), look(0, 1, page(1)), look(2, 1, page(2))];
    assert_eq!(reference(&looks), Some(1), "the eldest among equals");
    let looks = [look(0, 1, page(0)), look(1, 1, page(1)), look(2, 3, None)];
    assert_eq!(reference(&looks), Some(0), "one that can be read");
    let copies = verdicts(&judge(&looks));
    let unreadable = Verdict::Unjudged(UnjudgedReason::Unreadable);
    assert!(copies.contains(&(2, unreadable)), "{copies:?}");
}

#[test]
fn a_frame_shared_outside_the_family_comes_before_one_of_our_own() {
    let (old, new) = (vec![1; PAGE_SIZE], vec![2; PAGE_SIZE]);
    let mut shared = look(1, 1, Some(&old));
    shared.frame.exclusive = false;
    let judgement = judge(&[look(0, 1, Some(&new)), shared]);
    assert_eq!(judgement.counted[0].number, 0);
}

#[test]
fn nothing_to_read_is_nothing_judged() {
    let unreadable = Verdict::Unjudged(UnjudgedReason::Unreadable);
    let judgement = judge(&[look(0, 2, None), look(2, 1, None), look(3, 1, None)]);
    let copies: Vec<Verdict> = judgement.counted.iter().map(|copy| copy.verdict).collect();
    assert_eq!(copies, [unreadable; 2]);
    assert!(judge(&[]).counted.is_empty());
}

#[test]
fn frames_that_the_kernel_merged_from_equal_pages_copy_nothing() {
    let (one, other) = (vec![1; PAGE_SIZE], vec![2; PAGE_SIZE]);
    let merged = |eldest, content| {
        let mut look = look(eldest, 1, Some(content));
        look.frame.merged = true;
        look
    };
    let judgement = judge(&[merged(0, &one), merged(1, &one), merged(2, &one)]);
    assert_eq!((judgement.counted.len(), judgement.merged, judgement.mergeable), (0, 2, 0));
    // With another content it is a copy, and one that was not merged is redundant.
    let judgement = judge(&[merged(0, &one), merged(1, &other), look(2, 1, Some(&one))]);
    assert_eq!((judgement.counted.len(), judgement.merged, judgement.mergeable), (2, 0, 1));
}

#[test]
fn equal_to_the_source_and_to_a_sibling_only_are_told_apart() {
    let pages: Vec<Vec<u8>> = (0..3).map(|byte| vec![byte; PAGE_SIZE]).collect();
    let page = |number: usize| Some(&pages[number][..]);
    // The original has two holders; of four copies one equals it, two each other and one nothing.
    let other = vec![9; PAGE_SIZE];
    let looks =
        [look(0, 2, page(0)), look(2, 1, page(0)), look(3, 1, page(1)), look(4, 1, page(1)), look(5, 1, Some(&other))];
    let judgement = judge(&looks);
    let of = |number: usize| judgement.counted.iter().find(|counted| counted.number == number).expect("a copy");
    let equal = |number: usize| matches!(of(number).verdict, Verdict::Judged { before, after } if before == after);
    assert_eq!([1, 2, 3, 4].map(equal), [true, true, true, false]);
    assert_eq!([1, 2, 3, 4].map(|number| of(number).sibling_only), [false, true, true, false]);
    assert!(judgement.counted.iter().all(|counted| counted.origin == Origin::Inherited));
}

#[test]
fn the_first_frame_of_another_group_has_the_origin_of_the_group() {
    let pages: Vec<Vec<u8>> = (0..3).map(|byte| vec![byte; PAGE_SIZE]).collect();
    let group = |number, origin| Group { number, origin, is_root: number == 0 };
    let born = group(3, Origin::BornAfterFork);
    let looks = [
        look(0, 1, Some(&pages[0])),
        Look { group: born, ..look(3, 3, Some(&pages[1])) },
        Look { group: born, ..look(6, 1, Some(&pages[1])) },
        Look { group: group(7, Origin::Unknown), ..look(7, 1, Some(&pages[0])) },
    ];
    let mut counted = judge(&looks).counted;
    counted.sort_unstable_by_key(|counted| counted.number);
    let origins: Vec<Origin> = counted.iter().map(|counted| counted.origin).collect();
    assert_eq!(origins, [Origin::BornAfterFork, Origin::Inherited, Origin::Unknown]);
    assert!(counted.iter().all(|counted| !counted.sibling_only), "the copy equals its source page: {counted:?}");
}
