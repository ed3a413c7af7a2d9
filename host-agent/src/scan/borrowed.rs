//! Which members have borrowed the memory of another one (vfork).

use std::cmp::Ordering;

use crate::procfs::{ProcFs, ProcessStat, sys};

/// How often the counts of two processes are read before they are taken for those of different memories.
const READINGS: usize = 8;

/// Whether the kernel compares memories of the processes that `/proc` shows: the call may be forbidden, and its
/// numbers are those of our own PID namespace.
pub(crate) fn comparable(proc: &ProcFs) -> bool {
    let own = std::process::id();
    proc.own_pid().is_ok_and(|pid| pid == own) && sys::compare_memory(own, own).is_ok()
}

/// The place of a memory in the kernel's order, as of a binary search; `None` where a comparison was refused.
pub(crate) fn place_in_order(memories: &[u32], number: u32) -> Option<Result<usize, usize>> {
    let mut refused = false;
    let place = memories.binary_search_by(|&other| {
        sys::compare_memory(other, number).unwrap_or_else(|_| {
            refused = true;
            Ordering::Less
        })
    });
    (!refused).then_some(place)
}

/// Whether a process may have borrowed the memory of a member, where the kernel does not compare: it counts the
/// same of its memory as the process that created it, or as any member if that one is not among them.
pub(crate) fn may_borrow<'m>(
    proc: &ProcFs,
    members: impl Iterator<Item = &'m ProcessStat> + Clone,
    stat: &ProcessStat,
) -> bool {
    let creator = members.clone().find(|member| member.pid == stat.parent);
    match creator {
        Some(creator) => equal_counts(proc, creator, stat),
        None => members.into_iter().any(|member| equal_counts(proc, member, stat)),
    }
}

/// Whether two processes may count the same of their memories. They are different memories when one shows the same each time
/// and the other never does: a program that maps and unmaps without end shows two states in turn.
fn equal_counts(proc: &ProcFs, a: &ProcessStat, b: &ProcessStat) -> bool {
    let lines = |stat: &ProcessStat| proc.memory_lines(stat.task()).ok();
    let mut readings: Vec<[Option<String>; 2]> = Vec::with_capacity(READINGS);
    for turn in 0..READINGS {
        // Not in step with what the program does.
        let pair = match turn % 2 {
            0 => [lines(a), lines(b)],
            _ => {
                let of_b = lines(b);
                [lines(a), of_b]
            }
        };
        if pair[0].is_some() && pair[0] == pair[1] {
            return true;
        }
        readings.push(pair);
    }
    let apart = |one: usize| {
        let first = &readings[0][one];
        first.is_some()
            && readings.iter().all(|pair| pair[one] == *first && pair[1 - one].is_some() && pair[1 - one] != *first)
    };
    !apart(0) && !apart(1)
}
