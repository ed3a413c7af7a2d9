//! Memory that is not where it was, or was not handed down: no number of it is called exact that is not.

use deltascope_agent::scan::FrameAccess;

use super::Test;
use super::family::Family;
use super::look::{Found, at, while_scanning, without_numbers};
use super::origin_reference;

/// The tests of this file.
pub const TESTS: &[Test] = &[
    ("memory_that_moves_at_any_moment_is_in_the_bracket", memory_that_moves_at_any_moment_is_in_the_bracket),
    ("memory_that_moves_all_the_time_is_in_the_bracket", memory_that_moves_all_the_time_is_in_the_bracket),
    ("memory_moved_and_written_whole_is_in_the_bracket", memory_moved_and_written_whole_is_in_the_bracket),
    ("memory_moved_within_a_mapping_is_in_the_bracket", memory_moved_within_a_mapping_is_in_the_bracket),
    ("member_that_ends_after_the_listing_is_in_the_bracket", member_that_ends_after_the_listing_is_in_the_bracket),
    ("memory_that_was_moved_and_handed_down_is_no_copy", memory_that_was_moved_and_handed_down_is_no_copy),
    ("little_memory_that_was_not_handed_down_is_no_copy", little_memory_that_was_not_handed_down_is_no_copy),
    ("private_huge_pages_are_in_the_bracket", private_huge_pages_are_in_the_bracket),
];

/// Asserts that a number of copies is what is said, or within it.
fn is_honest(found: &Found, copies: u64, label: &str) {
    match found.scan.mode.as_str() {
        "exact" => assert_eq!(found.copies, copies, "{label}: {found:#?}"),
        _ => found.is_bracketed(copies),
    }
}

/// Counts the copies of a family that rests, without the agent.
fn reference(family: &Family) -> u64 {
    origin_reference::count(&family.members, &family.range).inherited
}

/// The member that moves its memory, and how often a scan of it reports progress at most.
const MOVERS: [&str; 2] = ["child", "parent"];
const MOMENTS: usize = 16;

fn memory_that_moves_at_any_moment_is_in_the_bracket() {
    for who in MOVERS {
        let mut family = Family::start(&["moves", who]);
        assert_eq!(reference(&family), 100);
        at(&family).is_exactly(100, 50);
        let (mut bracketed, mut moments) = (0, 0);
        for access in [None, Some(FrameAccess::ExclusiveBit)] {
            for away in 0..MOMENTS {
                for back in [away + 1, away + 3, usize::MAX] {
                    let (pid, range) = (family.root(), family.range.clone());
                    let (mut moment, mut is_away) = (0, false);
                    let found = while_scanning(pid, range, access, &mut || {
                        if moment == away || moment == back {
                            assert_eq!(family.ask(), "moved");
                            is_away = !is_away;
                        }
                        moment += 1;
                    });
                    if is_away {
                        family.ask();
                    }
                    moments = moments.max(moment);
                    bracketed += u64::from(found.scan.mode != "exact");
                    is_honest(&found, 100, &format!("{who} {access:?} away {away} back {back}"));
                }
            }
        }
        assert!(moments > 4 && bracketed > 0, "{who}: {moments} moments, {bracketed} brackets");
    }
}

fn memory_that_moves_all_the_time_is_in_the_bracket() {
    for who in MOVERS {
        let mut family = Family::start(&["moves", who, "without-end"]);
        assert_eq!(reference(&family), 100);
        family.ask();
        for _ in 0..30 {
            is_honest(&at(&family), 100, who);
            is_honest(&without_numbers(&family), 100, who);
        }
    }
}

fn memory_moved_and_written_whole_is_in_the_bracket() {
    for target in ["own", "common"] {
        let family = Family::start(&["moved-whole", target]);
        for found in [at(&family), without_numbers(&family)] {
            assert!(found.doubt("remapped") >= 256, "{target}: {found:#?}");
            found.is_bracketed(256);
        }
    }
}

fn memory_moved_within_a_mapping_is_in_the_bracket() {
    for who in MOVERS {
        let family = Family::start(&["moved-within", who]);
        for found in [at(&family), without_numbers(&family)] {
            assert!(found.doubt("remapped") >= 100, "{who}: {found:#?}");
            found.is_bracketed(256);
        }
    }
    // Pages that a member has beside those that it was handed down were not moved, wherever its relative has more.
    let family = Family::start(&["grown"]);
    at(&family).is_exactly(10, 0);
}

fn member_that_ends_after_the_listing_is_in_the_bracket() {
    for access in [None, Some(FrameAccess::ExclusiveBit)] {
        let family = Family::start(&["plain"]);
        assert_eq!(reference(&family), 100);
        let child = family.members[1];
        let found = while_scanning(family.root(), family.range.clone(), access, &mut || {
            // SAFETY: a child of a family of ours, which lives or has not been waited for.
            unsafe { libc::kill(child as i32, libc::SIGKILL) };
            let ended =
                || std::fs::read_to_string(format!("/proc/{child}/stat")).is_ok_and(|stat| stat.contains(") Z "));
            while !ended() {
                std::thread::yield_now();
            }
        });
        assert_eq!((found.copies, found.unread("vanished")), (0, 1), "{found:#?}");
        assert!(found.doubt("unread_members") >= 100, "{found:#?}");
        found.is_bracketed(100);
    }
}

fn memory_that_was_moved_and_handed_down_is_no_copy() {
    for who in ["child", "parent", "as-realloc"] {
        let family = Family::start(&["moved-and-forked", who]);
        let found = at(&family);
        assert_eq!(found.copies, 0, "{who}: {found:#?}");
        assert!(found.doubt("remapped") >= 128, "{who}: {found:#?}");
        found.is_bracketed(0);
    }
}

fn little_memory_that_was_not_handed_down_is_no_copy() {
    // Pages of the large mapping: its flags are read with smaps, without a stall, and not at all.
    for large in ["1024", "10240", "40960"] {
        for pages in ["1", "100", "255"] {
            for kind in ["small-dontfork", "small-wipeonfork"] {
                let family = Family::start(&[kind, large, pages]);
                for found in [at(&family), without_numbers(&family)] {
                    let label = format!("{kind} {large} {pages}");
                    assert_eq!(found.copies, 0, "{label}: {found:#?}");
                    assert!(found.doubt("not_inherited") >= pages.parse().expect("a number"), "{label}: {found:#?}");
                    found.is_bracketed(0);
                }
            }
        }
    }
}

/// Lets the machine have some more huge pages of hugetlbfs when they are asked for, until dropped.
struct HugePages(String);

impl HugePages {
    const PATH: &str = "/proc/sys/vm/nr_overcommit_hugepages";

    /// `None` on a kernel without hugetlbfs.
    fn allow(pages: u64) -> Option<HugePages> {
        let filesystems = std::fs::read_to_string("/proc/filesystems").expect("the kernel's file systems");
        if !filesystems.lines().any(|line| line.ends_with("\thugetlbfs")) {
            return None;
        }
        let before = std::fs::read_to_string(Self::PATH).expect("its setting");
        std::fs::write(Self::PATH, pages.to_string()).expect("root may set it");
        Some(HugePages(before))
    }
}

impl Drop for HugePages {
    fn drop(&mut self) {
        let _ = std::fs::write(Self::PATH, self.0.trim());
    }
}

fn private_huge_pages_are_in_the_bracket() {
    let Some(_pages) = HugePages::allow(16) else {
        println!("this kernel has no hugetlbfs");
        return;
    };
    let family = Family::start(&["hugetlb", "2"]);
    assert_eq!(reference(&family), 512, "one of two is copied");
    for found in [at(&family), without_numbers(&family)] {
        assert_eq!(found.copies, 0, "{found:#?}");
        assert!(found.doubt("hugetlb") >= 512, "{found:#?}");
        found.is_bracketed(512);
    }
    // Nothing is copied, and that is seen.
    let idle = Family::start(&["hugetlb", "2", "idle"]);
    assert_eq!(reference(&idle), 0);
    let found = at(&idle);
    found.is_exactly(0, 0);
    assert_eq!(found.doubt("hugetlb"), 0);
}
