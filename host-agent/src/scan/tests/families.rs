//! Sorting processes into families.

use crate::procfs::{ExecLayout, ProcessStat};
use crate::scan::family::{Families, Origin};

/// A process: number, parent, whether it was forked without exec, and which exec laid it out.
fn process(pid: u32, parent: u32, forked: bool, exec: u64) -> ProcessStat {
    ProcessStat {
        pid,
        state: b'S',
        parent,
        session: 1,
        forked_without_exec: forked,
        kernel_thread: false,
        start_time: u64::from(pid),
        threads: 1,
        thread: None,
        layout: (exec != 0).then_some(ExecLayout { code: 0x5000 + exec, stack: 0x7000 + exec, heap: 0x6000 + exec }),
    }
}

/// Families where each exec has a number of its own, as the stack of its layout.
fn families(processes: &[ProcessStat]) -> Families {
    let nonce = |process: &ProcessStat| Some((process.layout?.stack as u128).to_ne_bytes());
    crate::scan::family::families(processes, &mut { nonce })
}

/// The process numbers of each family, the root first.
fn sorted(processes: &[ProcessStat]) -> Vec<Vec<u32>> {
    families(processes).families.iter().map(|family| family.members.iter().map(|member| member.pid).collect()).collect()
}

#[test]
fn a_fork_tree_is_one_family_however_deep() {
    let tree = [
        process(10, 1, false, 1),
        process(11, 10, true, 1),
        process(12, 10, true, 1),
        process(13, 11, true, 1),
        process(14, 13, true, 1),
    ];
    assert_eq!(sorted(&tree), [[10, 11, 12, 13, 14]]);
    let mut shuffled = tree;
    shuffled.reverse();
    assert_eq!(sorted(&shuffled), [[10, 11, 12, 13, 14]]);
}

#[test]
fn exec_cuts() {
    let processes =
        [process(10, 1, false, 1), process(11, 10, true, 1), process(12, 10, false, 2), process(13, 12, true, 2)];
    assert_eq!(sorted(&processes), [[10, 11], [12, 13]]);
}

#[test]
fn a_foster_parent_is_no_kin() {
    // 20 and 21 were forked by processes that have ended; init took them over.
    let mut processes =
        [process(1, 0, false, 9), process(20, 1, true, 1), process(21, 1, true, 2), process(22, 21, true, 2)];
    assert_eq!(sorted(&processes), [vec![1], vec![20], vec![21, 22]]);
    // Nor is one whose layout may not be seen while the orphans' may.
    processes[0].layout = None;
    assert_eq!(sorted(&processes), [vec![1], vec![20], vec![21, 22]]);
}

#[test]
fn orphans_of_one_exec_stay_together() {
    let mut processes =
        [process(1, 0, false, 9), process(20, 1, true, 1), process(21, 1, true, 1), process(22, 21, true, 1)];
    let found = families(&processes);
    assert_eq!((found.families.len(), found.rejoined), (2, 1));
    assert_eq!(found.families[1].origin, Origin::Orphan);
    assert_eq!(sorted(&processes), [vec![1], vec![20, 21, 22]]);
    // A daemon begins a session of its own.
    processes[2].session = 21;
    assert_eq!(sorted(&processes), [vec![1], vec![20, 21, 22]]);
}

#[test]
fn an_orphan_goes_back_to_a_relative_that_lives() {
    // 10 forked 11, which forked 12 and ended.
    let processes = [process(1, 0, false, 9), process(10, 1, false, 1), process(12, 1, true, 1)];
    let found = families(&processes);
    assert_eq!(sorted(&processes), [vec![1], vec![10, 12]]);
    assert_eq!((found.rejoined, found.families[1].origin), (1, Origin::Exec));
}

#[test]
fn programs_with_one_layout_and_different_execs_are_no_family() {
    // Without address space randomisation every program is laid out the same.
    let processes = [process(1, 0, false, 9), process(20, 1, true, 1), process(21, 1, true, 1)];
    let by_pid = |process: &ProcessStat| Some(u128::from(process.pid).to_ne_bytes());
    let found = crate::scan::family::families(&processes, &mut { by_pid });
    assert_eq!((found.families.len(), found.rejoined), (3, 0));
    assert!(found.families[1..].iter().all(|family| family.origin == Origin::Orphan));
    // Where the number of the exec cannot be read, nothing is certain.
    let found = crate::scan::family::families(&processes, &mut |_| None);
    assert!(found.families[1..].iter().all(|family| family.origin == Origin::Uncertain));
}

#[test]
fn what_cannot_be_known_of_an_orphan_is_its_origin() {
    let origin = |processes: &[ProcessStat]| families(processes).families.last().map(|family| family.origin);
    let init = process(1, 0, false, 9);
    assert_eq!(origin(&[init, process(20, 1, false, 1)]), Some(Origin::Exec));
    assert_eq!(origin(&[init, process(20, 1, true, 1)]), Some(Origin::Orphan));
    assert_eq!(origin(&[process(20, 1, true, 0)]), Some(Origin::Uncertain));
    assert_eq!(origin(&[init, process(20, 0, true, 1)]), Some(Origin::Outside));
}

#[test]
fn without_any_layout_parents_are_believed() {
    let processes = [process(10, 1, false, 0), process(11, 10, true, 0)];
    assert_eq!(sorted(&processes), [[10, 11]]);
}

#[test]
fn a_parent_that_is_younger_has_taken_over_a_number() {
    let mut processes = [process(10, 1, false, 0), process(11, 10, true, 0)];
    processes[0].start_time = 100;
    assert_eq!(sorted(&processes), [[10], [11]]);
}

#[test]
fn the_root_is_the_member_that_is_no_fork() {
    // Numbers wrap, and a clock tick is long.
    let mut processes = [process(5, 30_000, true, 1), process(30_000, 1, false, 1)];
    processes[0].start_time = 7;
    processes[1].start_time = 7;
    assert_eq!(sorted(&processes), [[30_000, 5]]);
}
