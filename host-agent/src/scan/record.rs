//! What a scan gives: records, counts, progress.

use std::time::Duration;

use crate::attribution::ContainerId;

/// How frames can be distinguished.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FrameAccess {
    /// By their numbers (`CAP_SYS_ADMIN`): exact.
    Frames,
    /// By bit 56 only, "mapped once": with e exclusive and s other present members there are at
    /// least e + (s > 0) - 1 copies.
    ExclusiveBit,
}

/// Names a tagged region, chosen by the process that tagged it; its copies get a group of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RegionTag(pub u32);

/// Why a copy was not judged. Such a copy becomes a record of class 3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UnjudgedReason {
    /// The kernel moved a frame at this address between the two looks, twice in a row.
    Moved,
    /// The content of the frame could not be read.
    Unreadable,
}

/// Outcome of one copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// Its bytes were compared: redundant exactly when `before == after`.
    ///
    /// Both are CRC32C. For a redundant copy both are that of its content; for another one
    /// `before` is that of the reference frame and `after` that of the copy. Should those two
    /// meet by chance although the bytes differ, `before` is the complement of `after`: the
    /// comparison of the bytes decides, and the pair says what it said
    /// ([`ScanSummary::fingerprint_collisions`] counts them).
    Judged {
        /// Fingerprint of the content that stood there before.
        before: u32,
        /// Fingerprint of the copy.
        after: u32,
    },
    /// It was not judged.
    Unjudged(UnjudgedReason),
}

/// One copy of one page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ScanRecord {
    /// Who pays: the container of the frame's only owner, else that of the family's root.
    pub container: ContainerId,
    /// Set when the page lies in a tagged region.
    pub region: Option<RegionTag>,
    /// Outcome.
    pub verdict: Verdict,
    /// Bytes, 4,096.
    pub length: u32,
}

/// Pages that were looked at and left out, each of one process: a page that two processes show
/// counts twice. Only mappings of families with two or more members are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Skips {
    /// Nothing there: never touched, or given back.
    pub absent: u64,
    /// In swap, or on its way to another frame.
    pub swapped: u64,
    /// A page of a file, or memory that is shared on purpose.
    pub file_or_shared: u64,
    /// The zero frame: read, and never written. Without frame numbers, a shared page that holds
    /// nothing but zeros counts here too, since it looks the same.
    pub zero_frame: u64,
    /// Huge pages of hugetlbfs, whose copies go another way.
    pub hugetlb: u64,
    /// Memory of devices (VM_IO, VM_PFNMAP, VM_MIXEDMAP).
    pub device_memory: u64,
}

/// Processes, by outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ProcessCounts {
    /// Process numbers listed in the target.
    pub listed: u64,
    /// Threads of the kernel and zombies.
    pub without_memory: u64,
    /// Alone in their family, so that nothing can be a copy.
    pub alone: u64,
    /// Members that share their whole memory with another one (vfork): no memory of their own.
    pub sharing_memory: u64,
    /// Members that were looked at.
    pub scanned: u64,
    /// Gone before or while they were looked at.
    pub vanished: u64,
    /// Not to be read: no permission, or a file that was not understood.
    pub unreadable: u64,
    /// Orphans that were put back into one family by their layout.
    pub rejoined: u64,
}

/// What a scan found, beside its records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScanSummary {
    /// How frames could be distinguished.
    pub access: FrameAccess,
    /// Copies, each of which was a record: `judged + moved + unreadable`.
    pub copies: u64,
    /// Copies whose bytes were compared.
    pub judged: u64,
    /// Of those, the redundant ones.
    pub redundant: u64,
    /// Copies unjudged because a frame moved.
    pub moved: u64,
    /// Copies unjudged because their content could not be read.
    pub unreadable: u64,
    /// Frames that merging equal contents would free. At most `redundant`: where two copies
    /// equal each other and not the reference both are redundant and one could go.
    pub mergeable: u64,
    /// Pairs of different contents with the same CRC32C.
    pub fingerprint_collisions: u64,
    /// Families with two or more members.
    pub families: u64,
    /// Processes, by outcome.
    pub processes: ProcessCounts,
    /// Pages left out, by reason.
    pub skips: Skips,
    /// Bytes of contents read.
    pub bytes_read: u64,
    /// How long it took.
    pub duration: Duration,
}

impl ScanSummary {
    /// Whether `copies` is a lower bound rather than exact: so without frame numbers.
    pub fn lower_bound(&self) -> bool {
        self.access == FrameAccess::ExclusiveBit
    }
}

/// How far a scan is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// Families done.
    pub families_done: u64,
    /// Families with two or more members.
    pub families_total: u64,
    /// Anonymous memory of the families done and of the present one so far, bytes.
    pub bytes_done: u64,
    /// Anonymous memory of all families, bytes; what to draw a bar of.
    pub bytes_total: u64,
    /// Copies found.
    pub copies: u64,
}
