//! What to scan, and why a scan can fail as a whole.

use std::ops::{Range, RangeInclusive};

use super::{FrameAccess, RegionTag};
use crate::procfs::ProcError;

/// Sizes of a batch that make sense: smaller ones cost calls, larger ones leave the cache.
pub const BATCH_BYTES: RangeInclusive<usize> = (256 << 10)..=(1 << 20);

/// Whose memory to scan.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum ScanTarget {
    /// Every process that can be seen.
    #[default]
    Machine,
    /// The whole families of these processes: half a family would be charged wrongly.
    Pids(Vec<u32>),
}

/// A range of addresses in one family whose copies carry a tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaggedRegion {
    /// Any member of the family.
    pub pid: u32,
    /// Addresses.
    pub range: Range<u64>,
    /// The tag.
    pub tag: RegionTag,
}

/// How to scan.
#[derive(Debug, Clone, PartialEq)]
pub struct ScanConfig {
    /// Whose memory.
    pub target: ScanTarget,
    /// Regions whose copies carry a tag.
    pub regions: Vec<TaggedRegion>,
    /// Bytes of contents to read at once, within [`BATCH_BYTES`].
    pub batch_bytes: usize,
    /// How to distinguish frames; `None` finds out by a look at an own page.
    pub access: Option<FrameAccess>,
    /// A process may be stalled, for 100 ms and more, where its numbers would be less exact without: large memory of which
    /// its relatives have no page.
    pub may_stall: bool,
}

impl Default for ScanConfig {
    fn default() -> Self {
        Self {
            target: ScanTarget::Machine,
            regions: Vec::new(),
            batch_bytes: *BATCH_BYTES.end(),
            access: None,
            may_stall: true,
        }
    }
}

/// Why there is no scan at all. A process that cannot be read is counted and no error.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScanError {
    /// `batch_bytes` is out of range.
    #[error("batch of {found} bytes: expected {} to {}", BATCH_BYTES.start(), BATCH_BYTES.end())]
    BatchBytes {
        /// What was asked for.
        found: usize,
    },
    /// The pages of this machine have another size.
    #[error("the page size is {found}: expected 4096, the only one that is supported")]
    PageSize {
        /// What the system reports.
        found: u64,
    },
    /// The kernel shows neither frame numbers nor the exclusive bit, not even of an own page.
    #[error(
        "pagemap shows neither frames nor the exclusive bit of a page of our own (entry {entry:#018x}): \
         expected Linux 4.2 or later with CONFIG_PROC_PAGE_MONITOR"
    )]
    Pagemap {
        /// The entry of a page that was just written.
        entry: u64,
    },
    /// There is no proc file system.
    #[error(
        "/proc: expected the proc file system with the own process, found none; mount it (mount -t proc proc /proc)"
    )]
    NoProc,
    /// The kernel has no pagemap.
    #[error(
        "/proc/self/pagemap: expected the file of a Linux kernel with CONFIG_PROC_PAGE_MONITOR, found none ({0}); \
         copies cannot be seen on this kernel (gVisor and some cloud and Android kernels have none)"
    )]
    NoPagemap(#[source] std::io::Error),
    /// The pagemap of this process is denied to itself.
    #[error(
        "/proc/self/pagemap: expected to read the own pagemap, which needs no privilege, found {0}; a security module, \
         a seccomp filter or file capabilities of this program (setcap) deny it: allow it, or give the capabilities \
         as ambient ones"
    )]
    PagemapDenied(#[source] std::io::Error),
    /// The pagemap of this process cannot be opened.
    #[error("/proc/self/pagemap: {0}")]
    OwnPagemap(#[source] std::io::Error),
    /// Frame numbers were asked for and cannot be had.
    #[error("frame numbers read as 0: CAP_SYS_ADMIN is needed for them")]
    NoFrames,
    /// `/proc` itself cannot be used.
    #[error("/proc cannot be used: {0}")]
    Proc(#[from] ProcError),
    /// No page of our own could be mapped for the probe.
    #[error("no page for the probe: {0}")]
    Probe(#[source] std::io::Error),
}
