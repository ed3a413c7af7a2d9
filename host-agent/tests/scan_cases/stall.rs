//! What a process notices of its scan.

use std::time::{Duration, Instant};

use super::Test;
use super::family::Family;
use super::look::{Found, at, behind};

/// The tests of this file.
pub const TESTS: &[Test] = &[
    ("a_large_process_is_not_stalled", a_large_process_is_not_stalled),
    ("without_bpf_few_pages_of_a_large_process_are_in_doubt", without_bpf_few_pages_of_a_large_process_are_in_doubt),
    ("large_memory_that_was_not_handed_down_is_no_copy", large_memory_that_was_not_handed_down_is_no_copy),
    ("large_memory_of_which_all_was_copied_is_counted", large_memory_of_which_all_was_copied_is_counted),
];

/// Longest time that a mapping may take a process while it is scanned.
const STALL: Duration = Duration::from_millis(10);

/// Where `smaps` is read the kernel holds the lock of a memory of 2 GiB for 80 ms and more, each time. A busy machine makes
/// a process wait too, but not each time.
fn a_large_process_is_not_stalled() {
    let mut family = Family::start(&["stalled", "524288"]);
    let deadline = Instant::now() + Duration::from_secs(240);
    let mut stalls = Vec::new();
    loop {
        family.ask();
        let found = at(&family);
        match flags_are_given() {
            true => found.is_exactly(100, 50),
            false => few_are_in_doubt(&found),
        }
        let micros = family.ask().parse().expect("microseconds");
        stalls.push(Duration::from_micros(micros));
        if stalls.last() < Some(&STALL) {
            println!("longest stalls of scans: {stalls:?}");
            return;
        }
        assert!(Instant::now() < deadline, "{stalls:?}");
    }
}

/// Whether the kernel gives the flags of mappings without a look at their pages: it has BTF and what comes with it.
fn flags_are_given() -> bool {
    std::path::Path::new("/sys/kernel/btf/vmlinux").exists()
}

/// Flags are not known, so that few pages without one in common (variables of threads, for one) are in doubt.
fn few_are_in_doubt(found: &Found) {
    assert_eq!((found.copies, found.redundant), (100, 50), "{found:#?}");
    let bracket = found.scan.copies;
    let doubts: u64 = found.scan.coverage.pages.unjudged.values().sum();
    assert_eq!(
        (doubts, bracket.at_most),
        (found.doubt("not_inherited"), Some(bracket.at_least + doubts)),
        "{found:#?}"
    );
    assert!(doubts < 16, "{found:#?}");
    // Where the variables of threads lie depends on the C library: with some there is no page in doubt.
    let expected = if doubts == 0 { "exact" } else { "bracket" };
    assert!(found.scan.mode == expected && found.misses("bpf") == (doubts > 0), "{found:#?}");
}

fn without_bpf_few_pages_of_a_large_process_are_in_doubt() {
    let family = Family::start(&["stalled", "40960"]);
    few_are_in_doubt(&behind(&[], family.root(), &family.range, &["no-bpf"]));
}

fn large_memory_that_was_not_handed_down_is_no_copy() {
    for kind in ["dontfork", "wipeonfork"] {
        let family = Family::start(&[kind, "16384"]);
        let found = at(&family);
        assert_eq!((found.copies, found.doubt("not_inherited")), (0, 16_384), "{kind}: {found:#?}");
        found.is_bracketed(0);
    }
}

fn large_memory_of_which_all_was_copied_is_counted() {
    let family = Family::start(&["all-copied", "16384"]);
    at(&family).is_exactly(16_384, 16_384);
}
