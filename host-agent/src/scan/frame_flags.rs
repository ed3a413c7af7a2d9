//! What the kernel reports of a frame (`/proc/kpageflags` and `/proc/kpagecount`, `admin-guide/mm/pagemap.rst`).

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::OnceLock;

use crate::procfs::ProcFs;

/// Bit 12: anonymous.
const KPF_ANON: u64 = 1 << 12;
/// Bit 17: of hugetlbfs.
const KPF_HUGE: u64 = 1 << 17;
/// Bit 21: merged from equal pages.
const KPF_KSM: u64 = 1 << 21;

/// The flags of frames and how often they are mapped, where these may be read: without permission nothing is known.
#[derive(Debug)]
pub(crate) struct FrameFlags {
    proc: ProcFs,
    /// Both files, opened by the first question: before it a scan may need its last descriptor for the list of processes.
    files: OnceLock<[Option<File>; 2]>,
}

impl FrameFlags {
    /// Answers from the files of `proc`.
    pub(crate) fn new(proc: &ProcFs) -> Self {
        Self { proc: proc.clone(), files: OnceLock::new() }
    }

    /// The files of flags and of counts.
    fn files(&self) -> &[Option<File>; 2] {
        self.files.get_or_init(|| ["kpageflags", "kpagecount"].map(|name| self.proc.open(name).ok()))
    }

    fn flags(&self) -> Option<&File> {
        self.files()[0].as_ref()
    }

    /// Whether anything can be known.
    pub(crate) fn can_be_read(&self) -> bool {
        self.flags().is_some()
    }

    /// Whether everything can be known.
    pub(crate) fn is_complete(&self) -> bool {
        self.files().iter().all(|file| file.as_ref().is_some_and(|file| word(file, 0).is_some()))
    }

    /// How often a frame is mapped in the whole system; `None` if that cannot be known.
    pub(crate) fn times_mapped(&self, frame: u64) -> Option<u64> {
        word(self.files()[1].as_ref()?, frame)
    }

    /// Whether a frame was merged from equal pages; `None` if that cannot be known.
    pub(crate) fn merged(&self, frame: u64) -> Option<bool> {
        Some(word(self.flags()?, frame)? & KPF_KSM != 0)
    }

    /// What a frame is that no file has; `None` if that cannot be known.
    pub(crate) fn kind(&self, frame: u64) -> Option<FrameKind> {
        let word = word(self.flags()?, frame)?;
        Some(match (word & KPF_HUGE != 0, word & KPF_ANON != 0) {
            (true, _) => FrameKind::Hugetlb,
            (false, true) => FrameKind::Anonymous,
            (false, false) => FrameKind::Device,
        })
    }
}

/// The word of a frame in a file of them.
fn word(file: &File, frame: u64) -> Option<u64> {
    let mut word = [0; 8];
    file.read_exact_at(&mut word, frame.checked_mul(8)?).ok()?;
    Some(u64::from_ne_bytes(word))
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
