//! What the kernel says of a frame (`/proc/kpageflags`, `admin-guide/mm/pagemap.rst`).

use std::fs::File;
use std::os::unix::fs::FileExt;

use crate::procfs::ProcFs;

/// Bit 12: anonymous.
const KPF_ANON: u64 = 1 << 12;
/// Bit 17: of hugetlbfs.
const KPF_HUGE: u64 = 1 << 17;
/// Bit 21: merged from equal pages.
const KPF_KSM: u64 = 1 << 21;

/// The flags of frames, where they may be read.
#[derive(Debug)]
pub(crate) struct FrameFlags(Option<File>);

impl FrameFlags {
    /// Opens the flags; without permission nothing is known of any frame.
    pub(crate) fn open(proc: &ProcFs) -> Self {
        Self(proc.open("kpageflags").ok())
    }

    /// Whether anything can be known.
    pub(crate) fn can_be_read(&self) -> bool {
        self.0.is_some()
    }

    /// Whether a frame was merged from equal pages; `None` if that cannot be known.
    pub(crate) fn merged(&self, frame: u64) -> Option<bool> {
        Some(self.word(frame)? & KPF_KSM != 0)
    }

    /// What a frame is that no file has; `None` if that cannot be known.
    pub(crate) fn kind(&self, frame: u64) -> Option<FrameKind> {
        let word = self.word(frame)?;
        Some(match (word & KPF_HUGE != 0, word & KPF_ANON != 0) {
            (true, _) => FrameKind::Hugetlb,
            (false, true) => FrameKind::Anonymous,
            (false, false) => FrameKind::Device,
        })
    }

    fn word(&self, frame: u64) -> Option<u64> {
        let mut word = [0; 8];
        self.0.as_ref()?.read_exact_at(&mut word, frame.checked_mul(8)?).ok()?;
        Some(u64::from_ne_bytes(word))
    }
}

/// What a frame is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FrameKind {
    /// An anonymous page.
    Anonymous,
    /// A huge page of hugetlbfs.
    Hugetlb,
    /// No page of the kernel's: memory of a device.
    Device,
}
