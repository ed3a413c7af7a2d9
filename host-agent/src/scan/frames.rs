//! Which frames are at one address: the rule of distinct frames.

use super::{FrameAccess, Probe, Skips};
use crate::procfs::PageEntry;

/// What a member has at an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Own {
    /// No page of its own: nothing, the zero frame, or a page of a file.
    #[default]
    Nothing,
    /// An anonymous page, in memory or in swap.
    Page,
    /// Something of which it is not known whether it is a page of its own.
    Uncertain,
}

/// One of the distinct frames at an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Frame {
    /// Members that have it mapped.
    pub holders: usize,
    /// The eldest of them.
    pub eldest: usize,
    /// Mapped once in the whole system, as far as the system reports.
    pub exclusive: bool,
    /// Merged by the kernel from equal pages (KSM). Such a frame is no copy of another one with its content.
    pub merged: bool,
}

/// A member that holds a frame. Without frame numbers an exclusive frame has a key of its own
/// and all others share one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Holder {
    key: u64,
    /// The member.
    pub member: usize,
    exclusive: bool,
}

impl Holder {
    /// What distinguishes its frame from others: its number, where numbers are shown.
    pub(crate) fn key(&self) -> u64 {
        self.key
    }

    /// Whether the frame is mapped once in the whole system, as far as the system reports.
    pub(crate) fn exclusive(&self) -> bool {
        self.exclusive
    }
}

/// How entries are read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rule {
    access: FrameAccess,
    zero_frame: Option<u64>,
}

impl Rule {
    /// The rule that fits what a probe has shown.
    pub(crate) fn new(probe: &Probe) -> Self {
        Self { access: probe.access, zero_frame: probe.zero_frame }
    }

    /// How frames are distinguished.
    pub(crate) fn access(&self) -> FrameAccess {
        self.access
    }

    /// What must stay the same between two looks for the contents read between them to count.
    pub(crate) fn identity(&self, entry: PageEntry) -> u64 {
        const STATE: u64 = 0b111 << 61;
        const EXCLUSIVE: u64 = 1 << 56;
        match self.access {
            FrameAccess::Frames => entry.0 & STATE | entry.frame(),
            FrameAccess::ExclusiveBit => entry.0 & (STATE | EXCLUSIVE),
        }
    }

    /// The holder that an entry of a member makes, or the reason why it makes none, counted.
    pub(crate) fn holder(&self, member: usize, entry: PageEntry, skips: &mut Skips) -> Option<Holder> {
        let reason = if !entry.present() {
            if entry.guard() {
                &mut skips.absent
            } else if entry.swapped() {
                &mut skips.swapped
            } else {
                &mut skips.absent
            }
        } else if entry.file_or_shared() {
            &mut skips.file_or_shared
        } else if self.zero_frame == Some(entry.frame()) {
            &mut skips.zero_frame
        } else {
            let exclusive = entry.exclusive();
            let key = match self.access {
                FrameAccess::Frames => entry.frame(),
                FrameAccess::ExclusiveBit if exclusive => 1 + member as u64,
                FrameAccess::ExclusiveBit => 0,
            };
            return Some(Holder { key, member, exclusive });
        };
        *reason += 1;
        None
    }
}

impl Rule {
    /// What an entry alone states of a page of the member's own; of a page in memory, nothing.
    pub(crate) fn own(&self, entry: PageEntry) -> Own {
        match (entry.present(), entry.swapped() && !entry.guard()) {
            (false, true) => Own::Page,
            (false, false) => Own::Nothing,
            (true, _) if entry.file_or_shared() || self.zero_frame == Some(entry.frame()) => Own::Nothing,
            // It is a page of its own if it is among the holders, and no memory that was moved here.
            (true, _) => Own::Uncertain,
        }
    }

    /// The pages in swap among the entries at one address: places in swap where these are shown, else members.
    pub(crate) fn swapped(&self, entries: impl Iterator<Item = PageEntry>) -> u64 {
        let mut places: Vec<u64> = entries
            .filter(|entry| !entry.present() && entry.swapped() && !entry.guard())
            .map(|entry| entry.frame())
            .collect();
        if self.access == FrameAccess::Frames {
            places.sort_unstable();
            places.dedup();
        }
        places.len() as u64
    }
}

/// The holders of each distinct frame, the eldest of each first. `holders` must be sorted.
pub(crate) fn by_frame(holders: &[Holder]) -> impl Iterator<Item = &[Holder]> {
    holders.chunk_by(|a, b| a.key == b.key)
}

/// The frame that some holders have in common.
pub(crate) fn frame(holders: &[Holder]) -> Option<Frame> {
    holders.first().map(|eldest| Frame {
        holders: holders.len(),
        eldest: eldest.member,
        exclusive: eldest.exclusive,
        merged: false,
    })
}
