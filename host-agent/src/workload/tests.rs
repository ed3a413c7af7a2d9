//! What a scan of the workload must find, and its announcement.

use std::collections::HashSet;

use proptest::prelude::*;

use super::pattern::{word, writes};
use super::*;

#[test]
fn every_word_is_different_and_not_zero() {
    let words: HashSet<u64> = (0..PAGES).flat_map(|page| (0..512).map(move |index| word(page, index))).collect();
    assert_eq!(words.len(), PAGES * 512);
    assert!(!words.contains(&0));
}

#[test]
fn reference_follows_from_the_writes() {
    for pattern in Pattern::ALL {
        let mut writers: Vec<usize> = (0..WORKERS).filter(|w| pattern.worker_writes(*w)).collect();
        if pattern == Pattern::ParentWrites {
            writers.push(WORKERS);
        }
        let all: Vec<(usize, u64)> = writers.into_iter().flat_map(writes).collect();
        let same = all.iter().filter(|(page, value)| *value == word(*page, 0));
        let reference = Reference { copied: all.len() as u64, redundant: same.count() as u64 };
        assert_eq!(pattern.reference(), reference, "{pattern:?}");
        let changed: Vec<u64> =
            all.iter().filter(|(page, value)| *value != word(*page, 0)).map(|(_, value)| *value).collect();
        let distinct: HashSet<u64> = changed.iter().copied().collect();
        assert_eq!(distinct.len(), changed.len(), "no two changes are equal by chance");
        assert!(!distinct.contains(&0));
    }
    for pattern in [Pattern::WorkerWrites, Pattern::ParentWrites] {
        let Reference { copied, redundant } = pattern.reference();
        assert_eq!((copied, redundant), (128, 64));
    }
}

#[test]
fn a_broken_report_is_refused_with_its_place() {
    let refuse = |text: &str| parse_announcement(text.as_bytes()).unwrap_err();
    assert_eq!(refuse("").offset, 0);
    let head = "deltascope-workload 1 ";
    assert_eq!(refuse(&format!("{head}nobody-writes 1000-2000 1\n")).offset, 22);
    assert_eq!(refuse(&format!("{head}parent-writes 2000-1000 1\n")).offset, 36);
    assert_eq!(refuse(&format!("{head}parent-writes 1000-2000 1 x\n")).expected, "the process number of a worker");
    assert_eq!(refuse(&format!("{head}parent-writes 1000-2000 1 2")).found, "the end of the text");
    assert_eq!(refuse("deltascope-workload 2 ").expected, "`deltascope-workload 1 `");
}

proptest! {
    #[test]
    fn a_report_survives_its_line(
        which in 0..3usize,
        page in 0u64..1 << 35,
        pages in 1u64..1000,
        root: u32,
        workers in proptest::collection::vec(any::<u32>(), 0..64),
    ) {
        let announcement = Announcement {
            pattern: Pattern::ALL[which],
            range: page * 4096..(page + pages) * 4096,
            root,
            workers,
        };
        prop_assert_eq!(parse_announcement(announcement.line().as_bytes()), Ok(announcement));
    }

    #[test]
    fn no_line_makes_the_parser_panic(
        cut in 0..70usize,
        tail in proptest::collection::vec(any::<u8>(), 0..40),
    ) {
        let line = b"deltascope-workload 1 worker-writes 7f0000000000-7f0000100000 12 13 14";
        let mut text = line[..cut].to_vec();
        text.extend(tail);
        if let Err(error) = parse_announcement(&text) {
            prop_assert!(error.offset <= text.len() as u64);
        }
    }
}
