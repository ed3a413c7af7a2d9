//! What an ordinary user sees is never more than there is.

use std::fs::File;

use super::Test;
use super::family::{Family, NOBODY};
use super::look::{at, behind, without_numbers};
use super::origin_reference::count;

/// The tests of this file.
pub const TESTS: &[Test] = &[
    ("huge_pages_invent_no_copies", huge_pages_invent_no_copies),
    ("users_number_is_at_most_roots", users_number_is_at_most_roots),
    ("users_number_is_at_most_roots_in_large_memory", users_number_is_at_most_roots_in_large_memory),
    ("users_number_is_at_most_roots_with_any_setting", users_number_is_at_most_roots_with_any_setting),
    ("mixed_memory_of_any_size_is_bracketed_with_any_setting", mixed_memory_of_any_size_is_bracketed_with_any_setting),
    ("borrowed_memory_is_no_copy_without_kcmp", borrowed_memory_is_no_copy_without_kcmp),
    ("without_kcmp_other_families_are_counted", without_kcmp_other_families_are_counted),
    ("orphans_that_hide_are_in_the_bracket", orphans_that_hide_are_in_the_bracket),
    ("children_of_root_that_became_the_user_are_not_exact", children_of_root_that_became_the_user_are_not_exact),
    ("parents_that_hide_are_never_exact", parents_that_hide_are_never_exact),
    (
        "hidden_parents_are_in_doubt_beside_other_families_of_their_program",
        hidden_parents_are_in_doubt_beside_other_families_of_their_program,
    ),
    ("pieces_that_were_exchanged_are_counted_once", pieces_that_were_exchanged_are_counted_once),
];

/// Runs the scan as `nobody`.
const AS_NOBODY: &[&str] = &["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"];

fn huge_pages_invent_no_copies() {
    assert_eq!(NOBODY, 65_534);
    for parts in ["1", "8"] {
        let family = Family::start_as_nobody(&["huge", parts, "3"]);
        let reference = at(&family);
        assert_eq!(reference.scan.mode, "exact", "{reference:#?}");
        let found = behind(AS_NOBODY, family.root(), &family.range, &[]);
        assert!(found.copies <= reference.copies, "{} of {}: {found:#?}", found.copies, reference.copies);
        assert!(found.copies > 0, "{found:#?}");
        found.is_bracketed(reference.copies);
    }
}

fn users_number_is_at_most_roots() {
    for kind in ["huge", "small"] {
        for seed in 0..12 {
            user_is_at_most_root(&Family::start(&[kind, "4", &seed.to_string()]), &format!("{kind} {seed}"));
        }
    }
}

/// 256 MiB in huge pages, of which the counting in `smaps` stalls nobody: the flags of all mappings are known.
fn users_number_is_at_most_roots_in_large_memory() {
    user_is_at_most_root(&Family::start(&["huge", "128", "1"]), "128 huge pages");
}

fn user_is_at_most_root(family: &Family, label: &str) {
    let (root, user) = (at(family), without_numbers(family));
    assert_eq!(root.scan.mode, "exact", "{label}: {root:#?}");
    let (exact, bracket) = (root.scan.copies.at_least, user.scan.copies);
    assert!(bracket.at_least <= exact, "{label}: {bracket:?}, exact {exact}");
    assert!(bracket.at_most >= Some(exact), "{label}: {bracket:?}, exact {exact}");
    let (exact, bracket) = (root.scan.redundant.at_least, user.scan.redundant);
    assert!(bracket.at_least <= exact && bracket.at_most >= Some(exact), "{label}: {bracket:?}");
}

/// The machine's setting of huge pages, put back when dropped. Its file is locked meanwhile: another run of the tests waits.
struct HugePages {
    before: String,
    _lock: File,
}

impl HugePages {
    const PATH: &str = "/sys/kernel/mm/transparent_hugepage/enabled";

    fn set(value: &str) -> HugePages {
        let lock = File::open(Self::PATH).expect("huge pages in this kernel");
        lock.lock().expect("a lock");
        let text = std::fs::read_to_string(Self::PATH).expect("the same file");
        let before = text.split(['[', ']']).nth(1).expect("a setting in brackets").to_owned();
        std::fs::write(Self::PATH, value).expect("root may set it");
        HugePages { before, _lock: lock }
    }
}

impl Drop for HugePages {
    fn drop(&mut self) {
        let _ = std::fs::write(Self::PATH, &self.before);
    }
}

/// Whether a process has huge pages.
fn has_huge_pages(pid: u32) -> bool {
    let smaps = std::fs::read_to_string(format!("/proc/{pid}/smaps")).expect("its mappings");
    smaps.lines().any(|line| line.starts_with("AnonHugePages:") && !line.contains(" 0 kB"))
}

fn users_number_is_at_most_roots_with_any_setting() {
    for (setting, huge) in [("always", true), ("never", false)] {
        let _setting = HugePages::set(setting);
        let mut seen = false;
        for seed in 0..12 {
            let family = Family::start(&["as-the-machine-has-it", "4", &seed.to_string()]);
            seen |= has_huge_pages(family.root());
            user_is_at_most_root(&family, &format!("{setting} {seed}"));
        }
        assert_eq!(seen, huge, "{setting}");
    }
}

/// 8 MiB, and 160 MiB, which is too much for `smaps`; with memory that was not handed down, all copied, and moved.
fn mixed_memory_of_any_size_is_bracketed_with_any_setting() {
    for setting in ["always", "never"] {
        let _setting = HugePages::set(setting);
        for (parts, seed) in (0..8_u64).map(|seed| ("4", seed)).chain((0..8).map(|seed| ("80", seed))) {
            let label = format!("{setting}, {parts} parts, seed {seed}");
            let family = Family::start(&["mixed", parts, &seed.to_string()]);
            // What is handed down: all but two parts of 16 pages. No process writes to the last part.
            let page = |number: u64| family.range.end - (64 - number) * 4096;
            let handed_down = [family.range.start..page(0), page(16)..page(32)];
            let reference: u64 = handed_down.iter().map(|range| count(&family.members, range).inherited).sum();
            let (root, user) = (at(&family), without_numbers(&family));
            assert_eq!(root.copies, reference, "{label}: {root:#?}");
            assert!(user.copies <= reference && reference >= 16, "{label}: {reference}, {user:#?}");
            for (root, user) in [(root.scan.copies, user.scan.copies), (root.scan.redundant, user.scan.redundant)] {
                let (most, users_most) = (root.at_most.expect("bounded"), user.at_most.expect("bounded"));
                let ordered = user.at_least <= root.at_least && root.at_least <= most && root.at_least <= users_most;
                assert!(ordered, "{label}: root {root:?}, user {user:?}");
            }
            user.is_bracketed(reference);
            match (0..1 + seed % 3).any(|child| (seed + child).is_multiple_of(4)) {
                true => assert!(root.doubt("remapped") >= 8, "{label}: {root:#?}"),
                // Memory that was excluded from forks may have been excluded later, and is in the bracket.
                false => assert_eq!(root.doubt("remapped"), 0, "{label}: {root:#?}"),
            }
            let excluded = 32 * (1 + seed % 3);
            assert_eq!(root.doubt("not_inherited"), excluded, "{label}: {root:#?}");
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
    let busy = Family::start_as_nobody(&["borrower", "busy"]);
    for _ in 0..20 {
        let found = behind(AS_NOBODY, busy.root(), &busy.range, &["no-kcmp"]);
        assert_eq!(found.scan.copies.at_least, 0, "{found:#?}");
        assert_ne!(found.scan.mode, "exact", "{found:#?}");
    }
}

fn without_kcmp_other_families_are_counted() {
    let family = Family::start_as_nobody(&["plain"]);
    let found = behind(AS_NOBODY, family.root(), &family.range, &["no-kcmp"]);
    assert!(found.copies == 100 || found.unread("own_memory_unknown") > 0, "{found:#?}");
    found.is_bracketed(100);
    behind(&[], family.root(), &family.range, &["no-kcmp"]).is_exactly(100, 50);
}

fn children_of_root_that_became_the_user_are_not_exact() {
    for children in [1, 2] {
        let family = Family::start(&["became-nobody", &children.to_string()]);
        let redundant = if children == 1 { 50 } else { 200 };
        at(&family).is_exactly(100 * children, redundant);
        // The parent is hidden, and what it and its children have of each other is not seen.
        let found = behind(AS_NOBODY, family.members[1], &family.range, &[]);
        found.is_bracketed(100 * children);
        assert_eq!(found.scan.coverage.unbounded.as_deref(), Some("hidden_relatives"), "{found:#?}");
        assert!(found.misses("CAP_SYS_PTRACE"), "{found:#?}");
        behind(AS_NOBODY, 0, &family.range, &[]).is_bracketed(100 * children);
    }
}

/// Runs the scan as root without any capability.
const WITHOUT_CAPABILITIES: &[&str] = &["setpriv", "--bounding-set=-all", "--inh-caps=-all"];

fn parents_that_hide_are_never_exact() {
    let root_and_nobody = || Family::start(&["became-nobody", "2"]);
    let hides_later = || Family::start_as_nobody(&["hides-after-fork"]);
    let dropped = || Family::start(&["child-without-capabilities"]);
    let families: [(_, _, &dyn Fn() -> Family); 3] = [
        ("children of root that became nobody", AS_NOBODY, &root_and_nobody),
        ("parent that hides after the fork", AS_NOBODY, &hides_later),
        ("child without the capabilities of its parent", WITHOUT_CAPABILITIES, &dropped),
    ];
    for (label, prefix, start) in families {
        let family = start();
        let reference = 100 * (family.members.len() as u64 - 1);
        assert_eq!(at(&family).copies, reference, "{label}");
        // The parent alone: its children show where they come from, and it does not.
        let found = behind(prefix, family.root(), &family.range, &[]);
        assert_eq!(found.scan.mode, "nothing_seen", "{label}: {found:#?}");
        assert_eq!(found.unread("permission"), 1, "{label}: {found:#?}");
        assert!(found.not_seen.as_ref().is_some_and(|text| text.contains("(permission)")), "{label}: {found:#?}");
        found.is_bracketed(reference);
        assert!(found.doubt("maybe_cut") >= reference, "{label}: {found:#?}");
        // A child, and the machine.
        let found = behind(prefix, family.members[1], &family.range, &[]);
        found.is_bracketed(reference);
        assert!(found.doubt("maybe_cut") >= reference, "{label}: {found:#?}");
        behind(prefix, 0, &family.range, &[]).is_bracketed(reference);
    }
    // Nor is one that has nobody: what is not read may be anything.
    let alone = Family::start(&["alone"]);
    let found = behind(AS_NOBODY, alone.root(), &alone.range, &[]);
    assert_eq!((found.scan.mode.as_str(), found.unread("permission")), ("nothing_seen", 1), "{found:#?}");
    at(&alone).is_exactly(0, 0);
}

/// Without random addresses every process of a program shows the same place.
fn hidden_parents_are_in_doubt_beside_other_families_of_their_program() {
    let (family, other) =
        (Family::start_as_nobody(&["hides-at-fixed-address"]), Family::start_as_nobody(&["hides-at-fixed-address"]));
    for target in [&family, &other] {
        assert_eq!(at(target).copies, 100);
        let found = behind(AS_NOBODY, target.root(), &target.range, &[]);
        assert_eq!(found.scan.mode, "nothing_seen", "{found:#?}");
        found.is_bracketed(100);
        assert!(found.doubt("maybe_cut") >= 100, "{found:#?}");
    }
}

fn pieces_that_were_exchanged_are_counted_once() {
    for (written, children) in [("0", "1"), ("64", "1"), ("128", "1"), ("64", "2"), ("128", "3")] {
        let family = Family::start(&["exchanged", written, children]);
        let reference = written.parse::<u64>().expect("a number") * children.parse::<u64>().expect("a number");
        let label = format!("{written} pages written by {children}");
        for found in [at(&family), without_numbers(&family)] {
            assert!(found.copies <= reference, "{label}, reference {reference}: {found:#?}");
            let (least, most) = (found.scan.copies.at_least, found.scan.copies.at_most.expect("bounded"));
            assert!(found.scan.mode != "exact" && most - least + found.copies >= reference, "{label}: {found:#?}");
        }
    }
}

fn orphans_that_hide_are_in_the_bracket() {
    let family = Family::start_as_nobody(&["orphan-hidden"]);
    at(&family).is_exactly(100, 50);
    // The foster parent hides too.
    let found = behind(AS_NOBODY, family.root(), &family.range, &[]);
    found.is_bracketed(100);
    assert!(found.doubt("maybe_cut") >= 100, "{found:#?}");
}
