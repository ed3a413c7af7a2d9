//! Families of which a part is hard to see: counted, or named as not seen and within the bracket.

use std::time::{Duration, Instant};

use super::Test;
use super::family::Family;
use super::look::{at, behind, without_numbers};

/// The tests of this file.
pub const TESTS: &[Test] = &[
    ("a_plain_family_is_exact", a_plain_family_is_exact),
    ("orphans_are_put_back", orphans_are_put_back),
    ("daemons_of_one_parent_are_a_family", daemons_of_one_parent_are_a_family),
    ("first_threads_that_ended_hide_nothing", first_threads_that_ended_hide_nothing),
    ("mappings_in_motion_lose_nothing", mappings_in_motion_lose_nothing),
    ("few_descriptors_lose_nothing", few_descriptors_lose_nothing),
    ("memory_that_was_moved_is_in_the_bracket", memory_that_was_moved_is_in_the_bracket),
    ("memory_moved_by_a_page_is_no_copy", memory_moved_by_a_page_is_no_copy),
    ("memory_that_was_not_handed_down_is_no_copy", memory_that_was_not_handed_down_is_no_copy),
    ("guard_regions_are_not_swap", guard_regions_are_not_swap),
    ("programs_without_aslr_are_no_family", programs_without_aslr_are_no_family),
    ("pages_that_the_kernel_merged_add_no_waste", pages_that_the_kernel_merged_add_no_waste),
    ("many_mappings_take_little_memory", many_mappings_take_little_memory),
    ("large_shared_memory_takes_little", large_shared_memory_takes_little),
    ("a_sparse_reservation_takes_little_time", a_sparse_reservation_takes_little_time),
];

fn a_plain_family_is_exact() {
    let family = Family::start(&["plain"]);
    at(&family).is_exactly(100, 50);
    let found = without_numbers(&family);
    assert_eq!((found.copies, found.redundant), (100, 50));
    found.is_bracketed(100);
}

fn orphans_are_put_back() {
    for kind in ["orphan", "orphan-setsid"] {
        let family = Family::start(&[kind]);
        let found = at(&family);
        found.is_exactly(100, 50);
        assert_eq!(found.scan.coverage.members.read, 2, "{kind}");
    }
}

fn daemons_of_one_parent_are_a_family() {
    let found = at(&Family::start(&["siblings"]));
    // Their parent is gone, and it is not known any more which pages it had.
    assert_eq!((found.copies, found.unknown, found.born), (0, 100, 0), "{found:#?}");
    found.is_bracketed(100);
    assert!(found.text().contains("origin unknown"), "{}", found.text());
}

fn first_threads_that_ended_hide_nothing() {
    for kind in ["child-thread-ended", "first-threads-ended"] {
        let family = Family::start(&[kind]);
        let ended = if kind == "child-thread-ended" { &family.members[1..] } else { &family.members[..] };
        ended.iter().for_each(|&pid| wait_until_ended(pid));
        at(&family).is_exactly(100, 50);
        assert_eq!(without_numbers(&family).copies, 100, "{kind}");
    }
}

/// Waits until the first thread of a process has ended.
fn wait_until_ended(pid: u32) {
    let deadline = Instant::now() + Duration::from_secs(60);
    let ended = || std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| stat.contains(") Z "));
    while !ended() {
        assert!(Instant::now() < deadline, "the first thread of {pid} does not end");
        std::thread::yield_now();
    }
}

fn mappings_in_motion_lose_nothing() {
    let family = Family::start(&["motion", "4000"]);
    for _ in 0..12 {
        let found = at(&family);
        let unread = found.scan.coverage.members.unread.values().sum::<u64>();
        if found.copies == 1000 && unread == 0 {
            assert!(found.redundant <= 500 && found.redundant + found.unjudged >= 500, "{found:#?}");
        } else {
            found.is_bracketed(1000);
        }
        assert_eq!(found.unread("other"), 0, "a list that was torn is read: {found:#?}");
        assert_eq!(found.copies, 1000, "{found:#?}");
    }
}

fn few_descriptors_lose_nothing() {
    let family = Family::start(&["many", "60"]);
    for files in ["64", "20", "12"] {
        let found = behind(&[], family.root(), &family.range, &[&format!("files={files}")]);
        found.is_exactly(60 * 32, 60 * 16);
    }
    // Where not even one member can be open, that is the reason.
    let found = behind(&[], family.root(), &family.range, &["files=4"]);
    assert_eq!(found.scan.mode, "nothing_seen", "{found:#?}");
    assert!(found.unread("descriptors") > 0 && found.misses("file descriptors"), "{found:#?}");
    assert!(found.not_seen.is_some_and(|text| text.contains("descriptors")));
}

fn memory_that_was_moved_is_in_the_bracket() {
    let family = Family::start(&["moved"]);
    for found in [at(&family), without_numbers(&family)] {
        assert!(found.doubt("remapped") >= 100, "{found:#?}");
        found.is_bracketed(100);
    }
}

fn memory_moved_by_a_page_is_no_copy() {
    let family = Family::start(&["moved-by-a-page"]);
    for found in [at(&family), without_numbers(&family)] {
        assert_eq!(found.copies, 0, "{found:#?}");
        found.is_bracketed(0);
    }
}

fn memory_that_was_not_handed_down_is_no_copy() {
    for kind in ["dontfork", "wipeonfork"] {
        let family = Family::start(&[kind]);
        for found in [at(&family), without_numbers(&family)] {
            assert_eq!(found.copies, 0, "{kind}: {found:#?}");
            assert_eq!(found.doubt("not_inherited"), 256, "{kind}: {found:#?}");
            found.is_bracketed(0);
        }
    }
}

fn guard_regions_are_not_swap() {
    let family = Family::start(&["guard", "20000"]);
    let found = at(&family);
    assert_eq!((found.copies, found.redundant), (100, 50));
    assert_eq!((found.scan.skipped["swapped"], found.doubt("swapped")), (0, 0), "{found:#?}");
}

fn programs_without_aslr_are_no_family() {
    let programs = ["1", "2", "3"].map(|number| Family::start(&["without-aslr", number]));
    let [first, others @ ..] = &programs;
    assert!(others.iter().all(|other| other.range == first.range), "laid out alike");
    for program in &programs {
        let found = at(program);
        found.is_exactly(0, 0);
        assert_eq!(found.scan.processes["alone"], 1, "{found:#?}");
    }
}

/// Settings of the kernel's merging of equal pages, put back when dropped.
struct Merging(Vec<(&'static str, String)>);

impl Merging {
    fn start() -> Merging {
        let set = [("max_page_sharing", "256"), ("pages_to_scan", "20000"), ("sleep_millisecs", "1"), ("run", "1")];
        let path = |name: &str| format!("/sys/kernel/mm/ksm/{name}");
        let before = set.map(|(name, _)| (name, std::fs::read_to_string(path(name)).expect("KSM in this kernel")));
        let merging = Merging(before.to_vec());
        for (name, value) in set {
            // A setting that holds already may be refused while pages are merged.
            let _ = std::fs::write(path(name), value);
        }
        merging
    }
}

impl Drop for Merging {
    fn drop(&mut self) {
        for (name, value) in &self.0 {
            let _ = std::fs::write(format!("/sys/kernel/mm/ksm/{name}"), value);
        }
    }
}

fn pages_that_the_kernel_merged_add_no_waste() {
    let family = Family::start(&["mergeable"]);
    let before = at(&family);
    // Of each page three members share the first frame or all four have one of their own.
    assert_eq!((before.copies, before.redundant), (768 + 3 * 256, 3 * 256), "{before:#?}");
    let _merging = Merging::start();
    let scans = || -> u64 {
        let text = std::fs::read_to_string("/sys/kernel/mm/ksm/full_scans").expect("KSM in this kernel");
        text.trim().parse().expect("a number")
    };
    // A page is merged when it was unchanged over two rounds.
    let (begun, deadline) = (scans(), Instant::now() + Duration::from_secs(300));
    while scans() < begun + 4 {
        assert!(Instant::now() < deadline, "KSM does not come round");
        std::thread::sleep(Duration::from_millis(20));
    }
    let after = at(&family);
    assert!(after.copies <= before.copies && after.redundant < before.redundant / 2, "{before:#?} {after:#?}");
}

fn many_mappings_take_little_memory() {
    let family = Family::start(&["mappings", "50000", "6"]);
    let found = behind(&[], family.root(), &family.range, &[]);
    found.is_exactly(6 * 250, 0);
    let plain = behind(&[], Family::start(&["plain"]).root(), &family.range, &[]);
    let more = (found.peak_bytes - plain.peak_bytes) >> 10;
    println!("measured: {more} KiB more than for a plain family");
    // A list of them all took 189 bytes for each, which is 55 MiB.
    assert!(more < 24 << 10, "{more} KiB more than for a plain family");
}

fn large_shared_memory_takes_little() {
    // 256 MiB that ten members share on purpose, beside pages that are copied.
    let family = Family::start(&["shared", "65536", "10"]);
    let found = behind(&[], family.root(), &family.range, &[]);
    found.is_exactly(10 * 64, 10 * 32);
    assert!(found.scan.bytes_read < 64 << 20, "shared pages are not read: {found:#?}");
    let plain = behind(&[], Family::start(&["plain"]).root(), &family.range, &[]);
    assert!(found.peak_bytes - plain.peak_bytes < 64 << 20, "{found:#?}");
}

fn a_sparse_reservation_takes_little_time() {
    // 8 TiB, of which 64 pages are used: where the holes were looked at it took 76 s.
    let family = Family::start(&["sparse", "8192"]);
    let begun = Instant::now();
    at(&family).is_exactly(32, 16);
    assert!(begun.elapsed() < Duration::from_secs(60), "the holes were looked at: {:?}", begun.elapsed());
}
