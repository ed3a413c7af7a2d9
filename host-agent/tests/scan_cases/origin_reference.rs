//! Where the pages of a family came from, counted without the agent: `/proc/PID/pagemap`, `mem` and `stat` as
//! `Documentation/filesystems/proc.rst` and `admin-guide/mm/pagemap.rst` describe them, and sets of members that are united one
//! pair at a time.

use std::collections::BTreeSet;
use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::FileExt;

/// What is at the addresses of a region.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Reference {
    /// Inherited copies.
    pub inherited: u64,
    /// Frames that merging equal contents within the groups would free.
    pub mergeable: u64,
    /// All pages that are counted: one less than there are frames, at each address.
    pub counted: u64,
}

/// Counts the pages of a region in a family; the first member is the root.
pub fn count(members: &[u32], range: &Range<u64>) -> Reference {
    let parents: Vec<Option<usize>> = members.iter().enumerate().map(|(at, &pid)| parent(members, at, pid)).collect();
    let open = |pid: &u32, name: &str| File::open(format!("/proc/{pid}/{name}")).expect("root may read it");
    let maps: Vec<File> = members.iter().map(|pid| open(pid, "pagemap")).collect();
    let memories: Vec<File> = members.iter().map(|pid| open(pid, "mem")).collect();
    let mut sum = Reference::default();
    for address in range.clone().step_by(4096) {
        let frames: Vec<Option<u64>> = maps.iter().map(|map| frame(map, address)).collect();
        let mut set: Vec<usize> = (0..members.len()).collect();
        let unite = |set: &mut Vec<usize>, a: usize, b: usize| {
            let (from, to) = (set[a], set[b]);
            set.iter_mut().filter(|one| **one == from).for_each(|one| *one = to);
        };
        for (child, parent) in parents.iter().enumerate() {
            if let Some(parent) = *parent
                && frames[child].is_some()
                && frames[parent].is_some()
            {
                unite(&mut set, child, parent);
            }
            for other in 0..child {
                if frames[child].is_some() && frames[child] == frames[other] {
                    unite(&mut set, child, other);
                }
            }
        }
        let all: BTreeSet<u64> = frames.iter().flatten().copied().collect();
        sum.counted += (all.len() as u64).saturating_sub(1);
        for group in set.iter().copied().collect::<BTreeSet<usize>>() {
            let in_group = (0..members.len()).filter(|&member| set[member] == group && frames[member].is_some());
            let mut seen = BTreeSet::new();
            let first_of_each: Vec<usize> = in_group.filter(|&member| seen.insert(frames[member])).collect();
            let copies = (first_of_each.len() as u64).saturating_sub(1);
            sum.inherited += copies;
            let contents: Vec<Vec<u8>> = first_of_each.iter().map(|&member| page(&memories[member], address)).collect();
            let distinct = contents.iter().collect::<BTreeSet<_>>().len() as u64;
            sum.mergeable += contents.len() as u64 - distinct;
        }
    }
    sum
}

/// The member from which another one was forked: its parent, or the root if that is gone.
fn parent(members: &[u32], at: usize, pid: u32) -> Option<usize> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("it lives");
    let behind_name = &stat[stat.rfind(')').expect("a name in parentheses") + 2..];
    let parent: u32 = behind_name.split(' ').nth(1).and_then(|field| field.parse().ok()).expect("the fourth field");
    (at > 0).then(|| members.iter().position(|&member| member == parent).unwrap_or(0))
}

/// The frame of an anonymous page (present, and bit 61 clear) at an address. The workload never reads what it has not
/// written, so none is the zero frame.
fn frame(map: &File, address: u64) -> Option<u64> {
    let mut entry = [0; 8];
    map.read_exact_at(&mut entry, address / 4096 * 8).expect("an entry");
    let entry = u64::from_le_bytes(entry);
    (entry >> 63 == 1 && entry >> 61 & 1 == 0).then_some(entry & ((1 << 55) - 1))
}

fn page(memory: &File, address: u64) -> Vec<u8> {
    let mut bytes = vec![0; 4096];
    memory.read_exact_at(&mut bytes, address).expect("root may read it");
    bytes
}
