//! Where mappings of several members lie over one another.

use crate::procfs::Mapping;
use crate::scan::Skips;
use crate::scan::overlap::{Span, origin, spans};

/// An anonymous mapping of the pages from `first` up to `end`.
fn anonymous(first: u64, end: u64) -> Mapping {
    Mapping {
        start: first * 4096,
        end: end * 4096,
        anonymous: Some(4096),
        resident: Some(4096),
        swapped: Some(0),
        ..Mapping::default()
    }
}

fn span(first: u64, end: u64, members: &[usize]) -> Span {
    Span { start: first * 4096, end: end * 4096, members: members.to_vec() }
}

fn spans_of(members: &[Vec<Mapping>]) -> Vec<Span> {
    spans(members, &mut Skips::default())
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
        Mapping { hugetlb: true, ..base },
        Mapping { device_memory: true, ..base },
        Mapping { gate: true, ..base },
        Mapping { shared: true, ..base },
        Mapping { anonymous: Some(0), ..base },
    ];
    for mapping in &cases {
        assert_eq!(origin(mapping, &mut skips), None);
    }
    let expected = Skips { hugetlb: 10, device_memory: 20, file_or_shared: 6, swapped: 2, absent: 12, zero_frame: 0 };
    assert_eq!(skips, expected);
    // Without figures (`maps` instead of `smaps`) nothing anonymous may be missed.
    let unknown = Mapping { anonymous: None, ..base };
    assert!(origin(&unknown, &mut skips).is_some());
    assert_eq!(skips, expected);
}
