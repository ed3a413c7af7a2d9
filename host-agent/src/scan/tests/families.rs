//! Sorting processes into families.

use crate::procfs::{ExecLayout, ProcessStat};
use crate::scan::family::{Family, Origin, families as families_of};
use crate::scan::kinship::{Kinship, Place};

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

/// What processes show of themselves.
struct Shown {
    nonce: fn(&ProcessStat) -> Option<[u8; 16]>,
    /// By number of the process, and whether two are kin.
    place: fn(u32) -> Option<u64>,
    kin: fn(u32, u32) -> Option<bool>,
    asked: usize,
    /// Addresses are the same after each exec.
    fixed: bool,
}

/// Each exec has a number of its own, as the stack of its layout, and no program is seen.
const USUAL: Shown = Shown {
    nonce: |process| Some((process.layout?.stack as u128).to_ne_bytes()),
    place: |_| None,
    kin: |_, _| None,
    asked: 0,
    fixed: false,
};

impl Kinship for Shown {
    fn nonce(&mut self, process: &ProcessStat) -> Option<[u8; 16]> {
        (self.nonce)(process)
    }

    fn is_fixed(&mut self, _process: &ProcessStat) -> bool {
        self.fixed
    }

    fn program(&mut self, _process: &ProcessStat) -> Option<String> {
        Some("/bin/one".to_owned())
    }

    fn place(&mut self, process: &ProcessStat) -> Option<Place> {
        Some(((8, 1), 7, (self.place)(process.pid)?))
    }

    fn are_kin(&mut self, a: &ProcessStat, b: &ProcessStat) -> Option<bool> {
        self.asked += 1;
        (self.kin)(a.pid.min(b.pid), a.pid.max(b.pid))
    }
}

fn families(processes: &[ProcessStat]) -> Vec<Family> {
    families_of(processes, &mut { USUAL })
}

/// Orphans that were put to relatives.
fn rejoined(families: &[Family]) -> u64 {
    families.iter().map(|family| family.rejoined).sum()
}

/// The process numbers of each family, the root first.
fn sorted(processes: &[ProcessStat]) -> Vec<Vec<u32>> {
    families(processes).iter().map(|family| family.members.iter().map(|member| member.pid).collect()).collect()
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
    assert_eq!((found.len(), rejoined(&found)), (2, 1));
    assert_eq!(found[1].origin, Origin::Orphan);
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
    assert_eq!((found[1].rejoined, found[1].origin), (1, Origin::Exec));
}

#[test]
fn programs_with_one_layout_and_different_execs_are_no_family() {
    // Without address space randomisation every program is laid out the same.
    let processes = [process(1, 0, false, 9), process(20, 1, true, 1), process(21, 1, true, 1)];
    let nonce = |process: &ProcessStat| Some(u128::from(process.pid).to_ne_bytes());
    let found = families_of(&processes, &mut Shown { nonce, ..USUAL });
    assert_eq!((found.len(), rejoined(&found)), (3, 0));
    assert!(found[1..].iter().all(|family| family.origin == Origin::Orphan));
    // Where the number of the exec cannot be read, nothing is certain.
    let found = families_of(&processes, &mut Shown { nonce: |_| None, ..USUAL });
    assert!(found[1..].iter().all(|family| family.origin == Origin::Uncertain));
}

#[test]
fn a_parent_with_the_layout_of_its_child_may_have_called_exec() {
    let processes = [process(10, 1, false, 1), process(11, 10, true, 1), process(12, 11, true, 1)];
    let nonce = |process: &ProcessStat| Some(u128::from(process.pid > 10).to_ne_bytes());
    let found = families_of(&processes, &mut Shown { nonce, fixed: true, ..USUAL });
    let pids: Vec<Vec<u32>> = found.iter().map(|family| family.members.iter().map(|m| m.pid).collect()).collect();
    assert_eq!((pids, found[1].origin), (vec![vec![10], vec![11, 12]], Origin::Orphan));
    // A random layout states enough, and so does a number that cannot be read.
    assert_eq!(families_of(&processes, &mut Shown { nonce, ..USUAL }).len(), 1);
    assert_eq!(families_of(&processes, &mut Shown { nonce: |_| None, fixed: true, ..USUAL }).len(), 1);
}

#[test]
fn what_cannot_be_known_of_an_orphan_is_its_origin() {
    let origin = |processes: &[ProcessStat]| families(processes).last().map(|family| family.origin);
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

#[test]
fn kin_are_found_whatever_they_show_of_their_exec() {
    // 20 has changed its layout and has a child, its parent 10 lives; 30 has too, and was orphaned.
    let processes = [
        process(1, 0, false, 9),
        process(10, 1, false, 1),
        process(20, 10, true, 2),
        process(21, 20, true, 2),
        process(30, 1, true, 3),
        process(40, 1, false, 4),
    ];
    let place = |pid| (pid != 1).then_some(if pid == 40 { 0x2000 } else { 0x1000 });
    let mut shown = Shown { place, kin: |a, _| Some(a == 10), ..USUAL };
    let found = families_of(&processes, &mut shown);
    let members = |found: &[Family]| -> Vec<Vec<u32>> {
        found.iter().map(|family| family.members.iter().map(|member| member.pid).collect()).collect()
    };
    assert_eq!((members(&found), rejoined(&found)), (vec![vec![1], vec![10, 20, 21, 30], vec![40]], 2));
    assert_eq!(found[1].origin, Origin::Exec);
    assert_eq!(shown.asked, 2, "no process is asked that has another place, or a root");
    // Others with the same place are no kin, without address space randomisation.
    let found = families_of(&processes, &mut Shown { place, kin: |_, _| Some(false), ..USUAL });
    assert_eq!(members(&found), [vec![1], vec![10], vec![20, 21], vec![30], vec![40]]);
    assert!(found[2..4].iter().all(|family| family.origin == Origin::Orphan));
    // What cannot be known is not certain.
    let found = families_of(&processes, &mut Shown { place, kin: |_, _| None, ..USUAL });
    assert!(found[2..4].iter().all(|family| family.origin == Origin::Uncertain));
}
