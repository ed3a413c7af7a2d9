//! What an ordinary user is told is never more than there is.

use super::Test;
use super::family::{Family, NOBODY};
use super::look::{at, behind, without_numbers};

/// The tests of this file.
pub const TESTS: &[Test] = &[
    ("huge_pages_invent_no_copies", huge_pages_invent_no_copies),
    ("users_number_is_at_most_roots", users_number_is_at_most_roots),
    ("borrowed_memory_is_no_copy_without_kcmp", borrowed_memory_is_no_copy_without_kcmp),
    ("without_kcmp_other_families_are_counted", without_kcmp_other_families_are_counted),
];

/// Runs the scan as `nobody`.
const AS_NOBODY: &[&str] = &["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"];

fn huge_pages_invent_no_copies() {
    assert_eq!(NOBODY, 65_534);
    for parts in ["1", "8"] {
        let family = Family::start_as_nobody(&["huge", parts, "3"]);
        let truth = at(&family);
        assert_eq!(truth.scan.mode, "exact", "{truth:#?}");
        let found = behind(AS_NOBODY, family.root(), &family.range, &[]);
        assert!(found.copies <= truth.copies, "{} of {}: {found:#?}", found.copies, truth.copies);
        assert!(found.copies > 0, "{found:#?}");
        found.is_bracketed(truth.copies);
    }
}

fn users_number_is_at_most_roots() {
    for kind in ["huge", "small"] {
        for seed in 0..12 {
            let family = Family::start(&[kind, "4", &seed.to_string()]);
            let (root, user) = (at(&family), without_numbers(&family));
            assert_eq!(root.scan.mode, "exact", "{kind} {seed}: {root:#?}");
            let (exact, bracket) = (root.scan.copies.at_least, user.scan.copies);
            assert!(bracket.at_least <= exact, "{kind} {seed}: {bracket:?}, exact {exact}");
            assert!(bracket.at_most >= Some(exact), "{kind} {seed}: {bracket:?}, exact {exact}");
            let (exact, bracket) = (root.scan.redundant.at_least, user.scan.redundant);
            assert!(bracket.at_least <= exact && bracket.at_most >= Some(exact), "{kind} {seed}: {bracket:?}");
        }
    }
}

fn borrowed_memory_is_no_copy_without_kcmp() {
    let family = Family::start_as_nobody(&["borrower"]);
    let found = behind(AS_NOBODY, family.root(), &family.range, &["no-kcmp"]);
    assert_eq!(found.scan.copies.at_least, 0, "{found:#?}");
    assert_eq!(found.unread("own_memory_unknown"), 1, "{found:#?}");
    assert!(found.misses("kcmp") && found.scan.mode != "exact", "{found:#?}");
    // Where the kernel compares, nothing is in doubt.
    let found = behind(AS_NOBODY, family.root(), &family.range, &[]);
    assert_eq!((found.scan.copies.at_least, found.scan.processes["sharing_memory"]), (0, 1), "{found:#?}");
    assert_eq!(found.unread("own_memory_unknown"), 0);
}

fn without_kcmp_other_families_are_counted() {
    let family = Family::start_as_nobody(&["plain"]);
    let found = behind(AS_NOBODY, family.root(), &family.range, &["no-kcmp"]);
    assert!(found.copies == 100 || found.unread("own_memory_unknown") > 0, "{found:#?}");
    found.is_bracketed(100);
    behind(&[], family.root(), &family.range, &["no-kcmp"]).is_exactly(100, 50);
}
