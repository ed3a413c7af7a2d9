//! What the kernel says of a frame (`/proc/kpageflags`, `admin-guide/mm/pagemap.rst`).

use std::fs::File;
use std::os::unix::fs::FileExt;

use crate::procfs::ProcFs;

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

    /// Whether a frame was merged from equal pages; `None` if that cannot be known.
    pub(crate) fn merged(&self, frame: u64) -> Option<bool> {
        let mut word = [0; 8];
        self.0.as_ref()?.read_exact_at(&mut word, frame.checked_mul(8)?).ok()?;
        Some(u64::from_ne_bytes(word) & KPF_KSM != 0)
    }
}
