//! Families: maximal fork trees that no exec cuts.

use std::collections::HashMap;

use crate::procfs::{ExecLayout, ProcessStat};

/// One family.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Family {
    /// Its members, the eldest first: the root is number 0.
    pub members: Vec<ProcessStat>,
}

/// The families among some processes, and how many orphans were put back into one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Families {
    /// Ordered by the number of their root.
    pub families: Vec<Family>,
    /// Orphans in a family with a brother or sister.
    pub rejoined: u64,
}

/// Sorts processes with memory into families.
///
/// A process belongs to its parent's family when it was forked and has not called exec
/// (`PF_FORKNOEXEC`), and both have the same [`ExecLayout`] as far as it can be seen. The
/// layout is what unmasks a foster parent: an orphan's parent is init or a subreaper, which
/// was no part of its fork tree. Orphans of one session with the same known layout come from
/// one exec and stay one family.
pub(crate) fn families(processes: &[ProcessStat]) -> Families {
    let by_pid: HashMap<u32, usize> =
        processes.iter().enumerate().map(|(index, process)| (process.pid, index)).collect();
    // `above[i]` leads to the root of the tree of i.
    let mut above: Vec<usize> = (0..processes.len()).collect();
    let mut orphans: HashMap<(ExecLayout, i64), usize> = HashMap::new();
    let mut rejoined = 0;
    for (index, process) in processes.iter().enumerate() {
        if !process.forked_without_exec {
            continue;
        }
        let parent =
            by_pid.get(&process.parent).filter(|&&parent| parent != index && is_kin(&processes[parent], process));
        if let Some(&parent) = parent {
            unite(&mut above, index, parent);
        } else if let Some(layout) = process.layout {
            match orphans.entry((layout, process.session)) {
                std::collections::hash_map::Entry::Occupied(first) => {
                    unite(&mut above, index, *first.get());
                    rejoined += 1;
                }
                std::collections::hash_map::Entry::Vacant(place) => {
                    place.insert(index);
                }
            }
        }
    }
    let mut members: HashMap<usize, Vec<ProcessStat>> = HashMap::new();
    for (index, process) in processes.iter().enumerate() {
        members.entry(root(&mut above, index)).or_default().push(*process);
    }
    let mut families: Vec<Family> = members
        .into_values()
        .map(|mut members| {
            // Within one clock tick the root is the member that is no fork, if there is one.
            members.sort_unstable_by_key(|member| (member.start_time, member.forked_without_exec, member.pid));
            Family { members }
        })
        .collect();
    families.sort_unstable_by_key(|family| family.members.first().map(|root| root.pid));
    Families { families, rejoined }
}

/// Whether `child` can have been forked from the program that `parent` runs now. A reader who
/// sees the layout of the child and not of the parent looks at two users' processes: a fork
/// that changes its user without exec hides its layout too.
fn is_kin(parent: &ProcessStat, child: &ProcessStat) -> bool {
    let same_layout = child.layout.is_none() || parent.layout == child.layout;
    same_layout && parent.start_time <= child.start_time
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
