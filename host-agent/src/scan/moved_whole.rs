//! Memory that a member may have moved to another address (`mremap`) and written whole since.
//!
//! Its frames are those of nobody else, so that nothing tells it from memory that the member has allocated. But its relative
//! has pages where the member maps nothing any more, or nothing with pages, and the member has pages where its relative does not.

use std::collections::HashMap;

use super::lineage::Lineage;
use super::listed_pages::anonymous;
use crate::procfs::{Mapping, PAGE_SIZE};

/// The file of a mapping; all anonymous memory is of one kind.
type File = ((u32, u32), u64);

/// The most pages that members can have moved away from the addresses at which the process that handed them down has them.
pub(crate) fn moved_whole(lineage: &Lineage, members: &[Vec<Mapping>]) -> u64 {
    let sources = (0..members.len()).filter_map(|member| Some((member, lineage.source(member)?)));
    sources
        .map(|(member, source)| {
            let (own, others) =
                (unmapped(&members[member], &members[source]), unmapped(&members[source], &members[member]));
            own.iter().map(|(file, &pages)| pages.min(others.get(file).copied().unwrap_or(0))).sum::<u64>()
        })
        .sum()
}

/// The pages that one process has at addresses where another one has no mapping with pages, by file.
fn unmapped(one: &[Mapping], other: &[Mapping]) -> HashMap<File, u64> {
    let mut pages: HashMap<File, u64> = HashMap::new();
    for mapping in one {
        let own = anonymous(mapping);
        if own == 0 {
            continue;
        }
        let first = other.partition_point(|other| other.end <= mapping.start);
        let within = other[first..].iter().take_while(|other| other.start < mapping.end);
        let within = within.filter(|other| anonymous(other) > 0);
        let common = within.map(|other| other.end.min(mapping.end) - other.start.max(mapping.start)).sum::<u64>();
        let alone = (mapping.end - mapping.start - common) / PAGE_SIZE as u64;
        if alone > 0 {
            *pages.entry((mapping.device, mapping.inode)).or_default() += own.min(alone);
        }
    }
    pages
}
