//! Inherited, born after the fork, or unknown: the rule on families of known forks.

use proptest::prelude::*;

use super::fake::{FakeFamily, Page, ZERO, charges};
use crate::scan::found::RoundCounts;
use crate::scan::lineage::{Ancestor, Lineage};
use crate::scan::{FrameAccess, Origin, Verdict};

use Ancestor::{Ended, Exec, Member, Unread};
use FrameAccess::{ExclusiveBit, Frames};
use Page::{Absent, File, Frame, Swapped};

/// Scans one page of members with these ancestors.
fn scan_as(access: FrameAccess, members: &[(Ancestor, Page)]) -> RoundCounts {
    let pages: Vec<[Page; 1]> = members.iter().map(|&(_, page)| [page]).collect();
    let pages: Vec<&[Page]> = pages.iter().map(|page| &page[..]).collect();
    let mut family = FakeFamily::new(&pages);
    family.swap = members.iter().any(|&(_, page)| page == Swapped);
    let mut charges = charges(members.len());
    charges.lineage = Lineage::new(members.iter().map(|&(ancestor, _)| ancestor).collect());
    family.scan_charged(access, &charges).1
}

/// Inherited copies, pages born after the fork, and pages of unknown origin.
fn found(access: FrameAccess, members: &[(Ancestor, Page)]) -> [u64; 3] {
    let origins = scan_as(access, members).origins;
    [origins.inherited.pages, origins.born.pages, origins.unknown.pages]
}

/// Asserts what is found with frame numbers, and without them the same.
fn is(members: &[(Ancestor, Page)], expected: [u64; 3]) {
    for access in [Frames, ExclusiveBit] {
        assert_eq!(found(access, members), expected, "{access:?}: {members:?}");
    }
}

const CHILD: Ancestor = Member(0);

#[test]
fn a_page_that_the_parent_has_was_inherited() {
    is(&[(Exec, Frame(10)), (CHILD, Frame(11)), (CHILD, Frame(12))], [2, 0, 0]);
    is(&[(Exec, Frame(10)), (CHILD, Frame(10)), (CHILD, Frame(12))], [1, 0, 0]);
    // In swap it has one too: of the two in memory one is the copy of the other, as far as is seen.
    is(&[(Exec, Swapped), (CHILD, Frame(11)), (CHILD, Frame(12))], [1, 0, 0]);
}

#[test]
fn a_page_that_the_parent_has_not_was_born_after_the_fork() {
    for none in [Absent, File] {
        is(&[(Exec, none), (CHILD, Frame(11)), (CHILD, Frame(12)), (CHILD, Frame(13))], [0, 2, 0]);
    }
    // The zero frame is none; without frame numbers it may be one.
    let zero = [(Exec, Frame(ZERO)), (CHILD, Frame(11)), (CHILD, Frame(12))];
    assert_eq!(found(Frames, &zero), [0, 1, 0]);
    assert_eq!(found(ExclusiveBit, &zero), [0, 0, 1]);
}

#[test]
fn what_a_child_born_later_inherits_from_a_sibling_of_its_parent_is_not_mixed() {
    // Member 1 allocated a page and forked 2 and 3; member 4 allocated its own.
    let members =
        [(Exec, Absent), (CHILD, Frame(11)), (Member(1), Frame(12)), (Member(1), Frame(13)), (CHILD, Frame(14))];
    is(&members, [2, 1, 0]);
}

#[test]
fn an_orphan_inherits_from_the_root_or_from_nobody_known() {
    is(&[(Exec, Frame(10)), (Ended, Frame(11))], [1, 0, 0]);
    is(&[(Exec, Absent), (Ended, Frame(11)), (Ended, Frame(12))], [0, 0, 1]);
    is(&[(Ended, Frame(10)), (Ended, Frame(11))], [0, 0, 1]);
    is(&[(Exec, Absent), (Unread, Frame(11)), (Unread, Frame(12))], [0, 0, 1]);
}

#[test]
fn a_page_that_the_parent_gave_back_is_of_unknown_origin() {
    // Members 1 and 2 share a frame that only their parent can have had.
    let members = [(Exec, Absent), (CHILD, Frame(11)), (CHILD, Frame(11)), (CHILD, Frame(12))];
    is(&members, [0, 0, 1]);
    // What another parent gave back reports nothing of this one.
    let members = [
        (Exec, Absent),
        (CHILD, Absent),
        (Member(1), Frame(11)),
        (Member(1), Frame(11)),
        (CHILD, Frame(12)),
        (Member(1), Frame(13)),
    ];
    assert_eq!(found(Frames, &members), [0, 1, 1]);
}

#[test]
fn a_page_shared_with_the_root_across_a_parent_without_one_is_the_roots() {
    let members = [(Exec, Frame(10)), (CHILD, Absent), (Member(1), Frame(10)), (Member(2), Frame(11))];
    assert_eq!(found(Frames, &members), [1, 0, 0]);
}

#[test]
fn records_have_the_origin_and_what_is_equal() {
    // The root, a copy equal to it, two copies equal to each other, and a page at the next address that is born.
    let mut family = FakeFamily::new(&[
        &[Frame(10), Absent],
        &[Frame(11), Frame(21)],
        &[Frame(12), Frame(22)],
        &[Frame(13), Frame(23)],
    ])
    .holds(10, 1)
    .holds(11, 1)
    .holds(12, 2)
    .holds(13, 2)
    .holds(21, 5)
    .holds(22, 5);
    for access in [Frames, ExclusiveBit] {
        let (records, counts) = family.scan(access);
        let born = counts.origins.born;
        assert_eq!((born.pages, born.equal_to_other, born.equal_to_source), (2, 1, 0), "{access:?}");
        let inherited = counts.origins.inherited;
        assert_eq!((inherited.pages, inherited.equal_to_source, inherited.equal_to_other), (3, 1, 2), "{access:?}");
        let of = |origin, sibling| records.iter().filter(|r| r.origin == origin && r.sibling_only == sibling).count();
        assert_eq!((of(Origin::Inherited, false), of(Origin::Inherited, true)), (1, 2));
        assert_eq!(of(Origin::BornAfterFork, false), 2);
    }
}

#[test]
fn pages_that_moved_keep_their_origin() {
    let mut family = FakeFamily::new(&[&[Frame(10), Absent], &[Frame(11), Frame(21)], &[Frame(11), Frame(22)]]);
    // The copies go to other frames before every look behind the first three.
    for look in 4..40 {
        family.changes.push((
            look,
            Box::new(move |family: &mut FakeFamily| {
                family.pages[1] = vec![Frame(100 + look as u64), Frame(200 + look as u64)];
            }),
        ));
    }
    let (records, counts) = family.scan(Frames);
    assert!(counts.moved > 0, "{counts:?}");
    assert!(counts.origins.inherited.unjudged > 0 && counts.origins.born.unjudged > 0, "{counts:?}");
    assert!(records.iter().any(|record| matches!(record.verdict, Verdict::Unjudged(_))));
}

fn any_page() -> impl Strategy<Value = Page> {
    prop_oneof![
        6 => (10u64..16).prop_map(Frame),
        2 => Just(Absent),
        1 => Just(Swapped),
        1 => Just(File),
        1 => Just(Frame(ZERO)),
    ]
}

/// Members in the order of their forks: each one's parent is one before it, has ended, or was not read.
fn any_family() -> impl Strategy<Value = Vec<(Ancestor, Page)>> {
    let member = (any_page(), any::<prop::sample::Index>(), 0..10u8);
    (proptest::collection::vec(member, 2..8), any::<bool>()).prop_map(|(members, rooted)| {
        let ancestor = |number: usize, parent: prop::sample::Index, kind: u8| match (number, kind) {
            (0, _) if rooted => Exec,
            (0, _) | (_, 0) => Ended,
            (_, 1) => Unread,
            _ => Member(parent.index(number)),
        };
        let members = members.into_iter().enumerate();
        members.map(|(number, (page, parent, kind))| (ancestor(number, parent, kind), page)).collect()
    })
}

/// The rule once more, the slow way: sets of members that are united until nothing changes. Returns inherited copies and the
/// sum of all.
fn by_sets(members: &[(Ancestor, Page)]) -> (u64, u64) {
    let has =
        |member: usize| matches!(members[member].1, Frame(frame) if frame != ZERO) || members[member].1 == Swapped;
    let frame = |member: usize| match members[member].1 {
        Frame(frame) if frame != ZERO => Some(frame),
        _ => None,
    };
    let root = members.iter().position(|&(ancestor, _)| ancestor == Exec);
    let related = |a: usize, b: usize| {
        let forked = |child: usize, parent: usize| match members[child].0 {
            Member(above) => above == parent,
            Ended => root == Some(parent),
            Exec | Unread => false,
        };
        has(a) && has(b) && (forked(a, b) || forked(b, a) || (frame(a).is_some() && frame(a) == frame(b)))
    };
    let mut set: Vec<usize> = (0..members.len()).collect();
    for _ in 0..members.len() {
        for a in 0..members.len() {
            for b in 0..members.len() {
                if related(a, b) {
                    set[a] = set[a].min(set[b]);
                    set[b] = set[a];
                }
            }
        }
    }
    let frames_of = |wanted: Option<usize>| {
        let members = (0..members.len()).filter(|&member| wanted.is_none_or(|wanted| set[member] == wanted));
        members.filter_map(frame).collect::<std::collections::BTreeSet<u64>>().len() as u64
    };
    let inherited = (0..members.len()).map(|set| frames_of(Some(set)).saturating_sub(1)).sum();
    (inherited, frames_of(None).saturating_sub(1))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn every_family_is_divided_by_the_rule(members in any_family(), bytes in proptest::collection::vec(0u8..3, 6)) {
        let pages: Vec<[Page; 1]> = members.iter().map(|&(_, page)| [page]).collect();
        let pages: Vec<&[Page]> = pages.iter().map(|page| &page[..]).collect();
        let mut family = FakeFamily::new(&pages);
        family.swap = true;
        for (frame, byte) in (10..).zip(&bytes) {
            family = family.holds(frame, *byte);
        }
        let mut charges = charges(members.len());
        charges.lineage = Lineage::new(members.iter().map(|&(ancestor, _)| ancestor).collect());
        let exact = family.scan_charged(Frames, &charges).1;
        let (inherited, pages) = by_sets(&members);
        prop_assert_eq!((exact.origins.inherited.pages, exact.origins.pages()), (inherited, pages));
        let user = family.scan_charged(ExclusiveBit, &charges).1;
        let (most, exact) = (user.origins.unknown.pages + user.doubts.total(), exact.origins);
        prop_assert!(user.origins.inherited.pages <= exact.inherited.pages);
        prop_assert!(user.origins.inherited.pages + most >= exact.inherited.pages);
        prop_assert!(user.origins.inherited.equal() <= exact.inherited.equal());
    }
}
