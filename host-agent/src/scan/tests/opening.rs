//! Opening real processes: this one, in several disguises.

use std::sync::Arc;

use crate::procfs::{ProcFs, sys};
use crate::scan::family::{Family, Origin};
use crate::scan::frame_flags::FrameFlags;
use crate::scan::live::{LiveFamily, Reading};
use crate::scan::time_limit::TimeLimit;
use crate::scan::{FrameAccess, ProcessCounts};

fn open(change: impl Fn(&mut Family)) -> (usize, ProcessCounts) {
    let proc = ProcFs::default();
    let own = proc.stat(std::process::id()).unwrap();
    let mut family = Family { members: vec![own, own], origin: Origin::Exec, pages: vec![0; 2], rejoined: 0 };
    change(&mut family);
    let mut counts = ProcessCounts::default();
    let mut limit = TimeLimit::default();
    let flags = Arc::new(FrameFlags::new(&proc));
    let (access, mapping_flags) = (FrameAccess::Frames, Arc::default());
    let reading = Reading { proc, flags, mapping_flags, access, limit: &mut limit, may_stall: true };
    let mut live = LiveFamily::open(reading, &family, &mut counts);
    (live.take_mappings().len(), counts)
}

#[test]
fn members_that_share_their_memory_count_once() {
    let (members, counts) = open(|_| ());
    // A sandbox may forbid to ask; then both are looked at and show the same frames.
    let asked = sys::compare_memory(std::process::id(), std::process::id()).is_ok();
    let expected = match asked {
        true => ProcessCounts { sharing_memory: 1, alone: 1, ..ProcessCounts::default() },
        false => ProcessCounts { scanned: 2, ..ProcessCounts::default() },
    };
    assert_eq!((members, counts), (if asked { 1 } else { 2 }, expected));
}

#[test]
fn a_number_that_was_used_again_or_a_program_that_called_exec_is_another_process() {
    let changes: [fn(&mut Family); 3] = [
        |family| family.members[1].start_time += 1,
        |family| family.members[1].forked_without_exec ^= true,
        |family| family.members[1].layout = None,
    ];
    for change in changes {
        let (members, counts) = open(change);
        assert_eq!(members, 1);
        assert_eq!((counts.vanished, counts.alone), (1, 1));
    }
}

#[test]
fn a_member_that_is_gone_is_counted_as_such() {
    let (members, counts) = open(|family| {
        family.members[0].pid = u32::MAX;
        family.members[1].pid = u32::MAX - 1;
    });
    assert_eq!(members, 0);
    assert_eq!(counts, ProcessCounts { vanished: 2, ..ProcessCounts::default() });
}
