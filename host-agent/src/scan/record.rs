//! What a scan gives: records, counts, progress.

use std::ops::AddAssign;
use std::time::Duration;

use super::{Bracket, Cost, Coverage, FamilyFound, Origin, OriginCounts, Privileges, Reason, Scope, Unread, Verdict};
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

/// One page that is counted: each but one of the distinct frames at an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ScanRecord {
    /// Who pays: the container of the frame's only owner, else that of the family's root.
    pub container: ContainerId,
    /// Set when the page lies in a tagged region.
    pub region: Option<RegionTag>,
    /// How it came to be.
    pub origin: Origin,
    /// Outcome.
    pub verdict: Verdict,
    /// Of an inherited copy: it equals another frame, and not its source page.
    pub sibling_only: bool,
    /// Bytes, 4,096.
    pub length: u32,
}

/// A round is gathered before it is given on.
const _: () = assert!(size_of::<ScanRecord>() <= 32);

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

impl AddAssign for Skips {
    fn add_assign(&mut self, more: Self) {
        self.absent += more.absent;
        self.swapped += more.swapped;
        self.file_or_shared += more.file_or_shared;
        self.zero_frame += more.zero_frame;
        self.hugetlb += more.hugetlb;
        self.device_memory += more.device_memory;
    }
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
    /// Not to be read, for the reasons that [`Coverage::unread`] counts.
    pub unreadable: u64,
    /// Orphans that were put back into one family by their layout.
    pub rejoined: u64,
}

/// Why a process that was asked for was not looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NotSeen {
    /// There is no process of this number.
    NoProcess,
    /// The number is that of a thread of this process.
    Thread(u32),
    /// A thread of the kernel, which has no memory of its own.
    KernelThread,
    /// It has ended and its parent has not noticed yet.
    Ended,
    /// No member of its family could be read, for this reason.
    Family(Unread),
}

impl NotSeen {
    /// Its name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::NoProcess => "no_process",
            Self::Thread(_) => "thread",
            Self::KernelThread => "kernel_thread",
            Self::Ended => "ended",
            Self::Family(reason) => reason.name(),
        }
    }
}

/// What a scan found, beside its records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScanSummary {
    /// How frames could be distinguished.
    pub access: FrameAccess,
    /// Counted pages by origin, each of which was a record: `judged + moved + unreadable` in all.
    pub origins: OriginCounts,
    /// Counted pages whose bytes were compared.
    pub judged: u64,
    /// Counted pages unjudged because a frame moved.
    pub moved: u64,
    /// Counted pages unjudged because their content could not be read.
    pub unreadable: u64,
    /// Frames that merging equal contents would free, whatever their origin. At most those that equal another one: where
    /// two equal each other and not the reference both have an equal and one could go.
    pub mergeable: u64,
    /// Pairs of different contents with the same CRC32C.
    pub fingerprint_collisions: u64,
    /// Families with two or more members.
    pub families: u64,
    /// What was found in each family that has any page counted, the most copies first.
    pub by_family: Vec<FamilyFound>,
    /// Processes, by outcome.
    pub processes: ProcessCounts,
    /// Pages left out, by reason.
    pub skips: Skips,
    /// What was looked at and what not.
    pub coverage: Coverage,
    /// What this process may do, and what it lacks.
    pub privileges: Privileges,
    /// Processes that were asked for and not looked at.
    pub not_seen: Vec<(u32, NotSeen)>,
    /// Processes that did not answer, by number, with the names of their first threads.
    pub hung: Vec<(u32, String)>,
    /// Bytes of contents read.
    pub bytes_read: u64,
    /// How long it took.
    pub duration: Duration,
    /// What it has cost this process.
    pub cost: Cost,
}

impl ScanSummary {
    /// Inherited copies.
    pub fn copies(&self) -> u64 {
        self.origins.inherited.pages
    }

    /// Inherited copies that equal another frame at their address, their source page or a sibling.
    pub fn redundant(&self) -> u64 {
        self.origins.inherited.equal()
    }

    /// The number of inherited copies, as far as it is known.
    pub fn copies_bracket(&self) -> Bracket {
        let bounded = self.coverage.unbounded.is_none();
        let in_doubt = self.origins.unknown.pages.saturating_add(self.coverage.doubts.total());
        Bracket { at_least: self.copies(), at_most: bounded.then_some(self.copies().saturating_add(in_doubt)) }
    }

    /// The number of redundant copies, as far as it is known. A page that was not read may equal any copy.
    pub fn redundant_bracket(&self) -> Bracket {
        let whole = self.coverage.is_whole() && self.unreadable == 0;
        let OriginCounts { inherited, unknown, .. } = self.origins;
        let in_doubt = inherited.unjudged + unknown.equal() + unknown.unjudged;
        let at_most = match whole {
            true => Some(self.redundant() + in_doubt),
            false => self.copies_bracket().at_most,
        };
        Bracket { at_least: self.redundant(), at_most }
    }

    /// Whether everything was looked at, so that both numbers are exact.
    pub fn is_exact(&self) -> bool {
        self.coverage.is_whole()
            && self.not_seen.is_empty()
            && self.copies_bracket().is_exact()
            && self.redundant_bracket().is_exact()
    }

    /// Whether nothing at all was looked at, so that no copies does not mean that there are none.
    pub fn nothing_seen(&self) -> bool {
        let looked_at = self.coverage.members_read + self.coverage.unread.get(Unread::InMotion);
        let nothing_read = looked_at == 0 && self.origins.pages() == 0;
        nothing_read
            && match self.coverage.scope {
                // A process without a family is an answer.
                Scope::Pids => self.processes.alone == 0,
                _ => self.coverage.unread.total() > 0 || self.coverage.unbounded.is_some(),
            }
    }

    /// `exact`, `bracket` where both ends are known, `lower_bound` where nothing bounds the number from above, or
    /// `nothing_seen`.
    pub fn mode(&self) -> &'static str {
        match (self.nothing_seen(), self.is_exact(), self.copies_bracket().at_most) {
            (true, _, _) => "nothing_seen",
            (_, true, _) => "exact",
            (_, _, Some(_)) => "bracket",
            (_, _, None) => "lower_bound",
        }
    }

    /// Whether there may be more copies than were counted.
    pub fn lower_bound(&self) -> bool {
        !self.copies_bracket().is_exact()
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
    /// Inherited copies found.
    pub copies: u64,
}
