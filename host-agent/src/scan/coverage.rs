//! What a scan has looked at and what not, and what follows for its numbers.

use std::ops::AddAssign;

/// Counts, one for each value of an enumeration.
pub trait Reason: Copy + 'static {
    /// Every value, in the order of output.
    const ALL: &'static [Self];

    /// Its name in JSON and on the terminal.
    fn name(self) -> &'static str;

    /// Its place in [`Reason::ALL`].
    fn index(self) -> usize;
}

/// Why a member of a family was not read, or not whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unread {
    /// Access was denied.
    Permission,
    /// No file descriptor was left.
    Descriptors,
    /// It ended or called exec while it was looked at.
    Vanished,
    /// Its mappings changed each time that they were read.
    InMotion,
    /// Its first thread has ended and none of the others could be read.
    MainThreadEnded,
    /// The kernel does not tell (kcmp) whether it has memory of its own.
    OwnMemoryUnknown,
    /// It did not answer: something holds the lock of its memory.
    Hung,
    /// The scan was ended before its turn came.
    NotReached,
    /// A file of it was not understood.
    Other,
}

impl Reason for Unread {
    const ALL: &'static [Self] = &[
        Self::Permission,
        Self::Descriptors,
        Self::Vanished,
        Self::InMotion,
        Self::MainThreadEnded,
        Self::OwnMemoryUnknown,
        Self::Hung,
        Self::NotReached,
        Self::Other,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Permission => "permission",
            Self::Descriptors => "descriptors",
            Self::Vanished => "vanished",
            Self::InMotion => "in_motion",
            Self::MainThreadEnded => "main_thread_ended",
            Self::OwnMemoryUnknown => "own_memory_unknown",
            Self::Hung => "hung",
            Self::NotReached => "not_reached",
            Self::Other => "other",
        }
    }

    fn index(self) -> usize {
        self as usize
    }
}

/// Why there may be copies that were not counted. Each count is pages of which each may be one more copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Doubt {
    /// In swap, at an address where other members have pages.
    Swapped,
    /// In memory that a member has moved to another address (`mremap`).
    Remapped,
    /// In memory that a member has excluded from forks (`MADV_DONTFORK`, `MADV_WIPEONFORK`), perhaps after a fork.
    NotInherited,
    /// In private huge pages of hugetlbfs, whose copies are not counted.
    Hugetlb,
    /// Not exclusive, and without frame numbers not distinguished from each other.
    NotToldApart,
    /// Of members that were not read.
    UnreadMembers,
    /// Of processes that may belong to a family without being seen to.
    MaybeCut,
}

impl Reason for Doubt {
    const ALL: &'static [Self] = &[
        Self::Swapped,
        Self::Remapped,
        Self::NotInherited,
        Self::Hugetlb,
        Self::NotToldApart,
        Self::UnreadMembers,
        Self::MaybeCut,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Swapped => "swapped",
            Self::Remapped => "remapped",
            Self::NotInherited => "not_inherited",
            Self::Hugetlb => "hugetlb",
            Self::NotToldApart => "not_told_apart",
            Self::UnreadMembers => "unread_members",
            Self::MaybeCut => "maybe_cut",
        }
    }

    fn index(self) -> usize {
        self as usize
    }
}

/// A count for each reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts<R: Reason, const N: usize>([u64; N], std::marker::PhantomData<R>);

impl<R: Reason, const N: usize> Default for Counts<R, N> {
    fn default() -> Self {
        Self([0; N], std::marker::PhantomData)
    }
}

impl<R: Reason, const N: usize> Counts<R, N> {
    /// Adds to the count of a reason.
    pub fn add(&mut self, reason: R, count: u64) {
        let slot = &mut self.0[reason.index()];
        *slot = slot.saturating_add(count);
    }

    /// Returns the count of a reason.
    pub fn get(&self, reason: R) -> u64 {
        self.0[reason.index()]
    }

    /// Takes counts back that were added before.
    pub(crate) fn take_all(&mut self, counts: &Self) {
        for (slot, count) in self.0.iter_mut().zip(counts.0) {
            *slot = slot.saturating_sub(count);
        }
    }

    /// Returns the sum of all counts.
    pub fn total(&self) -> u64 {
        self.0.iter().fold(0, |sum, count| sum.saturating_add(*count))
    }

    /// Returns every reason's name with its count.
    pub fn named(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        R::ALL.iter().map(|&reason| (reason.name(), self.get(reason)))
    }
}

impl<R: Reason, const N: usize> AddAssign for Counts<R, N> {
    fn add_assign(&mut self, other: Self) {
        for &reason in R::ALL {
            self.add(reason, other.get(reason));
        }
    }
}

/// Members that were not read, or not whole, by reason.
pub type UnreadCounts = Counts<Unread, { Unread::ALL.len() }>;
/// Pages that may be copies and were not counted, by reason.
pub type DoubtCounts = Counts<Doubt, { Doubt::ALL.len() }>;

/// What a scan was meant to cover.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Every process of the machine.
    Machine,
    /// Every process of the PID namespace in which the scan runs; the machine has more.
    PidNamespace,
    /// The families of chosen processes.
    Pids,
}

impl Scope {
    /// Its name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Machine => "machine",
            Self::PidNamespace => "pid_namespace",
            Self::Pids => "pids",
        }
    }
}

/// Why nothing at all bounds the number of copies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unbounded {
    /// Processes outside the PID namespace are not seen.
    PidNamespace,
    /// A member's parent is outside the PID namespace and may be of the same family.
    ParentOutside,
    /// Processes that hide their origin and processes that show it may be relatives.
    HiddenRelatives,
    /// `/proc` hides other users' processes (`hidepid`).
    HiddenProcesses,
}

impl Unbounded {
    /// Its name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::PidNamespace => "pid_namespace",
            Self::ParentOutside => "parent_outside",
            Self::HiddenRelatives => "hidden_relatives",
            Self::HiddenProcesses => "hidden_processes",
        }
    }

    /// The cause and what to do, as a sentence.
    pub fn text(self) -> &'static str {
        match self {
            Self::PidNamespace => {
                "processes outside this PID namespace are not seen; run in the PID namespace of the host (hostPID, --pid=host)"
            }
            Self::ParentOutside => {
                "a family has a parent outside this PID namespace; run in the PID namespace of the host (hostPID, --pid=host)"
            }
            Self::HiddenRelatives => {
                "relatives of a family may be among processes that cannot be read, or the other way round; run as root or with CAP_SYS_PTRACE"
            }
            Self::HiddenProcesses => {
                "/proc hides processes of other users (hidepid); run as root or with CAP_SYS_PTRACE"
            }
        }
    }
}

/// A number that is known to lie between two others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bracket {
    /// It is not below this.
    pub at_least: u64,
    /// It is not above this; `None` where nothing bounds it.
    pub at_most: Option<u64>,
}

impl Bracket {
    /// Whether both ends are equal.
    pub fn is_exact(&self) -> bool {
        self.at_most == Some(self.at_least)
    }
}

/// What a scan has looked at and what not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Coverage {
    /// What was meant to be covered.
    pub scope: Scope,
    /// Members of families with two or more members.
    pub members_seen: u64,
    /// Members whose memory was compared whole.
    pub members_read: u64,
    /// Members that were not, by reason.
    pub unread: UnreadCounts,
    /// Pages that may be copies and were not counted, by reason.
    pub doubts: DoubtCounts,
    /// Families and processes that may belong together and were not put together.
    pub maybe_cut: u64,
    /// Members whose frames were seen and whose contents were denied.
    pub contents_denied: u64,
    /// Why nothing bounds the number of copies, if so.
    pub unbounded: Option<Unbounded>,
}

impl Coverage {
    /// A coverage of nothing so far.
    pub fn new(scope: Scope) -> Self {
        Self {
            scope,
            members_seen: 0,
            members_read: 0,
            unread: UnreadCounts::default(),
            doubts: DoubtCounts::default(),
            maybe_cut: 0,
            contents_denied: 0,
            unbounded: None,
        }
    }

    /// Whether everything that was meant to be covered was read.
    pub fn is_whole(&self) -> bool {
        self.unread.total() == 0 && self.doubts.total() == 0 && self.maybe_cut == 0 && self.unbounded.is_none()
    }
}
