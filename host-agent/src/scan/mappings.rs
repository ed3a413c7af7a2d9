//! Reading the mappings of a member, so that it does not notice.
//!
//! The kernel holds the lock of the memory while it writes one mapping into `smaps`, and counts each page of it: 100 ms and
//! more for some GiB. Where `PAGEMAP_SCAN` (Linux 6.7) and the flags of frames are there, a process with such a mapping is
//! read from `maps` and the runs of its pages instead. The flags of its mappings are asked for apart ([`MappingFlags`]); where
//! the kernel does not give them, they are not known.

use std::collections::HashMap;
use std::ops::Range;

use super::frame_flags::{FrameFlags, FrameKind};
use crate::procfs::mapping_flags::{FlaggedMapping, MappingFlags};
use crate::procfs::{Mapping, PAGE_SIZE, PageEntry, Pagemap, ProcError, ProcFs, TaskId};

/// Bytes of a mapping in small pages that are counted in one go: a stall of some ms.
const LARGE: u64 = 32 << 20;
/// Mappings with pages of a process that is read from `maps`; beyond, `smaps` takes less memory, since its neighbours of one
/// kind are joined.
const MAX_PIECES: usize = 8192;
/// How often the mappings of a member are read until two lists agree.
const READINGS: usize = 4;

/// The mappings of a member.
#[derive(Debug)]
pub(crate) struct Listed {
    /// Ordered by address.
    pub mappings: Vec<Mapping>,
    /// The list was the same afterwards: the kernel lets the program map and unmap between two of its lines.
    pub settled: bool,
    /// Bytes of the largest mapping in memory, without huge pages, where it is too large for `smaps`.
    pub large: Option<u64>,
}

/// Reads the mappings with their counts until the list is the same afterwards.
pub(crate) fn read(
    proc: &ProcFs,
    task: TaskId,
    pagemap: &Pagemap,
    flags: Option<(&FrameFlags, &MappingFlags)>,
) -> Result<Listed, ProcError> {
    let mut listed = Listed { mappings: Vec::new(), settled: false, large: None };
    // A large mapping that has stayed is not counted again.
    let mut known = HashMap::new();
    for _ in 0..READINGS {
        let walked = match flags {
            Some((frames, mappings)) => walked(proc, task, pagemap, frames, mappings, &mut known)?,
            None => None,
        };
        (listed.mappings, listed.large) = match walked {
            Some((mappings, large)) => (mappings, Some(large)),
            None => (proc.mappings(task)?, None),
        };
        let after = proc.bare_mappings(task)?;
        // The kernel counts the addresses that are mapped: of a mapping that moves, both lists can miss both places.
        let mapped: u64 = after.iter().filter(|mapping| !mapping.gate).map(|mapping| mapping.end - mapping.start).sum();
        let counted = proc.status(task)?.mapped.unwrap_or(0);
        listed.settled = covered(&listed.mappings) == covered(&after) && mapped >= counted;
        if listed.settled {
            break;
        }
    }
    Ok(listed)
}

/// Reads the ranges that a process has excluded from forks, with the stall that this makes.
pub(crate) fn excluded(proc: &ProcFs, task: TaskId) -> Result<Vec<Range<u64>>, ProcError> {
    let mappings = proc.mappings(task)?;
    Ok(mappings.into_iter().filter(|m| m.not_inherited).map(|m| m.start..m.end).collect())
}

/// The mappings of a process with a large one from `maps`, and how large; `None` where `smaps` is to be read.
fn walked(
    proc: &ProcFs,
    task: TaskId,
    pagemap: &Pagemap,
    flags: &FrameFlags,
    mapping_flags: &MappingFlags,
    known: &mut HashMap<Key, Count>,
) -> Result<Option<(Vec<Mapping>, u64)>, ProcError> {
    let mut mappings = proc.mapping_pieces(task)?;
    let mut largest = 0;
    for mapping in mappings.iter().filter(|mapping| !mapping.gate && mapping.end - mapping.start > LARGE) {
        let count = match known.get(&key(mapping)) {
            Some(count) => *count,
            // Where the call is missing there is one way only.
            None => match count(mapping, pagemap) {
                Ok(count) => count,
                Err(_) => return Ok(None),
            },
        };
        known.insert(key(mapping), count);
        largest = largest.max(count.small);
    }
    if largest <= LARGE {
        return Ok(None);
    }
    let mergeable = proc.merged_pages(task) != Some(0);
    // Pages on the way to another frame and guard regions look swapped too.
    let in_swap = proc.status(task)?.swapped != Some(0);
    for mapping in mappings.iter_mut().filter(|mapping| !mapping.shared && !mapping.gate) {
        let counted = known.get(&key(mapping)).copied().map_or_else(|| count(mapping, pagemap), Ok);
        let Ok(counted) = counted else { return Ok(None) };
        set(mapping, counted, pagemap, flags);
        mapping.mergeable = mergeable;
        mapping.swapped = mapping.swapped.filter(|_| in_swap).or(Some(0));
    }
    match mapping_flags.read(task.pid) {
        Some(flagged) => learn(&mut mappings, &flagged),
        None => assume(&mut mappings),
    }
    let pieces = mappings.iter().filter(|mapping| mapping.anonymous.is_some_and(|bytes| bytes > 0)).count();
    Ok((pieces <= MAX_PIECES).then_some((mappings, largest)))
}

/// Takes over the flags of private mappings that lie within those that were read; of others nothing is known.
fn learn(mappings: &mut [Mapping], flagged: &[FlaggedMapping]) {
    for mapping in mappings.iter_mut().filter(|mapping| !mapping.shared && !mapping.gate) {
        let first = flagged.partition_point(|one| one.range.end <= mapping.start);
        let within = flagged[first..].iter().take_while(|one| one.range.start < mapping.end);
        let bytes = within.clone().map(|one| one.range.end.min(mapping.end) - one.range.start.max(mapping.start));
        if bytes.sum::<u64>() != mapping.end - mapping.start {
            continue;
        }
        mapping.flags_unknown = false;
        mapping.not_inherited = within.clone().any(FlaggedMapping::not_inherited);
        mapping.hugetlb |= within.clone().any(FlaggedMapping::hugetlb);
        mapping.device_memory |= within.clone().any(FlaggedMapping::device_memory);
    }
}

/// Assumes that no program excludes from its forks what exec has mapped: files, the variables behind them, heap and stack. A
/// part that is excluded is a mapping of its own beside the rest.
fn assume(mappings: &mut [Mapping]) {
    // End of the file that was mapped last, behind which its program has its variables without values (`.bss`).
    let mut end_of_file = 0;
    for number in 0..mappings.len() {
        let neighbour = |other: Option<&Mapping>| other.is_some_and(|other| other.inode == 0 && !other.shared);
        let before = number.checked_sub(1).map(|before| &mappings[before]);
        let mapping = &mappings[number];
        let is_part = neighbour(before.filter(|before| before.end == mapping.start))
            || neighbour(mappings.get(number + 1).filter(|after| after.start == mapping.end));
        let of_file = mapping.inode != 0 || mapping.start == end_of_file && !is_part;
        end_of_file = if mapping.inode != 0 && !mapping.shared { mapping.end } else { 0 };
        mappings[number].flags_unknown &= !of_file && (!mapping.of_exec || is_part);
    }
}

/// The pages of a mapping, in bytes.
#[derive(Debug, Clone, Copy, Default)]
struct Count {
    /// In memory and no part of a huge page, which is one entry where it is mapped whole.
    small: u64,
    resident: u64,
    anonymous: u64,
    swapped: u64,
    huge: u64,
    /// Address of the first anonymous page in memory.
    first: Option<u64>,
}

/// What distinguishes a mapping from what is mapped at its place later.
type Key = (u64, u64, (u32, u32), u64, u64, bool);

fn key(mapping: &Mapping) -> Key {
    let Mapping { start, end, device, inode, offset, shared, .. } = *mapping;
    (start, end, device, inode, offset, shared)
}

/// Counts the pages of a mapping as `smaps` does.
fn count(mapping: &Mapping, pagemap: &Pagemap) -> std::io::Result<Count> {
    let mut count = Count::default();
    pagemap.runs(mapping.start..mapping.end, &mut |run| {
        let bytes = run.range.end - run.range.start;
        count.small += if run.swapped || run.huge { 0 } else { bytes };
        if run.swapped {
            count.swapped += bytes;
        } else if !run.zero {
            count.resident += bytes;
            if !run.file {
                count.anonymous += bytes;
                count.huge += if run.huge { bytes } else { 0 };
                count.first = count.first.or(Some(run.range.start));
            }
        }
    })?;
    Ok(count)
}

/// Sets what `smaps` would say of a private mapping.
fn set(mapping: &mut Mapping, count: Count, pagemap: &Pagemap, flags: &FrameFlags) {
    let Count { resident, anonymous, swapped, huge, first, .. } = count;
    mapping.resident = Some(resident);
    // As in `smaps`, a mapping that is in swap as a whole has anonymous pages too.
    mapping.anonymous = Some(anonymous + swapped);
    mapping.swapped = Some(swapped);
    mapping.huge = Some(huge);
    // Which of them are mapped more than once is not counted.
    mapping.mapped_twice = anonymous;
    mapping.flags_unknown = anonymous + swapped > 0;
    if let Some(address) = first {
        let mut entry = [PageEntry::default()];
        let read = pagemap.read(address, &mut entry);
        let kind = read.ok().and_then(|()| flags.kind(entry[0].frame()));
        mapping.hugetlb = kind == Some(FrameKind::Hugetlb);
        mapping.device_memory = kind == Some(FrameKind::Device) && entry[0].present() && !entry[0].file_or_shared();
    }
    debug_assert!(resident <= mapping.pages() * PAGE_SIZE as u64);
}

/// Addresses and origin of a mapping, or of several that follow each other and have the same origin.
#[derive(PartialEq, Eq)]
struct Covered {
    start: u64,
    end: u64,
    device: (u32, u32),
    inode: u64,
    shared: bool,
}

/// The addresses that mappings cover, by origin, however they are cut into pieces.
fn covered(mappings: &[Mapping]) -> Vec<Covered> {
    let mut covered: Vec<Covered> = Vec::with_capacity(mappings.len());
    for mapping in mappings {
        let Mapping { start, end, device, inode, shared, .. } = *mapping;
        match covered.last_mut() {
            Some(last) if last.end == start && (last.device, last.inode, last.shared) == (device, inode, shared) => {
                last.end = end;
            }
            _ => covered.push(Covered { start, end, device, inode, shared }),
        }
    }
    covered
}
