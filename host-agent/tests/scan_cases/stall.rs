//! What a process notices of its scan.

use std::time::{Duration, Instant};

use super::Test;
use super::family::Family;
use super::look::at;

/// The tests of this file.
pub const TESTS: &[Test] = &[
    ("a_large_process_is_not_stalled", a_large_process_is_not_stalled),
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
        assert_eq!((found.copies, found.redundant), (100, 50), "{found:#?}");
        // Flags are not read, so that few pages without one in common (variables of threads, for one) are in doubt.
        let bracket = found.scan.copies;
        let doubts: u64 = found.scan.coverage.pages.unjudged.values().sum();
        assert_eq!(
            (doubts, bracket.at_most),
            (found.doubt("not_inherited"), Some(bracket.at_least + doubts)),
            "{found:#?}"
        );
        assert!(doubts < 16, "{found:#?}");
        let micros = family.ask().parse().expect("microseconds");
        stalls.push(Duration::from_micros(micros));
        if stalls.last() < Some(&STALL) {
            println!("longest stalls of scans: {stalls:?}");
            return;
        }
        assert!(Instant::now() < deadline, "{stalls:?}");
    }
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
