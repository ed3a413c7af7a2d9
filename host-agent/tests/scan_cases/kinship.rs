//! Members that have changed what shows where they come from.

use super::Test;
use super::family::Family;
use super::look::{at, here, without_numbers};
use super::origin_reference;

/// The tests of this file.
pub const TESTS: &[Test] = &[
    ("a_member_that_hides_its_origin_is_counted_or_bracketed", a_member_that_hides_its_origin_is_counted_or_bracketed),
    ("a_parent_that_has_called_exec_without_randomisation_is_no_kin", a_parent_after_exec_is_no_kin),
];

fn a_member_that_hides_its_origin_is_counted_or_bracketed() {
    for kind in ["new-random", "new-stack", "new-layout", "orphan-new-random", "orphan-new-stack", "orphan-new-layout"]
    {
        let family = Family::start(&[kind]);
        assert_eq!(origin_reference::count(&family.members, &family.range).inherited, 100, "{kind}");
        let found = at(&family);
        println!("{kind}: {} {} of 100", found.scan.mode, found.copies);
        // Frame numbers say who has memory in common.
        found.is_exactly(100, 50);
        here(family.members[1], family.range.clone(), None).is_exactly(100, 50);
        let found = without_numbers(&family);
        println!("{kind} without numbers: {} {} of 100", found.scan.mode, found.copies);
        found.is_bracketed(100);
    }
}

fn a_parent_after_exec_is_no_kin() {
    let family = Family::start(&["exec-again"]);
    for member in 0..2 {
        let found = here(family.members[member], family.range.clone(), None);
        found.is_exactly(0, 0);
        assert_eq!(found.scan.processes["alone"], 1, "{found:#?}");
    }
    assert_eq!(without_numbers(&family).copies, 0);
}
