//! What a look at our own pages states, and what a scan refuses.

use crate::procfs::{PageEntry, ProcFs};
use crate::scan::{FrameAccess, NotSeen, Probe, ScanConfig, ScanError, ScanTarget, Scanner};

const PRESENT: u64 = 1 << 63;
const EXCLUSIVE: u64 = 1 << 56;

#[test]
fn frame_numbers_are_used_where_they_are_shown() {
    let probe = Probe::judge(PageEntry(PRESENT | EXCLUSIVE | 5), PageEntry(PRESENT | 7)).unwrap();
    let expected = Probe { access: FrameAccess::Frames, zero_frame: Some(7) };
    assert_eq!(probe, expected);
}

#[test]
fn the_exclusive_bit_is_used_where_frames_read_as_0() {
    let probe = Probe::judge(PageEntry(PRESENT | EXCLUSIVE), PageEntry(PRESENT)).unwrap();
    let expected = Probe { access: FrameAccess::ExclusiveBit, zero_frame: None };
    assert_eq!(probe, expected);
}

#[test]
fn a_pagemap_that_shows_nothing_is_refused() {
    for entry in [0, PRESENT, 1 << 62] {
        let error = Probe::judge(PageEntry(entry), PageEntry(0)).unwrap_err();
        assert!(matches!(error, ScanError::Pagemap { entry: found } if found == entry));
    }
}

#[test]
fn the_probe_of_this_machine_shows_the_zero_frame_with_frame_numbers_only() {
    let probe = Probe::new(&ProcFs::default()).unwrap();
    assert_eq!(probe.zero_frame.is_some(), probe.access == FrameAccess::Frames);
}

#[test]
fn a_batch_of_another_size_is_refused() {
    for found in [0, 4096, (1 << 20) + 1] {
        let config = ScanConfig { batch_bytes: found, ..ScanConfig::default() };
        let error = Scanner::new(config).scan(&mut |_| (), &mut |_| ()).unwrap_err();
        let message = format!("batch of {found} bytes: expected 262144 to 1048576");
        assert_eq!(error.to_string(), message);
    }
}

#[test]
fn a_process_that_does_not_exist_is_counted() {
    let config = ScanConfig { target: ScanTarget::Pids(vec![u32::MAX]), ..ScanConfig::default() };
    let summary = Scanner::new(config).scan(&mut |_| (), &mut |_| ()).unwrap();
    assert_eq!((summary.processes.listed, summary.processes.vanished), (1, 1));
    assert_eq!(summary.not_seen, [(u32::MAX, NotSeen::NoProcess)]);
    assert!(summary.nothing_seen() && !summary.is_exact());
    assert_eq!((summary.copies(), summary.families), (0, 0));
}

#[test]
fn missing_pagemap_is_not_a_denied_one() {
    let folder = tempfile::tempdir().unwrap();
    let own = folder.path().join("self");
    std::fs::create_dir(&own).unwrap();
    // Without any file of the own process this is no proc file system.
    let error = Probe::new(&ProcFs::new(folder.path())).unwrap_err();
    assert!(matches!(error, ScanError::NoProc), "{error}");
    std::fs::copy("/proc/self/stat", own.join("stat")).unwrap();
    let error = Probe::new(&ProcFs::new(folder.path())).unwrap_err();
    assert!(matches!(error, ScanError::NoPagemap(_)), "{error}");
    // A directory in its place cannot be read either, for another reason.
    std::fs::create_dir(own.join("pagemap")).unwrap();
    let error = Probe::new(&ProcFs::new(folder.path())).unwrap_err();
    assert!(!matches!(error, ScanError::NoPagemap(_) | ScanError::PagemapDenied(_)), "{error}");
}
