//! Families: maximal fork trees that no exec cuts.

use std::collections::{HashMap, HashSet};

use super::kinship::{Kinship, Place};
use crate::procfs::{ExecLayout, ProcessStat};

/// One family.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Family {
    /// Its members, the eldest first: the root is number 0.
    pub members: Vec<ProcessStat>,
    /// What is known of where its root came from.
    pub origin: Origin,
    /// Anonymous pages of each member when it was listed, in memory and in swap.
    pub pages: Vec<u64>,
    /// Orphans among them that were put to a relative that is not their parent.
    pub rejoined: u64,
}

/// Where the root of a family came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Origin {
    /// It called exec, so that nothing of the family is elsewhere.
    #[default]
    Exec,
    /// It was forked by a process that has ended or has called exec, and no process that shows its layout is of that
    /// exec. Only processes that hide their layout can belong to the family.
    Orphan,
    /// As [`Origin::Orphan`], and it hides its own layout, or the number of its exec could not be compared.
    Uncertain,
    /// Its parent is outside the PID namespace.
    Outside,
}

/// Sorts processes with memory into families, ordered by the number of their root.
///
/// A process belongs to its parent's family when it was forked and has not called exec
/// (`PF_FORKNOEXEC`), and both have the same [`ExecLayout`] as far as it can be seen. The
/// layout is what unmasks a foster parent: an orphan's parent is init or a subreaper, which
/// was no part of its fork tree. Without address space randomisation a parent that has called exec since shows the layout
/// that it had: its [`Kinship::nonce`] is another one then. An orphan belongs to the processes with its layout and its
/// [`Kinship::nonce`]: without address space randomisation different programs have the same layout. A process can change both; one that is left without
/// a root belongs to those with its program at the same place with which it is kin ([`Kinship::are_kin`]).
pub(crate) fn families(processes: &[ProcessStat], kinship: &mut dyn Kinship) -> Vec<Family> {
    let by_pid: HashMap<u32, usize> =
        processes.iter().enumerate().map(|(index, process)| (process.pid, index)).collect();
    let mut by_layout: HashMap<ExecLayout, Vec<usize>> = HashMap::new();
    for (index, process) in processes.iter().enumerate() {
        if let Some(layout) = process.layout {
            by_layout.entry(layout).or_default().push(index);
        }
    }
    // `above[i]` leads to the root of the tree of i.
    let mut above: Vec<usize> = (0..processes.len()).collect();
    let mut orphans: Vec<usize> = Vec::new();
    for (index, process) in processes.iter().enumerate() {
        if !process.forked_without_exec {
            continue;
        }
        let parent =
            by_pid.get(&process.parent).filter(|&&parent| parent != index && is_kin(&processes[parent], process));
        match parent.filter(|&&parent| !has_called_exec(&processes[parent], process, kinship)) {
            Some(&parent) => unite(&mut above, index, parent),
            None => orphans.push(index),
        }
    }
    let mut origins: HashMap<usize, Origin> = HashMap::new();
    let mut rejoined: HashSet<usize> = HashSet::new();
    for &index in &orphans {
        let process = &processes[index];
        let Some(layout) = process.layout else {
            origins.insert(index, Origin::Uncertain);
            continue;
        };
        let mut joined = false;
        let mut origin = Origin::Orphan;
        for &other in by_layout.get(&layout).into_iter().flatten() {
            if other == index {
                continue;
            }
            if root(&mut above, other) == root(&mut above, index) {
                // A brother or sister has brought them together, or it is a child of its own.
                continue;
            }
            match (kinship.nonce(process), kinship.nonce(&processes[other])) {
                (Some(own), Some(others)) if own == others => {
                    unite(&mut above, index, other);
                    joined = true;
                }
                (Some(_), Some(_)) => {}
                _ => origin = Origin::Uncertain,
            }
        }
        rejoined.extend(joined.then_some(index));
        origins.insert(index, origin);
    }
    rejoin(processes, &orphans, &mut above, &mut origins, &mut rejoined, kinship);
    let mut members: HashMap<usize, Vec<(usize, ProcessStat)>> = HashMap::new();
    for (index, process) in processes.iter().enumerate() {
        members.entry(root(&mut above, index)).or_default().push((index, *process));
    }
    let mut families: Vec<Family> = members
        .into_values()
        .map(|mut members| {
            // Within one clock tick the root is the member that is no fork, if there is one.
            members.sort_unstable_by_key(|(_, m)| (m.start_time, m.forked_without_exec, m.pid));
            let origin = origin(&members, &origins);
            let rejoined = members.iter().filter(|(index, _)| rejoined.contains(index)).count() as u64;
            let members = members.into_iter().map(|(_, member)| member).collect();
            Family { members, origin, pages: Vec::new(), rejoined }
        })
        .collect();
    families.sort_unstable_by_key(|family| family.members.first().map(|root| root.pid));
    families
}

/// Puts orphans in trees without a root to their kin, and notes which.
fn rejoin(
    processes: &[ProcessStat],
    orphans: &[usize],
    above: &mut [usize],
    origins: &mut HashMap<usize, Origin>,
    rejoined: &mut HashSet<usize>,
    kinship: &mut dyn Kinship,
) {
    let roots = (0..processes.len()).filter(|&index| !processes[index].forked_without_exec);
    let mut with_root: HashSet<usize> = roots.map(|index| root(above, index)).collect();
    let mut left: Vec<usize> = orphans.to_vec();
    left.retain(|&index| processes[index].layout.is_some() && !with_root.contains(&root(above, index)));
    if left.is_empty() {
        return;
    }
    let programs: Vec<Option<String>> = left.iter().map(|&index| kinship.program(&processes[index])).collect();
    let wanted: HashSet<&String> = programs.iter().flatten().collect();
    let mut at_place: HashMap<Place, Vec<usize>> = HashMap::new();
    for (index, process) in processes.iter().enumerate() {
        if kinship.program(process).is_some_and(|program| wanted.contains(&program))
            && let Some(place) = kinship.place(process)
        {
            at_place.entry(place).or_default().push(index);
        }
    }
    for index in left {
        let Some(place) = kinship.place(&processes[index]) else {
            continue;
        };
        let mut joined = false;
        for &other in at_place.get(&place).into_iter().flatten() {
            let (own, others) = (root(above, index), root(above, other));
            if with_root.contains(&own) {
                break;
            }
            if own == others {
                continue;
            }
            match kinship.are_kin(&processes[index], &processes[other]) {
                Some(true) => {
                    let is_rooted = with_root.contains(&others);
                    unite(above, index, other);
                    joined = true;
                    if is_rooted {
                        with_root.insert(root(above, index));
                    }
                }
                Some(false) => {}
                None => {
                    origins.insert(index, Origin::Uncertain);
                }
            }
        }
        rejoined.extend(joined.then_some(index));
    }
}

/// Where a family came from, with the least certain of its orphans.
fn origin(members: &[(usize, ProcessStat)], origins: &HashMap<usize, Origin>) -> Origin {
    let outside =
        |(index, member): &(usize, ProcessStat)| member.parent == 0 && member.pid != 1 && origins.contains_key(index);
    if members.iter().any(outside) {
        return Origin::Outside;
    }
    let uncertain = members.iter().any(|(index, _)| origins.get(index) == Some(&Origin::Uncertain));
    let rooted = members.iter().any(|(_, member)| !member.forked_without_exec);
    match (uncertain, rooted) {
        (true, _) => Origin::Uncertain,
        (false, true) => Origin::Exec,
        (false, false) => Origin::Orphan,
    }
}

/// Whether `child` can have been forked from the program that `parent` runs now. A reader who
/// sees the layout of the child and not of the parent looks at two users' processes: a fork
/// that changes its user without exec hides its layout too.
fn is_kin(parent: &ProcessStat, child: &ProcessStat) -> bool {
    let same_layout = child.layout.is_none() || parent.layout == child.layout;
    same_layout && parent.start_time <= child.start_time
}

/// Whether a process with the layout of its child has called exec since it forked it.
fn has_called_exec(parent: &ProcessStat, child: &ProcessStat, kinship: &mut dyn Kinship) -> bool {
    // Each random layout is that of one exec. A process can overwrite its nonce, so that it is asked for only where it has to.
    if child.layout.is_none() || !kinship.is_fixed(parent) {
        return false;
    }
    matches!((kinship.nonce(parent), kinship.nonce(child)), (Some(one), Some(other)) if one != other)
}

fn root(above: &mut [usize], mut index: usize) -> usize {
    while above[index] != index {
        above[index] = above[above[index]];
        index = above[index];
    }
    index
}

fn unite(above: &mut [usize], a: usize, b: usize) {
    let (a, b) = (root(above, a), root(above, b));
    above[a] = b;
}
