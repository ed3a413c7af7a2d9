//! Sorting processes into families.

use crate::procfs::{ExecLayout, ProcessStat};
use crate::scan::family::families;

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
        layout: (exec != 0).then_some(ExecLayout { code: 0x5000 + exec, stack: 0x7000 + exec, heap: 0x6000 + exec }),
    }
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
fn orphans_of_one_exec_and_session_stay_together() {
    let mut processes =
        [process(1, 0, false, 9), process(20, 1, true, 1), process(21, 1, true, 1), process(22, 21, true, 1)];
    let found = families(&processes);
    assert_eq!((found.families.len(), found.rejoined), (2, 1));
    assert_eq!(sorted(&processes), [vec![1], vec![20, 21, 22]]);
    processes[2].session = 21;
    assert_eq!(sorted(&processes), [vec![1], vec![20], vec![21, 22]]);
}

#[test]
fn without_any_layout_parents_are_believed() {
    let processes = [process(10, 1, false, 0), process(11, 10, true, 0)];
    assert_eq!(sorted(&processes), [[10, 11]]);
}

#[test]
fn a_parent_that_is_younger_has_taken_over_a_number() {
    let mut processes = [process(10, 1, false, 1), process(11, 10, true, 1)];
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
