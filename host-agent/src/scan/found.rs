//! What a look at one family gives, and who pays for it.

use std::ops::{AddAssign, Range};

use super::lineage::Lineage;
use super::{DoubtCounts, OriginCounts, RegionTag, Skips, Unread, UnreadCounts};
use crate::attribution::ContainerId;

/// What was found in one family.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct RoundCounts {
    pub origins: OriginCounts,
    pub judged: u64,
    pub moved: u64,
    pub unreadable: u64,
    pub mergeable: u64,
    pub collisions: u64,
    pub skips: Skips,
    pub bytes_read: u64,
    /// Members that were given up, by reason.
    pub unread: UnreadCounts,
    /// Pages that may be copies and were not counted.
    pub doubts: DoubtCounts,
    /// Why no member at all was read, if so.
    pub unseen: Option<Unread>,
}

impl AddAssign<&Self> for RoundCounts {
    fn add_assign(&mut self, more: &Self) {
        self.origins += more.origins;
        self.judged += more.judged;
        self.moved += more.moved;
        self.unreadable += more.unreadable;
        self.mergeable += more.mergeable;
        self.collisions += more.collisions;
        self.bytes_read += more.bytes_read;
        self.unread += more.unread;
        self.doubts += more.doubts;
        self.skips += more.skips;
    }
}

/// Who pays for the copies of a family.
#[derive(Debug)]
pub(crate) struct Charges {
    /// The container of each member.
    pub members: Vec<ContainerId>,
    /// The container of the family's root.
    pub root: ContainerId,
    /// Anonymous pages of each member, in memory and in swap: that many copies are missed at most when it is given up.
    pub pages: Vec<u64>,
    /// The fork tree of the members.
    pub lineage: Lineage,
    /// Tagged ranges of addresses.
    pub regions: Vec<(Range<u64>, RegionTag)>,
}
