//! Where mappings of several members lie over one another.

use crate::procfs::Mapping;
use crate::scan::Skips;
use crate::scan::overlap::{Piece, Span, Traits, origin, overlap};

/// An anonymous mapping of the pages from `first` up to `end`.
fn anonymous(first: u64, end: u64) -> Mapping {
    Mapping {
        start: first * 4096,
        end: end * 4096,
        anonymous: Some(4096),
        resident: Some(4096),
        swapped: Some(0),
        huge: Some(0),
        ..Mapping::default()
    }
}

fn span(first: u64, end: u64, members: &[usize]) -> Span {
    Span { start: first * 4096, end: end * 4096, members: members.to_vec(), traits: Traits::default() }
}

fn spans_of(members: &[Vec<Mapping>]) -> Vec<Span> {
    overlap(members, &mut Skips::default()).spans
}

#[test]
fn only_addresses_of_two_members_count() {
    let members = [
        vec![anonymous(10, 20), anonymous(40, 50)],
        vec![anonymous(15, 30)],
        vec![anonymous(18, 19), anonymous(60, 70)],
    ];
    let expected = [span(15, 18, &[0, 1]), span(18, 19, &[0, 1, 2]), span(19, 20, &[0, 1])];
    assert_eq!(spans_of(&members), expected);
    assert_eq!(expected[1].pages(), 3);
}

#[test]
fn a_mapping_that_one_member_split_is_one_span() {
    let members = [vec![anonymous(10, 20)], vec![anonymous(10, 13), anonymous(13, 20)]];
    assert_eq!(spans_of(&members), [span(10, 20, &[0, 1])]);
    // A hole is a hole.
    let members = [vec![anonymous(10, 20)], vec![anonymous(10, 13), anonymous(14, 20)]];
    let expected = [span(10, 13, &[0, 1]), span(14, 20, &[0, 1])];
    assert_eq!(spans_of(&members), expected);
}

#[test]
fn mappings_of_different_files_are_not_compared() {
    let file = |inode, offset, first, end| Mapping { inode, offset, ..anonymous(first, end) };
    let members = [vec![file(1, 0, 10, 20)], vec![file(2, 0, 10, 20)]];
    assert_eq!(spans_of(&members), []);
    let members = [vec![file(1, 0, 10, 20)], vec![anonymous(10, 20)]];
    assert_eq!(spans_of(&members), []);
    // The same file at another place of it is another mapping; a part of it is the same.
    let members = [vec![file(1, 0, 10, 20)], vec![file(1, 4096, 10, 20)]];
    assert_eq!(spans_of(&members), []);
    let members = [vec![file(1, 0, 10, 20)], vec![file(1, 4 * 4096, 14, 20)]];
    assert_eq!(spans_of(&members), [span(14, 20, &[0, 1])]);
}

#[test]
fn what_holds_no_copies_is_left_out_and_counted() {
    let mut skips = Skips::default();
    let base = Mapping { resident: Some(3 * 4096), swapped: Some(4096), ..anonymous(0, 10) };
    let cases = [
        Mapping { hugetlb: true, shared: true, ..base },
        Mapping { device_memory: true, ..base },
        Mapping { gate: true, ..base },
        Mapping { shared: true, ..base },
        Mapping { anonymous: Some(0), swapped: Some(0), ..base },
    ];
    for mapping in &cases {
        assert_eq!(origin(mapping, &mut skips), None);
    }
    let expected = Skips { hugetlb: 10, device_memory: 20, file_or_shared: 6, swapped: 1, absent: 13, zero_frame: 0 };
    assert_eq!(skips, expected);
    // Copies of private huge pages are in the bracket.
    assert!(origin(&Mapping { hugetlb: true, ..base }, &mut skips).is_some());
    skips.hugetlb -= 10;
    // Without figures (`maps` instead of `smaps`) nothing anonymous may be missed.
    let unknown = Mapping { anonymous: None, ..base };
    assert!(origin(&unknown, &mut skips).is_some());
    // Nor may what is in swap as a whole.
    assert!(origin(&Mapping { anonymous: Some(0), ..base }, &mut skips).is_some());
    assert_eq!(skips, expected);
}

#[test]
fn what_one_mapping_asks_for_counts_for_the_span() {
    let member = |mapping: Mapping| vec![mapping];
    let (plain, mergeable) = (anonymous(10, 20), Mapping { mergeable: true, ..anonymous(10, 20) });
    let (excluded, huge) =
        (Mapping { not_inherited: true, ..plain }, Mapping { huge: Some(2 << 20), ..anonymous(10, 20) });
    let traits = |a: Mapping, b: Mapping| spans_of(&[member(a), member(b)])[0].traits;
    assert_eq!(traits(plain, plain), Traits::default());
    assert_eq!(traits(plain, mergeable), Traits { mergeable: true, ..Traits::default() });
    assert_eq!(traits(excluded, plain), Traits { not_inherited: true, ..Traits::default() });
    assert_eq!(traits(plain, huge), Traits { huge: true, ..Traits::default() });
    // Without figures nothing may be missed.
    assert!(traits(plain, Mapping { huge: None, ..plain }).huge);
}

#[test]
fn memory_that_one_member_has_alone_is_named_if_it_is_mapped_twice() {
    let twice = Mapping { mapped_twice: 4096, ..anonymous(40, 50) };
    let members = [vec![anonymous(10, 20), twice], vec![anonymous(10, 20), anonymous(60, 70)]];
    let found = overlap(&members, &mut Skips::default());
    assert_eq!(found.spans, [span(10, 20, &[0, 1])]);
    assert_eq!(found.alone, [Piece { member: 0, start: 40 * 4096, end: 50 * 4096, mapped_twice: 4096 }]);
}
